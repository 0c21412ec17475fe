//! "Try another way": the ways that a flow leaves open beside the step whose turn it is, and the one that somebody chooses.

use super::flow::{self, UNEXPECTED};
use super::steps::conditions;
use super::{Turn, session};
use crate::error::Error;
use crate::page::{Response, StatusCode};
use crate::store::credential;
use crate::store::realm::{Execution, Flow, Realm};
use crate::store::user::User;
use crate::theme::pages::{SelectAuthenticator, Selection};

/// The note with the execution that was chosen.
const CHOSEN: &str = "chosen";

/// The execution that somebody chose over the flow's own order.
pub fn chosen(turn: &Turn) -> Option<&str> {
    turn.session.note(CHOSEN)
}

/// What the list says of a step; `None`: it is not one to choose.
fn spoken(provider: &str) -> Option<&'static str> {
    Some(match provider {
        "auth-username-password-form" => "auth-username-password-form",
        "auth-password-form" => "password",
        "auth-otp-form" => "otp",
        "auth-recovery-authn-code-form" => "recovery-authn-codes",
        "webauthn-authenticator" => "webauthn",
        "webauthn-authenticator-passwordless" => "webauthn-passwordless",
        _ => return None,
    })
}

/// The executions on the way from a flow to one in it, with the flow of each; empty if it is not there.
fn path<'a>(realm: &'a Realm, flow: &'a Flow, id: &str) -> Vec<(&'a Flow, &'a Execution)> {
    for execution in &flow.executions {
        if execution.id == id {
            return vec![(flow, execution)];
        }
        let inner = execution.flow_id.as_deref().and_then(|id| realm.flow(id));
        let Some(inner) = inner.filter(|f| f.id != flow.id) else {
            continue;
        };
        let mut rest = path(realm, inner, id);
        if !rest.is_empty() {
            rest.insert(0, (flow, execution));
            return rest;
        }
    }
    Vec::new()
}

/// Whether an execution is, or leads to, another.
pub fn leads_to(realm: &Realm, execution: &Execution, id: &str) -> bool {
    let inner = || execution.flow_id.as_deref().and_then(|id| realm.flow(id));
    execution.id == id || inner().is_some_and(|inner| !path(realm, inner, id).is_empty())
}

/// The first step behind an alternative.
fn first_step<'a>(realm: &'a Realm, execution: &'a Execution) -> Option<&'a Execution> {
    let Some(inner) = execution.flow_id.as_deref() else {
        return Some(execution);
    };
    let live = |e: &&Execution| e.requirement != "DISABLED" && !conditions::is_condition(e);
    let first = realm.flow(inner)?.executions.iter().find(live)?;
    if first.flow_id.is_some() { None } else { Some(first) }
}

/// The steps that may be taken instead of one, itself among them, in the flow's order.
///
/// # Errors
///
/// Those of the database.
pub async fn ways(turn: &Turn, user: Option<&User>, id: &str) -> Result<Vec<Execution>, Error> {
    let realm = turn.realm.clone();
    let Some(top) = flow::of_tab(&realm, &turn.client, &turn.session) else {
        return Ok(Vec::new());
    };
    let mut found: Vec<&Execution> = Vec::new();
    for (flow, execution) in path(&realm, top, id).into_iter().rev() {
        // What is required cannot be gone around.
        if execution.requirement != "ALTERNATIVE" {
            break;
        }
        let others = flow.executions.iter().filter(|e| e.requirement == "ALTERNATIVE");
        for step in others.filter_map(|e| first_step(&realm, e)) {
            if !found.iter().any(|known| known.id == step.id) {
                found.push(step);
            }
        }
    }
    found.retain(|e| e.authenticator.as_deref().and_then(spoken).is_some());
    if found.len() < 2 {
        return Ok(Vec::new());
    }
    let owned = match user {
        Some(user) => credential::of_user(&turn.app.db, &user.id).await?,
        None => Vec::new(),
    };
    found.retain(|e| match user {
        Some(_) => conditions::is_ready(e, &owned),
        None => !flow::is_named(turn) || conditions::is_usual(e),
    });
    Ok(found.into_iter().cloned().collect())
}

/// The list of ways.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn page(mut turn: Turn, user: Option<&User>) -> Result<Response, Error> {
    let present = turn.session.execution.clone().unwrap_or_default();
    let ways = ways(&turn, user, &present).await?;
    if ways.len() < 2 {
        return flow::failed(turn, &UNEXPECTED).await;
    }
    let selection = |e: &Execution| {
        let what = e.authenticator.as_deref().and_then(spoken).unwrap_or_default();
        Selection {
            auth_exec_id: e.id.clone(),
            display_name: format!("{what}-display-name"),
            help_text: format!("{what}-help-text"),
        }
    };
    let page = SelectAuthenticator {
        authentication_selections: ways.iter().map(selection).collect(),
    };
    turn.session.other_ways = false;
    let name = turn.session.note("username").map(str::to_owned);
    let mut draft = turn.draft(user);
    if let Some(name) = name.filter(|_| user.is_some()) {
        draft.attempted(&name);
    }
    let answer = draft.answer(StatusCode::OK, &page)?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}

/// Takes the choice. `false`: it is not among the ways.
///
/// # Errors
///
/// Those of the database.
pub async fn choose(turn: &mut Turn, user: Option<&User>, id: &str) -> Result<bool, Error> {
    let present = turn.session.execution.clone().unwrap_or_default();
    let known = ways(turn, user, &present).await?.iter().any(|way| way.id == id);
    if known {
        turn.session.steps.remove(id);
        turn.session.set_note(CHOSEN, id);
    }
    Ok(known)
}
