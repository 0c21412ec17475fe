//! Tokens at the Admin API.

use std::sync::Arc;

use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::store::client::{self, Client};
use crate::store::realm::Realm;
use crate::store::user::{self, User};

/// Who a token speaks for.
pub struct Bearer {
    pub user: Option<User>,
    pub client: Arc<Client>,
}

/// The bearer of an access token of a realm, if it is good.
///
/// # Errors
///
/// Those of the database.
pub async fn verify(app: &App, caller: &Caller, realm: &Realm, token: &str) -> Result<Option<Bearer>, Error> {
    let Ok(parsed) = vestibule_jose::jwt::decode(token) else {
        return Ok(None);
    };
    let Some(key) = realm.keys.verifying(parsed.kid().unwrap_or_default(), parsed.alg()) else {
        return Ok(None);
    };
    let Ok(claims) = parsed.verify(&key.verifier()) else {
        return Ok(None);
    };
    let text = |name: &str| claims.get(name).and_then(|v| v.as_str()).unwrap_or_default();
    let expires = claims.get("exp").and_then(serde_json::Value::as_i64).unwrap_or(0);
    if expires <= app.now_seconds() || !caller.is_issuer(app, &realm.name, text("iss")) || text("typ") != "Bearer" {
        return Ok(None);
    }
    let Some(client) = client::by_client_id(&app.db, &realm.id, text("azp"))
        .await?
        .filter(|c| c.enabled())
    else {
        return Ok(None);
    };
    let user = user::by_id(&app.db, &realm.id, text("sub"))
        .await?
        .filter(|u| u.enabled);
    Ok(Some(Bearer { user, client }))
}
