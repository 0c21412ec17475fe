//! Token exchange within a realm (RFC 8693, Keycloak's standard token exchange): a client changes an access token that it was
//! handed into one of its own, for fewer APIs where it says so.

use serde_json::{Value, json};
use vestibule_oauth::error::Refusal;

use super::request::Request;
use super::{answer, consent};
use crate::error::Error;
use crate::events;
use crate::oidc::bearer::{self, Bearer};
use crate::oidc::door::Stop;
use crate::oidc::session as sessions;
use crate::oidc::tokens::context::Context;
use crate::oidc::tokens::make::{self, Access, Grant, Place, Wanted};
use crate::oidc::tokens::resource;
use crate::oidc::tokens::scope::{self, Scopes};
use crate::store::client;
use crate::store::db::Query;
use crate::store::event::Event;
use crate::store::json::{self, Doc};
use crate::store::revoked;
use crate::store::session::{self, ClientSession, UserSession};

/// What a type of token begins with.
const TYPE: &str = "urn:ietf:params:oauth:token-type:";

/// What is to become of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Access,
    Refresh,
    Id,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Access => "access_token",
            Self::Refresh => "refresh_token",
            Self::Id => "id_token",
        }
    }
}

fn invalid(text: &'static str) -> Refusal {
    Refusal::new(400, "invalid_request", text)
}

/// Answers a request with this grant.
pub(super) async fn grant(request: &Request) -> Result<Value, Stop> {
    let event = request.event.clone().detail("auth_method", "token_exchange");
    let sent = sent(request, &event).await?;
    let request = &*request.judged(&event, None).await?;
    let subject = subject(request, &event, sent).await?;
    let (app, realm, client) = (&request.app, &request.realm, &request.client);
    let mut event = event
        .detail("subject_token_client_id", subject.client.client_id.as_str())
        .detail("username", subject.user.username.as_str());
    event.user_id = Some(subject.user.id.clone());
    event.session_id = subject.session_id().map(str::to_owned);
    let kind = kind(request, &event, &subject).await?;
    let event = event.detail("requested_token_type", format!("{TYPE}{}", kind.name()));
    let audience = audience(request, &event).await?;
    let scopes = scopes(request, &event, &subject, kind).await?;
    if !consent::is_given(app, realm, client, &subject.user.id, &scopes).await? {
        let text = format!("Missing consents for Token Exchange in client {}", client.client_id);
        let refused = Refusal::new(400, "invalid_scope", text.clone());
        return Err(request.refuse_as(event, refused, "consent_denied", Some(&text)).await);
    }
    let resources = request.resources(&event, granted(request, &subject)).await?;
    if kind == Kind::Refresh && !resources.asked.is_empty() {
        return Err(unsupported(request, &event).await);
    }
    let place = place(request, &subject, &scopes).await?;
    let notes = subject.session.as_ref().map(|s| s.notes.clone()).unwrap_or_default();
    let part_notes = place
        .as_ref()
        .and_then(|place| place.part.doc.get("notes")?.as_object());
    let part_notes = part_notes.cloned().unwrap_or_default();
    let mut context = Context::load(app, realm, client, subject.user.clone(), scopes, notes, part_notes).await?;
    context.keep_clients(&audience);
    let wanted = Wanted {
        grant: Grant::Exchange,
        place: place.as_ref(),
        nonce: None,
        chain: realm.flag("revokeRefreshToken").then(|| (crate::random::uuid(), 0)),
        refresh: kind == Kind::Refresh,
        refresh_scope: None,
        bound: &request.bound,
        resources: &resources,
        audience: &audience,
    };
    let access = make::access_claims(app, &request.caller, &context, &wanted);
    available(request, &event, &audience, &access).await?;
    let event = event.detail("audience", access.claims.audience().join(" "));
    if let Some(place) = &place {
        take_part(request, &event, &subject, place).await?;
    }
    issue(request, &event, &context, &wanted, kind, &access).await
}

/// The APIs that the token is for, where it is for some of those that the realm lists only: the new one is for no others.
fn granted<'a>(request: &Request, subject: &'a Bearer) -> Vec<&'a str> {
    if resource::is_for_others(&request.realm, &subject.claims) {
        subject.audiences()
    } else {
        Vec::new()
    }
}

/// The token that is to be exchanged, if the client may exchange one and asks for nothing that is not there.
async fn sent<'a>(request: &'a Request, event: &Event) -> Result<&'a str, Stop> {
    let client = &request.client;
    let refuse = |refused: Refusal, error: &'static str| {
        let text = refused.description.to_string();
        async move { request.refuse_as(event.clone(), refused, error, Some(&text)).await }
    };
    if client.attribute("standard.token.exchange.enabled") != Some("true") {
        let text = "Standard token exchange is not enabled for the requested client";
        return Err(refuse(invalid(text), "invalid_request").await);
    }
    if client.public() {
        let refused = Refusal::new(400, "invalid_client", "Public client is not allowed to exchange token");
        return Err(refuse(refused, "invalid_client").await);
    }
    for (name, text) in [
        (
            "requested_subject",
            "Parameter 'requested_subject' is not supported for standard token exchange",
        ),
        (
            "requested_issuer",
            "Parameter 'requested_issuer' is not supported for standard token exchange",
        ),
        (
            "subject_issuer",
            "Parameter 'subject_issuer' is not supported for standard token exchange",
        ),
    ] {
        if request.params.text(name).is_some() {
            return Err(refuse(invalid(text), "invalid_request").await);
        }
    }
    let Some(token) = request.params.get("subject_token") else {
        let text = "Parameter 'subject_token' required for standard token exchange";
        return Err(refuse(invalid(text), "invalid_request").await);
    };
    let text = match request.params.get("subject_token_type") {
        Some(kind) if kind.strip_prefix(TYPE) == Some("access_token") => return Ok(token),
        Some(_) => "Parameter 'subject_token' supports access tokens only",
        None => "Parameter 'subject_token_type' required for standard token exchange",
    };
    Err(refuse(invalid(text), "invalid_request").await)
}

/// Whom the token is of, if it is good and was made for the client or handed to it. The account of another client has no
/// session in which a token of this client could be looked up, and stays with its own.
async fn subject(request: &Request, event: &Event, sent: &str) -> Result<Bearer, Stop> {
    let refuse = |refused: Refusal, error: &'static str, reason: &'static str| {
        request.refuse_as(event.clone(), refused, error, Some(reason))
    };
    let found = bearer::verify(&request.app, &request.caller, &request.realm, sent).await?;
    let own = |known: &Bearer| known.client.id == request.client.id;
    let Some(known) = found.ok().filter(|known| known.session.is_some() || own(known)) else {
        return Err(refuse(
            invalid("Invalid token"),
            "invalid_token",
            "subject_token validation failure",
        )
        .await);
    };
    if !own(&known) && !known.audiences().contains(&request.client.client_id.as_str()) {
        let text = "Client is not within the token audience";
        let refused = Refusal::new(403, "access_denied", text);
        return Err(refuse(refused, "not_allowed", text).await);
    }
    Ok(known)
}

/// What is asked for. A refresh token only where the client may have one, of a session that is no offline one.
async fn kind(request: &Request, event: &Event, subject: &Bearer) -> Result<Kind, Stop> {
    let refreshes = request
        .client
        .attribute("standard.token.exchange.enableRefreshRequestedTokenType")
        == Some("SAME_SESSION")
        && subject.session.as_ref().is_some_and(|session| !session.offline);
    let asked = match request.params.get("requested_token_type") {
        None => return Ok(Kind::Access),
        Some(asked) => asked.strip_prefix(TYPE).unwrap_or_default(),
    };
    let known = [Kind::Access, Kind::Refresh, Kind::Id].into_iter();
    match known
        .filter(|kind| *kind != Kind::Refresh || refreshes)
        .find(|kind| kind.name() == asked)
    {
        Some(kind) => Ok(kind),
        None => Err(unsupported(request, event).await),
    }
}

async fn unsupported(request: &Request, event: &Event) -> Stop {
    let text = "requested_token_type unsupported";
    request
        .refuse_as(event.clone(), invalid(text), "invalid_request", Some(text))
        .await
}

/// For which clients the new token is to be; none where that is left to mappers.
async fn audience(request: &Request, event: &Event) -> Result<Vec<String>, Stop> {
    let mut wanted: Vec<String> = Vec::new();
    for name in request.params.all("audience").take(100) {
        let found = client::by_client_id(&request.app.db, &request.realm.id, name).await?;
        if found.is_none_or(|found| !found.enabled()) {
            let refused = Refusal::new(400, "invalid_client", "Audience not found");
            let event = event.clone().detail("audience", name);
            return Err(request
                .refuse_as(event, refused, "client_not_found", Some("audience not found"))
                .await);
        }
        if !wanted.iter().any(|known| known == name) {
            wanted.push(name.to_owned());
        }
    }
    Ok(wanted)
}

/// The scopes that are asked for; without any those of the client's own token, or what it has by default.
async fn scopes(request: &Request, event: &Event, subject: &Bearer, kind: Kind) -> Result<Scopes, Stop> {
    let (realm, client) = (&request.realm, &request.client);
    let asked = request.params.get("scope");
    let scopes = match json::text(&subject.claims, "scope") {
        Some(granted) if asked.is_none() && subject.client.id == client.id => scope::known(realm, client, granted),
        _ => request.scopes(event).await?,
    };
    if kind == Kind::Refresh && scopes.has(realm, "offline_access") {
        let text = "Scope offline_access not allowed for token exchange";
        return Err(request
            .refuse_as(event.clone(), invalid(text), "invalid_request", Some(text))
            .await);
    }
    Ok(scopes)
}

/// The session of the token and the client's part in it, which may be a new one; none for its own account.
async fn place(request: &Request, subject: &Bearer, scopes: &Scopes) -> Result<Option<Place>, Stop> {
    let Some(session) = subject.session.clone() else {
        return Ok(None);
    };
    let (app, realm, client) = (&request.app, &request.realm, &request.client);
    if let Some(part) = part(&app.db, request, &session).await? {
        return Ok(Some(Place { session, part }));
    }
    let mut doc = Doc::new();
    doc.insert("scope".into(), json!(scopes.all(realm)));
    let part = ClientSession {
        session_id: session.id.clone(),
        offline: session.offline,
        client_uuid: client.id.clone(),
        realm_id: realm.id.clone(),
        started: app.now(),
        last_refresh: app.now(),
        doc,
    };
    Ok(Some(Place { session, part }))
}

/// The client's part in a session, if it is still good.
async fn part(q: impl Query, request: &Request, session: &UserSession) -> Result<Option<ClientSession>, Error> {
    let (realm, client, now) = (&request.realm, &request.client, request.app.now());
    let found = session::part(q, &session.id, session.offline, &client.id).await?;
    Ok(found.filter(|part| sessions::part_is_active(realm, client, session, part, now)))
}

/// Lets the client take part in the session, if it is still there. A part that came of an exchange knows whose tokens it came
/// of: it ends when one of them gives up its own.
async fn take_part(request: &Request, event: &Event, subject: &Bearer, place: &Place) -> Result<(), Stop> {
    let session = &place.session;
    let mut tx = request.app.db.begin().await?;
    let held = session::hold(&mut tx, &session.id, session.offline).await?;
    // What was good when it was looked at may have been given up since.
    let of_subject = session::part(&mut tx, &session.id, session.offline, &subject.client.id).await?;
    let jti = json::text(&subject.claims, "jti").unwrap_or_default();
    let Some(of_subject) = of_subject.filter(|_| held) else {
        drop(tx);
        return Err(ended(request, event).await);
    };
    if revoked::contains(&mut tx, jti).await? {
        drop(tx);
        return Err(ended(request, event).await);
    }
    if subject.client.id == request.client.id {
        return Ok(());
    }
    let mut from = of_subject.exchanged_from();
    from.push(subject.client.id.clone());
    let now = part(&mut tx, request, session).await?;
    let known = now.as_ref().map(ClientSession::exchanged_from);
    // One of its own stays its own.
    if known
        .as_ref()
        .is_some_and(|known| known.is_empty() || from.iter().all(|id| known.contains(id)))
    {
        return Ok(());
    }
    let mut part = now.unwrap_or_else(|| place.part.clone());
    for id in known
        .into_iter()
        .flatten()
        .filter(|id| !from.contains(id))
        .collect::<Vec<_>>()
    {
        from.push(id);
    }
    part.doc.insert(session::EXCHANGED_FROM.into(), json!(from));
    session::attach(&mut tx, &part).await?;
    Ok(tx.commit().await?)
}

/// The token was given up, or its session ended, while it was looked at.
async fn ended(request: &Request, event: &Event) -> Stop {
    let refused = invalid("Invalid token");
    request
        .refuse_as(event.clone(), refused, "invalid_token", Some("session ended"))
        .await
}

/// Nothing is handed out for another audience than was asked for.
pub(super) async fn available(
    request: &Request,
    event: &Event,
    wanted: &[String],
    access: &Access,
) -> Result<(), Stop> {
    let has = access.claims.audience();
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|name| !has.contains(name))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!("Requested audience not available: {}", missing.join(" "));
    let refused = Refusal::new(400, "invalid_request", text.clone());
    Err(request
        .refuse_as(event.clone(), refused, "invalid_request", Some(&text))
        .await)
}

async fn issue(
    request: &Request,
    event: &Event,
    context: &Context,
    wanted: &Wanted<'_>,
    kind: Kind,
    access: &Access,
) -> Result<Value, Stop> {
    let (app, realm, client) = (&request.app, &request.realm, &request.client);
    let session_id = wanted.place.map(|place| place.session.id.as_str());
    let mut issued = make::make(app, &request.caller, context, wanted).await?;
    events::record_alone(app, realm, &answer::told(event, &issued)).await;
    if kind == Kind::Id {
        // What is issued stands in `access_token`, whatever it is. RFC 8693 section 2.2.1.
        issued.access_token = make::id_token(app, &request.caller, context, wanted, access.exp, access.iat).await?;
        issued.kind = "N_A";
    }
    if kind == Kind::Id
        || !request
            .params
            .text("scope")
            .is_some_and(|asked| vestibule_oauth::scope::contains(asked, "openid"))
    {
        issued.id_token = None;
    }
    let mut body = answer::body(realm, client, &issued, session_id);
    body["issued_token_type"] = json!(format!("{TYPE}{}", kind.name()));
    Ok(body)
}
