//! What the realm's own rules see of somebody who registers, and what they give.

use serde_json::{Value, json};

use super::record::Applicant;
use super::settings;
use crate::profile::{Fields, ROOT};
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
