//! How often something happened lately: sliding windows that all nodes share, exact however many ask at once.

use std::collections::{BTreeMap, HashMap};

use super::db::{Param, Query, Row, Tx};
use crate::error::Error;

/// Stretches that a window is counted in. What happened within one counts until its end is out of the window, so that a
/// limit is never exceeded, and is at most a sixtieth stricter than it says.
const SLOTS: i64 = 60;

/// How often, by the beginning of each stretch in epoch milliseconds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Slots(BTreeMap<i64, i64>);

fn length(window_ms: i64) -> i64 {
    (window_ms / SLOTS).max(1)
}

impl Slots {
    fn read(text: &str) -> Self {
        let pairs = text.split(' ').filter_map(|pair| {
            let (begin, count) = pair.split_once(':')?;
            Some((begin.parse().ok()?, count.parse().ok()?))
        });
        Self(pairs.collect())
    }

    fn written(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(begin, count)| format!("{begin}:{count}")).collect();
        pairs.join(" ")
    }

    fn lately(&self, now: i64, window_ms: i64) -> impl Iterator<Item = (&i64, &i64)> {
        let gone = now - window_ms - length(window_ms);
        self.0.iter().filter(move |(begin, _)| **begin > gone)
    }

    /// How often it happened within the window.
    pub fn count(&self, now: i64, window_ms: i64) -> i64 {
        self.lately(now, window_ms).map(|(_, count)| count).sum()
    }

    /// Milliseconds until the earliest of these is forgotten.
    pub fn wait_ms(&self, now: i64, window_ms: i64) -> i64 {
        let oldest = self.lately(now, window_ms).next();
        oldest.map_or(0, |(begin, _)| begin + window_ms + length(window_ms) - now)
    }

    /// It happens once more; what is out of the window is forgotten.
    pub fn add(&mut self, now: i64, window_ms: i64) {
        let length = length(window_ms);
        self.0.retain(|begin, _| *begin > now - window_ms - length);
        *self.0.entry(now - now.rem_euclid(length)).or_default() += 1;
    }
}

fn found(rows: Vec<Row>) -> Result<HashMap<String, Slots>, Error> {
    let pair = |mut row: Row| Ok((row.next()?, Slots::read(&row.next::<String>()?)));
    rows.into_iter().map(pair).collect()
}

fn places(from: usize, count: usize) -> String {
    let all: Vec<String> = (from..from + count).map(|n| format!("${n}")).collect();
    all.join(", ")
}

/// What is counted under some keys. Without a lock: good for looking, not for deciding.
///
/// # Errors
///
/// Those of the database.
pub async fn look(q: impl Query, keys: &[String]) -> Result<HashMap<String, Slots>, Error> {
    let sql = format!(
        "select key, slots from limit_window where key in ({})",
        places(1, keys.len())
    );
    let params: Vec<&dyn Param> = keys.iter().map(|key| key as &dyn Param).collect();
    found(q.all(&sql, &params).await?)
}

/// What is counted under some keys, which nobody else can count under before this transaction ends. The keys must be in
/// order, so that no two transactions wait for each other.
///
/// # Errors
///
/// Those of the database.
pub async fn lock(tx: &mut Tx, realm_id: &str, keys: &[String], now: i64) -> Result<HashMap<String, Slots>, Error> {
    debug_assert!(keys.is_sorted());
    let rows: Vec<String> = (0..keys.len()).map(|n| format!("(${}, $1, '', $2)", n + 3)).collect();
    let sql = format!(
        "insert into limit_window (key, realm_id, slots, expires) values {}
         on conflict (key) do update set realm_id = excluded.realm_id returning key, slots",
        rows.join(", ")
    );
    let mut params: Vec<&dyn Param> = vec![&realm_id, &now];
    params.extend(keys.iter().map(|key| key as &dyn Param));
    found(tx.all(&sql, &params).await?)
}

/// Waits until nobody else does the same in a realm, and keeps others waiting until this transaction ends.
///
/// # Errors
///
/// Those of the database.
pub async fn take_turn(tx: &mut Tx, realm_id: &str, what: &str) -> Result<(), Error> {
    lock(tx, realm_id, &[format!("{realm_id} {what}")], 0).await.map(|_| ())
}

/// Writes what is counted under a key that this transaction has locked, until `expires`.
///
/// # Errors
///
/// Those of the database.
pub async fn keep(tx: &mut Tx, key: &str, slots: &Slots, expires: i64) -> Result<(), Error> {
    let sql = "update limit_window set slots = $2, expires = $3 where key = $1";
    tx.exec(sql, &[&key, &slots.written(), &expires]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides_and_never_forgets_too_early() {
        let window = 3_600_000;
        let mut slots = Slots::default();
        for minute in 0..5 {
            slots.add(minute * 60_000 + 30_000, window);
        }
        let slots = Slots::read(&slots.written());
        assert_eq!(slots.count(300_000, window), 5);
        assert_eq!(
            slots.count(30_000 + window, window),
            5,
            "the first is an hour old, and no older"
        );
        assert_eq!(slots.count(60_000 + window, window), 4);
        assert_eq!(slots.wait_ms(300_000, window), 60_000 + window - 300_000);
        assert_eq!(slots.count(1_000_000 + window, window), 0);
        assert_eq!(slots.wait_ms(1_000_000 + window, window), 0);
    }

    #[test]
    fn what_is_out_of_the_window_is_not_kept() {
        let mut slots = Slots::default();
        for n in 0..1_000 {
            slots.add(n * 1_000, 10_000);
        }
        assert!(slots.written().split(' ').count() <= 61, "{}", slots.written());
    }
}
