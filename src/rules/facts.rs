//! What a rule is told: who or what registers, and how the request came.

use serde_json::{Value, json};

/// Whether people or applications register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum About {
    Registration,
    Client,
}

impl About {
    /// The name of the variable, and of the member in the body of a hook.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Client => "client",
        }
    }
}

/// How the request came.
#[derive(Debug, Clone, Default)]
pub struct Sender {
    /// The caller's IP address.
    pub address: String,
    /// The `client_id` of the application through which they come.
    pub client: Option<String>,
    pub locale: Option<String>,
    /// People: `form` or `json`. Applications: `anonymous`, `token`, `user`, or `client` that changes itself.
    pub source: &'static str,
}

impl Sender {
    /// As rules and hooks see it.
    pub fn as_json(&self) -> Value {
        json!({ "address": self.address, "client": self.client, "locale": self.locale, "source": self.source })
    }
}

/// All that a rule may look at.
pub struct Facts<'a> {
    pub about: About,
    /// The registration as the Admin API shows it, or the client's metadata.
    pub subject: &'a Value,
    pub sender: &'a Sender,
    /// The realm's name.
    pub realm: &'a str,
}
