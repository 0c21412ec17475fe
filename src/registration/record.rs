//! Who registers, and the events that tell of it.

use std::sync::Arc;

use serde_json::Value;

use super::Refusal;
use super::form::Form;
use crate::app::App;
use crate::events;
use crate::organization::Invited;
use crate::profile::{Context, Fields, Place};
use crate::store::client::Client;
use crate::store::event::Event;
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::verification::TabRef;

/// The door through which somebody came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A form in a browser.
    Form,
    /// The JSON door.
    Json,
}

impl Source {
    /// As it is stored, and Keycloak's `register_method`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Json => "json",
        }
    }
}

/// Who registers: what is known beside what they typed.
#[derive(Clone)]
pub struct Applicant {
    /// The application through which they come. From the JSON door it is a claim, not a proof.
    pub client: Option<Arc<Client>>,
    /// The scopes that it asked for, as it wrote them.
    pub scope: Option<String>,
    pub ip: String,
    /// The language of page and mail.
    pub locale: String,
    pub source: Source,
    /// The tab of the browser, if there is one.
    pub tab: Option<TabRef>,
    /// The secret by which a program asks how far its registration is.
    pub status_token: Option<String>,
    /// The JSON door is to answer with tokens.
    pub wants_tokens: bool,
    /// The invitation into an organization that they come with.
    pub invited: Option<Invited>,
    /// Details of the events: `auth_method`, `redirect_uri`, `code_id`.
    pub details: Doc,
}

impl Applicant {
    /// Where they fill in the profile.
    pub fn place(&self, realm: &Realm) -> Place {
        Place::asked(
            realm,
            Context::Registration,
            self.client.as_deref(),
            self.scope.as_deref(),
        )
    }

    /// An event of this registration, with Keycloak's details.
    pub fn event(&self, kind: &str, user_id: &str, fields: &Fields) -> Event {
        let mut event = self.base(kind, fields);
        event.user_id = Some(user_id.to_owned());
        event
    }

    /// As it was typed: of who is refused, as it would be kept.
    fn base(&self, kind: &str, fields: &Fields) -> Event {
        let mut event = Event::new(kind);
        event.client_id = self.client.as_ref().map(|c| c.client_id.clone());
        event.ip_address = Some(self.ip.clone());
        event.details.clone_from(&self.details);
        event = event.detail("register_method", self.source.as_str());
        let names = [
            ("lastName", "last_name"),
            ("firstName", "first_name"),
            ("email", "email"),
            ("username", "username"),
        ];
        for (field, detail) in names {
            if let Some(value) = fields.get(field).and_then(|v| v.first()).filter(|v| !v.is_empty()) {
                // A detail is no place to fill a disk with.
                let short: String = value.chars().take(500).collect();
                let folded = kind.ends_with("_ERROR") && matches!(field, "username" | "email");
                event = event.detail(detail, if folded { short.to_lowercase() } else { short });
            }
        }
        event
    }
}

/// REGISTER_ERROR.
pub async fn refused(app: &App, realm: &Realm, applicant: &Applicant, form: &Form, error: &str) {
    let mut event = applicant.base("REGISTER_ERROR", &form.fields);
    event.error = Some(error.to_owned());
    events::record_alone(app, realm, &event).await;
}

/// REGISTER_ERROR, because of the realm's hook.
pub async fn refused_by_hook(app: &App, realm: &Realm, applicant: &Applicant, form: &Form, refusal: &Refusal) {
    let mut event = applicant.base("REGISTER_ERROR", &form.fields);
    event = event.detail("policy", "registration.hook.before");
    event.error = Some("hook_unavailable".to_owned());
    if let Refusal::Denied { field, message } = refusal {
        event.error = Some("registration_refused".to_owned());
        if let Some(field) = field {
            event = event.detail("field", &**field);
        }
        if let Some(message) = message {
            event = event.detail("reason", &**message);
        }
    }
    events::record_alone(app, realm, &event).await;
}

/// The details that a waiting registration keeps for the events at its end.
pub fn kept_details(doc: &Doc) -> Doc {
    doc.get("details")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}
