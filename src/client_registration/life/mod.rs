//! The life of a registered client: when it was used, when nobody needs it any more, and how many there may be.

pub mod quota;
mod sweep;
mod uses;

pub use sweep::sweep;
pub use uses::Uses;

use crate::store::client_life::{Expired, Limits};
use crate::store::client_registration::Registration;
use crate::store::json;
use crate::store::realm::Realm;

/// How long before the end contacts are warned, unless the realm says otherwise: a week. `0`: nobody is.
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

    /// When a client expires if nobody uses it, in epoch milliseconds. A warning that came late puts it off.
    pub fn end(self, registration: &Registration) -> Option<i64> {
        if registration.source == "admin" {
            return None;
        }
        let limit = match registration.last_used {
            None => self.unused?,
            Some(_) => self.idle?,
        };
        let warned = registration.warned.map_or(i64::MIN, |at| at + self.lead(limit));
        Some(warned.max(registration.active + limit))
    }

    /// How long before the end contacts are warned: at half of a life that is short.
    fn lead(self, limit: i64) -> i64 {
        self.warning.min(limit / 2)
    }

    /// Whoever was quiet for so long, and was warned in time, has expired. Where the rule is new, or stricter than it was,
    /// nobody was.
    fn expired(self, now: i64) -> Expired {
        let quiet = |limit: i64| now - limit;
        let warned = |limit: i64| now - self.lead(limit);
        Expired {
            quiet: self.limits(i64::MIN, quiet),
            warned: if self.warning > 0 {
                self.limits(i64::MAX, warned)
            } else {
                self.limits(i64::MAX, |_| i64::MAX)
            },
        }
    }

    /// Whoever was quiet since then is warned.
    fn warning_limits(self, now: i64) -> Limits {
        if self.warning == 0 {
            return self.limits(i64::MIN, |_| i64::MIN);
        }
        self.limits(i64::MIN, |limit| now - limit + self.lead(limit))
    }

    fn limits(self, never: i64, at: impl Fn(i64) -> i64) -> Limits {
        Limits {
            unused: self.unused.map_or(never, &at),
            idle: self.idle.map_or(never, &at),
        }
    }
}
