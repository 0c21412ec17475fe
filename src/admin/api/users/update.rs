//! A user changed or removed by an administrator.

use axum::extract::Path;

use super::{CHANGE, create, find, sent};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::brute_force;
use crate::profile::{Context, FieldError, Fields};
use crate::store::json::{Doc, flag};
use crate::store::organization_member;
use crate::store::realm::Realm;
use crate::store::user::{self, Kept, User};

/// `PUT users/ID`
pub(super) async fn update(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    let before = find(&admin, &id, CHANGE).await?;
    let given = body.object("UserRepresentation")?;
    sent::free(&admin.app, &admin.realm, &named(&admin.realm, &before, &given).0).await?;
    let user = changed(&admin.realm, &before, &given)?;
    if !before.enabled {
        awake(&admin, &before, &user).await?;
    }
    let credentials = sent::credentials(&admin, &user, &given).await?;
    let mut tx = admin.app.db.begin().await?;
    // Hashing took its time: what is changed is the user of now.
    let present = if flag(&given, "enabled") {
        brute_force::lift(&mut tx, &admin.realm.id, &user.id).await?
    } else {
        user::latest(&mut tx, &admin.realm.id, &user.id).await?
    };
    let present = present.ok_or_else(|| ApiError::not_found("User not found"))?;
    let mut user = changed(&admin.realm, &present, &given)?;
    if let Some(temporary) = credentials.temporary {
        sent::must_change(&mut user, temporary);
    }
    kept(user::update(&mut tx, &user, admin.realm.unique_emails()).await?)?;
    credentials.store(&mut tx, &user.id, admin.app.now()).await?;
    let path = format!("users/{}", user.id);
    record(
        &mut tx,
        &admin,
        Operation::Update,
        "USER",
        &path,
        Some(&create::shown(given)),
    )
    .await?;
    tx.commit().await?;
    answer::nothing()
}

/// Refuses to change a user whom a disabled organization manages: they are as they are until it is enabled.
async fn awake(admin: &Admin, before: &User, after: &User) -> Result<(), ApiError> {
    if !organization_member::is_suspended(&admin.app.db, &before.id).await? {
        return Ok(());
    }
    let (was, is) = (sent::fields_of(before), sent::fields_of(after));
    let field = is.iter().find(|(name, values)| was.get(*name) != Some(*values));
    let what = match field {
        Some((name, _)) => format!("attribute({name})"),
        None => "enabled".to_owned(),
    };
    let name = &before.username;
    let text = format!("The user is read-only. Not possible to write '{what}' when updating user '{name}'.");
    Err(ApiError::bad(&text))
}

/// What became of a write, said as Keycloak says it.
pub(super) fn kept(outcome: Kept) -> Result<(), ApiError> {
    match outcome {
        Kept::Yes => Ok(()),
        Kept::UsernameTaken => Err(ApiError::conflict("User exists with same username")),
        Kept::EmailTaken => Err(ApiError::conflict("User exists with same email")),
        Kept::Gone => Err(ApiError::not_found("User not found")),
    }
}

/// A user with the fields that are given, and those fields. Nothing is checked yet.
fn named(realm: &Realm, before: &User, given: &Doc) -> (User, Fields) {
    let mut fields = sent::fields(&sent::fields_of(before), given);
    if realm.flag("registrationEmailAsUsername")
        && before.service_client.is_none()
        && let Some(email) = fields.get("email").filter(|e| e.iter().any(|e| !e.is_empty())).cloned()
    {
        fields.insert("username".into(), email);
    }
    let mut user = before.clone();
    sent::put(&mut user, fields.clone());
    (user, fields)
}

fn changed(realm: &Realm, before: &User, given: &Doc) -> Result<User, ApiError> {
    let (mut user, fields) = named(realm, before, given);
    let renamed = user.username != before.username;
    let keeps_name = !realm.flag("editUsernameAllowed") && !realm.flag("registrationEmailAsUsername");
    let refused = (renamed && keeps_name).then(|| FieldError::new("username", "error-user-attribute-read-only"));
    let of_application = before.service_client.is_some();
    let context = if of_application {
        Context::ServiceAccount
    } else {
        Context::UserApi
    };
    let mut accepted = sent::accepted(realm, context, &fields, Some(&sent::fields_of(before)), refused)?;
    if of_application {
        // It is named after the application, whatever is sent.
        accepted.insert("username".into(), vec![before.username.clone()]);
    } else if renamed {
        accepted.insert("username".into(), vec![user.username.clone()]);
    }
    sent::put(&mut user, accepted);
    if given.contains_key("enabled") {
        user.enabled = flag(given, "enabled");
    }
    if given.contains_key("emailVerified") {
        user.email_verified = flag(given, "emailVerified");
    }
    if let Some(actions) = given.get("requiredActions") {
        user.required_actions = sent::required_actions(realm, actions);
    }
    Ok(user)
}

/// `DELETE users/ID`
pub(super) async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, CHANGE).await?;
    let mut tx = admin.app.db.begin().await?;
    if !user::remove(&mut tx, &admin.realm.id, &user.id).await? {
        return Err(ApiError::not_found("User not found"));
    }
    let gone = serde_json::json!({ "id": user.id, "username": user.username });
    record(
        &mut tx,
        &admin,
        Operation::Delete,
        "USER",
        &format!("users/{id}"),
        Some(&gone),
    )
    .await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
