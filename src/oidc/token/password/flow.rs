//! Walks the realm's direct grant flow, as it is stored.

use std::pin::Pin;

use serde_json::Value;

use super::steps::{self, Attempt};
use crate::oidc::door::Stop;
use crate::oidc::token::request::{Request, invalid_grant};
use crate::store::event::Event;
use crate::store::realm::{Execution, Flow, Realm};
use crate::store::user::User;

/// Flows inside flows are followed so deep.
const DEEPEST: usize = 10;

/// What became of a step or flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is satisfied.
    Success,
    /// It had nothing to say.
    Attempted,
}

/// Who it is, by the flow that the client or the realm is bound to.
pub(super) async fn run(request: &Request, event: &Event) -> Result<User, Stop> {
    let realm = request.realm.clone();
    let mut attempt = Attempt::new(request, event);
    if let Some(flow) = bound(request, &realm)
        && walk(&mut attempt, &realm, flow, 0).await? == Outcome::Success
        && let Some(user) = attempt.proved()
    {
        return Ok(user);
    }
    Err(attempt.refuse("invalid_user_credentials").await)
}

fn bound<'a>(request: &Request, realm: &'a Realm) -> Option<&'a Flow> {
    let overrides = request.client.doc.get("authenticationFlowBindingOverrides");
    let own = overrides.and_then(|o| o.get("direct_grant")?.as_str());
    let own = own.filter(|id| !id.is_empty()).and_then(|id| realm.flow(id));
    own.or_else(|| {
        realm.flow_by_alias(
            realm
                .doc
                .get("directGrantFlow")
                .and_then(Value::as_str)
                .unwrap_or("direct grant"),
        )
    })
}

type Walking<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Stop>> + Send + 'a>>;

/// Required executions must all succeed; without one, the first alternative that succeeds is enough.
fn walk<'a>(attempt: &'a mut Attempt<'_>, realm: &'a Realm, flow: &'a Flow, depth: usize) -> Walking<'a> {
    Box::pin(async move {
        if depth > DEEPEST {
            return Err(attempt.refuse("invalid_user_credentials").await);
        }
        let is = |execution: &&Execution, requirement: &str| execution.requirement == requirement;
        let required = |execution: &&Execution| is(execution, "REQUIRED") || is(execution, "CONDITIONAL");
        if flow.executions.iter().any(|e| required(&e)) {
            for execution in flow.executions.iter().filter(required) {
                if is(&execution, "CONDITIONAL") && !applies(attempt, realm, execution).await? {
                    continue;
                }
                if one(attempt, realm, execution, depth).await? != Outcome::Success {
                    return Err(attempt.refuse("invalid_user_credentials").await);
                }
            }
            return Ok(Outcome::Success);
        }
        for execution in flow.executions.iter().filter(|e| is(e, "ALTERNATIVE")) {
            if one(attempt, realm, execution, depth).await? == Outcome::Success {
                return Ok(Outcome::Success);
            }
        }
        Ok(Outcome::Attempted)
    })
}

async fn one(attempt: &mut Attempt<'_>, realm: &Realm, execution: &Execution, depth: usize) -> Result<Outcome, Stop> {
    if let Some(inner) = execution.flow_id.as_deref() {
        return match realm.flow(inner) {
            Some(flow) => walk(attempt, realm, flow, depth + 1).await,
            None => Err(attempt.refuse("invalid_user_credentials").await),
        };
    }
    let provider = execution.authenticator.as_deref().unwrap_or_default();
    match steps::run(attempt, provider).await? {
        Some(outcome) => Ok(outcome),
        // A step that we do not know fails closed where it is required, and is passed over where it is not.
        None if execution.requirement == "ALTERNATIVE" => Ok(Outcome::Attempted),
        None => {
            tracing::error!(
                "realm {:?}: the direct grant flow requires the unknown step {provider:?}",
                realm.name
            );
            Err(Stop::Refused(invalid_grant("Invalid user credentials")))
        }
    }
}

/// Whether a conditional flow is walked: all its conditions hold.
async fn applies(attempt: &mut Attempt<'_>, realm: &Realm, execution: &Execution) -> Result<bool, Stop> {
    let Some(flow) = execution.flow_id.as_deref().and_then(|id| realm.flow(id)) else {
        return Ok(true);
    };
    let steps: Vec<&str> = flow
        .executions
        .iter()
        .filter(|e| e.requirement != "DISABLED")
        .filter_map(|e| e.authenticator.as_deref())
        .collect();
    let (conditions, others): (Vec<&str>, Vec<&str>) =
        steps.into_iter().partition(|provider| steps::is_condition(provider));
    for condition in conditions {
        if !steps::holds(attempt, condition, &others).await? {
            return Ok(false);
        }
    }
    Ok(true)
}
