//! The client scopes that new clients of a realm get.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, put};
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::client_scopes::find;
use super::clients::VIEW;
use super::error::{Answer, ApiError};
use super::record::{Operation, record};
use crate::app::App;
use crate::error::Error;
use crate::store::Tx;
use crate::store::json::Doc;
use crate::store::realm::{self, ClientScope, Realm};

const DEFAULT: &str = "defaultDefaultClientScopes";
const OPTIONAL: &str = "defaultOptionalClientScopes";
/// The members of a realm that list scopes by their names.
pub const LISTS: [&str; 2] = [DEFAULT, OPTIONAL];
const UNKNOWN: &str = "Client scope not found";

/// The addresses of both lists.
pub fn routes() -> Router<App> {
    let (default, optional) = (
        "/realms/{realm}/default-default-client-scopes",
        "/realms/{realm}/default-optional-client-scopes",
    );
    Router::new()
        .route(default, get(defaults))
        .route(optional, get(optionals))
        .route(&format!("{default}/{{scope}}"), put(add_default).delete(remove_default))
        .route(
            &format!("{optional}/{{scope}}"),
            put(add_optional).delete(remove_optional),
        )
}

/// Takes a scope that goes from the lists of the realm.
///
/// # Errors
///
/// Those of the database.
pub async fn take_away(tx: &mut Tx, realm: &Realm, name: &str) -> Result<(), Error> {
    if LISTS.iter().any(|list| realm.texts(list).contains(&name)) {
        let without_it = |doc: &mut Doc| LISTS.into_iter().for_each(|list| without(doc, list, name));
        realm::change(tx, &realm.id, without_it).await?;
    }
    Ok(())
}

/// Takes a name from a list of the realm.
pub fn without(doc: &mut Doc, list: &str, name: &str) {
    if let Some(Value::Array(names)) = doc.get_mut(list) {
        names.retain(|n| n != name);
    }
}

async fn defaults(admin: Admin) -> Answer {
    listed(&admin, DEFAULT)
}

async fn optionals(admin: Admin) -> Answer {
    listed(&admin, OPTIONAL)
}

fn listed(admin: &Admin, list: &str) -> Answer {
    admin.require(VIEW)?;
    let realm = &admin.realm;
    let scopes = realm
        .texts(list)
        .into_iter()
        .filter_map(|name| realm.client_scope(name));
    let brief = |s: &ClientScope| json!({ "id": s.id, "name": s.name, "protocol": s.protocol });
    answer::json(&scopes.map(brief).collect::<Vec<_>>())
}

async fn add_default(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    change(&admin, &id, DEFAULT, Operation::Create).await
}

async fn add_optional(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    change(&admin, &id, OPTIONAL, Operation::Create).await
}

async fn remove_default(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    change(&admin, &id, DEFAULT, Operation::Delete).await
}

async fn remove_optional(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    change(&admin, &id, OPTIONAL, Operation::Delete).await
}

async fn change(admin: &Admin, id: &str, list: &str, operation: Operation) -> Answer {
    admin.require(&[Right::ManageClients])?;
    let name = find(&admin.realm, id, UNKNOWN)?.name.as_str();
    let adds = operation == Operation::Create;
    if adds && LISTS.iter().any(|l| admin.realm.texts(l).contains(&name)) {
        return Err(ApiError::duplicate());
    }
    let mut tx = admin.app.db.begin().await?;
    realm::change(&mut tx, &admin.realm.id, |doc| {
        without(doc, list, name);
        if adds && let Value::Array(names) = doc.entry(list).or_insert_with(|| json!([])) {
            names.push(json!(name));
        }
    })
    .await?;
    let kind = if list == DEFAULT {
        "default-default"
    } else {
        "default-optional"
    };
    let path = format!("{kind}-client-scopes/{id}");
    record(&mut tx, admin, operation, "CLIENT_SCOPE", &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
