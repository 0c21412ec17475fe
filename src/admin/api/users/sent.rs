//! What an administrator sends about a user, brought into the form in which it is kept.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::admin::api::auth::Admin;
use crate::admin::api::error::ApiError;
use crate::app::App;
use crate::password::policy::Violation;
use crate::password::{self, NewPassword};
use crate::profile::{self, Context, FieldError, Fields, Place};
use crate::realm_import::users::of_old;
use crate::store::credential::{self, Credential};
use crate::store::json::{Doc, flag, text};
use crate::store::realm::Realm;
use crate::store::user::{self, User};

/// Bounds of a hash that comes ready-made.
const LONGEST_HASH: usize = 16 * 1024;

/// The fields of a user's profile, as they are.
pub(in crate::admin::api) fn fields_of(user: &User) -> Fields {
    let mut fields = user.attributes.clone();
    let root = [
        ("username", Some(&user.username)),
        ("email", user.email.as_ref()),
        ("firstName", user.first_name.as_ref()),
        ("lastName", user.last_name.as_ref()),
    ];
    for (name, value) in root {
        if let Some(value) = value {
            fields.insert(name.into(), vec![value.clone()]);
        }
    }
    fields
}

/// The fields that a representation gives, over those that are there. With `attributes` it is the whole profile: what it
/// leaves out is taken away, but the name.
pub(in crate::admin::api) fn fields(before: &Fields, given: &Doc) -> Fields {
    let mut fields = match given.get("attributes").filter(|v| !v.is_null()) {
        None => before.clone(),
        Some(attributes) => {
            let mut whole = profile::attributes(attributes);
            whole.remove("email");
            whole.remove("username");
            whole.extend(before.get_key_value("username").map(|(n, v)| (n.clone(), v.clone())));
            whole
        }
    };
    for name in profile::ROOT {
        if let Some(value) = given.get(name).and_then(Value::as_str) {
            fields.insert(name.into(), vec![value.to_owned()]);
        }
    }
    fields
}

/// Puts fields into a user; names in their normal form.
pub(in crate::admin::api) fn put(user: &mut User, fields: Fields) {
    let mut fields = fields;
    let mut take = |name: &str| {
        fields
            .remove(name)
            .and_then(|v| v.into_iter().next())
            .filter(|v| !v.is_empty())
    };
    if let Some(username) = take("username") {
        user.username = user::normal(&username);
    }
    user.email = take("email").map(|e| user::normal(&e));
    user.first_name = take("firstName");
    user.last_name = take("lastName");
    fields.retain(|_, values| !values.is_empty());
    user.attributes = fields;
}

/// The refusal of a profile, as Keycloak says it.
pub(in crate::admin::api) fn refusal(mut errors: Vec<FieldError>) -> ApiError {
    if errors.iter().any(|e| e.key == "missingUsernameMessage") {
        return ApiError::bad("User name is missing");
    }
    profile::in_order(&mut errors);
    let mut shown: Vec<Value> = errors
        .into_iter()
        .map(|e| json!({ "field": e.field, "errorMessage": e.key, "params": e.params }))
        .collect();
    let body = if shown.len() == 1 {
        shown.remove(0)
    } else {
        json!({ "errors": shown })
    };
    ApiError::Refused(StatusCode::BAD_REQUEST, body)
}

/// Whether somebody else has these names already.
pub(in crate::admin::api) async fn free(app: &App, realm: &Realm, user: &User) -> Result<(), ApiError> {
    let other = |found: Option<User>| found.is_some_and(|o| o.id != user.id);
    if let Some(email) = &user.email
        && realm.unique_emails()
        && other(user::by_email(&app.db, &realm.id, email).await?)
    {
        return Err(ApiError::conflict("User exists with same email"));
    }
    let mut taken = other(user::by_username(&app.db, &realm.id, &user.username).await?);
    if !taken && realm.flag("loginWithEmailAllowed") && user.username.contains('@') {
        taken = other(user::by_email(&app.db, &realm.id, &user.username).await?);
    }
    if taken {
        return Err(ApiError::conflict("User exists with same username"));
    }
    Ok(())
}

/// Checks the fields and gives those that an administrator may write. `more` is what is wrong besides.
pub(in crate::admin::api) fn accepted(
    realm: &Realm,
    context: Context,
    sent: &Fields,
    before: Option<&Fields>,
    more: Option<FieldError>,
) -> Result<Fields, ApiError> {
    let place = Place::of(context);
    let none = Fields::new();
    let mut errors = profile::validate(realm, &place, sent);
    let looked_at = profile::untouched(realm, &place, sent, before.unwrap_or(&none));
    // Of somebody new what an administrator may not write is left out without a word, but for what the server writes.
    let is_told = |e: &FieldError| before.is_some() || e.key == "updateReadOnlyAttributesRejectedMessage";
    errors.extend(looked_at.into_iter().filter(is_told));
    errors.extend(more);
    if !errors.is_empty() {
        return Err(refusal(errors));
    }
    Ok(profile::writable(realm, &place, sent, before.unwrap_or(&none)))
}

/// Required actions that the realm knows, in the order given, each once; others are dropped silently, as Keycloak does.
pub(in crate::admin::api) fn required_actions(realm: &Realm, given: &Value) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for alias in given.as_array().into_iter().flatten().filter_map(Value::as_str) {
        if realm.required_action(alias).is_some() && !known.iter().any(|k| k == alias) {
            known.push(alias.to_owned());
        }
    }
    known
}

/// Credentials ready to be stored.
#[derive(Default)]
pub(in crate::admin::api) struct NewCredentials {
    /// The password, and how many of the others were sent before it.
    password: Option<(usize, NewPassword)>,
    ready: Vec<Credential>,
    /// `Some` where a password was given: whether it is to be changed at the next login.
    pub(in crate::admin::api) temporary: Option<bool>,
}

/// Hashes the passwords among the credentials of a representation. Call it before a transaction begins.
pub(in crate::admin::api) async fn credentials(
    admin: &Admin,
    user: &User,
    given: &Doc,
) -> Result<NewCredentials, ApiError> {
    let mut made = NewCredentials::default();
    for sent in given.get("credentials").and_then(Value::as_array).into_iter().flatten() {
        let Some(sent) = sent.as_object() else { continue };
        if is_hashed(sent) || sent.contains_key("hashedSaltedValue") {
            made.ready.push(ready(sent, admin.app.now())?);
        } else if let Some(plain) = sent.get("value").and_then(Value::as_str) {
            let prepared = password::prepare(&admin.app, &admin.realm, user, plain).await?;
            made.password = Some((made.ready.len(), prepared.map_err(|v| violation(&v))?));
            made.temporary = Some(flag(sent, "temporary"));
        }
    }
    Ok(made)
}

/// A credential that comes hashed, as exports have it.
pub(in crate::admin::api) fn ready(sent: &Doc, now: i64) -> Result<Credential, ApiError> {
    let kind = text(sent, "type").unwrap_or("password");
    let (kind, secret, data) = if is_hashed(sent) {
        let part = |name: &str| text(sent, name).unwrap_or("{}").to_owned();
        (kind, part("secretData"), part("credentialData"))
    } else {
        of_old(kind, sent)
    };
    let part = |name: &str, given: String| -> Result<String, ApiError> {
        let fits = given.len() <= LONGEST_HASH && serde_json::from_str::<Doc>(&given).is_ok();
        if fits {
            Ok(given)
        } else {
            Err(ApiError::bad(&format!("Invalid {name}")))
        }
    };
    Ok(Credential {
        id: crate::random::uuid(),
        kind: kind.to_owned(),
        label: text(sent, "userLabel").map(str::to_owned),
        // Nothing was made before 1970, or is made tomorrow.
        created: sent
            .get("createdDate")
            .and_then(Value::as_i64)
            .map_or(now, |at| at.clamp(1, now.max(1))),
        priority: sent.get("priority").and_then(Value::as_i64).unwrap_or(10),
        secret_data: part("secretData", secret)?,
        credential_data: part("credentialData", data)?,
    })
}

/// Whether a credential comes hashed, as exports of now have it.
fn is_hashed(sent: &Doc) -> bool {
    sent.contains_key("secretData") || sent.contains_key("credentialData")
}

/// A refused password: the message key and its English text.
pub(in crate::admin::api) fn violation(broken: &Violation) -> ApiError {
    ApiError::described(StatusCode::BAD_REQUEST, broken.key, &broken.text)
}

impl NewCredentials {
    /// Stores them in the order in which they were sent, behind those that are there.
    pub(in crate::admin::api) async fn store(
        self,
        tx: &mut crate::store::Tx,
        user_id: &str,
        now: i64,
    ) -> Result<(), crate::error::Error> {
        let mut first = self.ready;
        let Some((before, password)) = self.password else {
            return append(tx, user_id, first).await;
        };
        let last = first.split_off(before);
        append(tx, user_id, first).await?;
        password::store(tx, user_id, password, now).await?;
        append(tx, user_id, last).await
    }
}

async fn append(tx: &mut crate::store::Tx, user_id: &str, new: Vec<Credential>) -> Result<(), crate::error::Error> {
    for mut one in new {
        credential::lock(tx, user_id).await?;
        let known = credential::of_user(&mut *tx, user_id).await?;
        let replaced = known.iter().find(|c| c.kind == "password" && one.kind == "password");
        let last = known.iter().map(|c| c.priority.saturating_add(10)).max();
        one.priority = replaced.map(|c| c.priority).or(last).unwrap_or(10);
        credential::put(tx, user_id, &one).await?;
    }
    Ok(())
}

/// Sets or takes away the duty to choose a new password.
pub(in crate::admin::api) fn must_change(user: &mut User, temporary: bool) {
    user.required_actions.retain(|a| a != "UPDATE_PASSWORD");
    if temporary {
        user.required_actions.push("UPDATE_PASSWORD".into());
    }
}

/// The last millisecond of the year 9999: what comes after is no date to many who read it.
const LAST_INSTANT: i64 = 253_402_300_799_999;

/// When a user was made, as sent; else now.
///
/// # Errors
///
/// 400 for an instant before 1970 or after the year 9999.
pub(in crate::admin::api) fn created(given: &Doc, now: i64) -> Result<i64, ApiError> {
    let sent = given.get("createdTimestamp").and_then(Value::as_i64).unwrap_or(now);
    if (0..=LAST_INSTANT).contains(&sent) {
        return Ok(sent);
    }
    Err(ApiError::bad(&format!(
        "createdTimestamp must be in milliseconds since 1970, and not after the year 9999: {sent}"
    )))
}
