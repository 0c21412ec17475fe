//! Registrations whose time is over vanish; only a count without personal data stays.

use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::store::event::Event;
use crate::store::{realm, registration};

/// Registrations that vanish in one transaction.
const AT_ONCE: i64 = 200;

/// Deletes those that have expired. Each leaves an event REGISTRATION_EXPIRED that says nothing about the person.
///
/// # Errors
///
/// Those of the database.
pub async fn expired(app: &App) -> Result<(), Error> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let gone = registration::expire(&mut tx, now, AT_ONCE).await?;
    for realm_id in gone {
        if let Some(realm) = realm::by_id(&app.db, &realm_id).await? {
            events::record(&mut tx, &realm, &Event::new("REGISTRATION_EXPIRED"), now).await?;
        }
    }
    tx.commit().await
}
