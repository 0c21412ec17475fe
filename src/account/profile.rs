//! `GET` and `POST` of the account itself: the user profile, by the realm's rules for users.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::person::{Person, Right};
use crate::admin::api::answer;
use crate::admin::api::error::{Answer, ApiError};
use crate::error::Error;
use crate::events;
use crate::profile::{self, FieldError, Fields, Place, Unmanaged};
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::user::{self, Kept, User};

const USERNAME: &str = "username";
const EMAIL: &str = "email";

/// `GET /`
pub async fn read(person: &Person) -> Answer {
    person.require(&[Right::ViewProfile, Right::ManageAccount])?;
    let (realm, user) = (&person.realm, &person.user);
    let by_email = realm.flag("registrationEmailAsUsername");
    let username = user.email.as_ref().filter(|_| by_email).unwrap_or(&user.username);
    let mut shown = Map::new();
    shown.insert("id".into(), json!(user.id));
    shown.insert(USERNAME.into(), json!(username));
    for (key, value) in [
        ("firstName", &user.first_name),
        ("lastName", &user.last_name),
        (EMAIL, &user.email),
    ] {
        shown.extend(value.as_ref().map(|value| (key.to_owned(), json!(value))));
    }
    shown.insert("emailVerified".into(), json!(user.email_verified));
    let attributes = visible(realm, user, &person.place());
    if !attributes.is_empty() {
        shown.insert("attributes".into(), json!(attributes));
    }
    if person.query.flag("userProfileMetadata") != Some(false) {
        let metadata = profile::metadata(realm, &person.place());
        shown.insert("userProfileMetadata".into(), metadata);
    }
    answer::json(&shown)
}

/// The attributes that people see of themselves.
fn visible(realm: &Realm, user: &User, place: &Place) -> Fields {
    let config = profile::config::of(realm);
    let speaks = realm.flag("internationalizationEnabled");
    let seen = |name: &str| match config.attribute(name) {
        Some(a) => a.is_asked(realm, place) && a.is_seen_by(place.context),
        None if name == "locale" => speaks,
        None => config.unmanaged == Unmanaged::Enabled && !profile::is_internal(name),
    };
    let all = user.attributes.iter().filter(|(name, _)| seen(name));
    let mut shown: Fields = all.map(|(name, values)| (name.clone(), values.clone())).collect();
    profile::add_defaults(realm, place, &mut shown);
    shown
}

/// `POST /`: the whole profile is replaced, as far as its owner may.
pub async fn update(person: &Person) -> Answer {
    person.require(&[Right::ManageAccount])?;
    let given = person.body().object("UserRepresentation")?;
    let (realm, place) = (&person.realm, person.place());
    let before = profile::of_user(&person.user);
    let sent = sent(realm, &given, &before);
    let mut errors = profile::validate(realm, &place, &sent);
    errors.extend(profile::untouched(realm, &place, &sent, &before));
    if sent.get(EMAIL).is_some_and(|v| is_blank(v)) && errors.iter().any(|e| e.key == "missingEmailMessage") {
        errors.push(FieldError::new(EMAIL, "error-user-attribute-required"));
    }
    let taken = taken(person, &sent).await?;
    let status = if taken.is_empty() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::CONFLICT
    };
    errors.extend(taken);
    if !errors.is_empty() {
        return Err(refusal(realm, status, errors));
    }
    store(person, &given).await
}

/// What was sent, field by field. Who leaves the username out keeps it.
fn sent(realm: &Realm, given: &Doc, before: &Fields) -> Fields {
    let mut fields = given.get("attributes").map(profile::attributes).unwrap_or_default();
    for name in profile::ROOT {
        fields.remove(name);
        if let Some(value) = given.get(name).and_then(Value::as_str) {
            fields.insert(name.to_owned(), vec![value.to_owned()]);
        }
    }
    let mut keep = |name: &str| fields.insert(name.to_owned(), before.get(name).cloned().unwrap_or_default());
    // Where the address is the name, a name that was sent says nothing; and it may have to stay as it is.
    let by_email = realm.flag("registrationEmailAsUsername");
    if by_email || given.get(USERNAME).is_none_or(Value::is_null) {
        keep(USERNAME);
    }
    if by_email && !realm.flag("editUsernameAllowed") {
        keep(EMAIL);
    }
    fields
}

fn is_blank(values: &[String]) -> bool {
    values.iter().all(|v| v.trim().is_empty())
}

/// Errors for names that somebody else has.
async fn taken(person: &Person, sent: &Fields) -> Result<Vec<FieldError>, Error> {
    let (realm, db) = (&person.realm, &person.app.db);
    let other = |found: Option<User>| found.is_some_and(|o| o.id != person.user.id);
    let own = |name: &str| sent.get(name).and_then(|v| v.first()).filter(|v| !v.is_empty());
    let mut errors = Vec::new();
    if let Some(email) = own(EMAIL)
        && realm.unique_emails()
        && other(user::by_email(db, &realm.id, &user::normal(email)).await?)
    {
        errors.push(FieldError::new(EMAIL, "emailExistsMessage"));
    }
    if let Some(username) = own(USERNAME)
        && realm.flag("editUsernameAllowed")
        && other(user::by_username(db, &realm.id, &user::normal(username)).await?)
    {
        errors.push(FieldError::new(USERNAME, "usernameExistsMessage"));
    }
    Ok(errors)
}

/// The refusal of a profile: a single error stands by itself, too.
fn refusal(realm: &Realm, status: StatusCode, mut errors: Vec<FieldError>) -> ApiError {
    let config = profile::config::of(realm);
    profile::in_order(&mut errors);
    let shown: Vec<Value> = errors
        .into_iter()
        .map(|mut e| {
            if let Some(name) = config.attribute(&e.field).and_then(|a| a.display_name.as_ref()) {
                e.params[0] = json!(name);
            }
            json!({ "field": e.field, "errorMessage": e.key, "params": texts(e.params) })
        })
        .collect();
    let body = match shown.as_slice() {
        [Value::Object(only)] => {
            let mut body = only.clone();
            body.insert("errors".into(), json!(shown));
            Value::Object(body)
        }
        _ => json!({ "errors": shown }),
    };
    ApiError::Refused(status, body)
}

/// Numbers are texts here.
fn texts(params: Vec<Value>) -> Vec<Value> {
    let text = |v: Value| match v {
        Value::Number(n) => json!(n.to_string()),
        other => other,
    };
    params.into_iter().map(text).collect()
}

/// Writes what was sent over what is there now: it may have been changed since the token was looked at.
async fn store(person: &Person, given: &Doc) -> Answer {
    let (app, realm, place) = (&person.app, &person.realm, person.place());
    let mut before = Fields::new();
    let mut tx = app.db.begin().await?;
    let changed = user::change_own(&mut tx, realm, &person.user.id, |user| {
        before = profile::of_user(user);
        let fields = profile::writable(realm, &place, &sent(realm, given, &before), &before);
        let mut changed = profile::apply(user, fields);
        if realm.flag("registrationEmailAsUsername")
            && let Some(email) = &changed.email
        {
            changed.username.clone_from(email);
        }
        changed.email_verified = user.email_verified && changed.email == user.email;
        *user = changed;
    });
    let conflict = |field: &str, key: &str| {
        let error = FieldError::new(field, key);
        Err(refusal(realm, StatusCode::CONFLICT, vec![error]))
    };
    let changed = match changed.await? {
        Ok(changed) => changed,
        Err(Kept::EmailTaken) => return conflict(EMAIL, "emailExistsMessage"),
        Err(Kept::UsernameTaken) => return conflict(USERNAME, "usernameExistsMessage"),
        Err(Kept::Gone | Kept::Yes) => return Err(ApiError::unauthorized()),
    };
    let event = person.event("UPDATE_PROFILE").detail("context", "ACCOUNT");
    let event = profile::changes(event, &before, &profile::of_user(&changed));
    events::record(&mut tx, realm, &event, app.now()).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
