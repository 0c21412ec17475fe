//! Events of users and applications, what is kept of them, and what administrators did.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::dates::{self, Edge};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::query::Query;
use super::record::{Operation, record};
use crate::app::App;
use crate::events::{self, KEPT_BY_DEFAULT};
use crate::store::admin_event::{self, AdminEvent};
use crate::store::event::{self, Kept};
use crate::store::json::Doc;
use crate::store::{Tx, realm};
use crate::webhook;

/// How many are listed where nobody says.
const DEFAULT_MAX: i64 = 100;

/// Listeners that a realm may name.
/// Where events can be sent.
pub(super) const LISTENERS: &[&str] = &["jboss-logging", "email"];

const SEE: &[Right] = &[Right::ViewEvents, Right::ManageEvents];

/// The addresses of events.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/events", get(list).delete(clear))
        .route("/realms/{realm}/events/config", get(config).put(configure))
        .route("/realms/{realm}/admin-events", get(list_admin).delete(clear_admin))
}

fn ascending(query: &Query) -> Result<bool, ApiError> {
    match query.text("direction") {
        None | Some("" | "desc") => Ok(false),
        Some("asc") => Ok(true),
        Some(_) => {
            let text = "Invalid value for sortDirection, expected value is asc or desc";
            Err(ApiError::error(StatusCode::BAD_REQUEST, text))
        }
    }
}

/// Names of an enum; Keycloak fails (500) where one is unknown.
fn names(query: &Query, parameter: &str, known: impl Fn(&str) -> bool) -> Result<Vec<String>, ApiError> {
    let given = query.texts(parameter).into_iter().filter(|name| !name.is_empty());
    let given: Vec<String> = given.map(str::to_owned).collect();
    match given.iter().find(|n| !known(n)) {
        Some(unknown) => Err(ApiError::bad(&format!("Unknown value of {parameter}: {unknown}"))),
        None => Ok(given),
    }
}

async fn list(admin: Admin, query: Query) -> Answer {
    admin.require(SEE)?;
    let text = |name: &str| query.text(name).filter(|t| !t.is_empty()).map(str::to_owned);
    let wanted = event::Wanted {
        kinds: names(&query, "type", events::is_type)?,
        client_id: text("client"),
        user_id: text("user"),
        ip_address: text("ipAddress"),
        from: dates::parse(query.text("dateFrom"), "dateFrom", Edge::Begin)?,
        to: dates::parse(query.text("dateTo"), "dateTo", Edge::End)?,
        ascending: ascending(&query)?,
    };
    let page = query.page(DEFAULT_MAX)?;
    let found = event::page(&admin.app.db, &admin.realm.id, &wanted, page.first, page.max).await?;
    let represent = |k: &Kept| events::represent(&admin.realm.id, &k.id, k.time, &k.event);
    answer::json(&found.iter().map(represent).collect::<Vec<_>>())
}

async fn clear(admin: Admin) -> Answer {
    admin.require(&[Right::ManageEvents])?;
    let mut tx = admin.app.db.begin().await?;
    event::remove_all(&mut tx, &admin.realm.id).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn config(admin: Admin) -> Answer {
    admin.require(SEE)?;
    let mut shown = Doc::new();
    for member in super::json::members("RealmEventsConfigRepresentation") {
        if let Some(value) = admin.realm.doc.get(member) {
            shown.insert(member.to_owned(), value.clone());
        }
    }
    if admin.realm.texts("enabledEventTypes").is_empty() {
        shown["enabledEventTypes"] = json!(*KEPT_BY_DEFAULT);
    }
    answer::json(&shown)
}

async fn configure(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageEvents])?;
    let mut given = body.object("RealmEventsConfigRepresentation")?;
    // What is not said is off here, and events are then kept for good.
    given.entry("eventsEnabled").or_insert(json!(false));
    let for_good = !given.contains_key("eventsExpiration");
    let listeners = given.get("eventsListeners").and_then(Value::as_array);
    let unknown = |l: &Value| !l.as_str().is_some_and(|name| LISTENERS.contains(&name));
    if listeners.into_iter().flatten().any(unknown) {
        return Err(ApiError::error(StatusCode::BAD_REQUEST, "Unknown event listener"));
    }
    once_each(&mut given);
    let mut tx = admin.app.db.begin().await?;
    realm::change(&mut tx, &admin.realm.id, |doc| {
        doc.extend(given.clone());
        if for_good {
            doc.remove("eventsExpiration");
        }
    })
    .await?;
    let mut doc = admin.realm.doc.clone();
    doc.extend(given.clone());
    // Whether it is kept is decided by what holds now: the first change that switches admin events on is kept.
    kept_change(&mut tx, &admin, &doc, given).await?;
    tx.commit().await?;
    answer::nothing()
}

/// The types of events are a set, as in Keycloak, which takes whatever name is sent.
pub(super) fn once_each(given: &mut Doc) {
    if let Some(Value::Array(types)) = given.get_mut("enabledEventTypes") {
        let mut seen = std::collections::HashSet::new();
        types.retain(|name| seen.insert(name.to_string()));
    }
}

async fn kept_change(tx: &mut Tx, admin: &Admin, doc: &Doc, given: Doc) -> Result<(), ApiError> {
    let on = |key: &str| crate::store::json::flag(doc, key);
    if admin.realm.flag("adminEventsEnabled") == on("adminEventsEnabled")
        && admin.realm.flag("adminEventsDetailsEnabled") == on("adminEventsDetailsEnabled")
    {
        record(
            tx,
            admin,
            Operation::Update,
            "REALM",
            "events/config",
            Some(&Value::Object(given)),
        )
        .await?;
    } else if on("adminEventsEnabled") {
        let representation = on("adminEventsDetailsEnabled").then(|| Value::Object(given).to_string());
        let event = super::record::event(&admin.who, Operation::Update, "REALM", "events/config", representation);
        admin_event::add(tx, &admin.realm.id, &event).await?;
        webhook::tell_admin(tx, &admin.realm, &event).await?;
    }
    Ok(())
}

async fn list_admin(admin: Admin, query: Query) -> Answer {
    admin.require(SEE)?;
    let text = |name: &str| query.text(name).filter(|t| !t.is_empty()).map(str::to_owned);
    let operations = |n: &str| matches!(n, "CREATE" | "UPDATE" | "DELETE" | "ACTION");
    let wanted = admin_event::Wanted {
        operations: names(&query, "operationTypes", operations)?,
        resource_types: names(&query, "resourceTypes", |n| admin_event::RESOURCE_TYPES.contains(&n))?,
        resource_path: text("resourcePath"),
        auth_realm_id: text("authRealm"),
        auth_client_id: text("authClient"),
        auth_user_id: text("authUser"),
        ip_address: text("authIpAddress"),
        from: dates::parse(query.text("dateFrom"), "dateFrom", Edge::Begin)?,
        to: dates::parse(query.text("dateTo"), "dateTo", Edge::End)?,
        ascending: ascending(&query)?,
    };
    let page = query.page(DEFAULT_MAX)?;
    let found = admin_event::page(&admin.app.db, &admin.realm.id, &wanted, page.first, page.max).await?;
    let represent = |e: &AdminEvent| events::represent_admin(&admin.realm.id, e);
    answer::json(&found.iter().map(represent).collect::<Vec<_>>())
}

async fn clear_admin(admin: Admin) -> Answer {
    admin.require(&[Right::ManageEvents])?;
    let mut tx = admin.app.db.begin().await?;
    admin_event::remove_all(&mut tx, &admin.realm.id).await?;
    tx.commit().await?;
    answer::nothing()
}
