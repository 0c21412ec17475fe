//! Flows with what uses them.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::{Admin, Right};
use super::super::authentication::draft;
use super::super::error::{Answer, ApiError};
use super::super::query::Query;
use crate::app::App;
use crate::store::realm::Flow;
use crate::store::{client, identity_provider};

const SEE: &[Right] = &[
    Right::ViewRealm,
    Right::ManageRealm,
    Right::ViewClients,
    Right::QueryClients,
];

/// Every realm has this one, and no list shows it.
const HIDDEN: &str = "saml ecp";

pub(super) fn routes() -> Router<App> {
    let root = "/realms/{realm}/ui-ext/authentication-management";
    Router::new()
        .route(&format!("{root}/flows"), get(list))
        .route(&format!("{root}/{{kind}}/{{flow}}"), get(users))
}

async fn list(admin: Admin) -> Answer {
    admin.require(SEE)?;
    let mut shown = Vec::new();
    for flow in admin.realm.flows.iter().filter(|f| f.top_level && f.alias != HIDDEN) {
        let mut doc = json!({ "id": flow.id, "alias": flow.alias, "builtIn": flow.built_in });
        if let Some(used) = used_by(&admin, flow).await? {
            doc["usedBy"] = used;
        }
        doc["description"] = json!(flow.description);
        shown.push(doc);
    }
    answer::json_plain(&shown)
}

/// What uses a flow: the realm, else clients, else identity providers.
async fn used_by(admin: &Admin, flow: &Flow) -> Result<Option<Value>, ApiError> {
    if !draft::bindings(&admin.realm, &flow.alias).is_empty() {
        return Ok(Some(json!({ "type": "DEFAULT", "values": [flow.alias] })));
    }
    for (kind, name) in [("clients", "SPECIFIC_CLIENTS"), ("idp", "SPECIFIC_PROVIDERS")] {
        let names = names(admin, kind, &flow.id).await?;
        if !names.is_empty() {
            return Ok(Some(json!({ "type": name, "values": names })));
        }
    }
    Ok(None)
}

async fn names(admin: &Admin, kind: &str, flow_id: &str) -> Result<Vec<String>, ApiError> {
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    Ok(match kind {
        "clients" => client::with_flow(db, realm_id, flow_id).await?,
        "idp" => identity_provider::with_flow(db, realm_id, flow_id).await?,
        _ => return Err(ApiError::no_such_path()),
    })
}

/// The clients or identity providers that use a flow.
async fn users(admin: Admin, Path((_, kind, flow)): Path<(String, String, String)>, query: Query) -> Answer {
    admin.require(SEE)?;
    let page = query.page(10)?;
    if admin.realm.flow(&flow).is_none() {
        return Err(ApiError::no_such_path());
    }
    let search = query.text("search").unwrap_or_default().to_lowercase();
    let all = names(&admin, &kind, &flow).await?.into_iter();
    let part: Vec<String> = all
        .filter(|name| name.to_lowercase().contains(&search))
        .skip(page.first as usize)
        .take(page.max as usize)
        .collect();
    answer::json_plain(&part)
}
