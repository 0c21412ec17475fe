//! Roles of all clients in one list: those that something has, and those that it could be given.

use std::collections::{BTreeMap, HashSet};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::{Admin, Right};
use super::super::error::{Answer, ApiError};
use super::super::query::Query;
use super::super::representation::role as represent;
use crate::app::App;
use crate::store::{client, group, role, role_member, user};

/// Who may see what roles there are to give.
const MAP: &[Right] = &[
    Right::ManageUsers,
    Right::ManageRealm,
    Right::ManageClients,
    Right::ViewUsers,
    Right::ViewRealm,
    Right::ViewClients,
];

pub(super) fn routes() -> Router<App> {
    let root = "/realms/{realm}/ui-ext";
    Router::new()
        .route(&format!("{root}/available-roles/{{kind}}/{{id}}"), get(available))
        .route(&format!("{root}/effective-roles/{{kind}}/{{id}}"), get(effective))
        .route(&format!("{root}/role-mappings/roles/{{id}}"), get(composites))
}

/// The roles that something has of itself.
async fn own(admin: &Admin, kind: &str, id: &str) -> Result<Vec<String>, ApiError> {
    let (db, realm) = (&admin.app.db, &admin.realm);
    Ok(match kind {
        "users" => {
            let found = user::by_id(db, &realm.id, id).await?;
            found.ok_or_else(|| ApiError::not_found("User not found"))?;
            role::of_user(db, id).await?
        }
        "groups" => {
            let found = group::by_id(db, &realm.id, id).await?;
            found.ok_or_else(|| ApiError::not_found("Could not find group by id"))?;
            role_member::of_group(db, id).await?
        }
        "clients" => {
            let found = client::by_id(db, &realm.id, id).await?;
            let found = found.ok_or_else(|| ApiError::not_found("Could not find client"))?;
            found.texts("_scopeRoles").into_iter().map(str::to_owned).collect()
        }
        "clientScopes" => {
            let found = realm.client_scopes.iter().find(|s| s.id == id);
            let found = found.ok_or_else(|| ApiError::not_found("Could not find client scope"))?;
            found.scope_roles.clone()
        }
        "roles" => {
            let found = realm.roles.by_id(id);
            found.ok_or_else(|| ApiError::not_found("Could not find role"))?;
            realm.roles.children(id).iter().map(ToString::to_string).collect()
        }
        _ => return Err(ApiError::no_such_path()),
    })
}

async fn available(admin: Admin, Path((_, kind, id)): Path<(String, String, String)>, query: Query) -> Answer {
    let own: HashSet<String> = own(&admin, &kind, &id).await?.into_iter().collect();
    let page = query.page(i64::from(i32::MAX))?;
    let search = query.text("search").unwrap_or_default().to_lowercase();
    if !admin.has_any(MAP) {
        return answer::json_plain(&json!([]));
    }
    // Composites are shown again, as Keycloak does; a client's own roles are in its scope anyway.
    let taken = |role: &role::Role| match kind.as_str() {
        "roles" => role.id == id,
        "clients" => own.contains(&role.id) || role.client_uuid == id,
        _ => own.contains(&role.id),
    };
    let free = admin.realm.roles.all().filter(|role| !taken(role));
    let ids: Vec<String> = free.map(|role| role.id.clone()).collect();
    let all = listed(&admin, ids.iter().map(String::as_str), &search).await?;
    let part: Vec<Value> = all
        .into_iter()
        .skip(page.first as usize)
        .take(page.max as usize)
        .collect();
    answer::json_plain(&part)
}

async fn effective(admin: Admin, Path((_, kind, id)): Path<(String, String, String)>) -> Answer {
    let mut held = own(&admin, &kind, &id).await?;
    if kind == "users" {
        held = role::of_user_and_groups(&admin.app.db, &id).await?;
    }
    if !admin.has_any(MAP) {
        return answer::json_plain(&json!([]));
    }
    let all = admin.realm.roles.expand(held.iter().map(String::as_str));
    answer::json_plain(&listed(&admin, all.iter().map(String::as_str), "").await?)
}

/// Client roles with the names of their clients, by client and name.
async fn listed<'a>(
    admin: &Admin,
    ids: impl IntoIterator<Item = &'a str>,
    search: &str,
) -> Result<Vec<Value>, ApiError> {
    let mut holders: BTreeMap<&str, String> = BTreeMap::new();
    let mut found = Vec::new();
    for role in ids.into_iter().filter_map(|id| admin.realm.roles.by_id(id)) {
        if role.client_uuid.is_empty() {
            continue;
        }
        if !holders.contains_key(role.client_uuid.as_str()) {
            let Some(holder) = client::by_id(&admin.app.db, &admin.realm.id, &role.client_uuid).await? else {
                continue;
            };
            holders.insert(&role.client_uuid, holder.client_id.clone());
        }
        let client_id = &holders[role.client_uuid.as_str()];
        if role.name.to_lowercase().contains(search) || client_id.to_lowercase().contains(search) {
            found.push((client_id.clone(), role));
        }
    }
    found.sort_by(|a, b| (&a.0, &a.1.name).cmp(&(&b.0, &b.1.name)));
    let shown = found.into_iter().map(|(client_id, role)| {
        let mut doc = json!({
            "id": role.id, "role": role.name, "client": client_id, "clientId": role.client_uuid
        });
        if let Some(description) = role.doc.get("description").filter(|d| !d.is_null()) {
            doc["description"] = description.clone();
        }
        doc
    });
    Ok(shown.collect())
}

/// What a composite role holds, by realm and client.
async fn composites(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(&[Right::ViewRealm, Right::ManageRealm])?;
    let (realm, db) = (&admin.realm, &admin.app.db);
    let found = realm.roles.by_id(&id);
    found.ok_or_else(|| ApiError::not_found("Could not find role"))?;
    let children = realm.roles.children(&id);
    let of = |holder: &str| represent::list(realm, children.iter().map(AsRef::as_ref), Some(holder));
    let mut shown = json!({});
    let of_realm = of("");
    if !of_realm.is_empty() {
        shown["realmMappings"] = json!(of_realm);
    }
    let mut of_clients = json!({});
    let roles = children.iter().filter_map(|id| realm.roles.by_id(id));
    for holder in roles.map(|r| r.client_uuid.as_str()).filter(|uuid| !uuid.is_empty()) {
        let Some(known) = client::by_id(db, &realm.id, holder).await? else {
            continue;
        };
        let mut mappings = of(holder);
        for role in &mut mappings {
            // Here Keycloak names the client, not its id.
            role["containerId"] = json!(known.client_id);
        }
        of_clients[&known.client_id] = json!({ "id": known.id, "client": known.client_id, "mappings": mappings });
    }
    if of_clients.as_object().is_some_and(|all| !all.is_empty()) {
        shown["clientMappings"] = of_clients;
    }
    answer::json_plain(&shown)
}
