//! Deciding on what waits.

use axum::extract::Path;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::{Admin, Right};
use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::Seat;
use crate::approval::{Action, Decided, Outcome, Refusal, Stop};
use crate::client_registration::approval;
use crate::store::json::{self as documents, Doc};

/// The longest reason or note.
const LONGEST: usize = 2000;

/// The most registrations in one call.
const MOST: usize = 1000;

type Id = Path<(String, String)>;

impl From<Stop> for ApiError {
    fn from(stop: Stop) -> Self {
        let conflict = |error: &str, text: &str| Self::described(StatusCode::CONFLICT, error, text);
        match stop {
            Stop::Failed(failed) => failed.into(),
            Stop::Refused(Refusal::NotFound) => Self::no_such_path(),
            Stop::Refused(Refusal::AlreadyDecided) => {
                conflict("already_decided", "It is decided already, or you have decided on it")
            }
            Stop::Refused(Refusal::NotTheirs) => Self::forbidden(),
            Stop::Refused(Refusal::Own) => Self::described(
                StatusCode::FORBIDDEN,
                "own_registration",
                "You have registered it yourself: somebody else decides",
            ),
            Stop::Refused(Refusal::Changed) => conflict("changed", "Something else is asked for by now"),
            Stop::Refused(Refusal::Impossible(why)) => conflict("not_possible", &why),
        }
    }
}

/// `POST {id}/approve`.
pub(super) async fn approve(admin: Admin, Path((_, id)): Id, body: Body) -> Answer {
    let seat = Seat::take(admin).await?;
    let given = given(&body)?;
    decide(&seat, &id, Action::Approve, &given, documents::text(&given, "ask")).await?;
    answer::nothing()
}

/// `POST {id}/refuse`.
pub(super) async fn refuse(admin: Admin, Path((_, id)): Id, body: Body) -> Answer {
    let seat = Seat::take(admin).await?;
    let given = given(&body)?;
    decide(&seat, &id, Action::Refuse, &given, documents::text(&given, "ask")).await?;
    answer::nothing()
}

/// What was sent with a decision; nothing needs to be.
fn given(body: &Body) -> Result<Doc, ApiError> {
    if body.is_empty() {
        return Ok(Doc::new());
    }
    let given = body.object("RegistrationDecision")?;
    let named = |list: &str| !documents::texts(&given, list).is_empty();
    if named("groups") || named("roles") {
        return Err(ApiError::bad(
            "groups and roles are for people; policies give applications their roles",
        ));
    }
    Ok(given)
}

/// `ask`: what the caller has looked at.
async fn decide(seat: &Seat, id: &str, action: Action, given: &Doc, ask: Option<&str>) -> Result<Outcome, ApiError> {
    let (admin, person) = (&seat.admin, &seat.person);
    let (reason, note) = (text(given, "reason")?, text(given, "note")?);
    let decided = Decided {
        action,
        reason: reason.as_deref(),
        note: note.as_deref(),
        notify: given.get("notify").and_then(Value::as_bool).unwrap_or(true),
        ask,
        link: None,
    };
    let (app, caller) = (&admin.app, &admin.caller);
    Ok(approval::decide(app, caller, &admin.realm, person, id, &decided).await?)
}

/// A text for people, without what no keyboard types.
fn text(given: &Doc, member: &str) -> Result<Option<String>, ApiError> {
    let Some(text) = documents::text(given, member) else {
        return Ok(None);
    };
    if text.chars().count() > LONGEST {
        return Err(ApiError::bad(&format!(
            "{member} may have {LONGEST} characters at most"
        )));
    }
    let kept = text.chars().filter(|c| !c.is_control() || *c == '\n');
    let kept: String = kept.collect();
    Ok(Some(kept.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// `POST {id}/notes`.
pub(super) async fn note(admin: Admin, Path((_, id)): Id, body: Body) -> Answer {
    let seat = Seat::take(admin).await?;
    let given = body.object("RegistrationNote")?;
    let text = text(&given, "text")?.ok_or_else(|| ApiError::bad("text must not be empty"))?;
    approval::note(&seat.admin.app, &seat.admin.realm, &seat.person, &id, &text).await?;
    answer::nothing()
}

/// `POST {id}/resend`: those whose turn it is are written to once more.
pub(super) async fn resend(admin: Admin, Path((_, id)): Id) -> Answer {
    let seat = Seat::take(admin).await?;
    let (app, caller) = (&seat.admin.app, &seat.admin.caller);
    approval::resend(app, caller, &seat.admin.realm, &seat.person, &id).await?;
    answer::nothing()
}

/// `DELETE {id}`: what waits goes without a decision.
pub(super) async fn remove(admin: Admin, Path((_, id)): Id) -> Answer {
    admin.require(&[Right::ManageClients])?;
    let seat = Seat::take(admin).await?;
    approval::remove(&seat.admin.app, &seat.admin.realm, &seat.person, &id).await?;
    answer::nothing()
}

/// `POST bulk`: each by itself; what cannot be done is told.
pub(super) async fn bulk(admin: Admin, body: Body) -> Answer {
    let seat = Seat::take(admin).await?;
    let given = body.object("RegistrationBulk")?;
    let named = documents::text(&given, "action").unwrap_or_default();
    let action = Action::parse(named);
    if action.is_none() && named != "delete" {
        return Err(ApiError::bad("action must be approve, refuse or delete"));
    }
    if action.is_none() {
        seat.admin.require(&[Right::ManageClients])?;
    }
    let ids = documents::texts(&given, "ids");
    if ids.len() > MOST {
        return Err(ApiError::bad(&format!("ids may name {MOST} registrations at most")));
    }
    let (mut done, mut failed) = (0, Vec::new());
    for id in ids {
        let outcome = match action {
            Some(action) => {
                let asks = given.get("asks").and_then(Value::as_object);
                let ask = asks.and_then(|asks| documents::text(asks, id));
                decide(&seat, id, action, &given, ask).await.map(|_| ())
            }
            None => approval::remove(&seat.admin.app, &seat.admin.realm, &seat.person, id)
                .await
                .map_err(ApiError::from),
        };
        match outcome {
            Ok(()) => done += 1,
            Err(ApiError::Refused(_, told)) => {
                let text = ["error", "errorMessage"]
                    .iter()
                    .find_map(|name| told.get(*name))
                    .cloned();
                failed.push(json!({ "id": id, "errorMessage": text }));
            }
            Err(failure) => return Err(failure),
        }
    }
    answer::json(&json!({ "done": done, "failed": failed }))
}
