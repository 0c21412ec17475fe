//! How a realm has it: `PREFIX.approval`, `.approval.stages`, `.approval.expires` (contract 2 and 5).

use super::Stage;
use crate::store::json;
use crate::store::realm::Realm;

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nobody needs to.
    None,
    /// People.
    Required,
    /// The realm's rule, and people where it says so.
    Rule,
}

/// The settings of a realm for one kind of registration.
#[derive(Debug, Clone)]
pub struct Settings {
    pub mode: Mode,
    /// Who decides, in order: at least one.
    pub stages: Vec<String>,
    /// Milliseconds that there is time.
    pub expires: i64,
}

/// Seconds that there is time, unless the realm says otherwise: two weeks.
const USUAL_TIME: i64 = 1_209_600;

impl Settings {
    /// Those of a realm; `prefix`: `registration` or `clientRegistration`.
    pub fn of(realm: &Realm, prefix: &str) -> Self {
        let set = |name: &str| realm.attribute(&format!("{prefix}.{name}"));
        let seconds = json::written(set("approval.expires")).filter(|n| *n > 0);
        Self {
            mode: match set("approval") {
                Some("required") => Mode::Required,
                Some("rule") => Mode::Rule,
                _ => Mode::None,
            },
            stages: Stage::list(set("approval.stages").unwrap_or_default()),
            expires: seconds.unwrap_or(USUAL_TIME).saturating_mul(1000),
        }
    }
}
