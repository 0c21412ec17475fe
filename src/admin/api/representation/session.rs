//! `UserSessionRepresentation`.

use serde_json::{Map, Value, json};

use crate::app::App;
use crate::error::Error;
use crate::oidc;
use crate::store::realm::Realm;
use crate::store::session::{self, UserSession};
use crate::store::{client, user};

/// Sessions that are still good; with `of_client` only those in which that application (its id) takes part.
///
/// # Errors
///
/// Those of the database.
pub async fn list(
    app: &App,
    realm: &Realm,
    sessions: &[UserSession],
    of_client: Option<&str>,
) -> Result<Vec<Value>, Error> {
    let mut shown = Vec::new();
    for s in sessions {
        if !oidc::session::is_active(realm, s, app.now()) {
            continue;
        }
        let parts = session::parts(&app.db, &s.id, s.offline).await?;
        if of_client.is_some_and(|uuid| !parts.iter().any(|p| p.client_uuid == uuid)) {
            continue;
        }
        let mut clients = Map::new();
        for part in &parts {
            if let Some(application) = client::by_id(&app.db, &realm.id, &part.client_uuid).await? {
                clients.insert(application.id.clone(), json!(application.client_id));
            }
        }
        let Some(owner) = user::by_id(&app.db, &realm.id, &s.user_id).await? else {
            continue;
        };
        shown.push(json!({
            "id": s.id, "username": owner.username, "userId": owner.id, "ipAddress": s.ip_address, "start": s.started,
            "lastAccess": s.last_refresh, "rememberMe": s.remember_me(), "clients": clients, "transientUser": false
        }));
    }
    Ok(shown)
}
