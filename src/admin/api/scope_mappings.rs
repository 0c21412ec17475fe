//! Scope mappings: the roles that a client without full scope, or a client scope, passes on.

use std::collections::BTreeSet;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::container::{BASES, Container, Thing};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::record::{Operation, record};
use super::representation::role as shown;
use crate::app::App;
use crate::store::client::{self, Client};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// The addresses of scope mappings.
pub fn routes() -> Router<App> {
    BASES.iter().fold(Router::new(), |router, base| {
        let base = format!("{base}/scope-mappings");
        let (realm, client) = (format!("{base}/realm"), format!("{base}/clients/{{of}}"));
        [realm, client]
            .iter()
            .fold(router.route(&base, get(all)), |router, list| {
                router
                    .route(list, get(assigned).post(add).delete(remove))
                    .route(&format!("{list}/available"), get(available))
                    .route(&format!("{list}/composite"), get(effective))
            })
    })
}

async fn all(container: Container) -> Answer {
    let ids = container.scope_roles();
    let admin = &container.admin;
    answer::json(&mappings(&admin.app, &admin.realm, &ids).await?)
}

/// Roles as a `MappingsRepresentation`: those of the realm, and those of each client.
///
/// # Errors
///
/// Those of the database.
pub async fn mappings(app: &App, realm: &Realm, ids: &[String]) -> Result<Doc, ApiError> {
    let mut told = Doc::new();
    let of_realm = shown::list(realm, ids.iter().map(String::as_str), Some(""));
    if !of_realm.is_empty() {
        told.insert("realmMappings".into(), json!(of_realm));
    }
    let known = ids.iter().filter_map(|id| realm.roles.by_id(id));
    let clients: BTreeSet<&str> = known
        .map(|r| r.client_uuid.as_str())
        .filter(|c| !c.is_empty())
        .collect();
    let mut by_client = Doc::new();
    for uuid in clients {
        if let Some(c) = client::by_id(&app.db, &realm.id, uuid).await? {
            let roles = shown::list(realm, ids.iter().map(String::as_str), Some(uuid));
            let mapping = json!({ "id": c.id, "client": c.client_id, "mappings": roles });
            by_client.insert(c.client_id.clone(), mapping);
        }
    }
    if !by_client.is_empty() {
        told.insert("clientMappings".into(), Value::Object(by_client));
    }
    Ok(told)
}

/// Whose roles the address speaks of: `""` for the realm's.
async fn of(container: &Container) -> Result<String, ApiError> {
    let uuid = container.param("of");
    if !uuid.is_empty() {
        client::by_id(&container.admin.app.db, &container.admin.realm.id, uuid)
            .await?
            .ok_or_else(|| ApiError::not_found("Could not find client"))?;
    }
    Ok(uuid.to_owned())
}

/// All roles that may pass: everything with full scope, else what is mapped and the client's own, expanded.
fn passing(container: &Container) -> BTreeSet<String> {
    let roles = &container.admin.realm.roles;
    let ids = container.scope_roles();
    match &container.thing {
        Thing::Client(c) => passed(&container.admin.realm, c),
        Thing::Scope(_) => roles.expand(ids.iter().map(String::as_str)),
    }
}

/// The ids of the roles that a client passes on, expanded.
pub fn passed(realm: &Realm, client: &Client) -> BTreeSet<String> {
    let own: Vec<String> = realm.roles.of(&client.id).map(|r| r.id.clone()).collect();
    if client.flag("fullScopeAllowed") {
        return realm.roles.all().map(|r| r.id.clone()).collect();
    }
    let ids = client
        .texts("_scopeRoles")
        .into_iter()
        .chain(own.iter().map(String::as_str));
    realm.roles.expand(ids)
}

async fn assigned(container: Container) -> Answer {
    let of = of(&container).await?;
    let ids = container.scope_roles();
    answer::json(&shown::list(
        &container.admin.realm,
        ids.iter().map(String::as_str),
        Some(&of),
    ))
}

async fn available(container: Container) -> Answer {
    let of = of(&container).await?;
    let realm = &container.admin.realm;
    let has = container.scope_roles();
    let rest = realm.roles.of(&of).map(|r| r.id.as_str());
    let rest = rest.filter(|id| !has.iter().any(|h| h == id));
    answer::json(&shown::list(realm, rest, Some(&of)))
}

async fn effective(container: Container) -> Answer {
    let of = of(&container).await?;
    let ids = passing(&container);
    answer::json(&shown::list(
        &container.admin.realm,
        ids.iter().map(String::as_str),
        Some(&of),
    ))
}

async fn add(container: Container, body: Body) -> Answer {
    change(container, &body, Operation::Create).await
}

async fn remove(container: Container, body: Body) -> Answer {
    change(container, &body, Operation::Delete).await
}

async fn change(mut container: Container, body: &Body, operation: Operation) -> Answer {
    container.require_manage()?;
    let of = of(&container).await?;
    let mut tx = container.begin().await?;
    let mut ids = container.scope_roles();
    let adds = operation == Operation::Create;
    let given = if !adds && body.is_empty() {
        // Keycloak: no body takes all of them away.
        let known = ids.iter().map(String::as_str);
        let all = shown::list(&container.admin.realm, known, Some(&of));
        all.into_iter().filter_map(|v| v.as_object().cloned()).collect()
    } else {
        body.list("RoleRepresentation")?
    };
    let roles = &container.admin.realm.roles;
    for role in &given {
        let id = json::text(role, "id").unwrap_or_default();
        if roles.by_id(id).is_none_or(|r| r.client_uuid != of) {
            return Err(ApiError::not_found("Role not found"));
        }
        ids.retain(|known| known != id);
        if adds {
            ids.push(id.to_owned());
        }
    }
    container.set_scope_roles(ids);
    let (kind, below) = if of.is_empty() {
        ("REALM_SCOPE_MAPPING", "/scope-mappings/realm".to_owned())
    } else {
        ("CLIENT_SCOPE_MAPPING", format!("/scope-mappings/clients/{of}"))
    };
    let told: Value = given.into_iter().map(Value::Object).collect();
    container.save(&mut tx).await?;
    record(
        &mut tx,
        &container.admin,
        operation,
        kind,
        &container.path(&below),
        Some(&told),
    )
    .await?;
    tx.commit().await?;
    answer::nothing()
}
