//! `private_key_jwt` and `client_secret_jwt` (RFC 7523): an assertion that the client signs, for this server, once.

use vestibule_jose::digest::b64url_decode;
use vestibule_jose::{Alg, VerifyingKey, jwt};
use vestibule_oauth::error::Refusal;

use super::Refused;
use super::keys::{self, Signed};
use super::presented::Presented;
use crate::app::App;
use crate::caller::Caller;
use crate::client_secret;
use crate::error::Error;
use crate::oidc::tokens::audience;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::single_use;

/// How far clocks may differ, in seconds.
const SKEW: i64 = 15;

/// How long an assertion without `iat` may be good, in seconds.
const LONGEST: i64 = 60;

/// Endpoints that may be the audience, besides the issuer.
const ENDPOINTS: &[&str] = &["token", "token/introspect", "revoke", "ext/par/request"];

/// Whether the assertion is the client's.
pub(super) async fn check(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
    presented: &Presented,
) -> Result<Result<(), Refused>, Error> {
    let Some(token) = &presented.assertion else {
        return Ok(Err(Refused::assertion(if presented.announced {
            "client_assertion parameter missing"
        } else {
            "Parameter client_assertion_type is missing"
        })));
    };
    let claims = match signed(app, client, token).await? {
        Ok(claims) => claims,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Err(refused) = good(app, caller, realm, &claims) {
        return Ok(Err(refused));
    }
    // Only now, past the signature: nobody else can use up a client's assertion.
    let (jti, exp) = (
        json::text(&claims, "jti").unwrap_or_default(),
        json::number(&claims, "exp"),
    );
    let value = format!("{} {jti}", client.id);
    let mut tx = app.db.begin().await?;
    let first = single_use::spend(&mut tx, &realm.id, "client-assertion", &value, (exp + SKEW) * 1000).await?;
    tx.commit().await?;
    Ok(if first {
        Ok(())
    } else {
        Err(Refused::assertion("Token reuse detected"))
    })
}

/// The claims, if the client signed them with the algorithm and key it is registered with.
async fn signed(app: &App, client: &Client, token: &str) -> Result<Result<Doc, Refused>, Error> {
    let by_secret = client.text("clientAuthenticatorType") == Some("client-secret-jwt");
    let wrong_algorithm = Err(Refused::assertion("Invalid signature algorithm"));
    let parsed = match jwt::decode(token) {
        Ok(parsed) => parsed,
        Err(_) if names_no_algorithm(token) => return Ok(wrong_algorithm),
        Err(_) => return Ok(Err(Refused::unknown("invalid_client_credentials"))),
    };
    let alg = parsed.alg();
    let registered = client.attribute("token.endpoint.auth.signing.alg").and_then(Alg::parse);
    if alg.is_symmetric() != by_secret || registered.is_some_and(|wanted| wanted != alg) {
        return Ok(wrong_algorithm);
    }
    if by_secret {
        let secrets = client_secret::keys(app, client)?;
        let mut keys = secrets.iter().filter_map(|s| VerifyingKey::from_secret(alg, s).ok());
        let key = keys.find(|key| parsed.check(key).is_ok());
        let text = "Client authentication with client secret signed JWT failed: Signature on JWT token by client secret  failed validation";
        return Ok(match key.map(|key| parsed.verify(&key)) {
            Some(Ok(claims)) => Ok(claims),
            _ => Err(Refused {
                refusal: Refusal::new(400, "unauthorized_client", text),
                event_error: "invalid_client_credentials",
                client_id: None,
            }),
        });
    }
    Ok(match keys::verify(app, client, parsed).await {
        Signed::Yes(claims) => Ok(claims),
        Signed::NoKey => Err(Refused::assertion("Unable to load public key")),
        Signed::No => Err(Refused::assertion(
            "Client authentication with signed JWT failed: Signature on JWT token failed validation",
        )),
    })
}

/// Whether the header names an algorithm that is none, `none` itself among them.
fn names_no_algorithm(token: &str) -> bool {
    let header = token.split('.').next().and_then(|part| b64url_decode(part).ok());
    let header = header.and_then(|bytes| serde_json::from_slice::<Doc>(&bytes).ok());
    header.is_some_and(|header| json::text(&header, "alg").is_some_and(|alg| Alg::parse(alg).is_none()))
}

/// Time, audience and `jti`, with Keycloak's texts. RFC 7523 section 3.
fn good(app: &App, caller: &Caller, realm: &Realm, claims: &Doc) -> Result<(), Refused> {
    let refuse = |text: &'static str| Err(Refused::assertion(text));
    let now = app.now_seconds();
    let number = |name: &str| match claims.get(name) {
        None => Ok(None),
        // A claim of another type is not an absent one.
        Some(value) => value
            .as_i64()
            .map(|n| Some(json::moderate(n)))
            .ok_or_else(|| Refused::assertion("Token is not active")),
    };
    let (exp, nbf, iat) = (number("exp")?, number("nbf")?, number("iat")?);
    let Some(exp) = exp else {
        return refuse("Token exp claim is required");
    };
    if exp + SKEW <= now || nbf.is_some_and(|nbf| nbf - SKEW > now) {
        return refuse("Token is not active");
    }
    match iat {
        Some(iat) if iat - SKEW > now => return refuse("Token was issued in the future"),
        Some(iat) if exp - SKEW - LONGEST > now && iat + LONGEST < now => {
            return refuse("Token was issued too long ago in the past to be used now");
        }
        None if exp - SKEW - LONGEST > now => {
            return refuse("Token expiration is too far in the future and iat claim not present in token");
        }
        _ => {}
    }
    let audiences = audience::of(claims);
    if audiences.len() > 1 {
        return refuse("Multiple audiences not allowed");
    }
    if !audiences
        .iter()
        .any(|aud| audience::is_ours(app, caller, realm, aud, ENDPOINTS))
    {
        return refuse("Invalid token audience");
    }
    if json::text(claims, "jti").is_none() {
        return refuse("Token jti claim is required");
    }
    Ok(())
}
