//! The roles of a user: given, still to be given, and in effect.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::{CHANGE, SEE, find};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::grants;
use crate::admin::api::json::Body;
use crate::admin::api::query::Query;
use crate::admin::api::record::{Operation, record};
use crate::admin::api::representation::role as represent;
use crate::app::App;
use crate::store::client::{self, Client};
use crate::store::json::{Doc, text};
use crate::store::role;

pub(super) fn routes() -> Router<App> {
    let root = "/realms/{realm}/users/{id}/role-mappings";
    let client = format!("{root}/clients/{{client}}");
    Router::new()
        .route(root, get(all))
        .route(
            &format!("{root}/realm"),
            get(of_realm).post(add_of_realm).delete(remove_of_realm),
        )
        .route(&format!("{root}/realm/available"), get(available_of_realm))
        .route(&format!("{root}/realm/composite"), get(effective_of_realm))
        .route(&client, get(of_client).post(add_of_client).delete(remove_of_client))
        .route(&format!("{client}/available"), get(available_of_client))
        .route(&format!("{client}/composite"), get(effective_of_client))
}

type OfRealm = Path<(String, String)>;
type OfClient = Path<(String, String, String)>;

async fn all(admin: Admin, Path((_, id)): OfRealm) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    let ids = role::of_user(&admin.app.db, &user.id).await?;
    let mut shown = Doc::new();
    let of_realm = represent::list(&admin.realm, ids.iter().map(String::as_str), Some(""));
    if !of_realm.is_empty() {
        shown.insert("realmMappings".into(), json!(of_realm));
    }
    let holders: BTreeSet<&str> = ids
        .iter()
        .filter_map(|id| admin.realm.roles.by_id(id))
        .map(|r| r.client_uuid.as_str())
        .filter(|c| !c.is_empty())
        .collect();
    let mut of_clients = Map::new();
    for uuid in holders {
        if let Some(holder) = client::by_id(&admin.app.db, &admin.realm.id, uuid).await? {
            let mappings = represent::list(&admin.realm, ids.iter().map(String::as_str), Some(uuid));
            let of_one = json!({ "id": uuid, "client": holder.client_id, "mappings": mappings });
            of_clients.insert(holder.client_id.clone(), of_one);
        }
    }
    if !of_clients.is_empty() {
        shown.insert("clientMappings".into(), Value::Object(of_clients));
    }
    answer::json(&shown)
}

/// Which of a user's roles are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Given,
    Available,
    Effective,
}

async fn list(admin: &Admin, user_id: &str, holder: &str, part: Part, query: &Query) -> Answer {
    let user = find(admin, user_id, SEE).await?;
    let roles = &admin.realm.roles;
    let shown = match part {
        Part::Given => {
            let given = role::of_user(&admin.app.db, &user.id).await?;
            represent::list(&admin.realm, given.iter().map(String::as_str), Some(holder))
        }
        // Who may not give roles has none to choose from.
        Part::Available if !admin.has_any(CHANGE) => Vec::new(),
        Part::Available => {
            let given = role::of_user(&admin.app.db, &user.id).await?;
            let rest = roles
                .of(holder)
                .map(|r| r.id.as_str())
                .filter(|id| !given.iter().any(|g| g == id));
            represent::list(&admin.realm, rest, Some(holder))
        }
        Part::Effective => {
            let given = role::of_user_and_groups(&admin.app.db, &user.id).await?;
            let all = roles.expand(given.iter().map(String::as_str));
            if query.flag("briefRepresentation") == Some(false) {
                let of_holder = all
                    .iter()
                    .filter_map(|id| roles.by_id(id))
                    .filter(|r| r.client_uuid == holder);
                let mut full: Vec<Value> = of_holder.map(|r| represent::full(&admin.realm, r)).collect();
                full.sort_by_key(|r| r["name"].as_str().unwrap_or_default().to_owned());
                return answer::json(&full);
            }
            represent::list(&admin.realm, all.iter().map(String::as_str), Some(holder))
        }
    };
    answer::json(&shown)
}

async fn of_realm(admin: Admin, Path((_, id)): OfRealm, query: Query) -> Answer {
    list(&admin, &id, "", Part::Given, &query).await
}

async fn available_of_realm(admin: Admin, Path((_, id)): OfRealm, query: Query) -> Answer {
    list(&admin, &id, "", Part::Available, &query).await
}

async fn effective_of_realm(admin: Admin, Path((_, id)): OfRealm, query: Query) -> Answer {
    list(&admin, &id, "", Part::Effective, &query).await
}

/// The client whose roles are meant.
async fn holder(admin: &Admin, user_id: &str, uuid: &str) -> Result<Arc<Client>, ApiError> {
    find(admin, user_id, SEE).await?;
    let found = client::by_id(&admin.app.db, &admin.realm.id, uuid).await?;
    found.ok_or_else(|| ApiError::not_found("Client not found"))
}

async fn of_client(admin: Admin, Path((_, id, client)): OfClient, query: Query) -> Answer {
    let holder = holder(&admin, &id, &client).await?;
    list(&admin, &id, &holder.id, Part::Given, &query).await
}

async fn available_of_client(admin: Admin, Path((_, id, client)): OfClient, query: Query) -> Answer {
    let holder = holder(&admin, &id, &client).await?;
    list(&admin, &id, &holder.id, Part::Available, &query).await
}

async fn effective_of_client(admin: Admin, Path((_, id, client)): OfClient, query: Query) -> Answer {
    let holder = holder(&admin, &id, &client).await?;
    list(&admin, &id, &holder.id, Part::Effective, &query).await
}

async fn add_of_realm(admin: Admin, Path((_, id)): OfRealm, body: Body) -> Answer {
    change(&admin, &id, "", Operation::Create, body).await
}

async fn remove_of_realm(admin: Admin, Path((_, id)): OfRealm, body: Body) -> Answer {
    change(&admin, &id, "", Operation::Delete, body).await
}

async fn add_of_client(admin: Admin, Path((_, id, client)): OfClient, body: Body) -> Answer {
    let holder = holder(&admin, &id, &client).await?;
    change(&admin, &id, &holder.id, Operation::Create, body).await
}

async fn remove_of_client(admin: Admin, Path((_, id, client)): OfClient, body: Body) -> Answer {
    let holder = holder(&admin, &id, &client).await?;
    change(&admin, &id, &holder.id, Operation::Delete, body).await
}

/// Gives or takes roles. They are named by id and name; all are known, or none is touched. Taking without a body takes all.
async fn change(admin: &Admin, user_id: &str, holder: &str, operation: Operation, body: Body) -> Answer {
    let user = find(admin, user_id, CHANGE).await?;
    let everything = operation == Operation::Delete && body.is_empty();
    let given = if everything {
        Vec::new()
    } else {
        body.list("RoleRepresentation")?
    };
    let mut ids = Vec::new();
    for sent in &given {
        let found = text(sent, "id").and_then(|id| admin.realm.roles.by_id(id));
        let found = found.filter(|r| r.client_uuid == holder && text(sent, "name") == Some(&r.name));
        ids.push(found.ok_or_else(|| ApiError::not_found("Role not found"))?.id.clone());
    }
    if everything {
        let held = role::of_user(&admin.app.db, &user.id).await?;
        let of_holder = |id: &String| admin.realm.roles.by_id(id).is_some_and(|r| r.client_uuid == holder);
        ids = held.into_iter().filter(of_holder).collect();
    }
    grants::require(admin, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let mut tx = admin.app.db.begin().await?;
    for id in &ids {
        if operation == Operation::Create {
            role::grant_to_user(&mut tx, &user.id, id).await?;
        } else {
            role::revoke_from_user(&mut tx, &user.id, id).await?;
        }
    }
    let (kind, path) = if holder.is_empty() {
        ("REALM_ROLE_MAPPING", format!("users/{user_id}/role-mappings/realm"))
    } else {
        (
            "CLIENT_ROLE_MAPPING",
            format!("users/{user_id}/role-mappings/clients/{holder}"),
        )
    };
    record(&mut tx, admin, operation, kind, &path, Some(&json!(given))).await?;
    tx.commit().await?;
    answer::nothing()
}
