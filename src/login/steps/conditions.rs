//! Conditions: whether a CONDITIONAL flow applies to somebody.

use std::collections::BTreeMap;

use crate::app::App;
use crate::error::Error;
use crate::login::request::AuthRequest;
use crate::store::credential;
use crate::store::realm::{Execution, Flow, Realm};
use crate::store::user::User;

/// Whether a condition of a flow holds. One that we do not know holds, so that what stands behind it is not skipped.
///
/// # Errors
///
/// Those of the database.
pub async fn holds(
    app: &App,
    realm: &Realm,
    request: &AuthRequest,
    user: Option<&User>,
    condition: &Execution,
    flow: &Flow,
) -> Result<bool, Error> {
    let none = BTreeMap::new();
    let config = condition
        .authenticator_config
        .as_deref()
        .and_then(|id| realm.authenticator_config(id));
    let config = config.map_or(&none, |c| &c.config);
    let text = |key: &str| config.get(key).map(String::as_str).unwrap_or_default();
    let turned = |key: &str, found: bool| found != (text(key) == "true");
    let Some(user) = user else {
        return Ok(false);
    };
    Ok(match condition.authenticator.as_deref().unwrap_or_default() {
        "conditional-user-configured" => is_configured(app, user, flow).await?,
        "conditional-user-role" => turned("negate", has_role(app, realm, user, text("condUserRole")).await?),
        "conditional-user-attribute" => {
            let found = user.attributes.get(text("attribute_name"));
            let wanted = text("attribute_expected_value");
            turned("not", found.is_some_and(|values| values.iter().any(|v| v == wanted)))
        }
        // Which credential was used: ours are passwords only.
        "conditional-credential" => {
            let listed = text("credentials").split("##").any(|kind| kind == "password");
            listed == (text("included") == "true")
        }
        "conditional-level-of-authentication" => text("loa-condition-level") == "1" || asks_level(request),
        _ => true,
    })
}

/// Whether the application asks for a level at all.
fn asks_level(request: &AuthRequest) -> bool {
    request.acr_values.is_some() || request.claims.is_some()
}

/// Whether the person has what the steps beside the condition ask for: all of the REQUIRED ones, or one ALTERNATIVE.
async fn is_configured(app: &App, user: &User, flow: &Flow) -> Result<bool, Error> {
    let owned = credential::of_user(&app.db, &user.id).await?;
    let has = |kind: &str| owned.iter().any(|c| c.kind == kind);
    let ready = |e: &&Execution| match e.authenticator.as_deref().unwrap_or_default() {
        "auth-otp-form" | "direct-grant-validate-otp" | "reset-otp" => has("otp"),
        "webauthn-authenticator" => has("webauthn"),
        "webauthn-authenticator-passwordless" => has("webauthn-passwordless"),
        "auth-recovery-authn-code-form" => has("recovery-authn-codes"),
        "auth-password-form" | "reset-password" => has("password"),
        "organization" | "idp-add-organization-member" => false,
        _ => true,
    };
    let steps = || {
        let live = |e: &&Execution| {
            !e.authenticator
                .as_deref()
                .is_some_and(|a| a.starts_with("conditional-"))
        };
        flow.executions.iter().filter(live)
    };
    let mut required = steps().filter(|e| e.requirement == "REQUIRED").peekable();
    if required.peek().is_some() {
        return Ok(required.all(|e| ready(&e)));
    }
    Ok(steps().filter(|e| e.requirement == "ALTERNATIVE").any(|e| ready(&e)))
}

/// Whether somebody has a role: `NAME` of the realm, or `CLIENT.NAME`.
async fn has_role(app: &App, realm: &Realm, user: &User, named: &str) -> Result<bool, Error> {
    let Some(id) = role_id(app, realm, named).await? else {
        return Ok(false);
    };
    Ok(crate::oidc::token_roles::of_user(app, realm, &user.id)
        .await?
        .contains(&id))
}

async fn role_id(app: &App, realm: &Realm, named: &str) -> Result<Option<String>, Error> {
    if let Some(role) = realm.roles.by_name("", named) {
        return Ok(Some(role.id.clone()));
    }
    let Some((client_id, name)) = named.rsplit_once('.') else {
        return Ok(None);
    };
    let client = crate::store::client::by_client_id(&app.db, &realm.id, client_id).await?;
    Ok(client.and_then(|c| realm.roles.by_name(&c.id, name).map(|r| r.id.clone())))
}
