//! The secret key has changed: what was sealed with an earlier one is sealed with the new one, so that the old can be
//! thrown away (contract 1).

use serde_json::Value;
use vestibule_jose::digest::{b64url, b64url_decode};

use crate::app::App;
use crate::client_secret;
use crate::error::Error;
use crate::mail;
use crate::store::json;
use crate::store::sealed::{self, Place};
use crate::store::{attribute_secret, credential, identity_provider, key, realm, webhook};

/// Rows looked at in one go.
const AT_ONCE: i64 = 200;

/// What each place is sealed for.
const PLACES: [(Place, &str); 4] = [
    (Place::RealmKey, key::SEALED_FOR),
    (Place::ClientSecret, client_secret::PURPOSE),
    (Place::Mail, mail::SEALED_FOR),
    (Place::Webhook, webhook::SEALED_FOR),
];

/// Seals again whatever an earlier key sealed, and says how much that was. Does nothing where there is one key only. What no
/// key opens stays as it is, with a line in the log.
///
/// # Errors
///
/// Those of the database.
pub async fn run(app: &App) -> Result<usize, Error> {
    if !app.db.has_earlier_keys() {
        return Ok(0);
    }
    let mut count = 0;
    for (place, purpose) in PLACES {
        let mut after = String::new();
        loop {
            let some = sealed::some(&app.db, place, &after, AT_ONCE).await?;
            let Some((last, _)) = some.last() else { break };
            after.clone_from(last);
            for (id, old) in some {
                if let Some(new) = again(app, purpose, &id, &old) {
                    let mut tx = app.db.begin().await?;
                    sealed::replace(&mut tx, place, &id, &old, &new).await?;
                    tx.commit().await?;
                    count += 1;
                }
            }
        }
    }
    count += client_docs(app).await?;
    count += realm::seal_again(&app.db).await?;
    count += attribute_secret::scopes_again(&app.db).await?;
    count += attribute_secret::roles_and_groups_again(&app.db).await?;
    count += identity_provider::seal_again(&app.db).await?;
    count += credential::seal_again(&app.db).await?;
    Ok(count)
}

/// The same sealed with the newest key; `None` if it is, or if no key opens it.
fn again(app: &App, purpose: &str, id: &str, old: &[u8]) -> Option<Vec<u8>> {
    if app.db.is_sealed_with_newest(purpose, id, old) {
        return None;
    }
    let sealed = app
        .db
        .open_sealed(purpose, id, old)
        .and_then(|plain| app.db.seal(purpose, id, &plain));
    sealed.inspect_err(|e| tracing::warn!("{id}: {e}")).ok()
}

/// Secrets within the documents of clients: private keys that were made here, chosen secrets that were replaced, attributes.
async fn client_docs(app: &App) -> Result<usize, Error> {
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let some = sealed::client_docs(&app.db, &after, AT_ONCE).await?;
        let Some((last, _)) = some.last() else { return Ok(count) };
        after.clone_from(last);
        for (id, old) in some {
            let (mut doc, mut changed) = (json::parse(&old)?, false);
            let mut one = |purpose: &str, value: &mut Value| {
                let old = value.as_str().and_then(|text| b64url_decode(text).ok());
                if let Some(new) = old.and_then(|old| again(app, purpose, &id, &old)) {
                    *value = Value::from(b64url(&new));
                    changed = true;
                }
            };
            if let Some(previous) = doc.get_mut(client_secret::PREVIOUS) {
                one(client_secret::PREVIOUS_PURPOSE, previous);
            }
            if let Some(Value::Object(keys)) = doc.get_mut(client_secret::PRIVATE_KEYS) {
                keys.values_mut()
                    .for_each(|value| one(client_secret::PRIVATE_KEY_PURPOSE, value));
            }
            changed |= attribute_secret::seal_again(&app.db, &id, &mut doc);
            if changed {
                let mut tx = app.db.begin().await?;
                sealed::replace_client_doc(&mut tx, &id, &old, &serde_json::to_string(&doc)?).await?;
                tx.commit().await?;
                count += 1;
            }
        }
    }
}
