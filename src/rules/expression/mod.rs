//! Expressions: what they may give, and what becomes of one that gives something else.

mod calls;
mod engine;
mod functions;
mod sample;
#[cfg(test)]
mod tests;

use rhai::Dynamic;
use serde::Deserialize;

use super::{About, Facts};

/// The longest text of an expression, in bytes.
const LONGEST: usize = 8 * 1024;

/// The longest reason that an expression may give for a refusal, in characters.
const LONGEST_REASON: usize = 500;

/// Groups or roles that one expression may give.
const MOST_GIFTS: usize = 100;

/// What the setting that holds an expression wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// `true` or `false`.
    Truth,
    /// `"approve"`, `"queue"` or `"refuse: reason"`.
    Verdict,
    /// `#{groups: [...], roles: [...]}`.
    Gifts,
}

impl Gives {
    /// In words, for who wrote the expression.
    fn told(self) -> &'static str {
        match self {
            Self::Truth => "true or false",
            Self::Verdict => "\"approve\", \"queue\" or \"refuse: reason\"",
            Self::Gifts => "#{groups: [...], roles: [...]}",
        }
    }

    fn fit(self, given: &Dynamic) -> bool {
        match self {
            Self::Truth => given.is_bool(),
            Self::Verdict => Verdict::of(given).is_some(),
            Self::Gifts => Gifts::of(given).is_some(),
        }
    }
}

/// What an expression says about an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Approve,
    /// Somebody is to decide.
    Queue,
    /// With the reason that the applicant is told; it may be empty.
    Refuse(String),
}

impl Verdict {
    fn of(given: &Dynamic) -> Option<Self> {
        let text = given.read_lock::<rhai::ImmutableString>()?;
        match text.trim() {
            "approve" => Some(Self::Approve),
            "queue" => Some(Self::Queue),
            "refuse" => Some(Self::Refuse(String::new())),
            other => {
                let reason = other.strip_prefix("refuse:")?.trim();
                Some(Self::Refuse(reason.chars().take(LONGEST_REASON).collect()))
            }
        }
    }
}

/// What an expression gives to who registers: paths of groups, and roles of the realm or `client:role`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gifts {
    pub groups: Vec<String>,
    pub roles: Vec<String>,
}

impl Gifts {
    fn of(given: &Dynamic) -> Option<Self> {
        if given.is_unit() {
            return Some(Self::default());
        }
        let gifts: Self = rhai::serde::from_dynamic(given).ok()?;
        (gifts.groups.len() <= MOST_GIFTS && gifts.roles.len() <= MOST_GIFTS).then_some(gifts)
    }
}

/// Why an expression gave nothing that counts. The texts may be shown to anybody; the log has the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    #[error("The rule could not be read")]
    Malformed,
    #[error("The rule takes more time or room than it may")]
    Exhausted,
    #[error("The rule failed")]
    Broken,
    #[error("The rule gives something that does not count")]
    Wrong,
}

/// Whether something holds.
///
/// # Errors
///
/// [`Failed`]; the log says why.
pub fn truth(rule: &str, facts: &Facts<'_>) -> Result<bool, Failed> {
    given(rule, facts, Gives::Truth, |given| given.as_bool().ok())
}

/// What becomes of somebody who asks for approval.
///
/// # Errors
///
/// [`Failed`]; the log says why.
pub fn verdict(rule: &str, facts: &Facts<'_>) -> Result<Verdict, Failed> {
    given(rule, facts, Gives::Verdict, Verdict::of)
}

/// What somebody gets. An expression that ends without a value gives nothing.
///
/// # Errors
///
/// [`Failed`]; the log says why.
pub fn gifts(rule: &str, facts: &Facts<'_>) -> Result<Gifts, Failed> {
    given(rule, facts, Gives::Gifts, Gifts::of)
}

fn given<T>(rule: &str, facts: &Facts<'_>, gives: Gives, read: impl Fn(&Dynamic) -> Option<T>) -> Result<T, Failed> {
    let outcome = engine::run(rule, facts).and_then(|given| {
        read(&given).ok_or_else(|| engine::Fault {
            kind: Failed::Wrong,
            cause: format!("it gives {}, not {}", given.type_name(), gives.told()),
            is_of_data: false,
        })
    });
    outcome.map_err(|fault| {
        let shown: String = rule.chars().take(80).collect();
        tracing::warn!(realm = facts.realm, rule = shown, "a rule failed: {}", fault.cause);
        fault.kind
    })
}

/// Looks at an expression that an administrator wrote.
///
/// # Errors
///
/// What is wrong with it, with line and position where the text itself is.
pub fn check(rule: &str, about: About, gives: Gives) -> Result<(), String> {
    engine::compile(rule, about).map_err(|fault| fault.cause)?;
    if let Some(unknown) = engine::unknown_function(rule) {
        return Err(unknown);
    }
    let mut fault = None;
    for subject in [sample::of(about), sample::bare(about)] {
        let facts = Facts {
            about,
            subject: &subject,
            sender: &sample::sender(),
            realm: "master",
        };
        // What looks for an attribute of this realm may fail on a sample; what never ends, or gives a number, always does.
        match engine::run(rule, &facts) {
            Ok(given) if !gives.fit(&given) => {
                return Err(format!("it gives {}, not {}", given.type_name(), gives.told()));
            }
            Ok(_) => return Ok(()),
            Err(failed) if failed.kind == Failed::Exhausted => return Err(failed.cause),
            Err(failed) => {
                fault.get_or_insert(failed);
            }
        }
    }
    // It fails for somebody of whom all is known, and for somebody of whom nothing is.
    match fault.filter(|fault| !fault.is_of_data) {
        Some(fault) => Err(fault.cause),
        None => Ok(()),
    }
}
