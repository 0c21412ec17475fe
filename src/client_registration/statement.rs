//! Software statements (RFC 7591 section 2.3): what somebody whom the realm trusts says of an application, signed. It takes
//! precedence over what the application says itself, when it registers and for as long as it is there.

use std::borrow::Cow;

use serde_json::{Value, json};
use vestibule_jose::{Alg, Jwks, VerifyingKey, jwt};
use vestibule_oauth::error::{Refusal as Fault, RegistrationError};

use super::refusal::Refusal;
use crate::app::App;
use crate::oidc::client_auth::keys;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// The member of the metadata.
const MEMBER: &str = "software_statement";

/// The attribute in which it is kept.
const KEPT: &str = "oidc.registration.software_statement";

/// The attribute with the issuer of a statement that was checked: one that was only sent is no more than a text.
const ISSUER: &str = "software.statement.issuer";

/// Claims of the statement itself.
const ITS_OWN: [&str; 9] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", MEMBER, "client_id"];

/// How far clocks may differ, in seconds.
const SKEW: i64 = 15;

/// What was sent, with what its statement says laid over it.
pub(super) struct Laid<'a> {
    pub sent: Cow<'a, Doc>,
    issuer: Option<String>,
}

impl<'a> Laid<'a> {
    /// Nothing is laid over it.
    pub(super) fn none(sent: &'a Doc) -> Self {
        Self {
            sent: Cow::Borrowed(sent),
            issuer: None,
        }
    }

    /// Notes in the client that its statement was checked.
    pub(super) fn mark(&self, doc: &mut Doc) {
        mark(doc, self.issuer.as_deref());
    }

    /// Who issued the statement, if one was checked.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The whole, and who issued the statement.
    pub(super) fn into_parts(self) -> (Doc, Option<String>) {
        (self.sent.into_owned(), self.issuer)
    }
}

/// Notes in a client whose statement was checked.
pub(super) fn mark(doc: &mut Doc, issuer: Option<&str>) {
    let attributes = doc.get_mut("attributes").and_then(Value::as_object_mut);
    if let (Some(issuer), Some(attributes)) = (issuer, attributes) {
        attributes.insert(ISSUER.into(), json!(issuer));
    }
}

fn is_off(realm: &Realm) -> bool {
    !matches!(mode(realm), "optional" | "required")
}

fn mode(realm: &Realm) -> &str {
    realm.attribute("clientRegistration.statements").unwrap_or("off")
}

/// The same for who sends something that cannot hold a statement.
pub(super) fn check_without(realm: &Realm, client: Option<&Client>) -> Result<(), Refusal> {
    let stated = client.is_some_and(|client| client.attribute(ISSUER).is_some());
    if mode(realm) == "required" || (stated && !is_off(realm)) {
        return Err(invalid(
            "A software statement is required, which only the provider openid-connect takes",
        ));
    }
    Ok(())
}

/// Checks the statement in what was sent for a new client, or for the change of this one, and lays what it says over the rest.
///
/// # Errors
///
/// `invalid_software_statement`; `unapproved_software_statement` where the realm does not know who issued it.
pub(super) async fn lay_over<'a>(
    app: &App,
    realm: &Realm,
    client: Option<&Client>,
    sent: &'a Doc,
) -> Result<Laid<'a>, Refusal> {
    if is_off(realm) {
        return Ok(Laid::none(sent));
    }
    // Only one that was checked when it came counts later; it need not be in time any more.
    let checked = client.filter(|client| client.attribute(ISSUER).is_some());
    let kept = checked.and_then(|client| Some((client.attribute(KEPT)?, client.attribute(ISSUER)?)));
    let statement = match sent.get(MEMBER) {
        None | Some(Value::Null) => kept.map(|(statement, _)| statement),
        Some(Value::String(statement)) => Some(statement.as_str()),
        Some(_) => return Err(invalid("The software statement is not a text")),
    };
    let Some(statement) = statement.filter(|statement| !statement.is_empty()) else {
        return match mode(realm) {
            "required" => Err(invalid("A software statement is required")),
            _ if kept.is_some() => Err(invalid("The software statement cannot be taken away")),
            _ => Ok(Laid::none(sent)),
        };
    };
    let (claims, issuer) = match kept.filter(|(known, _)| *known == statement) {
        Some((_, issuer)) => (unchecked(statement)?, issuer.to_owned()),
        None => verify(app, realm, statement).await?,
    };
    let mut whole = sent.clone();
    whole.insert(MEMBER.into(), json!(statement));
    let said = claims.into_iter().filter(|(name, _)| !ITS_OWN.contains(&name.as_str()));
    for (name, value) in said {
        // There is one key set: that of the statement.
        match name.as_str() {
            "jwks" => whole.shift_remove("jwks_uri"),
            "jwks_uri" => whole.shift_remove("jwks"),
            _ => None,
        };
        whole.insert(name, value);
    }
    Ok(Laid {
        sent: Cow::Owned(whole),
        issuer: Some(issuer),
    })
}

fn unchecked(statement: &str) -> Result<Doc, Refusal> {
    let parsed = jwt::decode(statement).map_err(|_| invalid("The software statement is not a signed JWT"))?;
    Ok(parsed.unverified_claims().clone())
}

/// What a statement says, and who says it.
async fn verify(app: &App, realm: &Realm, statement: &str) -> Result<(Doc, String), Refusal> {
    let parsed = jwt::decode(statement).map_err(|_| invalid("The software statement is not a signed JWT"))?;
    let alg = parsed.alg();
    if alg.is_symmetric() {
        return Err(invalid("The software statement is not signed with a private key"));
    }
    let issuer = json::text(parsed.unverified_claims(), "iss").map(str::to_owned);
    let issuer = issuer.ok_or_else(|| invalid("The software statement does not say who issued it (iss)"))?;
    let Some(trusted) = issuers(realm)
        .into_iter()
        .find(|one| json::text(one, "iss") == Some(&issuer))
    else {
        let text = "The issuer of the software statement is not one that this realm trusts";
        return Err(Fault::registration(RegistrationError::UnapprovedSoftwareStatement, text).into());
    };
    let key = key(app, &trusted, parsed.kid(), alg).await;
    let key = key.ok_or_else(|| invalid("The key of the software statement is not known"))?;
    let claims = parsed.verify(&key);
    let claims = claims.map_err(|_| invalid("The signature of the software statement is wrong"))?;
    if !is_in_time(&claims, app.now_seconds()) {
        return Err(invalid("The software statement has expired, or is not good yet"));
    }
    Ok((claims, issuer))
}

/// Those whom the realm trusts.
fn issuers(realm: &Realm) -> Vec<Doc> {
    let list = realm.attribute("clientRegistration.statements.issuers").unwrap_or("[]");
    serde_json::from_str(list).unwrap_or_default()
}

async fn key(app: &App, issuer: &Doc, kid: Option<&str>, alg: Alg) -> Option<VerifyingKey> {
    match issuer.get("jwks") {
        Some(Value::String(written)) => keys::in_set(&Jwks::parse(written.as_bytes()).ok()?, kid, alg),
        Some(set) => keys::in_set(&Jwks::parse(set.to_string().as_bytes()).ok()?, kid, alg),
        None => keys::at_address(app, json::text(issuer, "jwks_uri")?, kid, alg).await,
    }
}

/// `exp`, `nbf` and `iat`, where they are there. A claim of another type is not an absent one.
fn is_in_time(claims: &Doc, now: i64) -> bool {
    let holds = |name: &str, judge: &dyn Fn(i64) -> bool| {
        claims
            .get(name)
            .is_none_or(|value| value.as_i64().is_some_and(|at| judge(json::moderate(at))))
    };
    let begun = |at: i64| at - SKEW <= now;
    holds("exp", &|at| at + SKEW > now) && holds("nbf", &begun) && holds("iat", &begun)
}

fn invalid(text: &'static str) -> Refusal {
    Fault::registration(RegistrationError::InvalidSoftwareStatement, text).into()
}
