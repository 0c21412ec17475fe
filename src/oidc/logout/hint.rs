//! `id_token_hint`: an ID token of ours, expired or not.

use serde_json::Value;
use vestibule_jose::VerifyingKey;
use vestibule_jose::digest::b64url_decode;
use vestibule_jose::jwt::{self, Parsed};

use crate::app::App;
use crate::client_secret;
use crate::error::Error;
use crate::oidc::tokens::id;
use crate::oidc::tokens::make;
use crate::store::client::{self, Client};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::visitor::Visitor;

/// What an ID token says of who it was made for.
pub struct Hint {
    pub client_id: String,
    pub sub: String,
    pub sid: String,
}

/// Reads a hint; nothing if it is not an ID token that this realm signed. Its age does not matter: it says who asks, and
/// opens nothing.
///
/// # Errors
///
/// Those of the database and of keys.
pub async fn read(app: &App, visitor: &Visitor, realm: &Realm, token: &str) -> Result<Option<Hint>, Error> {
    let Ok(parsed) = jwt::decode(token) else {
        return Ok(None);
    };
    let realms = parsed.kid().and_then(|kid| realm.keys.verifying(kid, parsed.alg()));
    let key = match realms {
        Some(key) => Some(key.verifier()),
        None if parsed.alg().is_symmetric() => of_client(app, realm, token, &parsed).await?,
        None => None,
    };
    let claims = key.and_then(|key| parsed.verify(&key).ok());
    Ok(claims.and_then(|claims| hint(app, visitor, realm, &claims)))
}

/// The secret of the client that a token says it is for, which signs its ID tokens where it asked for that.
async fn of_client(app: &App, realm: &Realm, token: &str, parsed: &Parsed<'_>) -> Result<Option<VerifyingKey>, Error> {
    let alg = parsed.alg();
    let claims = token.split('.').nth(1).and_then(|part| b64url_decode(part).ok());
    let claims: Doc = claims
        .and_then(|claims| serde_json::from_slice(&claims).ok())
        .unwrap_or_default();
    let named = json::text(&claims, "azp").unwrap_or_default();
    let client = client::by_client_id(&app.db, &realm.id, named).await?;
    let signs = |client: &Client| client.enabled() && make::algorithm(realm, client, make::ID_ALGORITHM) == alg;
    let Some(client) = client.filter(|client| signs(client)) else {
        return Ok(None);
    };
    let secrets = client_secret::keys(app, &client)?;
    let mut keys = secrets
        .iter()
        .filter_map(|secret| VerifyingKey::from_secret(alg, secret).ok());
    Ok(keys.find(|key| parsed.check(key).is_ok()))
}

fn hint(app: &App, visitor: &Visitor, realm: &Realm, claims: &Doc) -> Option<Hint> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let ours = id::kind(claims) == Some(id::TYPE) && visitor.caller.is_issuer(app, &realm.name, text("iss")?);
    ours.then_some(())?;
    Some(Hint {
        client_id: text("azp")?.to_owned(),
        sub: text("sub").unwrap_or_default().to_owned(),
        sid: text("sid").unwrap_or_default().to_owned(),
    })
}
