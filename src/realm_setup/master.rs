//! A realm's place in `master`: the client `REALM-realm` with the roles that administer it, and the first administrator.

use serde_json::{Value, json};

use super::administrators::{add_service, add_user};
use super::defaults::DEFAULTS;
use super::{Created, Holder, add_role, list, text};
use crate::app::App;
use crate::error::Error;
use crate::password::Recipe;
use crate::store::client::{self, Client, Secrets, Source};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::{Tx, group, realm, realm_list, role};

/// Adds the client of a new realm to `master` and makes its roles part of `admin`. `false`: a client has its name that was
/// not made for the realm; whoever has its roles must not come to administer the realm by that.
pub(super) async fn add_realm(
    tx: &mut Tx,
    app: &App,
    realm_id: &str,
    name: &str,
    holder: Holder,
) -> Result<bool, Error> {
    let master_id = if name == "master" {
        realm_id.to_owned()
    } else {
        let Some(id) = realm::id_by_name(&mut *tx, "master").await? else {
            return Ok(true);
        };
        id
    };
    if let Some(there) = client::read_by_client_id(&mut *tx, &master_id, &format!("{name}-realm")).await? {
        // The realm takes the place of another of its name: who administered that one administers this one.
        return Ok(holder == Holder::Taken && there.attribute("realm_client") == Some("true"));
    }
    // That of `master` came into being with its realm, and has what every client there has.
    let master = if name == "master" {
        realm::latest(&mut *tx, &master_id).await?.unwrap_or_default()
    } else {
        Doc::new()
    };
    let doc = json!({
        "name": format!("{name} Realm"), "surrogateAuthRequired": false, "enabled": true, "alwaysDisplayInConsole": false,
        "clientAuthenticatorType": "client-secret", "redirectUris": [], "webOrigins": [], "notBefore": 0,
        "bearerOnly": true, "consentRequired": false, "standardFlowEnabled": true, "implicitFlowEnabled": false,
        "directAccessGrantsEnabled": false, "serviceAccountsEnabled": false, "publicClient": false,
        "frontchannelLogout": false, "attributes": { "realm_client": "true" },
        "authenticationFlowBindingOverrides": {}, "fullScopeAllowed": false, "nodeReRegistrationTimeout": 0,
        "defaultClientScopes": json::texts(&master, "defaultDefaultClientScopes"),
        "optionalClientScopes": json::texts(&master, "defaultOptionalClientScopes")
    });
    let new = Client {
        id: crate::random::uuid(),
        realm_id: master_id.clone(),
        client_id: format!("{name}-realm"),
        doc: doc.as_object().cloned().unwrap_or_default(),
        secrets: Secrets::default(),
        created: app.now(),
        standing: crate::store::client::Standing::Live,
        source: Source::Admin,
        life: crate::store::client::Life::default(),
    };
    if !client::add(tx, &new).await? {
        return Ok(false);
    }
    let admin = role::id_by_name(&mut *tx, &master_id, "", "admin").await?;
    let mut ids = std::collections::HashMap::new();
    for r in management_roles() {
        let id = add_role(tx, &master_id, &new.id, text(r, "name"), text(r, "description")).await?;
        if let Some(admin) = &admin {
            role::compose_of(tx, &master_id, &new.id, admin, &id).await?;
        }
        ids.insert(text(r, "name").to_owned(), id);
    }
    if name == "master"
        && let Some(admin) = &admin
        && let Some(id) = role::id_by_name(&mut *tx, &master_id, "", "create-realm").await?
    {
        role::compose_of(tx, &master_id, "", admin, &id).await?;
    }
    for r in management_roles() {
        for child in list(&r["composites"]["client"], "realm-management") {
            if let Some(child) = ids.get(child.as_str().unwrap_or_default()) {
                role::compose_of(tx, &master_id, &new.id, &ids[text(r, "name")], child).await?;
            }
        }
    }
    Ok(true)
}

/// The roles of `realm-management` but `realm-admin`, which `master` does not have.
fn management_roles() -> impl Iterator<Item = &'static Value> {
    list(&DEFAULTS["roles"]["client"], "realm-management")
        .iter()
        .filter(|r| text(r, "name") != "realm-admin")
}

/// The administrator that a start without one makes.
pub struct Admin {
    /// The user, or the client where that is the only administrator.
    pub username: String,
    /// Set where it was made up and must be shown once.
    pub shown_password: Option<String>,
}

/// Makes realm `master` with the first administrator, if there is no such realm: both or neither, so that a start that is
/// cut short leaves nobody locked out.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if no key can be made; [`Error::Setup`] if there is no password to give.
pub async fn bootstrap(app: &App) -> Result<Option<Admin>, Error> {
    if realm::by_name(&app.db, "master").await?.is_some() {
        return Ok(None);
    }
    let (username, given) = app.config.first_admin.clone();
    let service = app.config.first_service.as_ref();
    if given.is_none() && service.is_none() && !app.config.dev {
        return Err(Error::Setup(
            "the first start makes an administrator: set KC_BOOTSTRAP_ADMIN_PASSWORD (and KC_BOOTSTRAP_ADMIN_USERNAME, \
             else the user name is admin) for it, or KC_BOOTSTRAP_ADMIN_CLIENT_ID and KC_BOOTSTRAP_ADMIN_CLIENT_SECRET"
                .into(),
        ));
    }
    let shown_password = (given.is_none() && service.is_none()).then(crate::random::token);
    let hashed = match given.as_ref().or(shown_password.as_ref()) {
        Some(password) => Some(app.hasher.hash(password, Recipe::default()).await?),
        None => None,
    };
    let keys = super::keys::for_new_realm(app, "master").await?;
    let defaults = super::defaults::for_realm("master")?;
    let settings = json!({ "enabled": true, "displayName": "Vestibule" });
    let settings: Doc = settings.as_object().cloned().unwrap_or_default();
    // Realms that were imported before there was anybody to administer them.
    let earlier = realm_list::names(&app.db).await?;
    let mut tx = app.db.begin().await?;
    let made = super::create_in(&mut tx, app, "master", &settings, &defaults, keys, Holder::New).await?;
    let Created::Realm(id) = made else {
        // Another node was faster.
        return Ok(None);
    };
    for name in earlier {
        let realm_id = realm::id_by_name(&mut tx, &name).await?.unwrap_or_default();
        add_realm(&mut tx, app, &realm_id, &name, Holder::New).await?;
    }
    let username = match (&hashed, service) {
        (None, Some((client_id, _))) => client_id.clone(),
        _ => username,
    };
    if let Some(hashed) = hashed {
        add_user(&mut tx, &id, &username, hashed, app.now()).await?;
    }
    if let Some((client_id, secret)) = service {
        add_service(&mut tx, app, &id, client_id, secret).await?;
    }
    tx.commit().await?;
    Ok(Some(Admin {
        username,
        shown_password,
    }))
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
