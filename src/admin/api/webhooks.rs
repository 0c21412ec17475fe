//! Webhooks (contract 4): addresses that are told of events, and what they were told.

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::query::Query;
use super::record::{Operation, record};
use crate::app::App;
use crate::rules::hook::signature;
use crate::secret_settings::MASK;
use crate::store::json::{self, Doc};
use crate::store::outbox::{self, Delivery, State};
use crate::store::webhook::{self, MOST, Webhook};
use crate::webhook::fault;

const SHAPE: &str = "WebhookRepresentation";
const KIND: &str = "REALM";
const SEE: &[Right] = &[Right::ViewEvents, Right::ManageEvents];

/// The addresses of webhooks.
pub fn routes() -> Router<App> {
    let base = "/realms/{realm}/webhooks";
    Router::new()
        .route(base, get(list).post(create))
        .route(&format!("{base}/{{id}}"), get(read).put(update).delete(remove))
        .route(&format!("{base}/{{id}}/deliveries"), get(deliveries))
        .route(&format!("{base}/{{id}}/deliveries/{{n}}/replay"), post(replay))
}

/// Whether the secret is shown: once, where it was made here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secret {
    Shown,
    Masked,
}

fn shown(webhook: &Webhook, secret: Secret) -> Value {
    let secret = if secret == Secret::Shown { &webhook.secret } else { MASK };
    json!({
        "id": webhook.id, "url": webhook.url, "events": webhook.events, "secret": secret, "enabled": webhook.enabled,
        "createdTimestamp": webhook.created
    })
}

fn find<'a>(admin: &'a Admin, id: &str) -> Result<&'a Webhook, ApiError> {
    let found = admin.realm.webhooks.iter().find(|webhook| webhook.id == id);
    found.ok_or_else(|| ApiError::not_found("Could not find webhook"))
}

fn path(id: &str) -> String {
    format!("webhooks/{id}")
}

async fn list(admin: Admin) -> Answer {
    admin.require(SEE)?;
    let all = admin
        .realm
        .webhooks
        .iter()
        .map(|webhook| shown(webhook, Secret::Masked));
    answer::json(&all.collect::<Vec<_>>())
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(SEE)?;
    answer::json(&shown(find(&admin, &id)?, Secret::Masked))
}

async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageEvents])?;
    let given = body.object(SHAPE)?;
    let mut new = Webhook {
        id: crate::random::uuid(),
        url: String::new(),
        events: Vec::new(),
        secret: String::new(),
        enabled: true,
        created: admin.app.now(),
    };
    let secret = merge(&admin, &mut new, &given)?;
    let mut tx = admin.app.db.begin().await?;
    if !webhook::add(&mut tx, &admin.realm.id, &new).await? {
        return Err(ApiError::bad(&format!("A realm may have {MOST} webhooks")));
    }
    record(
        &mut tx,
        &admin,
        Operation::Create,
        KIND,
        &path(&new.id),
        Some(&told(given)),
    )
    .await?;
    tx.commit().await?;
    let location = answer::created(&admin, &path(&new.id))?;
    let mut answer = answer::json(&shown(&new, secret))?;
    *answer.status_mut() = StatusCode::CREATED;
    if let Some(location) = location.headers().get(header::LOCATION) {
        answer.headers_mut().insert(header::LOCATION, location.clone());
    }
    let no_store = header::HeaderValue::from_static("no-store");
    answer.headers_mut().insert(header::CACHE_CONTROL, no_store);
    Ok(answer)
}

async fn update(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(&[Right::ManageEvents])?;
    let mut changed = find(&admin, &id)?.clone();
    let given = body.object(SHAPE)?;
    let secret = merge(&admin, &mut changed, &given)?;
    let mut tx = admin.app.db.begin().await?;
    if !webhook::update(&mut tx, &admin.realm.id, &changed).await? {
        return Err(ApiError::not_found("Could not find webhook"));
    }
    record(&mut tx, &admin, Operation::Update, KIND, &path(&id), Some(&told(given))).await?;
    tx.commit().await?;
    answer::json(&shown(&changed, secret))
}

fn told(given: Doc) -> Value {
    Value::Object(given)
}

/// Takes over what was sent. A new secret is made where none is sent and none is there, or the address beside it changes.
fn merge(admin: &Admin, webhook: &mut Webhook, given: &Doc) -> Result<Secret, ApiError> {
    let before = webhook.url.clone();
    if let Some(url) = json::text(given, "url") {
        url.trim().clone_into(&mut webhook.url);
    }
    if let Some(Value::Array(_)) = given.get("events") {
        webhook.events = json::texts(given, "events").into_iter().map(str::to_owned).collect();
    }
    if let Some(wrong) = fault(&admin.app, webhook) {
        return Err(ApiError::bad(&wrong));
    }
    if let Some(Value::Bool(enabled)) = given.get("enabled") {
        webhook.enabled = *enabled;
    }
    match json::text(given, "secret").filter(|secret| *secret != MASK) {
        Some(secret) if signature::is_secret(secret) => {
            secret.clone_into(&mut webhook.secret);
            Ok(Secret::Masked)
        }
        Some(_) => Err(ApiError::bad(
            "secret must be whsec_ followed by 24 to 64 bytes in base64",
        )),
        None if webhook.secret.is_empty() || webhook.url != before => {
            webhook.secret = signature::new_secret();
            Ok(Secret::Shown)
        }
        None => Ok(Secret::Masked),
    }
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(&[Right::ManageEvents])?;
    find(&admin, &id)?;
    let mut tx = admin.app.db.begin().await?;
    webhook::remove(&mut tx, &admin.realm.id, &id).await?;
    record(&mut tx, &admin, Operation::Delete, KIND, &path(&id), None).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn deliveries(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    admin.require(SEE)?;
    let found = find(&admin, &id)?;
    let state = match query.text("status") {
        None | Some("") => None,
        Some("waiting") => Some(State::Waiting),
        Some("delivered") => Some(State::Delivered),
        Some("dead") => Some(State::Dead),
        Some(_) => return Err(ApiError::bad("status must be waiting, delivered or dead")),
    };
    let page = query.page(100)?;
    let (db, receiver) = (&admin.app.db, webhook::receiver(&found.id));
    let all = outbox::deliveries(db, &admin.realm.id, &receiver, state, page.first, page.max).await?;
    answer::json(&all.iter().map(delivery).collect::<Vec<_>>())
}

fn delivery(one: &Delivery) -> Value {
    let status = match one.state {
        State::Waiting => "waiting",
        State::Delivered => "delivered",
        State::Dead => "dead",
    };
    let mut doc = json!({
        "id": one.id, "type": one.kind, "status": status, "attempts": one.attempts, "createdTimestamp": one.created
    });
    if one.state == State::Waiting {
        doc["nextAttemptTimestamp"] = json!(one.due);
    }
    if let Some(failure) = &one.failure {
        doc["error"] = json!(failure);
    }
    doc
}

async fn replay(admin: Admin, Path((_, id, n)): Path<(String, String, String)>) -> Answer {
    admin.require(&[Right::ManageEvents])?;
    let receiver = webhook::receiver(&find(&admin, &id)?.id);
    let mut tx = admin.app.db.begin().await?;
    if !outbox::replay(&mut tx, &admin.realm.id, &receiver, &n, admin.app.now()).await? {
        return Err(ApiError::not_found("There is no dead delivery of this id"));
    }
    let path = format!("{}/deliveries/{n}/replay", path(&id));
    record(&mut tx, &admin, Operation::Action, KIND, &path, None).await?;
    tx.commit().await?;
    answer::nothing()
}
