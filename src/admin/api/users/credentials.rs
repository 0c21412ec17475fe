//! What a user proves themselves with, as administrators see and set it.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{delete, get, post, put};
use serde_json::{Value, json};

use super::{CHANGE, SEE, find, sent};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::{Body, wrong_content_type};
use crate::admin::api::record::{Operation, record, record_with};
use crate::app::App;
use crate::password;
use crate::store::Query;
use crate::store::credential::{self, Credential};
use crate::store::json::flag;
use crate::store::user;

/// Old passwords, kept so that they are not used again; nobody sees them.
const HISTORY: &str = "password-history";

/// The longest label.
const LONGEST_LABEL: usize = 255;

pub(super) fn routes() -> Router<App> {
    let one = "/realms/{realm}/users/{id}/credentials/{credential}";
    Router::new()
        .route("/realms/{realm}/users/{id}/reset-password", put(reset_password))
        .route("/realms/{realm}/users/{id}/credentials", get(list))
        .route(one, delete(remove))
        .route(&format!("{one}/userLabel"), put(label))
        .route(&format!("{one}/moveToFirst"), post(move_to_first))
        .route(&format!("{one}/moveAfter/{{previous}}"), post(move_after))
        .route("/realms/{realm}/users/{id}/disable-credential-types", put(disable))
        .route(
            "/realms/{realm}/users/{id}/configured-user-storage-credential-types",
            get(storage_types),
        )
}

async fn reset_password(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    let user = find(&admin, &id, CHANGE).await?;
    let refuse = |text: &str| ApiError::error(StatusCode::BAD_REQUEST, text);
    if body.is_empty() {
        return Err(refuse("No password provided"));
    }
    let given = body.object("CredentialRepresentation")?;
    let plain = given
        .get("value")
        .and_then(Value::as_str)
        .ok_or_else(|| refuse("No password provided"))?;
    if plain.trim().is_empty() {
        return Err(refuse("Empty password not allowed"));
    }
    let prepared = password::prepare(&admin.app, &admin.realm, &user, plain).await?;
    let prepared = prepared.map_err(|v| sent::violation(&v))?;
    let mut tx = admin.app.db.begin().await?;
    // Hashing took its time: the duties are those of now.
    let found = user::latest(&mut tx, &admin.realm.id, &user.id).await?;
    let mut user = found.ok_or_else(|| ApiError::not_found("User not found"))?;
    sent::must_change(&mut user, flag(&given, "temporary"));
    password::store(&mut tx, &user.id, prepared, admin.app.now()).await?;
    user::set_required_actions(&mut tx, &admin.realm.id, &user.id, &user.required_actions).await?;
    let path = format!("users/{id}/reset-password");
    record(&mut tx, &admin, Operation::Action, "USER", &path, None).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn shown(q: impl Query, user_id: &str) -> Result<Vec<Credential>, ApiError> {
    let mut all = credential::of_user(q, user_id).await?;
    all.retain(|c| c.kind != HISTORY);
    Ok(all)
}

async fn list(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    let represent = |c: &Credential| {
        let mut doc = json!({ "id": c.id, "type": c.kind });
        if let Some(label) = &c.label {
            doc["userLabel"] = json!(label);
        }
        doc["createdDate"] = json!(c.created);
        doc["credentialData"] = json!(c.credential_data);
        doc
    };
    let all: Vec<Value> = shown(&admin.app.db, &user.id).await?.iter().map(represent).collect();
    answer::json(&all)
}

/// The credentials of a user and the place of one among them.
async fn place(q: impl Query, user_id: &str, id: &str) -> Result<(Vec<Credential>, usize), ApiError> {
    let all = shown(q, user_id).await?;
    let at = all.iter().position(|c| c.id == id);
    Ok((all, at.ok_or_else(not_found)?))
}

fn not_found() -> ApiError {
    ApiError::not_found("Credential not found")
}

async fn remove(admin: Admin, Path((_, id, credential)): Path<(String, String, String)>) -> Answer {
    let user = find(&admin, &id, CHANGE).await?;
    let mut tx = admin.app.db.begin().await?;
    credential::lock(&mut tx, &user.id).await?;
    let (all, at) = place(&mut tx, &user.id, &credential).await?;
    let mut details = vec![
        ("credential_type", all[at].kind.as_str()),
        ("credential_id", credential.as_str()),
    ];
    if let Some(label) = &all[at].label {
        details.insert(0, ("credential_user_label", label));
    }
    credential::remove(&mut tx, &user.id, &credential).await?;
    let path = format!("users/{id}/credentials/{credential}");
    record_with(&mut tx, &admin, Operation::Action, ("USER", &path), None, &details).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

/// The body is the label as plain text; a JSON text is taken too, where it is not said to be JSON.
async fn label(
    admin: Admin,
    Path((_, id, credential)): Path<(String, String, String)>,
    headers: HeaderMap,
    text: String,
) -> Answer {
    let said = headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?"));
    if said.is_some_and(|kind| !kind.starts_with("text/plain") && kind != "*/*") {
        return Err(wrong_content_type());
    }
    let user = find(&admin, &id, CHANGE).await?;
    place(&admin.app.db, &user.id, &credential).await?;
    let label = serde_json::from_str::<String>(&text).unwrap_or(text);
    if label.len() > LONGEST_LABEL {
        return Err(ApiError::bad("The label is longer than 255 bytes"));
    }
    if label.trim().is_empty() {
        let (key, text) = ("missingCredentialLabel", "Credential label must not be empty");
        return Err(ApiError::described(StatusCode::BAD_REQUEST, key, text));
    }
    let mut tx = admin.app.db.begin().await?;
    if !credential::set_label(&mut tx, &user.id, &credential, Some(&label)).await? {
        return Err(not_found());
    }
    tx.commit().await?;
    answer::nothing()
}

async fn move_to_first(admin: Admin, Path((_, id, credential)): Path<(String, String, String)>) -> Answer {
    rearrange(&admin, &id, &credential, None).await
}

async fn move_after(
    admin: Admin,
    Path((_, id, credential, previous)): Path<(String, String, String, String)>,
) -> Answer {
    rearrange(&admin, &id, &credential, Some(&previous)).await
}

async fn rearrange(admin: &Admin, id: &str, credential: &str, after: Option<&str>) -> Answer {
    let user = find(admin, id, CHANGE).await?;
    let mut tx = admin.app.db.begin().await?;
    credential::lock(&mut tx, &user.id).await?;
    let (mut all, at) = place(&mut tx, &user.id, credential).await?;
    let moved = all.remove(at);
    let to = match after {
        None => 0,
        // Behind one that there is not it stays where it is.
        Some(previous) => all.iter().position(|c| c.id == previous).map_or(at, |found| found + 1),
    };
    all.insert(to, moved);
    for (at, credential) in all.iter().enumerate() {
        let priority = (at as i64 + 1) * 10;
        credential::set_priority(&mut tx, &user.id, &credential.id, priority).await?;
    }
    tx.commit().await?;
    answer::nothing()
}

/// Nothing that this server keeps can be disabled: credentials are deleted instead.
async fn disable(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    find(&admin, &id, CHANGE).await?;
    body.texts()?;
    answer::nothing()
}

async fn storage_types(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    find(&admin, &id, SEE).await?;
    answer::json(&json!([]))
}
