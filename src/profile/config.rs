//! The configuration of a user profile: Keycloak's `UPConfig`, and the default of a new realm.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Context, Place};
use crate::store::realm::Realm;

/// The type of the component that holds it.
pub const PROVIDER_TYPE: &str = "org.keycloak.userprofile.UserProfileProvider";

/// The setting of that component whose value is the configuration as JSON text.
pub const SETTING: &str = "kc.user.profile.config";

/// A user profile.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(
        default,
        rename = "unmanagedAttributePolicy",
        skip_serializing_if = "Unmanaged::is_disabled"
    )]
    pub unmanaged: Unmanaged,
}

/// What happens to attributes that the profile does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Unmanaged {
    /// They are dropped.
    #[default]
    Disabled,
    /// They are kept, whoever writes them.
    Enabled,
    /// Administrators write them.
    AdminEdit,
    /// Administrators see those that are there.
    AdminView,
}

impl Unmanaged {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_disabled(&self) -> bool {
        *self == Self::Disabled
    }
}

/// One attribute.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attribute {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Validators by id, with their settings.
    pub validations: Map<String, Value>,
    pub annotations: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Required>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    pub multivalued: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
}

/// By whom an attribute must be filled; both lists empty: by everybody.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Required {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

/// Who sees and who edits: `user`, `admin`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Permissions {
    pub view: Vec<String>,
    pub edit: Vec<String>,
}

/// The scopes for which an attribute is asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Selector {
    pub scopes: Vec<String>,
}

/// A heading under which attributes stand.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Group {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_description: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
}

const DEFAULT_TEXT: &str = include_str!("default.json");

/// The profile of a realm that says nothing else.
pub static DEFAULT: LazyLock<Config> = LazyLock::new(|| {
    let parsed = serde_json::from_str(DEFAULT_TEXT);
    parsed.unwrap_or_default()
});

/// The profile of a realm that says nothing else, as it is written.
pub fn default_document() -> Map<String, Value> {
    serde_json::from_str(DEFAULT_TEXT).unwrap_or_default()
}

/// The profile of a realm. One that cannot be read is the default, so that people can still register; the log says so.
pub fn of(realm: &Realm) -> Config {
    let stored = realm.components_of(PROVIDER_TYPE).find_map(|c| c.first(SETTING));
    match stored.map(serde_json::from_str::<Config>) {
        Some(Ok(config)) => complete(config),
        Some(Err(e)) => {
            tracing::error!("realm {:?}: the user profile cannot be read: {e}", realm.name);
            DEFAULT.clone()
        }
        None => DEFAULT.clone(),
    }
}

/// A profile that names no attributes still asks for the two without which nobody can be a user.
fn complete(mut config: Config) -> Config {
    for root in ["email", "username"] {
        if config.attribute(root).is_none()
            && let Some(missing) = DEFAULT.attribute(root)
        {
            config.attributes.insert(0, missing.clone());
        }
    }
    config
}

/// The profile as it was written: Keycloak's `UPConfig`.
pub fn document(realm: &Realm) -> Value {
    let stored = realm.components_of(PROVIDER_TYPE).find_map(|c| c.first(SETTING));
    let written = stored.and_then(|text| serde_json::from_str(text).ok());
    written.unwrap_or_else(|| serde_json::from_str(DEFAULT_TEXT).unwrap_or_default())
}

/// Whether people cannot change their address with the rest of their profile.
fn email_is_kept(realm: &Realm) -> bool {
    changes_email_by_action(realm) || realm.flag("registrationEmailAsUsername") && !realm.flag("editUsernameAllowed")
}

/// Whether the required action `UPDATE_EMAIL` is the way to another address.
pub fn changes_email_by_action(realm: &Realm) -> bool {
    realm
        .required_action("UPDATE_EMAIL")
        .is_some_and(|action| action.enabled)
}

impl Config {
    /// Whether who acts in a context writes attributes that the profile does not name.
    pub fn unmanaged_is_written_by(&self, context: Context) -> bool {
        match self.unmanaged {
            _ if context == Context::ServiceAccount => true,
            Unmanaged::Enabled => true,
            Unmanaged::AdminEdit => context.is_admin(),
            Unmanaged::AdminView | Unmanaged::Disabled => false,
        }
    }

    /// The attribute with a name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// The group with a name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|g| g.name == name)
    }
}

impl Attribute {
    fn is_root(&self) -> bool {
        matches!(self.name.as_str(), "username" | "email")
    }

    /// Whether an attribute has a place in a context at all.
    pub fn is_asked(&self, realm: &Realm, place: &Place) -> bool {
        let context = place.context;
        let scopes = self.selector.as_ref().map_or(&[][..], |s| &s.scopes);
        let by_scope = scopes.is_empty() || self.is_root() || place.has_any(scopes);
        let hidden = match (self.name.as_str(), context) {
            (name, Context::UpdateEmail) => name != "email",
            // Where addresses are changed on a page of their own, the profile leaves them alone.
            ("email", Context::UpdateProfile) => realm.required_action("UPDATE_EMAIL").is_some_and(|a| a.enabled),
            ("username", Context::Registration) => realm.flag("registrationEmailAsUsername"),
            ("username", Context::UpdateProfile) => {
                realm.flag("registrationEmailAsUsername") || !realm.flag("editUsernameAllowed")
            }
            _ => false,
        };
        // Scopes only narrow what pages ask for; an administrator writes all.
        (by_scope || context.is_admin()) && !hidden
    }

    /// Whether who acts in a context may write it.
    pub fn is_written_by(&self, context: Context) -> bool {
        match &self.permissions {
            Some(p) => p.edit.iter().any(|r| r == context.role()),
            None => self.is_root(),
        }
    }

    /// Whether who acts in a context only looks at it. At their own account people change the username only where the realm
    /// lets them, and the address not at all where an action of its own is for that.
    pub fn is_read_only(&self, realm: &Realm, context: Context) -> bool {
        let kept = context == Context::Account
            && match self.name.as_str() {
                "username" => realm.flag("registrationEmailAsUsername") || !realm.flag("editUsernameAllowed"),
                "email" => email_is_kept(realm),
                _ => false,
            };
        kept || !self.is_written_by(context)
    }

    /// Whether who acts in a context may see it; who may edit, sees.
    pub fn is_seen_by(&self, context: Context) -> bool {
        let sees = |p: &Permissions| p.view.iter().any(|r| r == context.role());
        self.permissions.as_ref().is_some_and(sees) || self.is_written_by(context)
    }

    /// Whether it must be filled in a place. Where scopes are named they decide, and roles no more.
    pub fn is_required(&self, place: &Place) -> bool {
        let asks = place.context != Context::ServiceAccount;
        self.required.as_ref().filter(|_| asks).is_some_and(|r| {
            let by_role = || r.roles.is_empty() || r.roles.iter().any(|role| role == place.context.role());
            place.has_any(&r.scopes) || r.scopes.is_empty() && by_role()
        })
    }

    /// The default, as values.
    pub fn default_values(&self) -> Option<Vec<String>> {
        self.default_value.clone().filter(|v| !v.is_empty()).map(|v| vec![v])
    }
}
