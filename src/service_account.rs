//! The user that stands for a client that acts for itself (`client_credentials`).

use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;
use crate::realm_setup;
use crate::store::Tx;
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::user::{self, Kept, User};

/// The client scope that tells who the client is; Keycloak gives it to every client with a service account.
pub const SCOPE: &str = "service_account";

/// What came of making sure of a service account.
pub enum Ensured {
    /// It is there, under the client's name.
    Yes(User),
    /// Somebody else has its user name.
    NameTaken,
}

/// Its user name.
pub fn username(client_id: &str) -> String {
    format!("service-account-{}", user::normal(client_id))
}

/// Makes the service account of a client, if it is not there, with the realm's defaults; renames it if the client has
/// been renamed.
///
/// # Errors
///
/// Those of the database.
pub async fn ensure(tx: &mut Tx, app: &App, realm: &Realm, client: &Client) -> Result<Ensured, Error> {
    let username = username(&client.client_id);
    if let Some(known) = user::service_account(&mut *tx, &realm.id, &client.id).await? {
        if known.username == username {
            return Ok(Ensured::Yes(known));
        }
        let renamed = user::change(tx, realm, &known.id, |user| user.username = username).await?;
        return Ok(renamed.map_or(Ensured::NameTaken, Ensured::Yes));
    }
    let new = User {
        id: crate::random::uuid(),
        realm_id: realm.id.clone(),
        username,
        enabled: true,
        created: app.now(),
        service_client: Some(client.id.clone()),
        ..User::default()
    };
    if user::add(tx, &new, realm.unique_emails()).await? != Kept::Yes {
        return Ok(Ensured::NameTaken);
    }
    realm_setup::give_defaults(tx, realm, &new.id).await?;
    Ok(Ensured::Yes(new))
}

/// Removes the service account of a client, with its roles and sessions.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm: &Realm, client_uuid: &str) -> Result<(), Error> {
    if let Some(known) = user::service_account(&mut *tx, &realm.id, client_uuid).await? {
        user::remove(tx, &realm.id, &known.id).await?;
    }
    Ok(())
}

/// Puts the scope of service accounts among a client's default scopes, where the realm has it. `doc`: the client's.
pub fn give_scope(realm: &Realm, doc: &mut Doc) {
    if realm.client_scope(SCOPE).is_none() {
        return;
    }
    let scopes = doc.entry("defaultClientScopes").or_insert_with(|| json!([]));
    if let Value::Array(scopes) = scopes
        && !scopes.contains(&json!(SCOPE))
    {
        scopes.push(json!(SCOPE));
    }
}

/// Takes the scope of service accounts from a client's default scopes. `doc`: the client's.
pub fn take_scope(doc: &mut Doc) {
    if let Some(Value::Array(scopes)) = doc.get_mut("defaultClientScopes") {
        scopes.retain(|s| s != SCOPE);
    }
}
