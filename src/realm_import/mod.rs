//! A realm comes from a document: Keycloak's realm export (20.0 to 26.7), one of ours, or one that was written by hand.
//!
//! What the document brings replaces the defaults of its kind, as in Keycloak; what it does not speak of is made as for any
//! new realm. All of it is one transaction: an import that fails leaves nothing.

mod approval;
mod clients;
pub mod command;
mod components;
mod defaults;
pub mod file;
mod flows;
mod groups;
mod identity_providers;
pub mod keys;
mod known;
mod organizations;
mod overwritten;
pub mod partial;
mod parts;
pub mod registration;
mod roles;
mod scope_mappings;
pub mod users;
mod version;

use serde_json::{Value, json};

pub use known::Known;

use crate::app::App;
use crate::client_policy;
use crate::error::Error;
use crate::realm_setup::{self, Created, Fresh, Holder};
use crate::store::json::{Doc, text};
use crate::store::webhook::Webhook;
use crate::store::{Tx, realm_list};
use crate::webhook::kept;

/// Why a document was not imported. Nothing of it was kept.
#[derive(Debug)]
pub enum Refused {
    /// The document says something that cannot be done.
    Bad(String),
    /// A name or an id is taken.
    Conflict(String),
    /// It names what must be there and is not.
    Missing(String),
    /// A client policy is against it.
    Policy(Box<client_policy::Refused>),
    /// We could not.
    Failed(Error),
}

impl Refused {
    /// What an operator is told.
    pub fn text(&self) -> String {
        match self {
            Self::Bad(text) | Self::Conflict(text) | Self::Missing(text) => text.clone(),
            Self::Policy(refused) => refused.text.clone().into_owned(),
            Self::Failed(e) => e.to_string(),
        }
    }
}

impl From<Error> for Refused {
    fn from(e: Error) -> Self {
        Self::Failed(e)
    }
}

impl From<serde_json::Error> for Refused {
    fn from(e: serde_json::Error) -> Self {
        Self::Failed(e.into())
    }
}

/// A realm that is about to be made: what takes time is done.
pub struct Plan {
    name: String,
    given: Doc,
    settings: Doc,
    defaults: Value,
    keys: Fresh,
    holder: Holder,
    /// The realms that come in the same run.
    beside: Vec<String>,
    webhooks: Vec<Webhook>,
}

impl Plan {
    /// Reads a realm's representation without its users. `settings`: the part of it that is settings, where that was
    /// checked already.
    ///
    /// # Errors
    ///
    /// [`Refused::Bad`] for a name that no realm may have; [`Refused::Failed`] if no key can be made.
    pub async fn new(app: &App, name: &str, mut given: Doc, settings: Option<Doc>) -> Result<Self, Refused> {
        if let Some(wrong) = realm_setup::name::fault(name) {
            return Err(Refused::Bad(wrong));
        }
        let is_export = given.contains_key("keycloakVersion") || settings.is_none();
        let webhooks = kept::take(app, &mut given).map_err(Refused::Bad)?;
        let mut settings = settings.unwrap_or_else(|| given.clone());
        if let Some(Value::Object(attributes)) = settings.get_mut("attributes") {
            attributes.shift_remove(kept::ATTRIBUTE);
        }
        let all = realm_setup::defaults_of(name)?;
        version::bring_up_to_date(&mut given, &all);
        for list in ["defaultDefaultClientScopes", "defaultOptionalClientScopes"] {
            // Without scopes of its own a realm has the built-in ones, as in Keycloak.
            match given.get(list).filter(|_| given.contains_key("clientScopes")) {
                Some(names) => settings.insert(list.into(), names.clone()),
                None => settings.remove(list),
            };
        }
        if is_export {
            hold(&mut settings);
        }
        Ok(Self {
            name: name.to_owned(),
            defaults: defaults::without(all, &given, name),
            keys: realm_setup::for_new_realm(app, name).await?,
            given,
            settings,
            holder: Holder::New,
            beside: Vec::new(),
            webhooks,
        })
    }

    /// The plan of an operator: who may administer a realm of this name already will administer this one. `beside`: the
    /// realms that they bring.
    #[must_use]
    pub fn of_operator(mut self, beside: &[String]) -> Self {
        self.holder = Holder::Taken;
        self.beside = beside.to_vec();
        self
    }
}

/// Imported realms behave as they did, if they do not say otherwise: a person has an account before the address is proved.
fn hold(settings: &mut Doc) {
    let attributes = settings.entry("attributes").or_insert_with(|| json!({}));
    if let Value::Object(attributes) = attributes {
        attributes
            .entry("registration.hold")
            .or_insert_with(|| json!("account"));
    }
}

/// Makes the realm with everything but its users; `None`: its name or id is taken. Add the users next, then call
/// [`finish`].
///
/// # Errors
///
/// [`Refused`]: drop the transaction.
pub async fn create(tx: &mut Tx, app: &App, plan: Plan) -> Result<Option<Known>, Refused> {
    let Plan {
        name,
        given,
        settings,
        defaults,
        keys,
        holder,
        beside,
        webhooks,
    } = plan;
    let id = match realm_setup::create_in(tx, app, &name, &settings, &defaults, keys, holder).await? {
        Created::Realm(id) => id,
        Created::NameTaken => return Ok(None),
        Created::HolderTaken => return Err(Refused::Conflict(realm_setup::holder_taken(&name))),
    };
    let mut known = Known::new(&id);
    if name == "master" {
        known.administers = beside;
        known.administers.extend(realm_list::names(&app.db).await?);
    }
    kept::restore(tx, &id, &webhooks).await?;
    flows::add(tx, &id, &given).await?;
    parts::add(tx, &id, &given).await?;
    components::add(tx, app, &id, &name, &given).await?;
    for sent in items(&given, "clients") {
        clients::add(tx, app, &mut known, None, sent).await?;
    }
    roles::add(tx, &mut known, &given).await?;
    roles::default_role(tx, &mut known, &name, &given).await?;
    scope_mappings::add(tx, &mut known, &given).await?;
    for sent in items(&given, "groups") {
        groups::add(tx, &mut known, "", sent, None).await?;
    }
    groups::defaults(tx, &mut known, &given).await?;
    identity_providers::add(tx, &mut known, &given).await?;
    known.organizations = items(&given, "organizations").cloned().collect();
    Ok(Some(known))
}

/// What ends an import when the users are there: service accounts of clients that have none in the document, and
/// organizations with their members.
///
/// # Errors
///
/// [`Refused`] for members and providers that are not there.
pub async fn finish(tx: &mut Tx, app: &App, known: &mut Known) -> Result<(), Refused> {
    for client in known.take_service_clients() {
        users::ensure_service_account(tx, app, known, &client).await?;
    }
    organizations::add(tx, known).await
}

/// The objects of a list.
pub(crate) fn items<'a>(doc: &'a Doc, key: &str) -> impl Iterator<Item = &'a Doc> {
    let all = doc.get(key).and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_object)
}

/// The texts of a list.
pub(crate) fn texts<'a>(doc: &'a Doc, key: &str) -> impl Iterator<Item = &'a str> {
    let all = doc.get(key).and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_str)
}

/// The id that something brings, or a new one.
fn id_of(sent: &Doc) -> String {
    text(sent, "id").map_or_else(crate::random::uuid, str::to_owned)
}

/// The name that something must have.
fn required<'a>(sent: &'a Doc, key: &str, what: &str) -> Result<&'a str, Refused> {
    text(sent, key).ok_or_else(|| Refused::Bad(format!("{what} is missing")))
}
