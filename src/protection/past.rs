//! Whether something happened lately.

use std::slice;

use super::hashed;
use crate::app::App;
use crate::error::Error;
use crate::store::Tx;
use crate::store::limit;

/// Something that has happened within so many seconds, or has not. Not what it is: the key is a hash.
pub struct Past {
    realm_id: String,
    key: String,
    seconds: i64,
}

impl Past {
    /// What is asked about.
    pub fn new(realm_id: &str, kind: &str, value: &str, seconds: i64) -> Self {
        Self {
            realm_id: realm_id.to_owned(),
            key: hashed(realm_id, kind, value, "past"),
            seconds,
        }
    }

    /// Whether it has.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn look(&self, app: &App) -> Result<bool, Error> {
        let known = limit::look(&app.db, slice::from_ref(&self.key)).await?;
        let slots = known.get(&self.key);
        Ok(slots.is_some_and(|slots| slots.count(app.now(), self.seconds * 1000) > 0))
    }

    /// Whether it had, before now; now it happens.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn note(&self, tx: &mut Tx, app: &App) -> Result<bool, Error> {
        let (now, window) = (app.now(), self.seconds * 1000);
        let mut known = limit::lock(tx, &self.realm_id, slice::from_ref(&self.key), now).await?;
        let slots = known.entry(self.key.clone()).or_default();
        let had = slots.count(now, window) > 0;
        slots.add(now, window);
        limit::keep(tx, &self.key, slots, now + 2 * window).await?;
        Ok(had)
    }
}
