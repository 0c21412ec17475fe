//! What the realm's own rules see of somebody who registers, what they say, and what they give.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::form::Form;
use super::record::Applicant;
use super::{Refusal, kept, settings};
use crate::app::App;
use crate::profile::{self, Fields, Place, ROOT};
use crate::rules::hook::{self, Decision, Question};
use crate::rules::{self, About, Facts, Failed, Gifts, Sender};
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::store::registration::Registration;

impl Applicant {
    /// How they came.
    pub fn sender(&self) -> Sender {
        Sender {
            address: self.ip.clone(),
            client: self.client.as_ref().map(|c| c.client_id.clone()),
            locale: Some(self.locale.clone()),
            source: self.source.as_str(),
        }
    }
}

/// How somebody came whose address was to be proved.
pub fn sender_of(row: &Registration, through: Option<&Client>) -> Sender {
    Sender {
        address: row.ip_address.clone().unwrap_or_default(),
        client: through.map(|c| c.client_id.clone()),
        locale: row.locale.clone(),
        source: if row.source == "json" { "json" } else { "form" },
    }
}

/// Whether the address is known to be theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    Claimed,
    Proved,
}

/// Somebody who registers, as the Admin API shows a registration (contract 4). Never a password.
pub fn describe(id: &str, fields: &Fields, address: Address, sender: &Sender) -> Value {
    let first = |name: &str| fields.get(name).and_then(|v| v.first()).filter(|v| !v.is_empty());
    let own = fields
        .iter()
        .filter(|(name, _)| !ROOT.contains(&name.as_str()))
        .map(|(name, values)| (name.clone(), json!(values)));
    json!({
        "id": id, "username": first("username"), "email": first("email"), "emailVerified": address == Address::Proved,
        "firstName": first("firstName"), "lastName": first("lastName"),
        "attributes": Value::Object(own.collect()), "clientId": sender.client, "source": sender.source,
        "ipAddress": sender.address, "locale": sender.locale
    })
}

/// Asks the realm's hook (`registration.hook.before`). What it adds is taken as if it had been sent: what nobody may send
/// is dropped, and what the profile does not accept makes the hook one that failed.
///
/// # Errors
///
/// The hook's no, or that it cannot be asked.
pub async fn ask<'a>(
    app: &App,
    realm: &Realm,
    applicant: &Applicant,
    form: &'a Form,
    id: &str,
) -> Result<Cow<'a, Form>, Refusal> {
    let sender = applicant.sender();
    let subject = describe(id, &kept(realm, applicant, form), Address::Claimed, &sender);
    let question = made(&subject, &sender);
    let unavailable = |_| Refusal::Unavailable(hook::RETRY_AFTER);
    let said = hook::before(app, realm, &question).await.map_err(unavailable)?;
    match said.decision {
        Decision::Allow if said.set.is_empty() => Ok(Cow::Borrowed(form)),
        Decision::Allow => match with(realm, &applicant.place(realm), form, &said.set) {
            Ok(form) => Ok(Cow::Owned(form)),
            Err(why) => {
                hook::failed(realm, About::Registration, &why).map_err(unavailable)?;
                Ok(Cow::Borrowed(form))
            }
        },
        Decision::Deny => Err(Refusal::Denied {
            field: said.field,
            message: said.message,
        }),
        Decision::Queue => {
            hook::failed(
                realm,
                About::Registration,
                "it wants somebody to decide, and nobody does",
            )
            .ok();
            Err(Refusal::Denied {
                field: None,
                message: said.message,
            })
        }
    }
}

/// Somebody who registers, as hooks are told of them.
pub fn made<'a>(subject: &'a Value, sender: &'a Sender) -> Question<'a> {
    Question {
        about: About::Registration,
        action: "create",
        subject,
        previous: None,
        sender,
    }
}

/// What was sent, with what a hook adds.
fn with(realm: &Realm, place: &Place, form: &Form, set: &serde_json::Map<String, Value>) -> Result<Form, String> {
    let mut added = Fields::new();
    for (name, value) in set {
        let values: Option<Vec<String>> = match value {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(all) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let values = values.ok_or_else(|| format!("it sets {name:?} to something that is no text"))?;
        added.insert(name.clone(), values);
    }
    // By these limits, invitations and proofs go: they stay what the person sent.
    added.retain(|name, _| !matches!(name.as_str(), "email" | "username" | "locale"));
    let mut whole = form.clone();
    let may = profile::writable(realm, place, &added, &Fields::new());
    whole
        .fields
        .extend(added.into_iter().filter(|(name, _)| may.contains_key(name)));
    match profile::validate(realm, place, &whole.fields).first() {
        None => Ok(whole),
        Some(error) => Err(format!("it sets {:?}, and the profile says {}", error.field, error.key)),
    }
}

/// What `registration.assign.rule` gives. A rule that fails gives nothing, and nobody is kept out by it.
///
/// # Errors
///
/// [`Failed`], for the event that tells of the registration.
pub fn assigned(realm: &Realm, through: Option<&Client>, subject: &Value, sender: &Sender) -> Result<Gifts, Failed> {
    let Some(rule) = settings::assign_rule(realm, through) else {
        return Ok(Gifts::default());
    };
    let facts = Facts {
        about: About::Registration,
        subject,
        sender,
        realm: &realm.name,
    };
    rules::gifts(rule, &facts)
}
