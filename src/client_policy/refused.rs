//! What a policy says no with.

use std::borrow::Cow;

use vestibule_oauth::error::Refusal;

use super::rules::Rule;

/// A refusal: OAuth's code and Keycloak's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub status: u16,
    pub code: &'static str,
    pub text: Cow<'static, str>,
    /// It must not be sent to the redirect URI: that is what is wrong, or nobody asked for it properly.
    pub for_the_person: bool,
    /// The code that the caller is told instead, where Keycloak tells another one than its event.
    pub told: Option<&'static str>,
    /// The policy that refuses, by its name.
    pub policy: String,
    /// What it is about, as the sender named it, and what was there.
    pub field: Option<&'static str>,
    pub value: Option<Box<str>>,
}

impl Refused {
    pub(super) fn new(code: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: 400,
            code,
            text: text.into(),
            for_the_person: false,
            told: None,
            policy: String::new(),
            field: None,
            value: None,
        }
    }

    /// `invalid_client_metadata` about a member.
    pub(super) fn metadata(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_client_metadata", text)
    }

    /// `invalid_request`.
    pub(super) fn request(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", text)
    }

    pub(super) fn about(self, field: &'static str, value: &str) -> Self {
        Self {
            field: Some(field),
            value: Some(value.into()),
            ..self
        }
    }

    pub(super) fn by(self, rule: &Rule<'_>) -> Self {
        Self {
            policy: rule.policy.to_owned(),
            ..self
        }
    }

    /// As OAuth's endpoints write it.
    pub fn refusal(&self) -> Refusal {
        Refusal::new(self.status, self.told.unwrap_or(self.code), self.text.clone())
    }

    /// What the event of it says, in Keycloak's words and ours.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        let mut details = vec![
            ("reason", "client_policy_error".to_owned()),
            ("client_policy_error", self.code.to_owned()),
            ("client_policy_error_detail", self.text.to_string()),
            ("policy", self.policy.clone()),
        ];
        details.extend(self.field.map(|field| ("field", field.to_owned())));
        details.extend(self.value.as_deref().map(|value| ("value", value.to_owned())));
        details
    }
}
