//! Walks a realm's authentication flow, as an administrator arranged it (design, decision 14).
//!
//! Keycloak's rules: a flow with REQUIRED steps needs all of them and overlooks its ALTERNATIVE ones; a flow with ALTERNATIVE
//! steps only needs one; a CONDITIONAL flow counts as REQUIRED if its conditions hold, and is left out if not.

use std::future::Future;
use std::pin::Pin;

use super::selection;
use super::steps::conditions::is_condition;
use crate::error::Error;
use crate::store::realm::{Execution, Flow, Realm};

/// Where a flow, or a part of it, got to.
pub enum Walked<Stop> {
    Success,
    /// It had nothing to say, or not enough.
    Attempted,
    /// It goes no further now.
    Stop(Stop),
}

/// Who takes the steps: a browser's tab, or a password grant.
pub trait Steps: Send {
    type Stop: Send;

    /// Takes one step.
    fn step(&mut self, execution: &Execution) -> impl Future<Output = Result<Walked<Self::Stop>, Error>> + Send;

    /// The execution that somebody chose over the flow's order.
    fn chosen(&self) -> Option<String> {
        None
    }

    /// A flow has succeeded.
    fn passed(&mut self, _flow: &Flow) {}

    /// Whether a condition of a flow holds.
    fn holds(&mut self, condition: &Execution, flow: &Flow) -> impl Future<Output = Result<bool, Error>> + Send;
}

type Walking<'a, Stop> = Pin<Box<dyn Future<Output = Result<Walked<Stop>, Error>> + Send + 'a>>;

/// Walks through a flow.
pub fn flow<'a, S: Steps>(steps: &'a mut S, realm: &'a Realm, flow: &'a Flow) -> Walking<'a, S::Stop> {
    Box::pin(async move {
        let live = || {
            flow.executions
                .iter()
                .filter(|e| e.requirement != "DISABLED" && !is_condition(e))
        };
        let mut needed = 0;
        for execution in live().filter(|e| e.requirement != "ALTERNATIVE") {
            if execution.requirement == "CONDITIONAL" && !applies(steps, realm, execution).await? {
                continue;
            }
            needed += 1;
            match one(steps, realm, execution).await? {
                Walked::Success => {}
                Walked::Attempted => {
                    let step = execution.authenticator.as_deref().or(execution.flow_id.as_deref());
                    tracing::warn!(
                        realm = realm.name,
                        flow = flow.alias,
                        step,
                        "a REQUIRED step of a flow did not succeed"
                    );
                    return Ok(Walked::Attempted);
                }
                Walked::Stop(stop) => return Ok(Walked::Stop(stop)),
            }
        }
        if needed > 0 {
            steps.passed(flow);
            return Ok(Walked::Success);
        }
        let mut ways: Vec<&Execution> = live().filter(|e| e.requirement == "ALTERNATIVE").collect();
        if let Some(chosen) = steps.chosen() {
            ways.sort_by_key(|e| !selection::leads_to(realm, e, &chosen));
        }
        for execution in ways {
            match one(steps, realm, execution).await? {
                Walked::Attempted => {}
                Walked::Success => {
                    steps.passed(flow);
                    return Ok(Walked::Success);
                }
                Walked::Stop(stop) => return Ok(Walked::Stop(stop)),
            }
        }
        Ok(Walked::Attempted)
    })
}

/// One step, or one flow inside the flow. A form with its fields is one step, of the form's provider.
async fn one<S: Steps>(steps: &mut S, realm: &Realm, execution: &Execution) -> Result<Walked<S::Stop>, Error> {
    let inner = execution.flow_id.as_deref().and_then(|id| realm.flow(id));
    match inner.filter(|f| f.provider_id != "form-flow") {
        Some(inner) => flow(steps, realm, inner).await,
        None => steps.step(execution).await,
    }
}

/// Whether the conditions of a CONDITIONAL flow hold. One without conditions does not apply.
async fn applies<S: Steps>(steps: &mut S, realm: &Realm, execution: &Execution) -> Result<bool, Error> {
    let Some(inner) = execution.flow_id.as_deref().and_then(|id| realm.flow(id)) else {
        return Ok(false);
    };
    let mut any = false;
    for condition in inner
        .executions
        .iter()
        .filter(|e| e.requirement != "DISABLED" && is_condition(e))
    {
        any = true;
        if !steps.holds(condition, inner).await? {
            return Ok(false);
        }
    }
    Ok(any)
}
