//! Initial access tokens: who may register applications, how often, until when (contract 5 adds to Keycloak's members).

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Value, json};
use vestibule_oauth::client_metadata::Metadata;

use super::answer;
use super::auth::{Admin, Right};
use super::clients::{VIEW, listed};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::query::Query;
use super::record::{Operation, record};
use crate::app::App;
use crate::client_registration::{policy, token};
use crate::store::client_registration;
use crate::store::initial_access::{self, InitialAccess};
use crate::store::json::{self, Doc};

const KIND: &str = "CLIENT_INITIAL_ACCESS_MODEL";

/// The members that Keycloak does not have.
const OURS: &[&str] = &["name", "owner", "policies", "scopes", "defaults"];

const ORIGINS: &str = "webOrigins";

/// The addresses of initial access tokens.
pub fn routes() -> Router<App> {
    let base = "/realms/{realm}/clients-initial-access";
    Router::new()
        .route(base, get(list).post(create))
        .route(&format!("{base}/{{id}}"), get(read).delete(remove))
        .route(&format!("{base}/{{id}}/clients"), get(clients))
}

/// A token as lists show it: never the token itself.
fn shown(access: &InitialAccess) -> Doc {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(access.id));
    doc.insert("timestamp".into(), json!(access.created / 1000));
    doc.insert("expiration".into(), json!(access.expiration()));
    doc.insert("count".into(), json!(access.uses));
    doc.insert("remainingCount".into(), json!(access.remaining));
    for member in OURS {
        if let Some(value) = access.doc.get(*member) {
            doc.insert((*member).to_owned(), value.clone());
        }
    }
    doc
}

/// The same with the origins, which Keycloak keeps in the token only.
fn in_full(access: &InitialAccess) -> Doc {
    let mut doc = shown(access);
    if let Some(origins) = access.doc.get(ORIGINS) {
        doc.insert(ORIGINS.to_owned(), origins.clone());
    }
    doc
}

/// `briefRepresentation=false` tells the origins, too.
async fn list(admin: Admin, query: Query) -> Answer {
    admin.require(VIEW)?;
    let show = match query.flag("briefRepresentation") {
        Some(false) => in_full,
        _ => shown,
    };
    let all = initial_access::list(&admin.app.db, &admin.realm.id, admin.app.now()).await?;
    answer::json_plain(&all.iter().map(show).collect::<Vec<_>>())
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    answer::json_plain(&in_full(&find(&admin, &id).await?))
}

async fn find(admin: &Admin, id: &str) -> Result<InitialAccess, ApiError> {
    let found = initial_access::by_id(&admin.app.db, &admin.realm.id, id).await?;
    found.ok_or_else(ApiError::no_such_path)
}

/// The applications that were registered with a token, the oldest first, each with its `registration`.
async fn clients(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    admin.require(VIEW)?;
    find(&admin, &id).await?;
    let page = query.page(i64::MAX)?;
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    let found = client_registration::of_token(db, realm_id, &id, page.first, page.max).await?;
    answer::json(&listed::with_clients(&admin, &found).await?)
}

async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageClients])?;
    let given = body.object("ClientInitialAccessCreatePresentation")?;
    let uses = given.get("count").and_then(Value::as_i64).unwrap_or(1);
    let lifetime = json::number(&given, "expiration");
    if uses < -1 {
        return Err(refused("count", "The count cannot be less than 0"));
    }
    if lifetime < 0 {
        return Err(refused(
            "expiration",
            "The expiration time interval cannot be less than 0",
        ));
    }
    check_policies(&admin, &given)?;
    check_bounds(&admin, &given)?;
    let created = admin.app.now();
    let kept = OURS.iter().chain(&[ORIGINS]);
    let kept = kept.filter_map(|m| Some(((*m).to_owned(), given.get(*m).filter(|v| !v.is_null())?.clone())));
    let new = InitialAccess {
        id: crate::random::uuid(),
        realm_id: admin.realm.id.clone(),
        created,
        expires: if lifetime == 0 { 0 } else { created + lifetime * 1000 },
        uses,
        remaining: uses,
        doc: kept.collect(),
    };
    let origins: Vec<String> = json::texts(&given, ORIGINS).into_iter().map(str::to_owned).collect();
    let expires = if lifetime == 0 { 0 } else { created / 1000 + lifetime };
    let token = token::initial(&admin.app, &admin.realm, &admin.caller, &new.id, expires, &origins)?;
    let mut tx = admin.app.db.begin().await?;
    initial_access::add(&mut tx, &new).await?;
    let path = format!("clients-initial-access/{}", new.id);
    let told: Doc = given.into_iter().filter(|(_, v)| !v.is_null()).collect();
    record(&mut tx, &admin, Operation::Create, KIND, &path, Some(&told.into())).await?;
    tx.commit().await?;
    answer::unkept(Ok(created_with(&admin, &path, &new, &token)))
}

/// 201 with the token, which is shown here only.
fn created_with(admin: &Admin, path: &str, new: &InitialAccess, token: &str) -> Response {
    let mut told = Doc::new();
    for (member, value) in shown(new) {
        let first = member == "id";
        told.insert(member, value);
        if first {
            told.insert("token".into(), json!(token));
        }
    }
    let location = format!(
        "{}/admin/realms/{}/{path}",
        admin.caller.base,
        answer::segment(&admin.realm.name)
    );
    let headers = [
        (header::CONTENT_TYPE, "application/json;charset=UTF-8".to_owned()),
        (header::LOCATION, location),
    ];
    (StatusCode::CREATED, headers, Value::Object(told).to_string()).into_response()
}

fn refused(member: &str, text: &str) -> ApiError {
    ApiError::described(StatusCode::BAD_REQUEST, &format!("Invalid value for {member}"), text)
}

/// Policies that a token names must be there: one that is gone later refuses (contract 5).
fn check_policies(admin: &Admin, given: &Doc) -> Result<(), ApiError> {
    for id in json::texts(given, "policies") {
        let named = admin.realm.components_of(policy::TYPE).find(|c| c.id == id);
        if named.is_some_and(|policy| policy.sub_type.as_deref() == Some("anonymous")) {
            let text = format!("The client registration policy {id} is for those who come without a token");
            return Err(refused("policies", &text));
        }
        if named.is_none() {
            return Err(refused(
                "policies",
                &format!("There is no client registration policy {id}"),
            ));
        }
    }
    Ok(())
}

/// Scopes that may be asked for must be there, and defaults are metadata without what the server makes.
fn check_bounds(admin: &Admin, given: &Doc) -> Result<(), ApiError> {
    let spontaneous = admin.realm.attribute("clientRegistration.scopes.spontaneous") == Some("allow");
    let unknown = |name: &&str| *name != "openid" && admin.realm.client_scope(name).is_none();
    if let Some(name) = json::texts(given, "scopes")
        .into_iter()
        .find(unknown)
        .filter(|_| !spontaneous)
    {
        return Err(refused("scopes", &format!("There is no client scope {name}")));
    }
    let Some(defaults) = given.get("defaults").and_then(Value::as_object) else {
        return Ok(());
    };
    let ours = ["client_id", "client_secret"];
    if let Some(member) = ours.into_iter().find(|member| defaults.contains_key(*member)) {
        return Err(refused(
            "defaults",
            &format!("{member} is made for each client and cannot be a default"),
        ));
    }
    let checked = Metadata::from_object(defaults);
    checked
        .map(drop)
        .map_err(|fault| refused("defaults", &fault.description))
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(&[Right::ManageClients])?;
    let mut tx = admin.app.db.begin().await?;
    if initial_access::remove(&mut tx, &admin.realm.id, &id).await? {
        let path = format!("clients-initial-access/{id}");
        record(&mut tx, &admin, Operation::Delete, KIND, &path, None).await?;
    }
    tx.commit().await?;
    answer::nothing()
}
