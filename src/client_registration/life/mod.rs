//! The life of a registered client: when it was used, when nobody needs it any more, and how many there may be.

mod over;
pub mod quota;
mod sweep;
mod uses;

pub use over::{is_over, used};
pub use sweep::{is_gone, sweep};
pub use uses::Uses;

use crate::store::client::Life;
use crate::store::client_life::{Expired, Limits};
use crate::store::client_registration::Registration;
use crate::store::json;
use crate::store::realm::Realm;

/// How long before the end contacts are warned, unless the realm says otherwise: a week. `0`: nobody is.
const USUAL_WARNING: i64 = 604_800;

/// The longest time that a rule has, in seconds.
const LONGEST: i64 = 31_536_000_000;

/// How late a warning may come without moving the end, in milliseconds: sweeps come by every minute, or less often. Where there
/// is no more time than this between the two, the end waits for no warning.
const LATE: i64 = 600_000;

/// How long before a client would expire its uses are written at once, in milliseconds: other nodes must know of them.
const NEAR: i64 = 120_000;

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
        // No longer than a thousand years, whatever an import brings.
        let limit = |key: &str| Some(seconds(key).filter(|n| *n > 0)?.min(LONGEST) * 1000);
        let (unused, idle) = (
            limit("clientRegistration.unused.expires"),
            limit("clientRegistration.idle.expires"),
        );
        let warning = seconds("clientRegistration.warn.before").filter(|n| *n >= 0);
        let warning = warning.unwrap_or(USUAL_WARNING).min(LONGEST) * 1000;
        (unused.is_some() || idle.is_some()).then_some(Self { unused, idle, warning })
    }

    /// When a client expires if nobody uses it, in epoch milliseconds. `None`: never.
    pub fn end(self, registration: &Registration, now: i64) -> Option<i64> {
        if registration.source == "admin" {
            return None;
        }
        self.end_of(registration.life(), now)
    }

    /// The same for a client that registered itself. Where the rule is new, or stricter than it was, or nobody swept for long,
    /// the warning comes late, and puts the end off.
    fn end_of(self, life: Life, now: i64) -> Option<i64> {
        let limit = match life.last_used {
            None => self.unused?,
            Some(_) => self.idle?,
        };
        let (end, lead) = (life.active.saturating_add(limit), self.lead(limit));
        let late = end - lead + LATE;
        Some(match life.warned {
            _ if !self.waits(limit) => end,
            Some(at) if at > late => at + lead,
            None if now > late => now + lead,
            _ => end,
        })
    }

    /// Whether the end waits until its people have been warned.
    fn waits(self, limit: i64) -> bool {
        self.lead(limit) > LATE
    }

    /// Whether a use is written at once: the first, from which another limit counts, and those not long before the end.
    fn wants_written(self, life: Life, now: i64) -> bool {
        match life.last_used {
            None => true,
            Some(_) => self
                .idle
                .is_some_and(|limit| now - life.active >= limit - NEAR.min(limit / 2)),
        }
    }

    /// How long before the end contacts are warned: at half of a life that is short.
    fn lead(self, limit: i64) -> i64 {
        self.warning.min(limit / 2)
    }

    /// Whoever was quiet for so long, and was warned where that is waited for, has expired: as [`Rule::end_of`] says it, for the
    /// database.
    fn expired(self, now: i64) -> Expired {
        let warned = |limit: i64| match self.waits(limit) {
            true => now - self.lead(limit),
            false => i64::MAX,
        };
        Expired {
            quiet: self.limits(i64::MIN, |limit| now - limit + 1),
            warned: self.limits(i64::MAX, warned),
            in_time: self.limits(0, |limit| limit - self.lead(limit) + LATE),
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
