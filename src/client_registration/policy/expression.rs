//! `expression`: what else must hold, as the administrator writes it. The client is refused unless the rule says `true`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::super::metadata::described;
use super::{Candidate, Judgement, Objection};
use crate::rules::{self, About, Facts, Sender};
use crate::store::realm::{Component, Realm};

/// A member that a rule looks at.
static MEMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bclient\??\.([A-Za-z_]\w*)").ok());

pub(super) fn judge(component: &Component, realm: &Realm, sender: &Sender, candidate: &Candidate<'_>) -> Judgement {
    let client = Value::Object(described(realm, candidate.doc, None));
    let facts = Facts {
        about: About::Client,
        subject: &client,
        sender,
        realm: &realm.name,
    };
    let rule = rule(component);
    match rules::truth(rule, &facts) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = component
                .first("message")
                .map(str::trim)
                .filter(|text| !text.is_empty());
            let text = message
                .unwrap_or("The rule of this policy does not allow the client")
                .to_owned();
            Err(match looked_at(rule) {
                // The first member that the rule looks at is the one to think about.
                Some(field) => Objection {
                    value: Some(client.get(&field).cloned().unwrap_or_default()),
                    field: Some(field.into()),
                    text: text.into(),
                },
                None => Objection::new(text),
            })
        }
        Err(failed) => Err(Objection::new(failed.to_string())),
    }
}

pub(super) fn rule(component: &Component) -> &str {
    component.first("rule").unwrap_or_default()
}

fn looked_at(rule: &str) -> Option<String> {
    let found = MEMBER.as_ref()?.captures(rule)?;
    Some(found.get(1)?.as_str().to_owned())
}
