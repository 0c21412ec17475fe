//! Walks a realm's authentication flow, as an administrator arranged it (design, decision 14).
//!
//! Keycloak's rules: a flow with REQUIRED steps needs all of them and overlooks its ALTERNATIVE ones; a flow with ALTERNATIVE
//! steps only needs one; a CONDITIONAL flow counts as REQUIRED if its conditions hold, and is left out if not. What has
//! succeeded is remembered in the tab, so that each request walks from the beginning to the step whose turn it is.

use std::future::Future;
use std::pin::Pin;

use vestibule_oauth::params::Params;

use super::actions::proceed;
use super::session::{self, FlowKind, Status};
use super::{Turn, answer, expired, record, steps};
use crate::error::Error;
use crate::events;
use crate::page::Response;
use crate::store::realm::{Execution, Flow, Realm};
use crate::store::user::User;

/// What a step works with.
pub struct Context<'a> {
    pub turn: &'a mut Turn,
    /// Who is signing in, as far as it is known.
    pub user: Option<User>,
    /// The step itself, and its configuration's id.
    pub execution: &'a Execution,
    /// What was sent to this step; `None`: it is reached, and shows its page.
    pub form: Option<&'a Params>,
}

/// What a step says.
pub enum Outcome {
    /// It is satisfied; `user` of the context is who it found.
    Success,
    /// It has nothing to say: the next alternative.
    Attempted,
    /// It shows a page and waits. Made with [`Turn::draft`].
    Challenge(Response),
    /// The way ends here.
    Failure(Failure),
}

/// Why a flow ends without anybody being signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Keycloak's error code of the event, as `user_disabled`.
    pub event: &'static str,
    /// The message of the error page.
    pub message: &'static str,
}

/// Keycloak's words for whatever it did not expect.
pub const UNEXPECTED: Failure = Failure {
    event: "invalid_user_credentials",
    message: "unexpectedErrorHandlingRequestMessage",
};

/// Where a flow, or a part of it, got to.
enum Walked {
    Success,
    Attempted,
    Stop(Response),
    Failed(Failure),
}

type Walking<'a> = Pin<Box<dyn Future<Output = Result<Walked, Error>> + Send + 'a>>;

/// A walk through a flow: the same for all steps of one request.
struct Walk<'a> {
    turn: &'a mut Turn,
    user: Option<User>,
    /// The execution that the request is sent to, and what was sent.
    sent: Option<(String, &'a Params)>,
}

/// The flow that a tab goes through: the client's own, else the realm's.
pub fn bound<'a>(realm: &'a Realm, client: &crate::store::client::Client, kind: FlowKind) -> Option<&'a Flow> {
    let (setting, own) = match kind {
        FlowKind::Browser => ("browserFlow", Some("browser")),
        FlowKind::Registration => ("registrationFlow", None),
        FlowKind::ResetCredentials => ("resetCredentialsFlow", None),
    };
    let overrides = client.doc.get("authenticationFlowBindingOverrides");
    let own = own
        .and_then(|name| overrides?.get(name)?.as_str())
        .filter(|id| !id.is_empty());
    own.and_then(|id| realm.flow(id))
        .or_else(|| realm.flow_by_alias(realm.text(setting)?))
}

/// Takes a tab through its flow as far as it gets: to a page, or to the end. `form`: what was sent to the step whose turn
/// it is.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(mut turn: Turn, form: Option<&Params>) -> Result<Response, Error> {
    let realm = turn.realm.clone();
    let Some(flow) = bound(&realm, &turn.client, turn.session.flow) else {
        return failed(turn, &UNEXPECTED).await;
    };
    let user = match &turn.session.user_id {
        Some(id) => crate::store::user::by_id(&turn.app.db, &realm.id, id).await?,
        None => None,
    };
    let sent = turn.session.execution.clone().zip(form);
    let mut walk = Walk {
        turn: &mut turn,
        user,
        sent,
    };
    let walked = walk.flow(&realm, flow).await?;
    let user = walk.user;
    match walked {
        Walked::Stop(page) if turn.session.request.prompts().none => {
            drop(page);
            answer::passive_refusal(turn, "login_required").await
        }
        Walked::Stop(page) => {
            session::save(&turn.app, &mut turn.session).await?;
            Ok(page)
        }
        Walked::Success => match user {
            Some(user) if user.enabled => proceed(turn, user).await,
            Some(_) => {
                failed(
                    turn,
                    &Failure {
                        event: "user_disabled",
                        message: "accountDisabledMessage",
                    },
                )
                .await
            }
            None => failed(turn, &UNEXPECTED).await,
        },
        Walked::Attempted if turn.session.request.prompts().none => {
            answer::passive_refusal(turn, "login_required").await
        }
        Walked::Attempted => failed(turn, &UNEXPECTED).await,
        Walked::Failed(failure) => failed(turn, &failure).await,
    }
}

/// Ends a flow with an error page, and records why.
///
/// # Errors
///
/// [`Error::Page`] if the template fails.
pub async fn failed(mut turn: Turn, failure: &Failure) -> Result<Response, Error> {
    let event = record::refusal(&turn, record::kind(turn.session.flow), failure.event);
    events::record_alone(&turn.app, &turn.realm, &event).await;
    expired::error(turn.notice(), failure.message)
}

impl Walk<'_> {
    fn flow<'b>(&'b mut self, realm: &'b Realm, flow: &'b Flow) -> Walking<'b> {
        Box::pin(async move {
            let live = || {
                flow.executions
                    .iter()
                    .filter(|e| e.requirement != "DISABLED" && !is_condition(e))
            };
            let mut needed = 0;
            for execution in live().filter(|e| e.requirement != "ALTERNATIVE") {
                if execution.requirement == "CONDITIONAL" && !self.applies(realm, execution).await? {
                    continue;
                }
                needed += 1;
                match self.one(realm, execution).await? {
                    Walked::Success => {}
                    other => return Ok(other),
                }
            }
            if needed > 0 {
                return Ok(Walked::Success);
            }
            for execution in live().filter(|e| e.requirement == "ALTERNATIVE") {
                match self.one(realm, execution).await? {
                    Walked::Attempted => {}
                    other => return Ok(other),
                }
            }
            Ok(Walked::Attempted)
        })
    }

    /// Whether the conditions of a CONDITIONAL flow hold. One without conditions does not apply.
    async fn applies(&mut self, realm: &Realm, execution: &Execution) -> Result<bool, Error> {
        let Some(flow) = execution.flow_id.as_deref().and_then(|id| realm.flow(id)) else {
            return Ok(false);
        };
        let conditions: Vec<&Execution> = flow
            .executions
            .iter()
            .filter(|e| e.requirement != "DISABLED" && is_condition(e))
            .collect();
        for condition in &conditions {
            let user = self.user.as_ref();
            if !steps::conditions::holds(self.turn, user, condition, flow).await? {
                return Ok(false);
            }
        }
        Ok(!conditions.is_empty())
    }

    /// One step, or one flow inside the flow.
    async fn one(&mut self, realm: &Realm, execution: &Execution) -> Result<Walked, Error> {
        match self.turn.session.steps.get(&execution.id) {
            Some(Status::Success) => return Ok(Walked::Success),
            Some(Status::Attempted) => return Ok(Walked::Attempted),
            None => {}
        }
        let inner = execution.flow_id.as_deref().and_then(|id| realm.flow(id));
        if let Some(flow) = inner.filter(|f| f.provider_id != "form-flow") {
            return self.flow(realm, flow).await;
        }
        let form = self
            .sent
            .as_ref()
            .filter(|(id, _)| *id == execution.id)
            .map(|(_, form)| *form);
        let mut context = Context {
            turn: self.turn,
            user: self.user.take(),
            execution,
            form,
        };
        context.turn.session.execution = Some(execution.id.clone());
        let outcome = steps::run(&mut context).await?;
        self.user = context.user;
        let session = &mut self.turn.session;
        session.user_id = self.user.as_ref().map(|u| u.id.clone());
        Ok(match outcome {
            Outcome::Success => {
                session.steps.insert(execution.id.clone(), Status::Success);
                Walked::Success
            }
            // An alternative is passed over for good; a required one is asked again next time.
            Outcome::Attempted if execution.requirement == "ALTERNATIVE" => {
                session.steps.insert(execution.id.clone(), Status::Attempted);
                Walked::Attempted
            }
            Outcome::Attempted => {
                let step = execution.authenticator.as_deref().unwrap_or_default();
                tracing::warn!(realm = realm.name, step, "a REQUIRED step of a flow did not succeed");
                Walked::Attempted
            }
            Outcome::Challenge(page) => Walked::Stop(page),
            Outcome::Failure(failure) => Walked::Failed(failure),
        })
    }
}

fn is_condition(execution: &Execution) -> bool {
    execution
        .authenticator
        .as_deref()
        .is_some_and(|a| a.starts_with("conditional-"))
}
