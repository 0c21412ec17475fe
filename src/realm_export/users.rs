//! Users of an export, with all that belongs to them.

use serde_json::{Value, json};

use super::Names;
use crate::app::App;
use crate::error::Error;
use crate::store::credential::Credential;
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::user::User;
use crate::store::user_export::{self, Belongings};

/// Users that are read at a time.
const PAGE: i64 = 500;

/// Whether credentials are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credentials {
    Shown,
    Hidden,
}

/// A page of users with their hashed passwords, by user name, from the one after `after` on. Empty at the end.
///
/// # Errors
///
/// Those of the database.
pub async fn page(app: &App, realm: &Realm, names: &Names, after: &str) -> Result<Vec<Value>, Error> {
    let users = user_export::after(&app.db, &realm.id, after, PAGE).await?;
    show(app, realm, names, &users, Credentials::Shown).await
}

/// The service accounts of clients, without credentials: what a part of a realm has of users.
pub(super) async fn service_accounts(app: &App, realm: &Realm, names: &Names) -> Result<Value, Error> {
    let users = user_export::service_accounts(&app.db, &realm.id).await?;
    let shown = show(app, realm, names, &users, Credentials::Hidden).await?;
    Ok(if shown.is_empty() { Value::Null } else { shown.into() })
}

async fn show(
    app: &App,
    realm: &Realm,
    names: &Names,
    users: &[User],
    credentials: Credentials,
) -> Result<Vec<Value>, Error> {
    let mut belongings = user_export::belongings(&app.db, users).await?;
    let shown = users.iter().map(|u| one(realm, names, u, &mut belongings, credentials));
    Ok(shown.collect())
}

fn one(realm: &Realm, names: &Names, user: &User, all: &mut Belongings, credentials: Credentials) -> Value {
    let own = all.credentials.remove(&user.id).unwrap_or_default();
    let mut doc = Doc::new();
    let mut put = |key: &str, value: Value| {
        let empty = match &value {
            Value::Null => true,
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if !empty {
            doc.insert(key.to_owned(), value);
        }
    };
    put("id", json!(user.id));
    put("username", json!(user.username));
    put("firstName", json!(user.first_name));
    put("lastName", json!(user.last_name));
    put("email", json!(user.email));
    put("emailVerified", json!(user.email_verified));
    put("attributes", json!(user.attributes));
    put("enabled", json!(user.enabled));
    put("createdTimestamp", json!(user.created));
    put("totp", json!(own.iter().any(|c| c.kind == "otp")));
    let client = user.service_client.as_deref().and_then(|id| names.client(id));
    put("serviceAccountClientId", json!(client));
    if credentials == Credentials::Shown {
        put("credentials", own.iter().map(credential).collect());
    }
    put("disableableCredentialTypes", json!([]));
    put("requiredActions", json!(user.required_actions));
    let links: Vec<Value> = all
        .links
        .remove(&user.id)
        .unwrap_or_default()
        .into_iter()
        .map(|l| json!({ "identityProvider": l.provider, "userId": l.external_id, "userName": l.username }))
        .collect();
    put(
        "federatedIdentities",
        if links.is_empty() { Value::Null } else { links.into() },
    );
    let roles = all.roles.remove(&user.id).unwrap_or_default();
    let (of_realm, of_clients) = names.roles(realm, &roles);
    put(
        "realmRoles",
        if of_realm.is_empty() {
            Value::Null
        } else {
            json!(of_realm)
        },
    );
    put("clientRoles", json!(of_clients));
    let consents = all.consents.remove(&user.id).unwrap_or_default();
    let consents: Vec<Value> = consents.into_iter().filter_map(|c| {
        let scopes = realm.client_scopes.iter().filter(|s| c.scopes.contains(&s.id));
        let scopes: Vec<&str> = scopes.map(|s| s.name.as_str()).collect();
        Some(json!({ "clientId": names.client(&c.client_uuid)?, "grantedClientScopes": scopes, "createdDate": c.created,
                     "lastUpdatedDate": c.updated }))
    }).collect();
    put(
        "clientConsents",
        if consents.is_empty() {
            Value::Null
        } else {
            consents.into()
        },
    );
    put("notBefore", json!(user.not_before));
    let groups = all.groups.remove(&user.id).unwrap_or_default();
    let mut paths: Vec<&str> = groups.iter().filter_map(|id| names.path(id)).collect();
    paths.sort_unstable();
    put("groups", json!(paths));
    for (name, value) in all.extras.remove(&user.id).unwrap_or_default() {
        put(&name, value);
    }
    doc.into()
}

/// A credential in the order of its kind; an import takes the order for its priority.
fn credential(c: &Credential) -> Value {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(c.id));
    doc.insert("type".into(), json!(c.kind));
    if let Some(label) = &c.label {
        doc.insert("userLabel".into(), json!(label));
    }
    doc.insert("createdDate".into(), json!(c.created));
    doc.insert("secretData".into(), json!(c.secret_data));
    doc.insert("credentialData".into(), json!(c.credential_data));
    doc.into()
}
