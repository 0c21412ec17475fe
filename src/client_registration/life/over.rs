//! What has expired is dead at that instant, and does not come back by being used; the sweep that removes it comes later.

use super::Rule;
use crate::app::App;
use crate::client_registration::cimd;
use crate::error::Error;
use crate::store::client::{self, Client, Life, Source, Standing};
use crate::store::client_life;
use crate::store::realm::Realm;

/// Whether a client's time is up. Only of one that seems to have expired the database is asked.
///
/// # Errors
///
/// Those of the database.
pub async fn is_over(app: &App, realm: &Realm, client: &Client) -> Result<bool, Error> {
    let Some(rule) = Rule::of(realm).filter(|_| can_end(client)) else {
        return Ok(false);
    };
    let now = app.now();
    let life = match app.uses.last(&client.id).filter(|at| *at > client.life.active) {
        Some(at) => Life {
            last_used: Some(at),
            active: at,
            warned: None,
        },
        None => client.life,
    };
    if rule.end_of(life, now).is_none_or(|end| end > now) {
        return Ok(false);
    }
    if client_life::has_expired(&app.db, &realm.id, &client.id, rule.expired(now)).await? {
        return Ok(true);
    }
    // It was used, or its people were warned, since this node looked.
    client::forget(&app.db, &client.id);
    Ok(false)
}

/// A client has proved itself, or was named by itself where it cannot. Nothing is written now, unless its end is near.
///
/// # Errors
///
/// Those of the database.
pub async fn used(app: &App, realm: &Realm, client: &Client) -> Result<(), Error> {
    let now = app.now();
    let rule = Rule::of(realm).filter(|_| can_end(client));
    if rule.is_some_and(|rule| rule.wants_written(client.life, now)) {
        return client_life::used_now(&app.db, &client.id, now).await;
    }
    app.uses.note(&client.id, now);
    Ok(())
}

/// Whether a client is one that ends: those of administrators do not, nor those that wait for approval. One that describes
/// itself is described anew.
fn can_end(client: &Client) -> bool {
    client.source != Source::Admin
        && client.life.active > 0
        && client.standing == Standing::Live
        && !cimd::is_document(client)
}
