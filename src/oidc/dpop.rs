//! Proofs that a caller has the private key to which a token is bound (RFC 9449). A proof is good for one request and some
//! seconds; a nonce of ours is not asked for, as in Keycloak.

use serde_json::Value;
use url::Url;
use vestibule_jose::digest::{b64url, sha256};
use vestibule_jose::{Jwk, jwt};
use vestibule_oauth::error::Refusal;

use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::possession::Dpop;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::single_use;

/// How long a proof is good, and how far clocks may differ, in seconds: Keycloak's.
const LIFETIME: i64 = 10;
const SKEW: i64 = 15;

/// The longest `jti` that is taken.
const LONGEST_ID: usize = 512;

/// The code on the wire.
pub const INVALID: &str = "invalid_dpop_proof";

/// The key that a proof is of, by its thumbprint; or Keycloak's text. `token`: the access token that the request presents.
///
/// # Errors
///
/// Those of the database.
pub async fn check(
    app: &App,
    realm: &Realm,
    sent: &Dpop,
    token: Option<&str>,
) -> Result<Result<String, &'static str>, Error> {
    let (key, claims) = match signed(sent) {
        Ok(read) => read,
        Err(text) => return Ok(Err(text)),
    };
    if let Err(text) = fits(app, sent, &claims, token) {
        return Ok(Err(text));
    }
    // Past the signature, and by key: nobody else can use up a proof.
    let jti = json::text(&claims, "jti").unwrap_or_default();
    let expires = (json::number(&claims, "iat") + LIFETIME + 2 * SKEW) * 1000;
    let mut tx = app.db.begin().await?;
    let first = single_use::spend(&mut tx, &realm.id, "dpop", &format!("{key} {jti}"), expires).await?;
    tx.commit_lazily().await?;
    Ok(if first {
        Ok(key)
    } else {
        Err("DPoP proof has already been used")
    })
}

/// The thumbprint of the key in the header, and what is signed with it.
fn signed(sent: &Dpop) -> Result<(String, Doc), &'static str> {
    if sent.several {
        return Err("More than one DPoP proof");
    }
    let Ok(parsed) = jwt::decode(&sent.proof) else {
        return Err("DPoP header verification failure");
    };
    if parsed.typ() != Some("dpop+jwt") {
        return Err("Invalid or missing type in DPoP header");
    }
    let alg = parsed.alg();
    if alg.is_symmetric() {
        return Err("Unsupported DPoP algorithm");
    }
    let Some(jwk) = parsed.header("jwk").cloned() else {
        return Err("No JWK in DPoP header");
    };
    let Ok(jwk) = Jwk::from_value(jwk) else {
        return Err("No public key in DPoP header");
    };
    if jwk.has_private_parts() {
        return Err("Private key is present in DPoP header");
    }
    let (Ok(key), Ok(thumbprint)) = (jwk.verifying_key(alg), jwk.thumbprint()) else {
        return Err("No public key in DPoP header");
    };
    let claims = parsed.verify(&key).map_err(|_| "DPoP verification failure")?;
    Ok((thumbprint, claims))
}

/// Whether the proof was made for this request, now.
fn fits(app: &App, sent: &Dpop, claims: &Doc, token: Option<&str>) -> Result<(), &'static str> {
    let text = |name: &str| json::text(claims, name);
    let iat = claims.get("iat").and_then(Value::as_i64).map(json::moderate);
    let (Some(jti), Some(method), Some(address), Some(iat)) = (text("jti"), text("htm"), text("htu"), iat) else {
        return Err("DPoP mandatory claims are missing");
    };
    if jti.len() > LONGEST_ID {
        return Err("DPoP mandatory claims are missing");
    }
    if method != sent.method {
        return Err("DPoP HTTP method mismatch");
    }
    if !is_same_address(address, &sent.address) {
        return Err("DPoP HTTP URL mismatch");
    }
    let now = app.now_seconds();
    if iat - SKEW > now || iat + LIFETIME + SKEW < now {
        return Err("DPoP proof is not active");
    }
    if let Some(token) = token
        && text("ath") != Some(b64url(&sha256(token.as_bytes())).as_str())
    {
        return Err("DPoP proof access token hash mismatch");
    }
    Ok(())
}

/// RFC 9449 section 4.3: compared without query and fragment, after what RFC 3986 section 6.2 makes the same.
fn is_same_address(said: &str, ours: &str) -> bool {
    let plain = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        (url.username().is_empty() && url.password().is_none()).then_some(url)
    };
    plain(said).is_some_and(|said| Some(said) == plain(ours))
}

/// The key to which the tokens of a request are bound: the one that it proves. Clients with `dpop.bound.access.tokens` must prove
/// one.
///
/// # Errors
///
/// Those of the database.
pub async fn of_request(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
) -> Result<Result<Option<String>, Refusal>, Error> {
    let must = client.attribute("dpop.bound.access.tokens") == Some("true");
    let proved = match &caller.proofs.dpop {
        None if must => Err("DPoP proof is missing"),
        None => return Ok(Ok(None)),
        Some(sent) => check(app, realm, sent, None).await?,
    };
    Ok(proved.map(Some).map_err(|text| Refusal::new(400, INVALID, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_after_what_makes_no_difference() {
        let ours = "https://id.example.org/realms/a/protocol/openid-connect/token";
        for same in [
            ours,
            "HTTPS://ID.example.org:443/realms/a/protocol/openid-connect/token?x=1#y",
            "https://id.example.org/realms/b/../a/protocol/openid-connect/token",
        ] {
            assert!(is_same_address(same, ours), "{same}");
        }
        for other in [
            "http://id.example.org/realms/a/protocol/openid-connect/token",
            "https://id.example.org:8443/realms/a/protocol/openid-connect/token",
            "https://id.example.org/realms/a/protocol/openid-connect/userinfo",
            "https://x@id.example.org/realms/a/protocol/openid-connect/token",
            "nonsense",
        ] {
            assert!(!is_same_address(other, ours), "{other}");
        }
    }
}
