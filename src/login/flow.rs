//! Takes a tab through the flow that is bound to it: what has succeeded is remembered in the tab, so that each request walks
//! from the beginning to the step whose turn it is.

use vestibule_oauth::params::Params;

use super::actions::proceed;
use super::session::{self, AuthSession, FlowKind, Stage, Status};
use super::steps::conditions::SoFar;
use super::walk::{self, Steps, Walked};
use super::{Turn, answer, expired, loa, record, selection, steps};
use crate::brute_force;
use crate::error::Error;
use crate::events;
use crate::page::Response;
use crate::store::client::Client;
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

/// The note with the types of the credentials that were proved in a tab, with commas.
const USED: &str = "used";

/// Remembers with what somebody has proved themselves.
pub fn used(turn: &mut Turn, kind: &str) {
    let before = turn.session.note(USED).unwrap_or_default();
    let gap = if before.is_empty() { "" } else { "," };
    let all = format!("{before}{gap}{kind}");
    turn.session.set_note(USED, all);
}

/// Whether somebody has proved themselves with a credential of a type.
pub fn was_used(turn: &Turn, kind: &str) -> bool {
    turn.session
        .note(USED)
        .unwrap_or_default()
        .split(',')
        .any(|k| k == kind)
}

/// Whether somebody has proved themselves with anything yet.
pub fn anything_used(turn: &Turn) -> bool {
    turn.session.note(USED).is_some_and(|used| !used.is_empty())
}

/// Whether a step before this one has asked for a name. There may be no such user; the next steps go on as if.
pub fn is_named(turn: &Turn) -> bool {
    let named = turn.session.note("username").is_some_and(|name| !name.is_empty());
    named && turn.session.steps.values().any(|status| *status == Status::Success)
}

/// The application takes nothing less than a level that was not reached.
const NOT_FULFILLED: Failure = Failure {
    event: "generic_authentication_error",
    message: "acrNotFulfilled",
};

/// Where a walk through a tab's flow ends before its end.
enum Stop {
    Page(Response),
    Failed(Failure),
}

/// A walk of one request of a tab.
struct Walk<'a> {
    turn: &'a mut Turn,
    user: Option<User>,
    /// The execution that the request is sent to, and what was sent.
    sent: Option<(String, &'a Params)>,
}

/// The flow that a tab goes through: the client's own, else the realm's.
pub fn bound<'a>(realm: &'a Realm, client: &Client, kind: FlowKind) -> Option<&'a Flow> {
    let (setting, own) = match kind {
        FlowKind::Browser => ("browserFlow", Some("browser")),
        FlowKind::Registration => ("registrationFlow", None),
        FlowKind::ResetCredentials => ("resetCredentialsFlow", None),
        FlowKind::Logout => return None,
    };
    let overrides = client.doc.get("authenticationFlowBindingOverrides");
    let own = own
        .and_then(|name| overrides?.get(name)?.as_str())
        .filter(|id| !id.is_empty());
    own.and_then(|id| realm.flow(id))
        .or_else(|| realm.flow_by_alias(realm.text(setting)?))
}

/// The flow of a tab: one that a policy enforces, else the client's or the realm's. One that was enforced and is not there
/// is none.
pub fn of_tab<'a>(realm: &'a Realm, client: &Client, session: &AuthSession) -> Option<&'a Flow> {
    match session.enforced() {
        Some((alias, _)) => realm.flow_by_alias(alias),
        None => bound(realm, client, session.flow),
    }
}

/// Takes a tab through its flow as far as it gets: to a page, or to the end. `form`: what was sent to the step whose turn
/// it is.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(mut turn: Turn, form: Option<&Params>) -> Result<Response, Error> {
    let realm = turn.realm.clone();
    let Some(flow) = of_tab(&realm, &turn.client, &turn.session) else {
        return failed(turn, &UNEXPECTED).await;
    };
    let user = match &turn.session.user_id {
        Some(id) => crate::store::user::by_id(&turn.app.db, &realm.id, id).await?,
        None => None,
    };
    let mut form = form;
    if let Some(sent) = form.filter(|_| turn.session.stage == Stage::Authenticating) {
        if sent.has("tryAnotherWay") {
            return selection::page(turn, user.as_ref()).await;
        }
        if let Some(id) = sent.text("authenticationExecution") {
            // The same step again: "Try again" on the page of its error.
            let again = turn.session.execution.as_deref() == Some(id) && sent.text("isSetRetry").is_some();
            if !again && !selection::choose(&mut turn, user.as_ref(), id).await? {
                return failed(turn, &UNEXPECTED).await;
            }
            form = None;
        }
    }
    let sent = turn.session.execution.clone().zip(form);
    let cookies = turn.session.set_cookies.clone();
    let mut walk = Walk {
        turn: &mut turn,
        user,
        sent,
    };
    let walked = walk::flow(&mut walk, &realm, flow).await?;
    let user = walk.user;
    match walked {
        Walked::Stop(Stop::Page(page)) if turn.session.request.prompts().none => {
            // The page is not shown, so its answer does not carry the cookies.
            drop(page);
            turn.session.set_cookies = cookies;
            answer::passive_refusal(turn, "login_required").await
        }
        Walked::Stop(Stop::Page(page)) => {
            session::save(&turn.app, &mut turn.session).await?;
            Ok(page)
        }
        Walked::Success if loa::falls_short(&turn) => failed(turn, &NOT_FULFILLED).await,
        Walked::Success => match user {
            Some(user) if user.enabled => {
                if turn.session.note("sso").is_none() {
                    let with_otp = was_used(&turn, "otp");
                    brute_force::succeeded(&turn.app, &realm, &user.id, with_otp).await?;
                }
                proceed(turn, user).await
            }
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
        Walked::Stop(Stop::Failed(failure)) => failed(turn, &failure).await,
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

impl Steps for Walk<'_> {
    type Stop = Stop;

    fn chosen(&self) -> Option<String> {
        selection::chosen(self.turn).map(str::to_owned)
    }

    fn passed(&mut self, flow: &Flow) {
        loa::passed(self.turn, flow);
    }

    async fn holds(&mut self, condition: &Execution, flow: &Flow) -> Result<bool, Error> {
        if loa::is_level(condition) {
            let user_id = self.user.as_ref().map(|u| u.id.as_str());
            return loa::holds(self.turn, user_id, condition).await;
        }
        let (turn, user) = (&*self.turn, self.user.as_ref());
        let so_far = SoFar {
            request: &turn.session.request,
            used: turn.session.note(USED).unwrap_or_default(),
            steps: &turn.session.steps,
        };
        steps::conditions::holds(&turn.app, &turn.realm, &so_far, user, condition, flow).await
    }

    async fn step(&mut self, execution: &Execution) -> Result<Walked<Stop>, Error> {
        match self.turn.session.steps.get(&execution.id) {
            Some(Status::Success) => return Ok(Walked::Success),
            Some(Status::Attempted) => return Ok(Walked::Attempted),
            None => {}
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
        let ways = selection::ways(context.turn, context.user.as_ref(), &execution.id).await?;
        context.turn.session.other_ways = ways.len() > 1;
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
            Outcome::Attempted => Walked::Attempted,
            Outcome::Challenge(page) => Walked::Stop(Stop::Page(page)),
            Outcome::Failure(failure) => Walked::Stop(Stop::Failed(failure)),
        })
    }
}
