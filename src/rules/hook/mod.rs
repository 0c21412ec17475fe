//! Hooks: an address of the realm's own is asked before somebody registers, and may refuse, or add to what was sent.
//!
//! It is asked over HTTP, before any transaction opens, in at most [`TIME`], and signed ([`signature`]). What it answers is
//! not trusted further than the sender: `set` goes through the profile and the policies as what was sent does.

pub mod signature;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{About, Sender};
use crate::app::App;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// How long a hook may take, from the look-up of its name to the last byte of its answer.
const TIME: Duration = Duration::from_secs(2);

/// The largest answer.
const BYTES: usize = 16 * 1024;

/// The longest message of a hook that people are shown, in characters.
const LONGEST_MESSAGE: usize = 500;

/// Seconds after which to try again, where a hook cannot be asked.
pub const RETRY_AFTER: i64 = 5;

/// What a hook decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Allow,
    Deny,
    /// Somebody is to decide.
    Queue,
}

/// What a hook says.
#[derive(Debug, Clone, Deserialize)]
pub struct Said {
    pub decision: Decision,
    /// The field that a refusal is about.
    #[serde(default)]
    pub field: Option<String>,
    /// For who registers.
    #[serde(default)]
    pub message: Option<String>,
    /// To be taken as if it had been sent.
    #[serde(default)]
    pub set: Doc,
}

impl Said {
    /// As if there were no hook.
    pub fn nothing() -> Self {
        Self {
            decision: Decision::Allow,
            field: None,
            message: None,
            set: Doc::new(),
        }
    }
}

/// The hook could not be asked, or made no sense, and nobody may pass without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable;

/// What a hook is asked.
pub struct Question<'a> {
    pub about: About,
    /// `create` or `update`.
    pub action: &'static str,
    pub subject: &'a Value,
    /// What it was before.
    pub previous: Option<&'a Value>,
    pub sender: &'a Sender,
}

impl Question<'_> {
    /// What is sent, before or after.
    pub fn body(&self, realm: &Realm, when: &str) -> Value {
        let kind = format!("{}.{when}", self.about.as_str());
        json!({ "type": kind, "realm": realm.name, "data": {
            "action": self.action, self.about.as_str(): self.subject, "previous": self.previous,
            "request": self.sender.as_json()
        } })
    }
}

/// A setting of the hooks, such as `before`.
pub fn setting<'a>(realm: &'a Realm, about: About, name: &str) -> Option<&'a str> {
    let prefix = match about {
        About::Registration => "registration",
        About::Client => "clientRegistration",
    };
    realm.attribute(&format!("{prefix}.hook.{name}")).map(str::trim)
}

/// Whether the realm has a hook: `before` or `after`. Where it has none, no question need be put together.
pub fn is_set(realm: &Realm, about: About, name: &str) -> bool {
    setting(realm, about, name).is_some()
}

/// Asks the realm's hook, if it has one.
///
/// # Errors
///
/// [`Unavailable`] where the realm wants nobody to pass then (`hook.fail` = `closed`).
pub async fn before(app: &App, realm: &Realm, question: &Question<'_>) -> Result<Said, Unavailable> {
    let Some(address) = setting(realm, question.about, "before") else {
        return Ok(Said::nothing());
    };
    match ask(app, realm, address, question).await {
        Ok(said) => Ok(said),
        Err(why) => failed(realm, question.about, &why).map(|()| Said::nothing()),
    }
}

/// What becomes of a registration whose hook failed.
///
/// # Errors
///
/// [`Unavailable`], as the realm has it.
pub fn failed(realm: &Realm, about: About, why: &str) -> Result<(), Unavailable> {
    let open = setting(realm, about, "fail") == Some("open");
    let then = if open { "went on without it" } else { "was refused" };
    tracing::warn!(
        realm = realm.name,
        "the hook before a {} failed, which {then}: {why}",
        about.as_str()
    );
    if open { Ok(()) } else { Err(Unavailable) }
}

async fn ask(app: &App, realm: &Realm, address: &str, question: &Question<'_>) -> Result<Said, String> {
    let body = question.body(realm, "before").to_string();
    let id = crate::random::row_id();
    let secret = setting(realm, question.about, "secret");
    let headers = signature::headers(secret, &id, app.now_seconds(), &body);
    let answer = app.egress.ask(address, &headers, body, TIME, BYTES).await;
    let answer = answer.map_err(|e| e.to_string())?;
    let mut said: Said = serde_json::from_slice(&answer).map_err(|e| format!("its answer cannot be read: {e}"))?;
    let plain = |text: String, most: usize| -> String {
        let shown = text.chars().filter(|c| !c.is_control());
        shown.take(most).collect()
    };
    said.message = said
        .message
        .map(|text| plain(text, LONGEST_MESSAGE))
        .filter(|text| !text.trim().is_empty());
    said.field = said.field.map(|name| plain(name, 100)).filter(|name| !name.is_empty());
    Ok(said)
}
