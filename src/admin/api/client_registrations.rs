//! `client-registrations`: who registered which application, with which token, from where (contract 5).

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};
use vestibule_oauth::client_metadata::{Issued, describe};

use super::answer;
use super::auth::Admin;
use super::clients::{VIEW, registration};
use super::error::{Answer, ApiError};
use super::query::Query;
use crate::app::App;
use crate::store::client;
use crate::store::client_life::{self, Filter};
use crate::store::client_registration::{self, Registration};
use crate::store::json::Doc;

/// How many a page has where nothing is said.
const PAGE: i64 = 100;

/// The addresses of registrations of applications.
pub fn routes() -> Router<App> {
    let base = "/realms/{realm}/client-registrations";
    Router::new()
        .route(base, get(list))
        .route(&format!("{base}/count"), get(count))
        .route(&format!("{base}/{{id}}"), get(read))
}

fn filter(query: &Query) -> Result<Filter<'_>, ApiError> {
    let text = |name: &str| query.text(name).filter(|value| !value.is_empty());
    let instant = |name: &str| {
        let parsed = text(name).map(str::parse::<i64>);
        parsed
            .transpose()
            .map_err(|_| ApiError::bad(&format!("{name} must be epoch milliseconds")))
    };
    Ok(Filter {
        search: text("search"),
        client_id: text("clientId"),
        source: text("source"),
        token_id: text("tokenId"),
        owner: text("owner"),
        ip_address: text("ipAddress"),
        from: instant("from")?,
        to: instant("to")?,
        registered: true,
        ..Filter::default()
    })
}

/// Every client that is there has been let in.
fn is_about_others(query: &Query) -> bool {
    query
        .text("status")
        .is_some_and(|status| !status.is_empty() && status != "done")
}

async fn list(admin: Admin, query: Query) -> Answer {
    admin.require(VIEW)?;
    if is_about_others(&query) {
        return answer::json(&Vec::<Value>::new());
    }
    let page = query.page(PAGE)?;
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    let found = client_life::list(db, realm_id, &filter(&query)?, page.first, page.max).await?;
    let mut all = Vec::new();
    for known in found {
        all.extend(shown(&admin, &known).await?);
    }
    answer::json(&all)
}

async fn count(admin: Admin, query: Query) -> Answer {
    admin.require(VIEW)?;
    if is_about_others(&query) {
        return answer::json(&0);
    }
    let number = client_life::count(&admin.app.db, &admin.realm.id, &filter(&query)?).await?;
    answer::json(&number)
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    let known = client_registration::of_client(&admin.app.db, &admin.realm.id, &id).await?;
    let shown = match known {
        Some(known) => shown(&admin, &known).await?,
        None => None,
    };
    answer::json(&shown.ok_or_else(ApiError::no_such_path)?)
}

/// A registration with the metadata of its client as it is now.
async fn shown(admin: &Admin, known: &Registration) -> Result<Option<Doc>, ApiError> {
    let found = client::by_id(&admin.app.db, &admin.realm.id, &known.client_uuid).await?;
    let Some(client) = found else {
        return Ok(None);
    };
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(client.id));
    doc.insert("status".into(), json!("done"));
    doc.insert("clientId".into(), json!(client.client_id));
    doc.insert("enabled".into(), json!(client.enabled()));
    let mut rest = registration::shown(&admin.realm, known);
    rest.shift_remove("time");
    let end = rest.shift_remove("expires");
    doc.extend(rest);
    doc.insert("createdTimestamp".into(), json!(known.created));
    if let Some(end) = end {
        doc.insert("expiresTimestamp".into(), end);
    }
    let issued = Issued {
        client_id: &client.client_id,
        ..Issued::default()
    };
    doc.insert("metadata".into(), json!(describe(&client.doc, &issued)));
    Ok(Some(doc))
}
