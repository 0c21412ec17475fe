//! What a program does with the registration that it made: asks how far it is, sends the code, has the mail sent again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_jose::strict_json;

use super::answer::{Door, Fault};
use super::{language, may_call};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::cors;
use crate::oidc::door::OfRealm;
use crate::profile::{self, Context, FieldError, Place};
use crate::registration::waiting::{self, Completed, Proof, Resent};
use crate::store::client::{self, Client};
use crate::store::realm::Realm;
use crate::store::registration::{self, Registration};
use crate::store::user;

/// A registration that the status token of the request belongs to.
struct Followed {
    row: Registration,
    client: Option<Arc<Client>>,
}

/// Finds it. Without the token, or with another's, it is as if it were not there.
async fn find(door: &Door<'_>, caller: &Caller, id: &str) -> Result<Result<Followed, Response>, Error> {
    let sent = door.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let token = sent.and_then(|v| v.strip_prefix("Bearer ")).unwrap_or_default();
    let row = registration::by_id(&door.app.db, &door.realm.id, id, door.app.now()).await?;
    let Some(row) = row.filter(|row| waiting::is_status_token(row, token)) else {
        return Ok(Err(door.refuse(&Fault::Token)));
    };
    let client = match &row.client_uuid {
        Some(uuid) => client::by_id(&door.app.db, &door.realm.id, uuid).await?,
        None => None,
    };
    if !may_call(door.app, door.realm, door.headers, caller, client.as_deref()).await? {
        return Ok(Err(cors::invalid_origin()));
    }
    Ok(Ok(Followed { row, client }))
}

fn door<'a>(app: &'a App, realm: &'a Arc<Realm>, headers: &'a HeaderMap) -> Door<'a> {
    Door {
        app,
        realm,
        locale: language(realm, headers, None),
        headers,
    }
}

/// `GET {Location}`: how far it is.
///
/// # Errors
///
/// Those of the database.
pub async fn status(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    Path((_, id)): Path<(String, String)>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let door = door(&app, &realm, &headers);
    let followed = match find(&door, &caller, &id).await? {
        Ok(followed) => followed,
        Err(answer) => return Ok(answer),
    };
    match &followed.row.account_id {
        None => Ok(door.waiting(&caller, &followed.row, None)),
        Some(account) => match user::by_id(&app.db, &realm.id, account).await? {
            Some(user) => door.done(&caller, user, None, StatusCode::OK).await,
            None => Ok(door.refuse(&Fault::Token)),
        },
    }
}

/// `POST {Location}/code {"code"}`: proves the address; with `username`, under another name, because the first has been
/// taken meanwhile.
///
/// # Errors
///
/// Those of the database.
pub async fn code(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    Path((_, id)): Path<(String, String)>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let door = door(&app, &realm, &headers);
    let mut followed = match find(&door, &caller, &id).await? {
        Ok(followed) => followed,
        Err(answer) => return Ok(answer),
    };
    let sent = match strict_json::read(&body) {
        Ok(Value::Object(sent)) => sent,
        Ok(_) => return Ok(door.refuse(&Fault::Unreadable("The body must be a JSON object.".into()))),
        Err(e) => return Ok(door.refuse(&Fault::Unreadable(format!("The body cannot be read as JSON: {e}.")))),
    };
    let text = |name: &str| sent.get(name).and_then(Value::as_str);
    let Some(typed) = text("code") else {
        let (field, key) = ("code".to_owned(), "invalid_type".to_owned());
        let params = vec![json!("code"), json!("a string")];
        return Ok(door.refuse(&Fault::Fields(vec![FieldError { field, key, params }])));
    };
    if followed.row.account_id.is_some() || !waiting::is_code(&app, &followed.row, typed).await? {
        return Ok(door.refuse(&Fault::Code));
    }
    if let Some(name) = text("username") {
        let mut fields = waiting::fields(&followed.row);
        fields.insert("username".into(), vec![name.to_owned()]);
        let errors = profile::validate(&realm, &Place::of(Context::Registration), &fields);
        let wrong: Vec<FieldError> = errors.into_iter().filter(|e| e.field == "username").collect();
        if !wrong.is_empty() {
            return Ok(door.refuse(&Fault::Fields(wrong)));
        }
        waiting::rename(&app, &mut followed.row, name).await?;
    }
    let wants_tokens = followed.row.doc.get("tokens") == Some(&Value::Bool(true));
    match waiting::complete(&app, &realm, &followed.row, Proof::TypedCode).await? {
        Completed::User(user) => {
            let client = followed.client.filter(|_| wants_tokens);
            door.done(&caller, user, client, StatusCode::OK).await
        }
        Completed::UsernameTaken => Ok(door.refuse(&Fault::Fields(vec![FieldError::new(
            "username",
            "usernameExistsMessage",
        )]))),
        Completed::Gone => Ok(door.refuse(&Fault::Code)),
    }
}

/// `POST {Location}/resend`: the mail again.
///
/// # Errors
///
/// Those of the database and of mails.
pub async fn resend(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    Path((_, id)): Path<(String, String)>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let door = door(&app, &realm, &headers);
    let followed = match find(&door, &caller, &id).await? {
        Ok(followed) => followed,
        Err(answer) => return Ok(answer),
    };
    if followed.row.account_id.is_some() {
        return Ok(door.refuse(&Fault::Code));
    }
    match waiting::resend(&app, &caller, &realm, &followed.row, None).await? {
        Resent::Yes => {
            let mut answer = StatusCode::NO_CONTENT.into_response();
            cors::apply(&mut answer, &headers);
            Ok(answer)
        }
        Resent::Wait(seconds) => Ok(door.refuse(&Fault::TooSoon(seconds))),
    }
}
