//! Which clients were used lately. Kept here, and written down by the sweep: a use writes nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The most clients that are remembered between two sweeps; the uses of more are told by the next one.
const MOST: usize = 100_000;

/// Clients by id, and when each was used last, in epoch milliseconds.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<String, i64>>);

impl Uses {
    /// A client has proved itself or, where it cannot, brought what only it was given: a code, a refresh token, a person's
    /// password. The later of two instants counts.
    pub fn note(&self, client_uuid: &str, now: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = known.get_mut(client_uuid) {
            *at = now.max(*at);
        } else if known.len() < MOST {
            known.insert(client_uuid.to_owned(), now);
        }
    }

    /// When a client was used since the last sweep.
    pub(super) fn last(&self, client_uuid: &str) -> Option<i64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(client_uuid).copied()
    }

    /// Takes what has been noted, in the order of the ids: two nodes that write the same rows do not wait for each other.
    pub(super) fn take(&self) -> Vec<(String, i64)> {
        let known = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut uses: Vec<_> = known.into_iter().collect();
        uses.sort_unstable();
        uses
    }
}
