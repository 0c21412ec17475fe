//! What would happen, without anything happening: a registration as it would be judged.

use serde_json::{Value, json};
use vestibule_oauth::client_metadata::{Issued, check, describe};

use super::asked::{Asked, Form};
use super::policy::{Candidate, Policies};
use super::refusal::Refusal;
use super::token::Auth;
use super::{Mode, metadata, mode, register, statement, terms};
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy::{self, Source, Updater};
use crate::error::Error;
use crate::rules::Sender;
use crate::store::client_registration;
use crate::store::initial_access::InitialAccess;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// By what right somebody would register.
pub enum By<'a> {
    Anonymous,
    Authenticated,
    Token(&'a InitialAccess),
}

/// Judges metadata, and says all that is wrong with it (contract 5). Who calls from where is not judged.
///
/// # Errors
///
/// Those of the database.
pub async fn evaluate(app: &App, realm: &Realm, caller: &Caller, by: &By<'_>, sent: &Doc) -> Result<Value, Error> {
    let mut refusals = Vec::new();
    let auth = match by {
        By::Anonymous => Auth::Anonymous,
        By::Authenticated | By::Token(_) => Auth::Authenticated,
    };
    let token = match by {
        By::Token(token) => Some(*token),
        _ => None,
    };
    let sent = register::with_defaults_of(token, sent);
    let laid = match statement::lay_over(app, realm, None, &sent).await {
        Ok(laid) => laid,
        Err(refusal) => return Ok(told(&[of(&refusal)], None)),
    };
    let asked = match Asked::parse(Form::OpenId, realm, &laid.sent) {
        Ok(asked) => asked,
        Err(fault) => return Ok(told(&[of(&fault.into())], None)),
    };
    if asked.client_id().is_some() {
        refusals.push(of(&Refusal::metadata("Client Identifier included")));
    }
    let mut doc = asked.new_client(realm);
    let source = match by {
        By::Anonymous => Source::Anonymous,
        By::Authenticated => Source::User,
        By::Token(_) => Source::InitialAccessToken,
    };
    let updater = Updater {
        source,
        caller,
        user_id: None,
    };
    let judge = client_policy::judge_of(app, realm, updater).await?;
    if let Err(refused) = judge.change(None, asked.names_authenticator(), &mut doc) {
        refusals.push(of(&refused.into()));
    }
    let sender = Sender {
        address: caller.ip.to_string(),
        source: match by {
            By::Anonymous => "anonymous",
            By::Authenticated => "user",
            By::Token(_) => "token",
        },
        ..Sender::default()
    };
    let policies = Policies::of(realm, auth, mode(realm) == Mode::Open, sender);
    let named = token.map(|token| terms::policies(&token.doc)).unwrap_or_default();
    let policies = match policies.and_named(&named) {
        Ok(policies) => policies,
        Err(refusal) => return Ok(told(&[of(&refusal)], None)),
    };
    policies.shape(&mut doc);
    let bound = token.map(|token| terms::bind(&token.doc, realm, &policies, &asked, &mut doc));
    refusals.extend(bound.and_then(Result::err).as_ref().map(of));
    let candidate = Candidate {
        doc: &doc,
        before: None,
        scopes_given: !asked.names_scopes(),
    };
    refusals.extend(policies.objections(&candidate).iter().map(of));
    let number = client_registration::count_up_to(&app.db, &realm.id, i64::MAX).await?;
    refusals.extend(policies.objections_to_number(number).iter().map(of));
    if let Err(fault) = check(&doc) {
        refusals.push(of(&fault.into()));
    }
    if let Err(refusal) = metadata::check_levels(realm, &doc) {
        refusals.push(of(&refusal));
    }
    if let Err(refusal) = super::names::check(app, realm, None, &doc) {
        refusals.push(of(&refusal));
    }
    Ok(told(&refusals, Some(&doc)))
}

fn told(refusals: &[Value], doc: Option<&Doc>) -> Value {
    let client = doc.map(|doc| {
        let mut described = describe(doc, &Issued::default());
        described.shift_remove("client_id");
        described
    });
    json!({ "allowed": refusals.is_empty(), "refusals": refusals, "client": client })
}

/// A refusal as the answer lists it.
fn of(refusal: &Refusal) -> Value {
    let blank =
        |message: &str| json!({ "policy": null, "policyId": null, "field": null, "value": null, "message": message });
    match refusal {
        Refusal::Policy(rejected) => json!({
            "policy": rejected.policy, "policyId": rejected.policy_id, "field": rejected.objection.field,
            "value": rejected.objection.value, "message": rejected.objection.text
        }),
        Refusal::ClientPolicy(refused) => json!({
            "policy": refused.policy, "policyId": null, "field": refused.field, "value": refused.value,
            "message": refused.text
        }),
        Refusal::Metadata(fault) => blank(&fault.description),
        _ => blank("refused"),
    }
}
