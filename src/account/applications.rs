//! The applications that somebody uses, or could.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::consent;
use super::person::{Person, Right};
use crate::admin::api::answer;
use crate::admin::api::error::Answer;
use crate::error::Error;
use crate::login::address;
use crate::store::client::{self, Client};
use crate::store::consent::{self as consents, Consent};
use crate::store::session;

/// What somebody has to do with applications.
#[derive(Default)]
struct Used {
    clients: BTreeMap<String, Arc<Client>>,
    /// Ids of those in a session.
    in_use: HashSet<String>,
    /// Ids of those that may act while nobody is there.
    offline: HashSet<String>,
    consents: BTreeMap<String, Consent>,
}

/// `GET applications`
pub async fn list(person: &Person) -> Answer {
    person.require(&[Right::ManageAccount, Right::ViewApplications])?;
    let used = used(person).await?;
    let wanted = person.query.text("name").map(|n| n.trim().to_lowercase());
    let named = |c: &Client| {
        let name = c.text("name").map(str::to_lowercase);
        wanted
            .as_deref()
            .filter(|w| !w.is_empty())
            .is_none_or(|w| name.is_some_and(|n| n.contains(w)))
    };
    let all = used.clients.values().filter(|c| !c.flag("bearerOnly") && named(c));
    let shown: Vec<Value> = all.map(|c| represent(person, &used, c)).collect();
    answer::json(&shown)
}

async fn used(person: &Person) -> Result<Used, Error> {
    let (db, realm_id, user_id) = (&person.app.db, &person.realm.id, &person.user.id);
    let mut used = Used::default();
    let mut ids = HashSet::new();
    for offline in [false, true] {
        for s in session::of_user(db, realm_id, user_id, offline).await? {
            for part in session::parts(db, &s.id, offline).await? {
                let of_kind = if offline { &mut used.offline } else { &mut used.in_use };
                of_kind.insert(part.client_uuid.clone());
                ids.insert(part.client_uuid);
            }
        }
    }
    for given in consents::of_user(db, user_id).await? {
        ids.insert(given.client_uuid.clone());
        used.consents.insert(given.client_uuid.clone(), given);
    }
    for id in ids {
        if let Some(found) = client::by_id(db, realm_id, &id).await? {
            used.clients.insert(found.client_id.clone(), found);
        }
    }
    for shown in client::always_displayed(db, realm_id).await? {
        used.clients.insert(shown.client_id.clone(), Arc::new(shown));
    }
    Ok(used)
}

fn represent(person: &Person, used: &Used, c: &Client) -> Value {
    let mut shown = json!({ "clientId": c.client_id });
    let mut say = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            shown[key] = json!(value);
        }
    };
    say("clientName", c.text("name"));
    say("description", c.text("description"));
    shown["userConsentRequired"] = json!(c.flag("consentRequired"));
    shown["inUse"] = json!(used.in_use.contains(&c.id));
    shown["offlineAccess"] = json!(used.offline.contains(&c.id));
    let effective = address::base_url(&person.caller, c);
    let mut say = |key: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            shown[key] = json!(value);
        }
    };
    say("rootUrl", c.text("rootUrl"));
    say("baseUrl", c.text("baseUrl"));
    say("effectiveUrl", Some(&effective));
    if let Some(given) = used.consents.get(&c.id) {
        shown["consent"] = consent::represent(person, given);
        for name in ["logoUri", "policyUri", "tosUri"] {
            if let Some(value) = c.attribute(name) {
                shown[name] = json!(value);
            }
        }
    }
    shown
}
