//! Conditions: whether a CONDITIONAL flow applies to somebody.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::app::App;
use crate::error::Error;
use crate::login::request::AuthRequest;
use crate::login::session::Status;
use crate::store::credential::{self, Credential};
use crate::store::group;
use crate::store::realm::{Execution, Flow, Realm};
use crate::store::user::User;

/// What is known of a way when a condition on it is asked.
pub struct SoFar<'a> {
    pub request: &'a AuthRequest,
    /// The types of the credentials that were proved, with commas.
    pub used: &'a str,
    pub steps: &'a BTreeMap<String, Status>,
}

/// Whether an execution is a condition of its flow.
pub fn is_condition(execution: &Execution) -> bool {
    execution
        .authenticator
        .as_deref()
        .is_some_and(|a| a.starts_with("conditional-"))
}

/// Whether a condition of a flow holds. One that we do not know holds, so that what stands behind it is not skipped.
///
/// # Errors
///
/// Those of the database.
pub async fn holds(
    app: &App,
    realm: &Realm,
    so_far: &SoFar<'_>,
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
    let provider = condition.authenticator.as_deref().unwrap_or_default();
    match provider {
        "conditional-level-of-authentication" => {
            return Ok(text("loa-condition-level") == "1" || asks_level(so_far.request));
        }
        "conditional-sub-flow-executed" => {
            let executed = was_executed(realm, text("flow_to_check"), so_far.steps);
            return Ok(executed == (text("check_result") != "not-executed"));
        }
        "conditional-client-scope" => {
            return Ok(turned("negate", so_far.request.has_scope(text("client_scope"))));
        }
        "conditional-credential" => {
            let used = |kind: &str| so_far.used.split(',').any(|k| k == kind);
            let listed = text("credentials").split("##").any(used);
            return Ok(listed == (text("included") == "true"));
        }
        _ => {}
    }
    let Some(user) = user else {
        return Ok(false);
    };
    Ok(match provider {
        "conditional-user-configured" => {
            let owned = credential::of_user(&app.db, &user.id).await?;
            is_configured(realm, flow, &owned)
        }
        "conditional-user-role" => turned("negate", has_role(app, realm, user, text("condUserRole")).await?),
        "conditional-user-attribute" => {
            let wanted = text("attribute_expected_value");
            let mut values = user.attributes.get(text("attribute_name")).cloned().unwrap_or_default();
            if text("include_group_attributes") == "true" {
                values.extend(group_values(app, realm, user, text("attribute_name")).await?);
            }
            let found = if text("regex") == "true" {
                let whole = regex::RegexBuilder::new(&format!("^(?:{wanted})$"))
                    .size_limit(1 << 20)
                    .build();
                whole.is_ok_and(|whole| values.iter().any(|v| whole.is_match(v)))
            } else {
                values.iter().any(|v| v == wanted)
            };
            turned("not", found)
        }
        _ => true,
    })
}

/// Whether the application asks for a level at all.
fn asks_level(request: &AuthRequest) -> bool {
    request.acr_values.is_some() || request.claims.is_some()
}

/// Whether a step of a flow, named by its alias, has succeeded.
fn was_executed(realm: &Realm, alias: &str, steps: &BTreeMap<String, Status>) -> bool {
    let found = realm.flow_by_alias(alias);
    found.is_some_and(|flow| {
        flow.executions
            .iter()
            .any(|e| steps.get(&e.id) == Some(&Status::Success))
    })
}

/// The values of an attribute in the groups of a user, and in those above them.
async fn group_values(app: &App, realm: &Realm, user: &User, name: &str) -> Result<Vec<String>, Error> {
    let mut values = Vec::new();
    for own in group::of_user(&app.db, &user.id).await? {
        let mut next = Some(own);
        while let Some(present) = next {
            let kept = present
                .doc
                .get("attributes")
                .and_then(|a| a.get(name))
                .and_then(Value::as_array);
            values.extend(kept.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
            next = match present.parent_id.as_str() {
                "" => None,
                parent => group::by_id(&app.db, &realm.id, parent).await?,
            };
        }
    }
    Ok(values)
}

/// The type of the credentials that a step asks a known person for.
pub fn credential_type(step: &str) -> Option<&'static str> {
    match step {
        "auth-otp-form" | "direct-grant-validate-otp" | "reset-otp" => Some("otp"),
        "webauthn-authenticator" => Some("webauthn"),
        "webauthn-authenticator-passwordless" => Some("webauthn-passwordless"),
        "auth-recovery-authn-code-form" => Some("recovery-authn-codes"),
        "auth-password-form" | "reset-password" => Some("password"),
        _ => None,
    }
}

/// Whether somebody with these credentials can take a step.
pub fn is_ready(step: &Execution, owned: &[Credential]) -> bool {
    let step = step.authenticator.as_deref().unwrap_or_default();
    match credential_type(step) {
        Some(kind) => owned.iter().any(|c| c.kind == kind),
        None => !matches!(step, "organization" | "idp-add-organization-member"),
    }
}

/// Whether a step is for everybody who has a password: it is offered for a name that there is not, too.
pub fn is_usual(step: &Execution) -> bool {
    let step = step.authenticator.as_deref().unwrap_or_default();
    credential_type(step).is_none_or(|kind| kind == "password")
}

/// Whether the person has what the steps beside the condition ask for: all of the REQUIRED ones, or one ALTERNATIVE.
fn is_configured(realm: &Realm, flow: &Flow, owned: &[Credential]) -> bool {
    let ready = |e: &Execution| match e.flow_id.as_deref().and_then(|id| realm.flow(id)) {
        Some(inner) if inner.id != flow.id => is_configured(realm, inner, owned),
        _ => is_ready(e, owned),
    };
    let steps = || flow.executions.iter().filter(|e| !is_condition(e));
    let mut required = steps().filter(|e| e.requirement == "REQUIRED").peekable();
    if required.peek().is_some() {
        return required.all(ready);
    }
    steps().filter(|e| e.requirement == "ALTERNATIVE").any(ready)
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
