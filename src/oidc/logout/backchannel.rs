//! Applications are told that a session of theirs has ended (OpenID Connect Back-Channel Logout 1.0): through the outbox, so
//! that nobody who signs out waits for them, and none is forgotten.

use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::tokens::encrypted::{self, What};
use crate::oidc::tokens::make::{self, Signer};
use crate::oidc::tokens::mappers;
use crate::store::client::{self, Client};
use crate::store::json::{self, Doc};
use crate::store::outbox::{self, Outgoing};
use crate::store::realm::Realm;
use crate::store::session::{self, UserSession};
use crate::store::{Tx, realm};

/// The kind of these messages in the outbox.
pub const KIND: &str = "backchannel-logout";

/// Seconds that a logout token is good: Keycloak's.
const LIFESPAN: i64 = 120;

/// The event in a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Queues what the applications of a session are told. Call it before the session is removed, in the same transaction. `but`:
/// those that the browser tells.
///
/// # Errors
///
/// Those of the database.
pub async fn queue(
    tx: &mut Tx,
    app: &App,
    caller: &Caller,
    realm: &Realm,
    ending: &UserSession,
    but: &[String],
) -> Result<(), Error> {
    for part in session::parts(&mut *tx, &ending.id, ending.offline).await? {
        // In this transaction: another connection could be waited for by all who hold one.
        let found = client::read(&mut *tx, &realm.id, &part.client_uuid).await?;
        let Some(client) = found.filter(|c| c.enabled() && !but.contains(&c.id)) else {
            continue;
        };
        if client.attribute("backchannel.logout.url").is_none() {
            continue;
        }
        let id = crate::random::row_id();
        let doc = json!({
            "client": client.id, "user": ending.user_id, "sid": ending.id, "issuer": caller.issuer(&realm.name)
        });
        let message = Outgoing {
            doc: tx.seal(crate::mail::SEALED_FOR, &id, doc.to_string().as_bytes())?,
            id,
            realm_id: realm.id.clone(),
            kind: KIND.to_owned(),
            created: app.now(),
            attempts: 0,
            receiver: Some(client.id.clone()),
        };
        outbox::add(tx, &message, false).await?;
    }
    Ok(())
}

/// The same of all sessions of a user, but the offline ones.
///
/// # Errors
///
/// Those of the database.
pub async fn queue_of_user(tx: &mut Tx, app: &App, caller: &Caller, realm: &Realm, user_id: &str) -> Result<(), Error> {
    for ending in session::of_user(&mut *tx, &realm.id, user_id, false).await? {
        queue(tx, app, caller, realm, &ending, &[]).await?;
    }
    Ok(())
}

/// Tells one application. What it answers is not looked at beyond its status.
///
/// # Errors
///
/// Why it was not told, for the log.
pub async fn deliver(app: &App, realm_id: &str, message: &Doc) -> Result<(), String> {
    let failed = |e: Error| e.to_string();
    let text = |name: &str| json::text(message, name).unwrap_or_default();
    let realm = realm::by_id(&app.db, realm_id).await.map_err(failed)?;
    let realm = realm.ok_or("the realm is gone")?;
    let client = client::by_id(&app.db, realm_id, text("client")).await.map_err(failed)?;
    // Whoever is gone or off, or does not want to be told any more, is not.
    let Some(client) = client.filter(|c| c.enabled()) else {
        return Ok(());
    };
    let Some(address) = client.attribute("backchannel.logout.url") else {
        return Ok(());
    };
    let claims = claims(app, &client, message);
    let alg = make::algorithm(&realm, &client, "id.token.signed.response.alg");
    let token = make::sign(app, &realm, &client, alg, Signer::Client, "logout+jwt", &claims).await;
    let token = encrypted::wrap(app, &client, What::Id, token.map_err(failed)?, "JWT").await;
    let token = token.map_err(failed)?;
    let told = app.egress.post_form(address, &[("logout_token", &token)]).await;
    told.map_err(|e| format!("{}: {e}", client.client_id))
}

/// The logout token, in Keycloak's order.
fn claims(app: &App, client: &Client, message: &Doc) -> Doc {
    let text = |name: &str| json::text(message, name).unwrap_or_default();
    let set = |name: &str| client.attribute(name);
    let now = app.now_seconds();
    let mut claims = Doc::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("exp", json!(now + LIFESPAN));
    put("iat", json!(now));
    put("jti", json!(crate::random::uuid()));
    put("iss", json!(text("issuer")));
    put("aud", json!(client.client_id));
    put("sub", json!(mappers::subject_for(client, text("user"))));
    put("typ", json!("Logout"));
    if set("backchannel.logout.session.required") != Some("false") {
        put("sid", json!(text("sid")));
    }
    let mut events = json!({ EVENT: {} });
    if set("backchannel.logout.revoke.offline.tokens") == Some("true") {
        events["revoke_offline_access"] = json!(true);
    }
    put("events", events);
    claims
}
