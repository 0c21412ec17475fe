//! The realm's hooks of applications (contract 6): what they say before a client is made or changed, and what they are told
//! afterwards.

use serde_json::Value;

use super::Request;
use super::asked::Form;
use super::metadata::described;
use super::refusal::{Objection, Refusal, Rejected};
use crate::error::Error;
use crate::rules::About;
use crate::rules::hook::{self, Decision, Question, Said};
use crate::store::Tx;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::webhook;

/// The name by which a refusal of the hook goes.
pub(super) const NAME: &str = "clientRegistration.hook.before";

/// The client as the hook is told of it. In forms that are not `OpenID` Connect's it says of which protocol it is: one of SAML has
/// addresses, and no grants.
fn subject(request: &Request<'_>, doc: &Doc, client_id: Option<&str>) -> Value {
    let mut told = described(request.realm, doc, client_id);
    let protocol = json::text(doc, "protocol").unwrap_or("openid-connect");
    if protocol == "saml" {
        const OF_SAML: [&str; 5] = ["client_id", "client_name", "client_uri", "redirect_uris", "contacts"];
        told.retain(|name, _| OF_SAML.contains(&name.as_str()));
    }
    if request.form != Form::OpenId {
        told.insert("protocol".into(), Value::from(protocol));
    }
    Value::Object(told)
}

/// What the hook says to a client as it would become, and `before` as it is. `named`: the id that it chose.
///
/// # Errors
///
/// [`Refusal`]: the hook's no, or that it cannot be asked.
pub(super) async fn ask(
    request: &Request<'_>,
    doc: &Doc,
    named: Option<&str>,
    before: Option<&Client>,
) -> Result<Said, Refusal> {
    if !hook::is_set(request.realm, About::Client, "before") {
        return Ok(Said::nothing());
    }
    let client_id = before.map(|client| client.client_id.as_str());
    let client_id = client_id.or(named.filter(|id| !id.is_empty()));
    let client = subject(request, doc, client_id);
    let previous = before.map(|client| subject(request, &client.doc, client_id));
    let sender = request.sender();
    let question = Question {
        about: About::Client,
        action: if before.is_some() { "update" } else { "create" },
        subject: &client,
        previous: previous.as_ref(),
        sender: &sender,
    };
    let said = hook::before(request.app, request.realm, &question).await;
    let said = said.map_err(|_| Refusal::Unavailable(hook::RETRY_AFTER))?;
    let text = match said.decision {
        // Whoever decides on it is asked later.
        Decision::Allow | Decision::Queue => return Ok(said),
        Decision::Deny => said
            .message
            .unwrap_or_else(|| "The hook of the realm does not allow the client".into()),
    };
    Err(rejected(match said.field {
        None => Objection::new(text),
        Some(field) => Objection {
            value: Some(client.get(&field).cloned().unwrap_or_default()),
            field: Some(field.into()),
            text: text.into(),
        },
    }))
}

fn rejected(objection: Objection) -> Refusal {
    Refusal::Policy(Box::new(Rejected {
        policy: NAME.to_owned(),
        policy_id: NAME.to_owned(),
        objection,
    }))
}

/// What was sent, with what the hook adds, to be judged as if all of it had been sent. `None`: it adds nothing.
///
/// # Errors
///
/// [`Refusal::Unavailable`] where it adds to a form that is not OpenID Connect's, as far as the realm wants it closed.
pub(super) fn with(request: &Request<'_>, sent: &Doc, said: &Said) -> Result<Option<Doc>, Refusal> {
    if said.set.is_empty() {
        return Ok(None);
    }
    if request.form != Form::OpenId {
        failed(
            request,
            "it adds to a registration that is not in the form of OpenID Connect",
        )?;
        return Ok(None);
    }
    let mut whole = sent.clone();
    whole.extend(said.set.clone());
    Ok(Some(whole))
}

/// What the hook adds is refused.
///
/// # Errors
///
/// [`Refusal::Unavailable`], unless the realm wants to go on then.
pub(super) fn nonsense(request: &Request<'_>, refusal: &Refusal) -> Result<(), Refusal> {
    failed(request, &format!("what it adds is refused: {refusal:?}"))
}

fn failed(request: &Request<'_>, why: &str) -> Result<(), Refusal> {
    hook::failed(request.realm, About::Client, why).map_err(|_| Refusal::Unavailable(hook::RETRY_AFTER))
}

/// Tells the hook that a client was made, or changed.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn after(
    tx: &mut Tx,
    request: &Request<'_>,
    client: &Client,
    before: Option<&Doc>,
) -> Result<(), Error> {
    if !hook::is_set(request.realm, About::Client, "after") {
        return Ok(());
    }
    let id = Some(client.client_id.as_str());
    let client = subject(request, &client.doc, id);
    let previous = before.map(|doc| subject(request, doc, id));
    let sender = request.sender();
    let question = Question {
        about: About::Client,
        action: if before.is_some() { "update" } else { "create" },
        subject: &client,
        previous: previous.as_ref(),
        sender: &sender,
    };
    webhook::after(tx, request.realm, &question, request.app.now()).await
}
