//! Request objects: an authorization request that the client has signed (RFC 9101, OpenID Connect Core section 6), or, where it
//! does not ask for a signature, only written down.

use std::borrow::Cow;

use serde_json::Value;
use vestibule_jose::digest::b64url_decode;
use vestibule_jose::{Alg, VerifyingKey, jwe, jwt, strict_json};
use vestibule_oauth::params::Params;

use super::arrival::Unreadable;
use crate::app::App;
use crate::caller::Caller;
use crate::client_secret;
use crate::error::Error;
use crate::oidc::client_auth::keys::{self, Signed};
use crate::oidc::tokens::audience;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// How far clocks may differ, in seconds.
const SKEW: i64 = 15;

/// The longest object that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// Claims of the object itself; what an object must not bring (RFC 9101 section 4); what proves the client, not the request.
const NO_PARAMETERS: &[&str] = &[
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sub",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// What an object says, if the client may have made it.
///
/// # Errors
///
/// Those of the database and of keys.
pub async fn read(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
    object: &str,
) -> Result<Result<Doc, Unreadable>, Error> {
    let object = object.trim();
    if object.len() > LONGEST {
        return Ok(Err("The request object is too long"));
    }
    let object = match opened(realm, client, object) {
        Ok(object) => object,
        Err(fault) => return Ok(Err(fault)),
    };
    let read = match signed(app, client, &object).await? {
        Ok(claims) => in_time(app, caller, realm, claims),
        Err(fault) => Err(fault),
    };
    Ok(read)
}

/// Whether an object came encrypted. Ask only when it was read: then it was decrypted.
pub fn is_encrypted(object: &str) -> bool {
    object.split('.').count() == 5
}

/// The object itself, where it is encrypted to a key of the realm. That it was is no proof of who made it: it is signed, or the
/// client asks for no signature, as any other.
fn opened<'a>(realm: &Realm, client: &Client, object: &'a str) -> Result<Cow<'a, str>, Unreadable> {
    const OTHER: Unreadable = "Request object encrypted with different algorithm than client requested algorithm";
    if !is_encrypted(object) {
        return Ok(Cow::Borrowed(object));
    }
    let header = object.split('.').next().and_then(|part| b64url_decode(part).ok());
    let header = header
        .and_then(|bytes| serde_json::from_slice::<Doc>(&bytes).ok())
        .unwrap_or_default();
    for (setting, name) in [
        ("request.object.encryption.alg", "alg"),
        ("request.object.encryption.enc", "enc"),
    ] {
        let wanted = client.attribute(setting).filter(|wanted| *wanted != "any");
        if wanted.is_some_and(|wanted| json::text(&header, name) != Some(wanted)) {
            return Err(OTHER);
        }
    }
    let kid = json::text(&header, "kid");
    let mut fitting = realm
        .keys
        .decrypting()
        .filter(|key| kid.is_none_or(|kid| kid == key.kid()));
    let plain = fitting.find_map(|key| jwe::decrypt(object, key).ok());
    let text = plain.and_then(|plain| String::from_utf8(plain).ok());
    text.map(Cow::Owned).ok_or("The request object cannot be decrypted")
}

/// The algorithm that the client has set; none where any will do.
fn wanted(client: &Client) -> Option<&str> {
    client
        .attribute("request.object.signature.alg")
        .filter(|alg| *alg != "any")
}

/// `require_signed_request_object` of RFC 9101 section 10.5.
pub(super) fn must_be_signed(client: &Client) -> bool {
    client.attribute("require.signed.request.object") == Some("true")
}

async fn signed(app: &App, client: &Client, object: &str) -> Result<Result<Doc, Unreadable>, Error> {
    const OTHER: Unreadable = "Request object signed with different algorithm than client requested algorithm";
    const FAILED: Unreadable = "Failed to verify signature on 'request' object";
    let wanted = wanted(client);
    if let Some(claims) = unsigned(object) {
        let may = wanted.is_none_or(|alg| alg == "none") && !must_be_signed(client);
        return Ok(if may { Ok(claims) } else { Err(OTHER) });
    }
    let Ok(parsed) = jwt::decode(object) else {
        return Ok(Err("The request object cannot be read"));
    };
    let alg = parsed.alg();
    if wanted.is_some_and(|wanted| Alg::parse(wanted) != Some(alg)) {
        return Ok(Err(OTHER));
    }
    if !alg.is_symmetric() {
        return Ok(match keys::verify(app, client, parsed).await {
            Signed::Yes(claims) => Ok(claims),
            Signed::No | Signed::NoKey => Err(FAILED),
        });
    }
    let secrets = client_secret::keys(app, client)?;
    let mut keys = secrets
        .iter()
        .filter_map(|secret| VerifyingKey::from_secret(alg, secret).ok());
    let key = keys.find(|key| parsed.check(key).is_ok());
    Ok(match key.map(|key| parsed.verify(&key)) {
        Some(Ok(claims)) => Ok(claims),
        _ => Err(FAILED),
    })
}

/// What an object without a signature says: its header must name `none`, and there must be nothing where the signature would
/// be.
fn unsigned(object: &str) -> Option<Doc> {
    let mut parts = object.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if !signature.is_empty() || parts.next().is_some() {
        return None;
    }
    let read = |part: &str| match strict_json::read(&b64url_decode(part).ok()?) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    };
    let header = read(header)?;
    if json::text(&header, "alg") != Some("none") || header.contains_key("crit") {
        return None;
    }
    read(claims)
}

const INACTIVE: Unreadable = "The request object is not active";

/// Where request objects are sent to, below `/protocol/openid-connect/`.
const ENDPOINTS: &[&str] = &["auth", "token", "ext/par/request"];

/// Time and audience, where the object names them.
fn in_time(app: &App, caller: &Caller, realm: &Realm, claims: Doc) -> Result<Doc, Unreadable> {
    let now = app.now_seconds();
    // A claim of another type is not an absent one.
    let instant = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(|n| Some(json::moderate(n))).ok_or(INACTIVE),
    };
    if instant("exp")?.is_some_and(|exp| exp + SKEW <= now) || instant("nbf")?.is_some_and(|nbf| nbf - SKEW > now) {
        return Err(INACTIVE);
    }
    let ours = |aud: &&str| audience::is_ours(app, caller, realm, aud, ENDPOINTS);
    if claims.contains_key("aud") && !audience::of(&claims).iter().any(ours) {
        return Err("The request object is for somebody else");
    }
    Ok(claims)
}

/// The parameters with those of the object over them (OpenID Connect Core section 6.1). Who is asked for must not differ; what
/// kind of answer neither, which the application is told ([`super::checks::same_response_type`]).
pub fn over(sent: &Params, claims: &Doc) -> Result<Params, Unreadable> {
    if let (Some(sent), Some(said)) = (sent.text("client_id"), json::text(claims, "client_id"))
        && sent != said
    {
        return Err("The client_id parameter doesn't match the one from OIDC 'request' or 'request_uri'");
    }
    // RFC 9101 section 4.
    if claims.contains_key("request_uri") {
        return Err("The request object holds a 'request_uri'");
    }
    if claims.contains_key("request") {
        return Err("The request object holds a 'request'");
    }
    let own = claims
        .iter()
        .filter(|(name, _)| !NO_PARAMETERS.contains(&name.as_str()));
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in own {
        match value {
            Value::Null => {}
            Value::String(text) => pairs.push((name.clone(), text.clone())),
            Value::Array(many) if name == "resource" => {
                let texts = many.iter().filter_map(Value::as_str);
                pairs.extend(texts.map(|text| (name.clone(), text.to_owned())));
            }
            other => pairs.push((name.clone(), other.to_string())),
        }
    }
    let kept = sent
        .iter()
        .filter(|(name, _)| !matches!(*name, "request" | "request_uri") && !claims.contains_key(*name));
    pairs.extend(kept.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(pairs.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vestibule_jose::digest::b64url;

    use super::*;

    fn object(header: &str, claims: &Value, end: &str) -> String {
        format!(
            "{}.{}.{end}",
            b64url(header.as_bytes()),
            b64url(claims.to_string().as_bytes())
        )
    }

    #[test]
    fn only_an_object_without_any_signature_is_unsigned() {
        let claims = json!({ "scope": "openid" });
        assert!(unsigned(&object(r#"{"alg":"none"}"#, &claims, "")).is_some());
        for (header, end) in [
            (r#"{"alg":"none"}"#, "c2ln"),
            (r#"{"alg":"NONE"}"#, ""),
            (r#"{"alg":"RS256"}"#, ""),
            ("{}", ""),
            (r#"{"alg":"none","crit":["b64"]}"#, ""),
            (r#"{"alg":"RS256","alg":"none"}"#, ""),
        ] {
            assert!(unsigned(&object(header, &claims, end)).is_none(), "{header} {end}");
        }
    }

    #[test]
    fn what_the_object_says_counts_and_the_rest_is_filled_up() {
        let sent: Params = [
            ("client_id", "app"),
            ("state", "outside"),
            ("scope", "openid"),
            ("request", "x"),
        ]
        .into_iter()
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect();
        let claims = json!({
            "iss": "app", "client_id": "app", "scope": "openid email", "max_age": 5, "claims": { "userinfo": {} }, "resource": ["https://a", "https://b"]
        });
        let all = over(&sent, claims.as_object().unwrap()).unwrap();
        assert_eq!(all.get("scope"), Some("openid email"));
        assert_eq!(all.get("state"), Some("outside"));
        assert_eq!(all.get("max_age"), Some("5"));
        assert_eq!(all.get("claims"), Some(r#"{"userinfo":{}}"#));
        assert_eq!(all.all("resource").count(), 2);
        assert!(!all.has("request") && !all.has("request_uri") && !all.has("iss"));
        for other in [
            json!({ "client_id": "another" }),
            json!({ "request_uri": "https://evil.example" }),
            json!({ "request": "x" }),
        ] {
            assert!(over(&sent, other.as_object().unwrap()).is_err(), "{other}");
        }
    }
}
