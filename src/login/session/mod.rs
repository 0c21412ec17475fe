//! A tab of a browser in which somebody is signing in, registering or recovering.
//!
//! The browser holds the root's id in a signed cookie, the tab's id stands in addresses, and every form has a one-time
//! code. What the flow knows so far is here, never in the browser.

mod keep;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vestibule_jose::digest::constant_time_eq;

use super::request::AuthRequest;
use crate::theme::pages::Severity;

pub use keep::{Dropped, by_id, drop, load, load_logout, open, root_of, save, signed};

/// Which of a realm's flows a tab goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowKind {
    /// Signing in: `browserFlow`.
    #[default]
    Browser,
    /// `registrationFlow`.
    Registration,
    /// A forgotten password: `resetCredentialsFlow`.
    ResetCredentials,
    /// No flow: somebody is asked whether they want to sign out.
    Logout,
}

impl FlowKind {
    /// Its path below `login-actions/`.
    pub fn path(self) -> &'static str {
        match self {
            Self::Browser => "authenticate",
            Self::Registration => "registration",
            Self::ResetCredentials => "reset-credentials",
            Self::Logout => "logout-confirm",
        }
    }
}

/// How far a tab is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The flow runs: it is not known for certain who this is.
    #[default]
    Authenticating,
    /// It is known; required actions and consent remain.
    Actions,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Success,
    Attempted,
}

/// A message for the next page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Forwarded {
    pub error: bool,
    pub key: String,
}

/// A tab. `notes` are texts of steps and actions, by names of their own.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthSession {
    #[serde(skip)]
    pub root_id: String,
    #[serde(skip)]
    pub tab_id: String,
    #[serde(skip)]
    pub realm_id: String,
    #[serde(skip)]
    pub client_uuid: String,
    /// Epoch milliseconds.
    #[serde(skip)]
    pub created: i64,
    #[serde(skip)]
    pub expires: i64,
    pub request: AuthRequest,
    pub flow: FlowKind,
    pub stage: Stage,
    /// Who is signing in, as far as it is known; proved when [`Stage::Actions`] is reached.
    pub user_id: Option<String>,
    /// The id of the execution whose page is shown; for required actions the alias.
    pub execution: Option<String>,
    /// The one-time code of the form that is shown.
    pub code: Option<String>,
    /// What became of the executions of the flow.
    pub steps: BTreeMap<String, Status>,
    /// Shown above the next page.
    pub forwarded: Option<Forwarded>,
    pub notes: BTreeMap<String, String>,
    /// It has a row of its own; one that ends with its first request has none.
    #[serde(skip)]
    pub stored: bool,
    /// The step whose page is shown may be gone around.
    #[serde(skip)]
    pub other_ways: bool,
    /// `Set-Cookie` values that the next answer carries.
    #[serde(skip)]
    pub set_cookies: Vec<String>,
    /// Details of what was done in this request; its events tell of them.
    #[serde(skip)]
    pub told: Vec<(&'static str, String)>,
}

impl AuthSession {
    pub fn note(&self, name: &str) -> Option<&str> {
        self.notes.get(name).map(String::as_str)
    }

    pub fn set_note(&mut self, name: &str, value: impl Into<String>) {
        self.notes.insert(name.to_owned(), value.into());
    }

    /// A detail for the events of this request.
    pub fn tell(&mut self, name: &'static str, value: impl Into<String>) {
        self.told.push((name, value.into()));
    }

    /// A message that the next page shows above its form.
    pub fn forward(&mut self, severity: Severity, key: &str) {
        self.forwarded = Some(Forwarded {
            error: severity == Severity::Error,
            key: key.to_owned(),
        });
    }

    /// The flow that a client policy wants somebody to sign in with here, and the level that it stands for.
    pub fn enforced(&self) -> Option<&(String, i64)> {
        let enforced = self.request.enforced.as_ref();
        enforced.filter(|_| self.flow == FlowKind::Browser)
    }

    /// The path below `login-actions/` at which this tab goes on.
    pub fn path(&self) -> &'static str {
        match self.stage {
            Stage::Authenticating => self.flow.path(),
            Stage::Actions => "required-action",
        }
    }

    /// Forgets what the flow knows, so that it begins anew; the request stays.
    pub fn begin_again(&mut self, flow: FlowKind) {
        self.flow = flow;
        self.stage = Stage::Authenticating;
        self.user_id = None;
        self.execution = None;
        self.code = None;
        self.steps.clear();
        let chosen = self.notes.remove("locale");
        self.notes.clear();
        if let Some(locale) = chosen {
            self.set_note("locale", locale);
        }
    }

    /// The one-time code for the form of a page: a fresh one once the one before was used. A page that is only looked at
    /// again, or in another way, leaves the form that is open beside it as good as it was.
    pub fn fresh_code(&mut self) -> &str {
        self.code.get_or_insert_with(crate::random::token)
    }

    /// Whether a form carries the code of the page that is shown.
    pub fn is_code(&self, sent: &str) -> bool {
        self.code
            .as_deref()
            .is_some_and(|code| constant_time_eq(code.as_bytes(), sent.as_bytes()))
    }
}
