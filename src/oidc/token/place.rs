//! The session that tokens belong to: a new one, or the offline twin of one.

use serde_json::json;
use vestibule_oauth::error::Refusal;

use super::request::Request;
use crate::device;
use crate::error::Error;
use crate::oidc::door::Stop;
use crate::oidc::session as sessions;
use crate::oidc::tokens::context::Context;
use crate::oidc::tokens::make::Place;
use crate::store::Tx;
use crate::store::event::Event;
use crate::store::json::Doc;
use crate::store::session::{self, ClientSession, UserSession};

/// A session that begins with this request.
pub(super) fn new(request: &Request, user_id: &str, mut notes: Doc) -> Place {
    device::note(&mut notes, &request.caller);
    let now = request.app.now();
    let mut session = UserSession {
        id: crate::random::session_id(),
        realm_id: request.realm.id.clone(),
        user_id: user_id.to_owned(),
        offline: false,
        ip_address: Some(request.caller.ip.to_string()),
        started: now,
        last_refresh: now,
        expires: 0,
        notes,
    };
    session.expires = sessions::expires(&request.realm, &session);
    let mut doc = Doc::new();
    doc.insert("scope".into(), json!(request.params.get("scope")));
    let part = ClientSession {
        session_id: session.id.clone(),
        offline: false,
        client_uuid: request.client.id.clone(),
        realm_id: request.realm.id.clone(),
        started: now,
        last_refresh: now,
        doc,
    };
    Place { session, part }
}

/// Keeps a session and the client's part in it.
pub(super) async fn keep(tx: &mut Tx, place: &Place) -> Result<(), Error> {
    session::create(tx, &place.session).await?;
    session::attach(tx, &place.part).await
}

/// Whether the scopes ask for an offline session.
pub(super) fn wants_offline(context: &Context) -> bool {
    context.scopes.has(&context.realm, "offline_access")
}

/// The offline twin of a session and of the client's part in it.
pub(super) fn offline(request: &Request, place: &Place) -> Place {
    let now = request.app.now();
    let mut session = UserSession {
        offline: true,
        last_refresh: now,
        ..place.session.clone()
    };
    session.expires = sessions::expires(&request.realm, &session);
    let part = ClientSession {
        offline: true,
        started: now,
        last_refresh: now,
        ..place.part.clone()
    };
    Place { session, part }
}

/// Refuses unless user and client may have an offline session: the role of that name passes.
pub(super) async fn allow_offline(request: &Request, event: &Event, context: &Context) -> Result<(), Stop> {
    if context.passes_role("", "offline_access") {
        return Ok(());
    }
    let text = "Offline tokens not allowed for the user or client";
    let refused = Refusal::new(400, "not_allowed", text);
    Err(request
        .refuse_as(event.clone(), refused, "not_allowed", Some(text))
        .await)
}
