//! Limits that strangers meet: so many registrations, so many mails, within so many seconds (contract 2).

pub mod network;
mod past;
mod registrations;

use std::net::IpAddr;

use vestibule_jose::digest::{b64url, sha256};

use crate::app::App;
use crate::error::Error;
use crate::store::Tx;
use crate::store::limit::{self, Slots};

pub use past::Past;
pub use registrations::Attempt;

/// `N/seconds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub most: i64,
    pub seconds: i64,
}

/// The longest window, a year.
const LONGEST_SECONDS: i64 = 31_536_000;

/// As `5/3600`.
pub const fn per(most: i64, seconds: i64) -> Limit {
    Limit { most, seconds }
}

impl Limit {
    /// Reads a setting; `None`: it is none. `Some(None)` is `off`.
    pub fn parse(text: &str) -> Option<Option<Self>> {
        if text.trim() == "off" {
            return Some(None);
        }
        let (most, seconds) = text.split_once('/')?;
        let number = |text: &str| text.trim().parse::<i64>().ok().filter(|n| *n > 0);
        let seconds = number(seconds).filter(|s| *s <= LONGEST_SECONDS)?;
        Some(Some(per(number(most)?, seconds)))
    }

    /// A setting, or the default where there is none that can be read.
    pub fn of(setting: Option<&str>, default: Option<Self>) -> Option<Self> {
        setting.and_then(Self::parse).unwrap_or(default)
    }
}

/// Something that is counted, and how often it may happen. Not who it is: the key is a hash.
pub struct Rule {
    limit: Limit,
    key: String,
    /// The count of this caller alone, where others must not use up what is theirs.
    own: Option<String>,
}

/// How much of what others used up a caller still gets, and how many callers get it, as a multiple of the limit.
const OWN_SHARE: i64 = 2;
const MOST_CALLERS: i64 = 4;

impl Rule {
    /// So often in all.
    pub fn plain(realm_id: &str, kind: &str, value: &str, limit: Limit) -> Self {
        Self {
            limit,
            key: hashed(realm_id, kind, value, ""),
            own: None,
        }
    }

    /// So often, and whoever calls from elsewhere than those who used that up still gets a little, as long as it is not
    /// four times as often in all: strangers who name somebody's address do not lock its owner out.
    pub fn fair(realm_id: &str, kind: &str, value: &str, caller: IpAddr, limit: Limit) -> Self {
        let own = network::of(caller).to_string();
        Self {
            own: Some(hashed(realm_id, kind, value, &own)),
            ..Self::plain(realm_id, kind, value, limit)
        }
    }

    fn keys(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.key).chain(&self.own)
    }

    /// Seconds to wait, if it has happened often enough.
    fn wait(&self, of: impl Fn(&str) -> Slots, now: i64) -> Option<i64> {
        let window = self.limit.seconds * 1000;
        let all = of(&self.key);
        let count = all.count(now, window);
        let own = self.own.as_ref().map(|key| of(key).count(now, window));
        let lets_in = count < self.limit.most
            || own.is_some_and(|own| own < OWN_SHARE && count < self.limit.most.saturating_mul(MOST_CALLERS));
        (!lets_in).then(|| (all.wait_ms(now, window) / 1000).max(1))
    }
}

fn hashed(realm_id: &str, kind: &str, value: &str, own: &str) -> String {
    b64url(&sha256(format!("{realm_id}\n{kind}\n{value}\n{own}").as_bytes()))
}

fn keys(rules: &[Rule]) -> Vec<String> {
    let mut keys: Vec<String> = rules.iter().flat_map(Rule::keys).cloned().collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Looks whether all of these may happen, without counting: spares the work before the decision. Seconds to wait if not.
///
/// # Errors
///
/// Those of the database.
pub async fn foresee(app: &App, rules: &[Rule]) -> Result<Option<i64>, Error> {
    if rules.is_empty() {
        return Ok(None);
    }
    let known = limit::look(&app.db, &keys(rules)).await?;
    let of = |key: &str| known.get(key).cloned().unwrap_or_default();
    Ok(rules.iter().filter_map(|rule| rule.wait(of, app.now())).max())
}

/// Counts all of these, or, if one has happened often enough, none: then the answer is the seconds to wait. The count
/// holds if the transaction does.
///
/// # Errors
///
/// Those of the database.
pub async fn spend(tx: &mut Tx, app: &App, realm_id: &str, rules: &[Rule]) -> Result<Option<i64>, Error> {
    if rules.is_empty() {
        return Ok(None);
    }
    let now = app.now();
    let mut known = limit::lock(tx, realm_id, &keys(rules), now).await?;
    let of = |key: &str| known.get(key).cloned().unwrap_or_default();
    if let Some(wait) = rules.iter().filter_map(|rule| rule.wait(of, now)).max() {
        return Ok(Some(wait));
    }
    for rule in rules {
        let window = rule.limit.seconds * 1000;
        for key in rule.keys() {
            let slots = known.entry(key.clone()).or_default();
            slots.add(now, window);
            limit::keep(tx, key, slots, now + 2 * window).await?;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_of_times_in_seconds() {
        assert_eq!(Limit::parse("5/3600"), Some(Some(per(5, 3600))));
        assert_eq!(Limit::parse(" 5 / 60 "), Some(Some(per(5, 60))));
        assert_eq!(Limit::parse("off"), Some(None));
        for wrong in [
            "",
            "5",
            "5/",
            "/5",
            "0/5",
            "5/0",
            "-1/5",
            "5/hour",
            "junk",
            "5/31536001",
        ] {
            assert_eq!(Limit::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Limit::of(Some("junk"), Some(per(5, 60))), Some(per(5, 60)));
        assert_eq!(Limit::of(Some("off"), Some(per(5, 60))), None);
    }
}
