//! Mails to users that administrators cause.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::put;

use super::{CHANGE, find};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::query::Query;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::login::address;
use crate::mail::{self, Envelope, Sending, Settings};
use crate::store::client;
use crate::store::user::User;
use crate::verification::{self, ByAdmin};

pub(super) fn routes() -> Router<App> {
    let root = "/realms/{realm}/users/{id}";
    Router::new()
        .route(&format!("{root}/execute-actions-email"), put(execute_actions))
        .route(&format!("{root}/send-verify-email"), put(verify_email))
        .route(&format!("{root}/reset-password-email"), put(reset_password))
}

/// Seconds that a link may be good for: a year.
const LONGEST_LIFESPAN: i64 = 31_536_000;

/// What the address asks for, in one place and checked.
struct Wanted {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    lifespan: Option<i64>,
}

impl Wanted {
    fn by_admin(&self) -> ByAdmin<'_> {
        ByAdmin {
            client_id: self.client_id.as_deref(),
            redirect_uri: self.redirect_uri.as_deref(),
            lifespan: self.lifespan,
        }
    }
}

/// The user, if mail can reach them, and what is asked for.
async fn reachable(admin: &Admin, id: &str, query: &Query) -> Result<(User, Wanted), ApiError> {
    let user = find(admin, id, CHANGE).await?;
    let lifespan = query.number("lifespan")?;
    if lifespan.is_some_and(|seconds| !(1..=LONGEST_LIFESPAN).contains(&seconds)) {
        let text = format!("lifespan must be a number of seconds between 1 and {LONGEST_LIFESPAN}");
        return Err(ApiError::bad(&text));
    }
    if user.email.is_none() {
        return Err(ApiError::bad("User email missing"));
    }
    if !user.enabled {
        return Err(ApiError::bad("User is disabled"));
    }
    let text = |name: &str| query.text(name).filter(|t| !t.is_empty()).map(str::to_owned);
    let (client_id, redirect_uri) = (text("client_id"), text("redirect_uri"));
    match (&client_id, &redirect_uri) {
        (None, Some(_)) => return Err(ApiError::bad("Client id missing")),
        (Some(client_id), uri) => {
            let found = client::by_client_id(&admin.app.db, &admin.realm.id, client_id).await?;
            let found = found.ok_or_else(|| ApiError::bad("Client doesn't exist"))?;
            if !found.enabled() {
                return Err(ApiError::bad("Client is not enabled"));
            }
            if let Some(uri) = uri
                && (uri.starts_with('/') || address::redirect_uri(&admin.caller, &found, uri).is_none())
            {
                return Err(ApiError::bad("Invalid redirect uri."));
            }
        }
        (None, None) => {}
    }
    let wanted = Wanted {
        client_id,
        redirect_uri,
        lifespan,
    };
    Ok((user, wanted))
}

/// Whether there is a way to send mail at all: in development the inbox is one.
fn can_send(admin: &Admin) -> bool {
    admin.app.config.dev || Settings::of(&admin.realm).is_some()
}

async fn send(admin: &Admin, path: &str, mail: &Envelope) -> Answer {
    let mut tx = admin.app.db.begin().await?;
    mail::queue(
        &mut tx,
        &admin.app,
        &admin.realm,
        mail,
        admin.caller.ip,
        Sending::Wanted,
    )
    .await?;
    record(&mut tx, admin, Operation::Action, "USER", path, None).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn execute_actions(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query, body: Body) -> Answer {
    let actions = if body.is_empty() { Vec::new() } else { body.texts()? };
    ask(&admin, &id, &query, &actions, "execute-actions-email").await
}

/// Keycloak's older word for one of the actions.
async fn reset_password(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    ask(
        &admin,
        &id,
        &query,
        &["UPDATE_PASSWORD".to_owned()],
        "reset-password-email",
    )
    .await
}

async fn ask(admin: &Admin, id: &str, query: &Query, actions: &[String], name: &str) -> Answer {
    let (user, wanted) = reachable(admin, id, query).await?;
    if actions
        .iter()
        .any(|a| admin.realm.required_action(a).is_none_or(|known| !known.enabled))
    {
        return Err(ApiError::bad("Provided invalid required actions"));
    }
    if actions.is_empty() {
        // Nobody is asked for nothing.
        return answer::nothing();
    }
    if !can_send(admin) {
        let text = "Failed to send execute actions email: Invalid sender address 'null'. If the address contains UTF-8 \
                    characters in the local part please ensure the SMTP server supports the SMTPUTF8 extension and \
                    enable 'Allow UTF-8' in the email realm configuration.";
        return Err(ApiError::message(StatusCode::INTERNAL_SERVER_ERROR, text));
    }
    let by_admin = wanted.by_admin();
    let mail =
        verification::execute_actions(&admin.app, &admin.caller, &admin.realm, &user, actions, &by_admin).await?;
    send(admin, &format!("users/{id}/{name}"), &mail).await
}

async fn verify_email(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    let (user, wanted) = reachable(&admin, &id, &query).await?;
    if !can_send(&admin) {
        return Err(ApiError::message(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Failed to send verify email",
        ));
    }
    let by_admin = wanted.by_admin();
    let mail = verification::verify_by_admin(&admin.app, &admin.caller, &admin.realm, &user, &by_admin)?;
    send(&admin, &format!("users/{id}/send-verify-email"), &mail).await
}
