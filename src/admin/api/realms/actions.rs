//! What a realm can be asked to do, and small lists that belong to it.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::app::App;
use crate::mail::{self, Settings};
use crate::theme::email::Letter;

use crate::secret_settings::MASK;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/testSMTPConnection", post(test_smtp))
        .route("/realms/{realm}/credential-registrators", get(credential_registrators))
        .route(
            "/realms/{realm}/users-management-permissions",
            get(permissions).put(permissions),
        )
}

/// Required actions by which users set up something to prove themselves with.
const REGISTRATORS: [&str; 4] = [
    "CONFIGURE_TOTP",
    "webauthn-register",
    "webauthn-register-passwordless",
    "CONFIGURE_RECOVERY_AUTHN_CODES",
];

/// Sends a mail to the administrator with settings that are not saved yet. Keycloak answers 500 where the mail server
/// says no, and so do we: its clients look for that.
async fn test_smtp(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let mut given = body.map()?;
    let failed = || ApiError::message(StatusCode::INTERNAL_SERVER_ERROR, "Failed to send email");
    let kept = |key: &str| admin.realm.doc.get("smtpServer").and_then(|m| m.get(key)).cloned();
    if given.get("password").is_some_and(|p| p == MASK) {
        // The saved password goes only to the server that it was saved for.
        let same = given.get("host").cloned() == kept("host");
        let saved = kept("password").filter(|_| same).ok_or_else(failed)?;
        given.insert("password".into(), saved);
    }
    let to = admin.who.user.email.clone().ok_or_else(failed)?;
    let settings = Settings::read(&Value::Object(given)).ok_or_else(failed)?;
    let text = "This is a test message";
    let letter = Letter {
        subject: "[VESTIBULE] - SMTP test message".into(),
        html: format!("<html lang=\"en\" dir=\"ltr\">\n<body>\n<p>{text}</p>\n</body>\n</html>\n"),
        text: text.into(),
    };
    if let Err(why) = mail::send_now(&admin.app.egress, &settings, &to, &crate::random::uuid(), &letter).await {
        tracing::warn!("realm {:?}: the test mail was not sent: {why}", admin.realm.name);
        return Err(failed());
    }
    answer::uncached(answer::nothing())
}

/// The required actions by which a user sets up something to prove themselves with.
async fn credential_registrators(admin: Admin) -> Answer {
    admin.require(&[Right::ViewRealm, Right::ManageRealm])?;
    let known = |alias: &&str| admin.realm.required_action(alias).is_some_and(|a| a.enabled);
    answer::json(&json!(REGISTRATORS.into_iter().filter(known).collect::<Vec<_>>()))
}

async fn permissions(admin: Admin) -> Answer {
    admin.require(&[Right::ViewRealm, Right::ManageRealm])?;
    Err(ApiError::feature_off())
}
