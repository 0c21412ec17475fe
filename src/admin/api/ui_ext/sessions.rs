//! Sessions of a realm or a client, offline ones among them.

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::{Admin, Right};
use super::super::error::{Answer, ApiError};
use super::super::query::Query;
use super::super::representation::session as represent;
use crate::app::App;
use crate::store::client;
use crate::store::session_search::{self, Search};

pub(super) fn routes() -> Router<App> {
    let root = "/realms/{realm}/ui-ext/sessions";
    Router::new()
        .route(root, get(of_realm))
        .route(&format!("{root}/client"), get(of_client))
}

async fn of_realm(admin: Admin, query: Query) -> Answer {
    admin.require(&[Right::ViewRealm, Right::ManageRealm])?;
    list(&admin, &query, None).await
}

async fn of_client(admin: Admin, query: Query) -> Answer {
    admin.require(&[Right::ViewClients, Right::ManageClients])?;
    let id = query.text("clientId").unwrap_or_default();
    let found = client::by_id(&admin.app.db, &admin.realm.id, id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("Could not find client"))?;
    list(&admin, &query, Some(found.id.clone())).await
}

async fn list(admin: &Admin, query: &Query, client_uuid: Option<String>) -> Answer {
    let page = query.page(10)?;
    let offline = match query.text("type").unwrap_or("ALL") {
        "ALL" | "" => None,
        "REGULAR" => Some(false),
        "OFFLINE" => Some(true),
        _ => return Err(ApiError::no_such_path()),
    };
    let search = Search {
        offline,
        client_uuid,
        username: query.text("search").map(str::to_owned),
        after: admin.app.now(),
    };
    let found = session_search::page(&admin.app.db, &admin.realm.id, &search, page.first, page.max).await?;
    let mut shown: Vec<Value> = Vec::new();
    for s in &found {
        for mut doc in represent::list(&admin.app, &admin.realm, std::slice::from_ref(s), None).await? {
            let kind = if s.offline { "OFFLINE" } else { "REGULAR" };
            doc["type"] = json!(kind);
            shown.push(doc);
        }
    }
    answer::json_plain(&shown)
}
