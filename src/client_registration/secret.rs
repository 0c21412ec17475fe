//! A client replaces its own secret, without an administrator: so that one that may have leaked is soon worth nothing, and
//! nothing stands still while the new one is spread.

use serde_json::json;

use super::access::Access;
use super::audit::{self, Act};
use super::manage::{find_again, held};
use super::refusal::{Refusal, Stop};
use super::{Request, metadata, terms};
use crate::store::client;
use crate::store::json::Doc;
use crate::{client_secret, events};

/// Gives a client a new secret, which is told here and never again. The old one stays good for the realm's
/// `clientRegistration.secret.overlap` seconds.
///
/// # Errors
///
/// [`Stop::Refused`] if the caller may not, if a client policy rejects whatever is done, or if the client is of a kind that
/// has no secret. What other policies say of the client waits until it asks to be changed: a secret that has leaked is
/// replaced whatever they say.
pub(super) async fn renew(request: &Request<'_>, client_id: &str) -> Result<Doc, Stop> {
    let (app, realm) = (request.app, request.realm);
    let (client, auth, bound) = held(request, client_id, Act::Renew).await?;
    let policies = request.policies(auth).and_remaining(&terms::policies(&bound));
    let judge = request.judge().await?;

    let mut tx = app.db.begin().await?;
    let (mut client, _) = find_again(&mut tx, request, &client, Act::Renew).await?;
    if !metadata::has_secret(&client.doc) {
        return Err(Refusal::metadata("The client authenticates without a secret").into());
    }
    judge.touch(&client)?;
    let secret = client_secret::rotate(app, realm, &mut client)?;
    if let Some(seconds) = policies.secret_lifetime() {
        client_secret::limit(&mut client.doc, app.now_seconds(), Some(seconds));
    }
    if let Access::Registration { jti_hash, .. } = &request.access
        && client.secrets.rat_hash.as_ref() == Some(jti_hash)
    {
        // The newest token has reached its owner.
        client.secrets.previous_rat_hash = None;
    }
    client::update(&mut tx, &client).await?;
    let event = audit::done(request, Act::Renew, client_id);
    events::record(&mut tx, realm, &event, app.now()).await?;
    tx.commit().await?;

    let mut told = Doc::new();
    told.insert("client_id".into(), json!(client.client_id));
    told.insert("client_secret".into(), json!(secret));
    told.insert(
        "client_secret_expires_at".into(),
        json!(client_secret::end(&client).unwrap_or(0)),
    );
    // No old secret that is still good: no member.
    if let Some(until) = client.secrets.previous_expires {
        told.insert("previous_secret_expires_at".into(), json!(until / 1000));
    }
    Ok(told)
}
