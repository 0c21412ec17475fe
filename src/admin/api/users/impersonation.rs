//! Acting as a user: the administrator's browser is signed in as somebody else.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::routing::post;
use serde_json::json;

use super::find;
use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::login::identity;
use crate::oidc;
use crate::oidc::logout::backchannel;
use crate::store::event::Event;
use crate::store::json::Doc;
use crate::store::session::{self, UserSession};
use crate::store::user::User;
use crate::visitor::Visitor;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/realms/{realm}/users/{id}/impersonation", post(impersonate))
}

/// Makes a session of the user and gives its cookies. The administrator's own session ends where it is of the same realm.
async fn impersonate(admin: Admin, visitor: Visitor, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, &[Right::Impersonation]).await?;
    if !user.enabled {
        return Err(ApiError::bad("User is disabled"));
    }
    if user.service_client.is_some() {
        return Err(ApiError::bad("User is a service account"));
    }
    let same_realm = admin.who.home.id == admin.realm.id;
    let made = session_of(&admin, &user);
    let mut tx = admin.app.db.begin().await?;
    if let Some(own) = admin.who.session.as_ref().filter(|_| same_realm) {
        if let Some(ending) = session::by_id(&mut tx, &admin.realm.id, own).await? {
            backchannel::queue(&mut tx, &admin.app, &admin.caller, &admin.realm, &ending, &[]).await?;
        }
        session::remove(&mut tx, &admin.realm.id, own).await?;
    }
    session::create(&mut tx, &made).await?;
    let mut event = Event::new("IMPERSONATE")
        .detail("impersonator_realm", &admin.who.home.name)
        .detail("impersonator", &admin.who.user.username);
    event.user_id = Some(user.id.clone());
    event.session_id = Some(made.id.clone());
    event.ip_address = Some(admin.caller.ip.to_string());
    events::record(&mut tx, &admin.realm, &event, admin.app.now()).await?;
    record(
        &mut tx,
        &admin,
        Operation::Action,
        "USER",
        &format!("users/{id}/impersonation"),
        None,
    )
    .await?;
    tx.commit().await?;
    let redirect = format!("{}/account", admin.caller.issuer(&admin.realm.name));
    let mut response = answer::json(&json!({ "sameRealm": same_realm, "redirect": redirect }))?;
    for cookie in identity::cookies(&admin.app, &visitor, &admin.realm, &made)? {
        let value = HeaderValue::from_str(&cookie).map_err(|_| Error::Corrupt("a cookie cannot be a header".into()))?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

fn session_of(admin: &Admin, user: &User) -> UserSession {
    let now = admin.app.now();
    let mut notes = Doc::new();
    notes.insert("IMPERSONATOR_ID".into(), json!(admin.who.user.id));
    notes.insert("IMPERSONATOR_USERNAME".into(), json!(admin.who.user.username));
    let mut made = UserSession {
        id: crate::random::session_id(),
        realm_id: admin.realm.id.clone(),
        user_id: user.id.clone(),
        offline: false,
        ip_address: Some(admin.caller.ip.to_string()),
        started: now,
        last_refresh: now,
        expires: now,
        notes,
    };
    made.expires = oidc::session::expires(&admin.realm, &made);
    made
}
