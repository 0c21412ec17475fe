//! What waits is asked for anew when somebody else than the application changes it. Those who decide are written to a little
//! later, once for all that was changed at a time.

use super::letters::to_approvers;
use super::{KIND, PREFIX};
use crate::app::App;
use crate::approval::{self, Settings};
use crate::caller::Caller;
use crate::error::Error;
use crate::events;
use crate::mail::{self, Sending};
use crate::store::approval::Approval;
use crate::store::client::{self, Client, Standing};
use crate::store::event::Event;
use crate::store::realm::{self, Realm};
use crate::store::{Tx, approval as rows, client_registration};

/// As many as are written about in one go.
const AT_ONCE: i64 = 200;

/// When it is tried again where nobody could be written to, in milliseconds. Until then others have their turn.
const RETRY: i64 = 300_000;

/// A client that waits for approval is another one when it has been changed: those who decide are asked about that. `base`: where
/// links to this server begin. Lock the client first.
///
/// # Errors
///
/// Those of the database.
pub async fn ask_again(tx: &mut Tx, app: &App, realm: &Realm, base: &str, client: &Client) -> Result<(), Error> {
    if client.standing != Standing::Pending {
        return Ok(());
    }
    let row = rows::read(&mut *tx, &realm.id, &client.id).await?;
    let settings = Settings::of(realm, PREFIX);
    // Nobody has been told of one that waits for nothing.
    let row = row.unwrap_or_else(|| Approval {
        told: 0,
        ..approval::ask(app, realm, &settings, (KIND, &client.id), None)
    });
    rows::put(tx, &approval::ask_anew(app, realm, &settings, &row, base)).await
}

/// The same, if anything of it has changed.
///
/// # Errors
///
/// Those of the database.
pub async fn ask_if_changed(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    base: &str,
    (known, changed): (&Client, &Client),
) -> Result<(), Error> {
    if known.doc == changed.doc && known.client_id == changed.client_id {
        return Ok(());
    }
    ask_again(tx, app, realm, base, changed).await
}

/// Writes to those who decide about all that is due. Do it again and again.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn write_what_is_due(app: &App) -> Result<(), Error> {
    for (realm_id, id) in rows::due(&app.db, app.now(), AT_ONCE).await? {
        // One that cannot be written keeps back no other.
        if let Err(failed) = write(app, &realm_id, &id).await {
            tracing::warn!("nobody could be asked to approve {id}: {failed}");
            put_off(app, &realm_id, &id).await?;
        }
    }
    Ok(())
}

async fn put_off(app: &App, realm_id: &str, id: &str) -> Result<(), Error> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    rows::put_off(&mut tx, realm_id, id, now, now + RETRY).await?;
    tx.commit().await
}

async fn write(app: &App, realm_id: &str, id: &str) -> Result<(), Error> {
    let (Some(realm), Some(client), Some(row)) = (
        realm::by_id(&app.db, realm_id).await?,
        client::read(&app.db, realm_id, id).await?,
        rows::read(&app.db, realm_id, id).await?,
    ) else {
        // Of somebody who is gone, until the row goes as well.
        return put_off(app, realm_id, id).await;
    };
    let caller = Caller::own(row.base.clone().unwrap_or_default());
    let registered = client_registration::of_client(&app.db, realm_id, id).await?;
    let owner = registered.and_then(|known| known.owner);
    let letters = if approval::is_open(&row, app.now()) {
        to_approvers(app, &caller, &realm, &client, (&row, owner.as_deref())).await?
    } else {
        Vec::new()
    };
    let mut tx = app.db.begin().await?;
    client_registration::lock(&mut tx, realm_id, id).await?;
    let Some(mut latest) = rows::read(&mut tx, realm_id, id).await? else {
        return Ok(());
    };
    if (&latest.ask, latest.stage, latest.due) != (&row.ask, row.stage, row.due) {
        // Another node was faster, or it is another one already: next time.
        return Ok(());
    }
    (latest.told, latest.due) = (app.now(), None);
    rows::put(&mut tx, &latest).await?;
    let mut event = Event::new("CLIENT_REGISTRATION_PENDING");
    event.client_id = Some(client.client_id.clone());
    let event = event.detail("registration", id);
    let event = event.detail("action", if row.is_change { "update" } else { "create" });
    events::record(&mut tx, &realm, &event, app.now()).await?;
    for letter in &letters {
        mail::queue(&mut tx, app, &realm, letter, caller.ip, Sending::Wanted).await?;
    }
    tx.commit().await
}
