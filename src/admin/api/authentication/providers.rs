//! What a step of a flow, or a required action, can be: Keycloak's providers with their words and settings.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::admin::api::server_info;

/// Names, choices and switches; the help texts and settings of steps are those of [`server_info`].
static TABLE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("providers.json")).unwrap_or_default());

/// The kinds of providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Authenticator,
    ClientAuthenticator,
    Form,
    FormAction,
}

impl Kind {
    /// Those whose settings are described.
    const STEPS: [Self; 3] = [Self::Authenticator, Self::ClientAuthenticator, Self::FormAction];

    /// What the steps of a flow are.
    pub fn in_flow(provider_id: &str) -> Self {
        match provider_id {
            "form-flow" => Self::FormAction,
            "client-flow" => Self::ClientAuthenticator,
            _ => Self::Authenticator,
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Authenticator => "authenticator",
            Self::ClientAuthenticator => "clientAuthenticator",
            Self::Form => "form",
            Self::FormAction => "formAction",
        }
    }

    fn component(self) -> &'static str {
        match self {
            Self::Authenticator => "org.keycloak.authentication.Authenticator",
            Self::ClientAuthenticator => "org.keycloak.authentication.ClientAuthenticator",
            Self::Form => "org.keycloak.authentication.FormAuthenticator",
            Self::FormAction => "org.keycloak.authentication.FormAction",
        }
    }
}

/// A provider of a step.
#[derive(Clone, Copy)]
pub struct Provider {
    kind: Kind,
    row: &'static Value,
}

impl Provider {
    /// Its id, as `auth-cookie`.
    pub fn id(self) -> &'static str {
        self.row["id"].as_str().unwrap_or_default()
    }

    /// How people know it.
    pub fn name(self) -> &'static str {
        self.row["name"].as_str().unwrap_or_default()
    }

    /// Whether a step of it can be there and do nothing.
    pub fn may_be_disabled(self) -> bool {
        let choices = self.choices().as_array();
        choices.is_none_or(|all| all.iter().any(|choice| choice == "DISABLED"))
    }

    /// The requirements that make sense for it.
    pub fn choices(self) -> &'static Value {
        &self.row["choices"]
    }

    /// Whether it has settings.
    pub fn is_configurable(self) -> bool {
        self.row["configurable"] == true
    }

    fn help(self) -> Value {
        self.component().map_or(Value::Null, |c| c["helpText"].clone())
    }

    /// Its settings.
    pub fn properties(self) -> &'static [Value] {
        self.component()
            .and_then(|c| c["properties"].as_array())
            .map_or(&[], Vec::as_slice)
    }

    fn component(self) -> Option<&'static Value> {
        server_info::component_type(self.kind.component(), self.id())
    }

    /// Keycloak's `AuthenticatorConfigInfoRepresentation`.
    pub fn description(self) -> Value {
        json!({
            "name": self.name(), "providerId": self.id(), "helpText": self.help(), "properties": self.properties()
        })
    }

    /// As it stands in the list of its kind.
    pub fn listed(self) -> Value {
        let mut shown = json!({ "displayName": self.name(), "description": self.help(), "id": self.id() });
        if self.kind == Kind::ClientAuthenticator {
            shown["supportsSecret"] = json!(self.row["supportsSecret"] == true);
        }
        shown
    }

    /// The settings that each client has for it.
    pub fn per_client(self) -> Value {
        let own = &self.row["perClient"];
        if own.is_null() { json!([]) } else { own.clone() }
    }
}

/// All providers of a kind.
pub fn all(kind: Kind) -> impl Iterator<Item = Provider> {
    let rows = TABLE[kind.key()].as_array().into_iter().flatten();
    rows.map(move |row| Provider { kind, row })
}

/// The provider of a kind with an id.
pub fn find(kind: Kind, id: &str) -> Option<Provider> {
    all(kind).find(|p| p.id() == id)
}

/// The provider of any step with an id.
pub fn step(id: &str) -> Option<Provider> {
    Kind::STEPS.into_iter().find_map(|kind| find(kind, id))
}

/// A provider of a required action.
#[derive(Clone, Copy)]
pub struct Action(&'static Value);

impl Action {
    /// Its id, as `VERIFY_EMAIL`.
    pub fn id(self) -> &'static str {
        self.0["id"].as_str().unwrap_or_default()
    }

    /// How people know it.
    pub fn name(self) -> &'static str {
        self.0["name"].as_str().unwrap_or_default()
    }

    /// Its settings; none where it cannot be configured.
    pub fn properties(self) -> Option<Vec<&'static Value>> {
        let own = self.0["properties"].as_array()?;
        let shared = |p: &'static Value| if p == "max_auth_age" { &TABLE["maxAuthAge"] } else { p };
        Some(own.iter().map(shared).collect())
    }
}

/// All providers of required actions.
pub fn actions() -> impl Iterator<Item = Action> {
    TABLE["requiredAction"].as_array().into_iter().flatten().map(Action)
}

/// The provider of a required action.
pub fn action(id: &str) -> Option<Action> {
    actions().find(|a| a.id() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_its_words() {
        for kind in [
            Kind::Authenticator,
            Kind::ClientAuthenticator,
            Kind::Form,
            Kind::FormAction,
        ] {
            assert!(all(kind).count() > 0, "{kind:?}");
            for provider in all(kind) {
                assert!(!provider.name().is_empty(), "{}", provider.id());
                assert!(provider.help().is_string(), "{}", provider.id());
                assert_eq!(
                    kind == Kind::Form,
                    provider.choices().is_null(),
                    "requirements of {}",
                    provider.id()
                );
            }
        }
        assert_eq!(actions().count(), 14);
    }

    #[test]
    fn shared_settings_of_actions_are_told_in_full() {
        let told = |id| action(id).and_then(Action::properties).unwrap_or_default();
        assert_eq!(told("VERIFY_EMAIL")[0]["name"], "max_auth_age");
        assert!(action("delete_account").is_some_and(|a| a.properties().is_none()));
    }
}
