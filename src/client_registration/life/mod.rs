//! The life of a registered client: when it was used, when nobody needs it any more, and how many there may be.

pub mod quota;
mod sweep;
mod uses;

pub use sweep::sweep;
pub use uses::Uses;

use crate::store::client_life::Limits;
use crate::store::client_registration::Registration;
use crate::store::json;
use crate::store::realm::Realm;

/// How long before the end contacts are warned, unless the realm says otherwise: a week.
const USUAL_WARNING: i64 = 604_800;

/// A realm's rule, in milliseconds; `None`: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    unused: Option<i64>,
    idle: Option<i64>,
    warning: i64,
}

impl Rule {
    /// The rule of a realm; `None` if clients never expire in it.
    pub fn of(realm: &Realm) -> Option<Self> {
        let seconds = |key: &str| json::written(realm.attribute(key));
        let limit = |key: &str| Some(seconds(key).filter(|n| *n > 0)?.saturating_mul(1000));
        let (unused, idle) = (
            limit("clientRegistration.unused.expires"),
            limit("clientRegistration.idle.expires"),
        );
        let warning = seconds("clientRegistration.warn.before").filter(|n| *n >= 0);
        let warning = warning.unwrap_or(USUAL_WARNING).saturating_mul(1000);
        (unused.is_some() || idle.is_some()).then_some(Self { unused, idle, warning })
    }

    /// When a client expires if nobody uses it, in epoch milliseconds.
    pub fn end(self, registration: &Registration) -> Option<i64> {
        if registration.source == "admin" {
            return None;
        }
        match registration.last_used {
            None => Some(registration.created + self.unused?),
            Some(used) => Some(used + self.idle?),
        }
    }

    /// Whoever was quiet since then has expired.
    fn limits(self, now: i64) -> Limits {
        let before = |limit: Option<i64>| limit.map_or(i64::MIN, |limit| now - limit);
        Limits {
            unused: before(self.unused),
            idle: before(self.idle),
        }
    }

    /// Whoever was quiet since then is warned: before the end, or at half of a shorter life.
    fn warning_limits(self, now: i64) -> Limits {
        let before = |limit: Option<i64>| limit.map_or(i64::MIN, |limit| now - limit + self.warning.min(limit / 2));
        Limits {
            unused: before(self.unused),
            idle: before(self.idle),
        }
    }
}
