//! Administrators that a start or `vestibule bootstrap-admin` makes: users and clients of `master` that may do everything.

use serde_json::json;

use crate::app::App;
use crate::client_secret;
use crate::error::Error;
use crate::password::Hashed;
use crate::service_account;
use crate::store::client::{self, Client, Secrets, Source};
use crate::store::credential::{self, Credential};
use crate::store::json::{self, Doc};
use crate::store::user::{self, Kept, User};
use crate::store::{Tx, realm, role};

/// Adds a user of `master` who may administer everything.
///
/// # Errors
///
/// [`Error::Setup`] if the name is taken; those of the database.
pub(super) async fn add_user(
    tx: &mut Tx,
    master_id: &str,
    username: &str,
    hashed: Hashed,
    now: i64,
) -> Result<(), Error> {
    let new = User {
        id: crate::random::uuid(),
        realm_id: master_id.to_owned(),
        username: user::normal(username),
        enabled: true,
        created: now,
        ..User::default()
    };
    if user::add(tx, &new, true).await? != Kept::Yes {
        return Err(taken("user", username));
    }
    let password = Credential {
        id: crate::random::uuid(),
        kind: "password".into(),
        label: None,
        created: now,
        priority: 10,
        secret_data: hashed.secret_data,
        credential_data: hashed.credential_data,
    };
    credential::put(tx, &new.id, &password).await?;
    empower(tx, master_id, &new.id).await
}

/// Adds a client of `master` whose service account may administer everything.
///
/// # Errors
///
/// [`Error::Setup`] if the name is taken; those of the database.
pub(super) async fn add_service(
    tx: &mut Tx,
    app: &App,
    master_id: &str,
    client_id: &str,
    secret: &str,
) -> Result<(), Error> {
    let id = crate::random::uuid();
    let mut secrets = Secrets::default();
    client_secret::choose(app, &mut secrets, &id, secret)?;
    let new = Client {
        doc: service(tx, master_id).await?,
        id,
        realm_id: master_id.to_owned(),
        client_id: client_id.to_owned(),
        secrets,
        created: app.now(),
        standing: crate::store::client::Standing::Live,
        source: Source::Admin,
        life: crate::store::client::Life::default(),
    };
    if !client::add(tx, &new).await? {
        return Err(taken("client", client_id));
    }
    let account = User {
        id: crate::random::uuid(),
        realm_id: master_id.to_owned(),
        username: service_account::username(client_id),
        enabled: true,
        created: app.now(),
        service_client: Some(new.id),
        ..User::default()
    };
    if user::add(tx, &account, true).await? != Kept::Yes {
        return Err(taken("user", &account.username));
    }
    empower(tx, master_id, &account.id).await
}

async fn service(tx: &mut Tx, master_id: &str) -> Result<Doc, Error> {
    let master = realm::latest(tx, master_id).await?.unwrap_or_default();
    let mut scopes = json::texts(&master, "defaultDefaultClientScopes");
    scopes.push(service_account::SCOPE);
    let doc = json!({
        "surrogateAuthRequired": false, "enabled": true, "alwaysDisplayInConsole": false, "protocol": "openid-connect",
        "clientAuthenticatorType": "client-secret", "redirectUris": [], "webOrigins": [], "notBefore": 0,
        "bearerOnly": false, "consentRequired": false, "standardFlowEnabled": false, "implicitFlowEnabled": false,
        "directAccessGrantsEnabled": false, "serviceAccountsEnabled": true, "publicClient": false,
        "frontchannelLogout": false, "attributes": { "client.secret.recoverable": "true" },
        "authenticationFlowBindingOverrides": {}, "fullScopeAllowed": true, "nodeReRegistrationTimeout": -1,
        "defaultClientScopes": scopes, "optionalClientScopes": json::texts(&master, "defaultOptionalClientScopes")
    });
    Ok(doc.as_object().cloned().unwrap_or_default())
}

async fn empower(tx: &mut Tx, master_id: &str, user_id: &str) -> Result<(), Error> {
    for name in ["default-roles-master", "admin"] {
        if let Some(role_id) = role::id_by_name(&mut *tx, master_id, "", name).await? {
            role::grant_to_user(tx, user_id, &role_id).await?;
        }
    }
    Ok(())
}

fn taken(what: &str, name: &str) -> Error {
    Error::Setup(format!("realm master has a {what} {name} already"))
}
