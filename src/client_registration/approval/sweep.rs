//! What nobody decided in time goes, and so does what was refused and has been told for long enough.

use super::again::write_what_is_due;
use super::told::{REFUSAL_KEPT, is_kept};
use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::store::approval::State;
use crate::store::client::{self, Standing};
use crate::store::event::Event;
use crate::store::realm;
use crate::store::{approval as rows, client_registration};

/// As many as are looked at in one go.
const AT_ONCE: i64 = 200;

/// Does it once for all realms, and writes to those who are to decide on what was asked for anew. It was dead at that instant already.
///
/// # Errors
///
/// Those of the database.
pub async fn sweep(app: &App) -> Result<(), Error> {
    write_what_is_due(app).await?;
    let now = app.now();
    for (realm_id, id) in rows::over(&app.db, now, now - REFUSAL_KEPT, AT_ONCE).await? {
        let Some(realm) = realm::by_id(&app.db, &realm_id).await? else {
            continue;
        };
        let mut tx = app.db.begin().await?;
        client_registration::lock(&mut tx, &realm_id, &id).await?;
        let row = rows::read(&mut tx, &realm_id, &id).await?;
        let Some(row) = row.filter(|row| !is_kept(Some(row), now)) else {
            continue;
        };
        let client = client::read(&mut tx, &realm_id, &id).await?;
        rows::remove(&mut tx, &realm_id, &id).await?;
        if let Some(client) = client.filter(|client| client.standing != Standing::Live) {
            client::remove(&mut tx, &realm_id, &id).await?;
            if row.state == State::Pending {
                let mut event = Event::new("CLIENT_EXPIRED").detail("reason", "approval");
                event.client_id = Some(client.client_id);
                events::record(&mut tx, &realm, &event, now).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(())
}
