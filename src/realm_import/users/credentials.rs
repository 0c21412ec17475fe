//! What imported users prove themselves with: hashes of Keycloak, of now and of long ago, and plain passwords.

use serde_json::{Value, json};

use super::Incoming;
use crate::app::App;
use crate::password::{self, Hashed, Recipe};
use crate::realm_import::{Refused, items};
use crate::store::Tx;
use crate::store::credential::{self, Credential};
use crate::store::json::{Doc, flag, number, text};

/// Bounds of a hash that comes ready-made.
const LONGEST: usize = 16 * 1024;

/// The hash of a password that came in plain text.
pub type Password = Hashed;

/// The password that a representation gives in plain text.
fn plain(given: &Doc) -> Option<(&Doc, &str)> {
    let mut all = items(given, "credentials");
    all.find_map(|c| {
        let value = c.get("value").and_then(Value::as_str)?;
        let ready = c.contains_key("secretData") || c.contains_key("hashedSaltedValue");
        (!ready && text(c, "type").is_none_or(|t| t == "password")).then_some((c, value))
    })
}

/// Whether that password must be changed at the next login.
pub(super) fn is_temporary(given: &Doc) -> bool {
    plain(given).is_some_and(|(c, _)| flag(c, "temporary"))
}

/// Hashes the password that comes in plain text.
pub(super) async fn hash(app: &App, recipe: Recipe, given: &Doc) -> Result<Option<Password>, Refused> {
    let Some((_, value)) = plain(given) else {
        return Ok(None);
    };
    if value.len() > password::LONGEST {
        return Err(Refused::Bad("A password is too long".into()));
    }
    Ok(Some(app.hasher.hash(value, recipe).await?))
}

/// Adds the credentials of a user, in their order.
pub(super) async fn add(tx: &mut Tx, app: &App, user_id: &str, incoming: &Incoming) -> Result<(), Refused> {
    let given = &incoming.given;
    let mut place = 0;
    for sent in items(given, "credentials") {
        place += 10;
        let Some(mut ready) = ready(sent, app.now(), place)? else {
            continue;
        };
        if !credential::add(tx, user_id, &ready).await? {
            // Another user has a credential of this id: theirs stays what it is.
            ready.id = crate::random::uuid();
            credential::add(tx, user_id, &ready).await?;
        }
    }
    if let Some(hashed) = &incoming.password {
        let new = Credential {
            id: crate::random::uuid(),
            kind: "password".into(),
            label: plain(given).and_then(|(c, _)| text(c, "userLabel").map(str::to_owned)),
            created: app.now(),
            priority: place + 10,
            secret_data: hashed.secret_data.clone(),
            credential_data: hashed.credential_data.clone(),
        };
        credential::add(tx, user_id, &new).await?;
    }
    Ok(())
}

/// A credential that comes hashed, as exports have it; none for a plain password.
fn ready(sent: &Doc, now: i64, place: i64) -> Result<Option<Credential>, Refused> {
    let kind = text(sent, "type").unwrap_or("password");
    let (kind, secret, data) = if sent.contains_key("secretData") || sent.contains_key("credentialData") {
        let part = |name: &str| text(sent, name).unwrap_or("{}").to_owned();
        (kind, part("secretData"), part("credentialData"))
    } else if sent.contains_key("hashedSaltedValue") {
        of_old(kind, sent)
    } else {
        return Ok(None);
    };
    for part in [&secret, &data] {
        if part.len() > LONGEST || serde_json::from_str::<Doc>(part).is_err() {
            return Err(Refused::Bad(format!(
                "A credential of type {kind} is no JSON, or too long"
            )));
        }
    }
    Ok(Some(Credential {
        id: text(sent, "id").map_or_else(crate::random::uuid, str::to_owned),
        kind: kind.to_owned(),
        label: text(sent, "userLabel").or(text(sent, "device")).map(str::to_owned),
        created: Some(number(sent, "createdDate"))
            .filter(|t| *t > 0)
            .map_or(now, |t| t.min(now)),
        priority: Some(number(sent, "priority")).filter(|p| *p > 0).unwrap_or(place),
        secret_data: secret,
        credential_data: data,
    }))
}

/// The form before Keycloak 9, one flat object, as type, secret and data of today.
pub fn of_old<'a>(kind: &'a str, sent: &Doc) -> (&'a str, String, String) {
    let value = sent.get("hashedSaltedValue").cloned().unwrap_or_default();
    if matches!(kind, "totp" | "hotp" | "otp") {
        let or = |name: &str, usual: i64| Some(number(sent, name)).filter(|n| *n > 0).unwrap_or(usual);
        let data = json!({
            "subType": if kind == "hotp" { "hotp" } else { "totp" }, "digits": or("digits", 6),
            "counter": number(sent, "counter"), "period": or("period", 30),
            "algorithm": text(sent, "algorithm").unwrap_or("HmacSHA1")
        });
        return ("otp", json!({ "value": value }).to_string(), data.to_string());
    }
    let secret = json!({ "value": value, "salt": sent.get("salt").cloned().unwrap_or_default() });
    let data = json!({
        "hashIterations": number(sent, "hashIterations"),
        "algorithm": text(sent, "algorithm").unwrap_or("pbkdf2"),
        "additionalParameters": sent.get("config").cloned().unwrap_or_else(|| json!({}))
    });
    (kind, secret.to_string(), data.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flat_form_becomes_the_one_of_today() {
        let sent = json!({ "type": "password", "hashedSaltedValue": "aGFzaA==", "salt": "c2FsdA==", "hashIterations": 27500,
                           "algorithm": "pbkdf2-sha256" });
        let read = ready(sent.as_object().unwrap(), 7, 10).unwrap().unwrap();
        assert_eq!(read.secret_data, r#"{"value":"aGFzaA==","salt":"c2FsdA=="}"#);
        assert!(read.credential_data.contains(r#""hashIterations":27500"#));
        assert_eq!((read.created, read.priority), (7, 10));
        let sent = json!({ "type": "totp", "hashedSaltedValue": "JBSWY3DP", "digits": 8, "device": "phone" });
        let read = ready(sent.as_object().unwrap(), 7, 20).unwrap().unwrap();
        assert_eq!((read.kind.as_str(), read.label.as_deref()), ("otp", Some("phone")));
        assert!(
            read.credential_data
                .contains(r#""subType":"totp","digits":8,"counter":0,"period":30"#)
        );
    }
}
