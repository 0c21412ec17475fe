//! A realm's place in `master`: the client `REALM-realm` with the roles that administer it, and the first administrator.

use serde_json::{Value, json};

use super::defaults::DEFAULTS;
use super::{Created, add_role, list, text};
use crate::app::App;
use crate::error::Error;
use crate::store::client::{self, Client, Secrets};
use crate::store::credential::{self, Credential};
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::user::{self, Kept, User};
use crate::store::{Tx, group, realm, role};

/// Adds the client of a new realm to `master` and makes its roles part of `admin`.
pub(super) async fn add_realm(tx: &mut Tx, app: &App, realm_id: &str, name: &str) -> Result<(), Error> {
    let master_id = if name == "master" {
        realm_id.to_owned()
    } else {
        let Some(id) = realm::id_by_name(&mut *tx, "master").await? else {
            return Ok(());
        };
        id
    };
    let doc = json!({
        "name": format!("{name} Realm"), "surrogateAuthRequired": false, "enabled": true, "alwaysDisplayInConsole": false,
        "clientAuthenticatorType": "client-secret", "redirectUris": [], "webOrigins": [], "notBefore": 0,
        "bearerOnly": true, "consentRequired": false, "standardFlowEnabled": true, "implicitFlowEnabled": false,
        "directAccessGrantsEnabled": false, "serviceAccountsEnabled": false, "publicClient": false,
        "frontchannelLogout": false, "attributes": { "realm_client": "true" },
        "authenticationFlowBindingOverrides": {}, "fullScopeAllowed": false, "nodeReRegistrationTimeout": 0,
        "defaultClientScopes": [], "optionalClientScopes": []
    });
    let new = Client {
        id: crate::random::uuid(),
        realm_id: master_id.clone(),
        client_id: format!("{name}-realm"),
        doc: doc.as_object().cloned().unwrap_or_default(),
        secrets: Secrets::default(),
        created: app.now(),
    };
    client::add(tx, &new).await?;
    let admin = role::id_by_name(&mut *tx, &master_id, "", "admin").await?;
    let mut ids = std::collections::HashMap::new();
    for r in management_roles() {
        let id = add_role(tx, &master_id, &new.id, text(r, "name"), text(r, "description")).await?;
        if let Some(admin) = &admin {
            role::compose(tx, &master_id, admin, &id).await?;
        }
        ids.insert(text(r, "name").to_owned(), id);
    }
    if name == "master"
        && let Some(admin) = &admin
        && let Some(id) = role::id_by_name(&mut *tx, &master_id, "", "create-realm").await?
    {
        role::compose(tx, &master_id, admin, &id).await?;
    }
    for r in management_roles() {
        for child in list(&r["composites"]["client"], "realm-management") {
            if let Some(child) = ids.get(child.as_str().unwrap_or_default()) {
                role::compose(tx, &master_id, &ids[text(r, "name")], child).await?;
            }
        }
    }
    Ok(())
}

/// The roles of `realm-management` but `realm-admin`, which `master` does not have.
fn management_roles() -> impl Iterator<Item = &'static Value> {
    list(&DEFAULTS["roles"]["client"], "realm-management")
        .iter()
        .filter(|r| text(r, "name") != "realm-admin")
}

/// The administrator that a start without one makes.
pub struct Admin {
    pub username: String,
    /// Set where it was made up and must be shown once.
    pub shown_password: Option<String>,
}

/// Makes realm `master` with the first administrator, if there is no such realm.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if no key can be made.
pub async fn bootstrap(app: &App) -> Result<Option<Admin>, Error> {
    if realm::by_name(&app.db, "master").await?.is_some() {
        return Ok(None);
    }
    let given = json!({ "enabled": true, "displayName": "Vestibule" });
    let given: Doc = given.as_object().cloned().unwrap_or_default();
    if super::create(app, "master", &given).await? == Created::NameTaken {
        // Another node was faster.
        return Ok(None);
    }
    let (username, given) = app.config.first_admin.clone();
    let (password, shown_password) = match given {
        Some(given) => (given, None),
        None => {
            let made = crate::random::token();
            (made.clone(), Some(made))
        }
    };
    grant_admin(app, &username, &password).await?;
    Ok(Some(Admin {
        username,
        shown_password,
    }))
}

/// Adds a user of `master` who may administer everything.
///
/// # Errors
///
/// Those of the database; [`Error::Setup`] if the user name is taken.
pub async fn grant_admin(app: &App, username: &str, password: &str) -> Result<(), Error> {
    let master = realm::by_name(&app.db, "master")
        .await?
        .ok_or_else(|| Error::Setup("there is no realm master".into()))?;
    let hashed = app.hasher.hash(password).await?;
    let new = User {
        id: crate::random::uuid(),
        realm_id: master.id.clone(),
        username: user::normal(username),
        enabled: true,
        created: app.now(),
        ..User::default()
    };
    let mut tx = app.db.begin().await?;
    if user::add(&mut tx, &new, master.unique_emails()).await? != Kept::Yes {
        return Err(Error::Setup(format!("realm master has a user {username} already")));
    }
    let password = Credential {
        id: crate::random::uuid(),
        kind: "password".into(),
        label: None,
        created: app.now(),
        priority: 10,
        secret_data: hashed.secret_data,
        credential_data: hashed.credential_data,
    };
    credential::put(&mut tx, &new.id, &password).await?;
    give_defaults(&mut tx, &master, &new.id).await?;
    if let Some(admin) = master.roles.by_name("", "admin") {
        role::grant_to_user(&mut tx, &new.id, &admin.id).await?;
    }
    tx.commit().await
}

/// What every new user of a realm gets: the default role and the default groups.
///
/// # Errors
///
/// Those of the database.
pub async fn give_defaults(tx: &mut Tx, realm: &Realm, user_id: &str) -> Result<(), Error> {
    if let Some(role_id) = realm.default_role_id() {
        role::grant_to_user(tx, user_id, role_id).await?;
    }
    for group_id in realm.texts("defaultGroups") {
        if group::by_id(&mut *tx, &realm.id, group_id).await?.is_some() {
            group::join(tx, user_id, group_id).await?;
        }
    }
    Ok(())
}
