//! What would happen, without anything happening: a registration as it would be judged.

use serde_json::{Value, json};
use vestibule_oauth::client_metadata::{Issued, check, describe};

use super::approval;
use super::asked::{Asked, Form};
use super::life::quota;
use super::policy::{Candidate, Policies};
use super::refusal::Refusal;
use super::token::Auth;
use super::{Mode, addresses, blame, metadata, mode, register, sent_as, statement, terms};
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy::{self, Source, Updater};
use crate::error::Error;
use crate::rules::Sender;
use crate::store::client_registration;
use crate::store::initial_access::InitialAccess;
use crate::store::json::{self as documents, Doc};
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
        Err(refusal) => return Ok(told(&[of(&refusal, &sent)], None)),
    };
    // What is wrong by itself is left out, so that the rest is judged as well.
    let (faults, sound) = blame::sift(&laid.sent);
    let is_whole = faults.is_empty();
    let sent = &laid.sent;
    refusals.extend(
        faults
            .into_iter()
            .map(|fault| of(&Refusal::Member(Box::new(fault)), sent)),
    );
    let asked = match Asked::parse(Form::OpenId, realm, &sound) {
        Ok(asked) => asked,
        Err(fault) => {
            refusals.push(of(&fault.into(), sent));
            return Ok(told(&refusals, None));
        }
    };
    let of = |refusal: &Refusal| of(refusal, sent);
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
    let policies = Policies::of(realm, auth, mode(realm) == Mode::Open, sender.clone());
    let named = token.map(|token| terms::policies(&token.doc)).unwrap_or_default();
    let policies = match policies.and_named(&named) {
        Ok(policies) => policies,
        Err(refusal) => {
            refusals.push(of(&refusal));
            return Ok(told(&refusals, None));
        }
    };
    policies.shape(&mut doc);
    let nothing = Doc::new();
    let bound = token.map_or(&nothing, |token| &token.doc);
    let bound = terms::bind(bound, realm, &policies, &asked, &mut doc);
    refusals.extend(bound.err().as_ref().map(of));
    let candidate = Candidate {
        doc: &doc,
        before: None,
        scopes_given: !asked.names_scopes(),
        response_types: asked.response_types(),
    };
    refusals.extend(policies.objections(&candidate).iter().map(of));
    let number = client_registration::count_up_to(&app.db, &realm.id, i64::MAX).await?;
    refusals.extend(policies.objections_to_number(number).iter().map(of));
    if let Err(fault) = check(&doc) {
        refusals.push(of(&fault.into()));
    }
    if let Err(refusal) = metadata::check_levels(realm, &doc).and_then(|()| metadata::check_grants(None, &doc)) {
        refusals.push(of(&refusal));
    }
    refusals.extend(approval::objection(realm, &sender, &doc).as_ref().map(of));
    if let Err(refusal) = addresses::check(app, None, &doc) {
        refusals.push(of(&refusal));
    }
    if let Err(refusal) = super::names::check(app, realm, None, &doc) {
        refusals.push(of(&refusal));
    }
    if let Err(refusal) = super::names::others(app, realm, None, &doc).await? {
        refusals.push(of(&refusal));
    }
    let owner = token.and_then(|token| documents::text(&token.doc, "owner"));
    let by = quota::By {
        token: token.map(|token| token.id.as_str()),
        owner,
        address: None,
    };
    let full = quota::full(&app.db, realm, &by).await?;
    refusals.extend(full.as_ref().map(of));
    Ok(told(&refusals, Some(&doc).filter(|_| is_whole)))
}

fn told(refusals: &[Value], doc: Option<&Doc>) -> Value {
    let mut told = json!({ "allowed": refusals.is_empty(), "refusals": refusals });
    if let Some(doc) = doc {
        let mut described = describe(doc, &Issued::default());
        described.shift_remove("client_id");
        told["client"] = described.into();
    }
    told
}

/// A refusal as the answer lists it: what it is not about is left out.
fn of(refusal: &Refusal, sent: &Doc) -> Value {
    let mut listed = Doc::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            listed.insert(name.to_owned(), value);
        }
    };
    match refusal {
        Refusal::Policy(rejected) => {
            let objection = &rejected.objection;
            put("policy", json!(rejected.policy));
            put("policyId", json!(rejected.policy_id));
            put("field", json!(objection.field));
            let (field, value) = (objection.field.as_deref(), objection.value.clone());
            put(
                "value",
                blame::tellable(field.unwrap_or_default(), &value.unwrap_or_default()),
            );
            put("message", json!(objection.text));
        }
        Refusal::ClientPolicy(refused) => {
            put("policy", json!(refused.policy));
            put(
                "field",
                json!(refused.field.map(|field| sent_as::field(Form::OpenId, field))),
            );
            let value = json!(refused.value);
            put("value", blame::tellable(refused.field.unwrap_or_default(), &value));
            put("message", json!(refused.text));
        }
        Refusal::Metadata(fault) => match blame::blame(fault.clone(), sent) {
            Refusal::Metadata(fault) => put("message", json!(fault.description)),
            blamed => return of(&blamed, sent),
        },
        Refusal::Member(blamed) => {
            put("field", json!(blamed.field));
            put("value", blamed.value.clone());
            put("message", json!(blamed.fault.description));
        }
        other => put("message", json!(other.told())),
    }
    listed.into()
}
