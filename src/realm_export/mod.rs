//! A realm becomes a document, as Keycloak exports it: whole with its secrets for another server, or a part of it without.

mod clients;
pub mod command;
mod components;
mod flows;
mod groups;
mod identity_providers;
mod names;
mod organizations;
mod roles;
pub mod users;

use serde_json::{Value, json};

pub use names::Names;

use crate::admin::api::json::members;
use crate::app::App;
use crate::error::Error;
use crate::secret_settings::{self, MASK};
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::webhook::kept;

/// The version whose form exports have.
const VERSION: &str = "26.7.4";

/// How much of a realm is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything but users, with private keys and secrets.
    Whole,
    /// Settings, with secrets masked; clients (with their service accounts), groups and roles as it is asked for.
    Part { clients: bool, groups_and_roles: bool },
}

impl Extent {
    /// Whether secrets are given away.
    pub(crate) fn shows_secrets(self) -> bool {
        self == Self::Whole
    }

    fn clients(self) -> bool {
        !matches!(self, Self::Part { clients: false, .. })
    }

    fn groups_and_roles(self) -> bool {
        !matches!(
            self,
            Self::Part {
                groups_and_roles: false,
                ..
            }
        )
    }
}

/// The realm's representation, its members in Keycloak's order; of users only service accounts, in a part with clients.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if a secret cannot be opened.
pub async fn document(app: &App, realm: &Realm, extent: Extent) -> Result<Doc, Error> {
    let names = Names::of(app, realm).await?;
    let mut shown = Doc::new();
    let is_last = |member: &&str| matches!(*member, "clientProfiles" | "clientPolicies");
    let first = members("RealmRepresentation").filter(|m| !is_last(m));
    for member in first.chain(members("RealmRepresentation").filter(is_last)) {
        let value = match member {
            "id" => json!(realm.id),
            "realm" => json!(realm.name),
            "keycloakVersion" => json!(VERSION),
            "roles" if extent.groups_and_roles() => roles::all(realm, &names, extent),
            "groups" if extent.groups_and_roles() => groups::tree(realm, &names, extent),
            "defaultRole" => realm.doc.get(member).cloned().unwrap_or_default(),
            "defaultGroups" => names.default_groups(realm),
            "scopeMappings" => clients::scope_mappings(realm, &names, extent.clients()),
            "clientScopeMappings" if extent.clients() => clients::client_scope_mappings(realm, &names),
            "clients" if extent.clients() => clients::all(app, realm, extent).await?,
            "users" if extent.clients() && !extent.shows_secrets() => {
                users::service_accounts(app, realm, &names).await?
            }
            "clientScopes" => clients::scopes(realm, extent),
            "components" => components::all(realm, extent)?,
            "authenticationFlows" => flows::all(realm),
            "authenticatorConfig" => flows::configs(realm),
            "requiredActions" => serde_json::to_value(&realm.required_actions)?,
            "localizationTexts" => json!(realm.localization),
            "identityProviders" => identity_providers::all(app, realm, extent).await?,
            "identityProviderMappers" => identity_providers::mappers(app, realm).await?,
            "organizations" if extent.shows_secrets() => organizations::all(app, realm, &names).await?,
            "smtpServer" => secrets(realm.doc.get(member), extent),
            "attributes" => attributes(realm, extent)?,
            _ if crate::realm_setup::COLLECTIONS.contains(&member) => Value::Null,
            _ => realm.doc.get(member).cloned().unwrap_or_default(),
        };
        if !value.is_null() {
            shown.insert(member.to_owned(), value);
        }
    }
    // What an import brought and nobody understands.
    for (name, value) in &realm.doc {
        if !name.starts_with('_') && !shown.contains_key(name) && members("RealmRepresentation").all(|m| m != name) {
            shown.insert(name.clone(), value.clone());
        }
    }
    Ok(shown)
}

/// Whether a setting of the realm is a secret.
fn is_secret(key: &str) -> bool {
    key.ends_with(".secret") || matches!(key, "password" | "authTokenClientSecret")
}

/// A map of settings without null; secrets are masked where they are not given away.
fn secrets(map: Option<&Value>, extent: Extent) -> Value {
    let Some(Value::Object(map)) = map else {
        return json!({});
    };
    let shown = map.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| {
        let hide = !extent.shows_secrets() && is_secret(key) && value.as_str().is_some_and(|s| !s.is_empty());
        (key.clone(), if hide { json!(MASK) } else { value.clone() })
    });
    Value::Object(shown.collect())
}

/// The attributes of a role's or a group's document; secrets are masked where they are not given away.
fn lists(doc: &Doc, extent: Extent) -> Value {
    if extent.shows_secrets() {
        doc.get("attributes").cloned().unwrap_or_else(|| json!({}))
    } else {
        secret_settings::masked(doc)
    }
}

/// The attributes. An import that finds no word about it makes people wait for their account; so it is said.
fn attributes(realm: &Realm, extent: Extent) -> Result<Value, Error> {
    let mut shown = secrets(realm.doc.get("attributes"), extent);
    if let Value::Object(shown) = &mut shown {
        shown.entry("registration.hold").or_insert_with(|| json!("pending"));
        if let Some(webhooks) = kept::kept(realm, extent.shows_secrets())? {
            shown.insert(kept::ATTRIBUTE.into(), json!(webhooks));
        }
    }
    Ok(shown)
}
