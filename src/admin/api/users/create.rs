//! A user that an administrator makes.

use axum::http::StatusCode;
use serde_json::Value;

use super::sent;
use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::grants;
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::profile::{Context, FieldError, Fields};
use crate::realm_setup;
use crate::store::federated_identity::{self, FederatedIdentity};
use crate::store::group;
use crate::store::json::{Doc, flag, text};
use crate::store::user::{self, Kept, User};

/// Members that need more than the right to create users.
const MORE_THAN_CREATING: &[&str] = &["groups", "realmRoles", "clientRoles", "federatedIdentities"];

/// `POST users`
pub(super) async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageUsers, Right::CreateUsers])?;
    let given = body.object("UserRepresentation")?;
    if !admin.has(Right::ManageUsers) && MORE_THAN_CREATING.iter().any(|m| holds_something(given.get(*m))) {
        return Err(ApiError::forbidden());
    }
    let user = user_of(&admin, &given).await?;
    let credentials = sent::credentials(&admin, &user, &given).await?;
    let mut user = user;
    if credentials.temporary == Some(true) {
        sent::must_change(&mut user, true);
    }
    let groups = groups(&admin, &given).await?;
    let mut tx = admin.app.db.begin().await?;
    let joined: Vec<&str> = groups.iter().map(String::as_str).collect();
    grants::require_groups(&mut tx, &admin, &joined).await?;
    match user::add(&mut tx, &user, admin.realm.unique_emails()).await? {
        Kept::Yes => {}
        Kept::EmailTaken => return Err(ApiError::conflict("User exists with same email")),
        _ => return Err(ApiError::conflict("User exists with same username")),
    }
    realm_setup::give_defaults(&mut tx, &admin.realm, &user.id).await?;
    for group_id in groups {
        group::join(&mut tx, &user.id, &group_id).await?;
    }
    for link in identities(&given) {
        federated_identity::add(&mut tx, &admin.realm.id, &user.id, &link).await?;
    }
    credentials.store(&mut tx, &user.id, admin.app.now()).await?;
    let path = format!("users/{}", user.id);
    record(&mut tx, &admin, Operation::Create, "USER", &path, Some(&shown(given))).await?;
    tx.commit().await?;
    answer::created(&admin, &path)
}

/// What an admin event shows of what was sent: no credentials.
pub(super) fn shown(mut given: Doc) -> Value {
    given.remove("credentials");
    Value::Object(given)
}

fn holds_something(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Array(all)) => !all.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
        _ => false,
    }
}

async fn user_of(admin: &Admin, given: &Doc) -> Result<User, ApiError> {
    let realm = &admin.realm;
    let mut fields = sent::fields(&Fields::new(), given);
    let mut missing = None;
    if realm.flag("registrationEmailAsUsername") {
        match fields.get("email").cloned() {
            Some(email) => {
                fields.insert("username".into(), email);
            }
            None => missing = Some(FieldError::new("email", "error-user-attribute-required")),
        }
    }
    let username = fields
        .get("username")
        .and_then(|v| v.first())
        .cloned()
        .unwrap_or_default();
    if username.is_empty() {
        return Err(ApiError::bad("User name is missing"));
    }
    let mut user = User {
        id: crate::random::uuid(),
        realm_id: realm.id.clone(),
        enabled: flag(given, "enabled"),
        email_verified: flag(given, "emailVerified"),
        created: sent::created(given, admin.app.now())?,
        ..User::default()
    };
    // Taken names first: Keycloak says so even where the rest is wrong too.
    sent::put(&mut user, fields.clone());
    sent::free(&admin.app, realm, &user).await?;
    sent::put(
        &mut user,
        sent::accepted(realm, Context::UserApi, &fields, None, missing)?,
    );
    if let Some(actions) = given.get("requiredActions") {
        user.required_actions = sent::required_actions(realm, actions);
    }
    Ok(user)
}

/// The ids of the groups that a representation names by path.
async fn groups(admin: &Admin, given: &Doc) -> Result<Vec<String>, ApiError> {
    let mut ids = Vec::new();
    for path in given
        .get("groups")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        let found = group::by_path(&admin.app.db, &admin.realm.id, path).await?;
        let found = found.ok_or_else(|| {
            let text = format!("Unable to find group specified by path: {path}");
            ApiError::message(StatusCode::BAD_REQUEST, &text)
        })?;
        ids.push(found.id);
    }
    Ok(ids)
}

/// The links to identity providers in a representation.
pub(in crate::admin::api) fn identities(given: &Doc) -> Vec<FederatedIdentity> {
    let all = given.get("federatedIdentities").and_then(Value::as_array);
    let sent = all.into_iter().flatten().filter_map(Value::as_object);
    sent.filter_map(|link| {
        Some(FederatedIdentity {
            provider: text(link, "identityProvider")?.to_owned(),
            external_id: text(link, "userId")?.to_owned(),
            username: text(link, "userName").map(str::to_owned),
        })
    })
    .collect()
}
