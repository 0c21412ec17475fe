//! The end of signing in: the session, its cookies, the code, and the way back.

use serde_json::{Value, json};

use super::cookies::{self, Age};
use super::identity::{self, SignedIn};
use super::session::{self, Dropped};
use super::{Turn, answer, expired, loa, record};
use crate::device;
use crate::error::Error;
use crate::events;
use crate::oidc;
use crate::oidc::authorize::front;
use crate::oidc::code::CodeRequest;
use crate::oidc::tokens::make::Place;
use crate::page::{Response, StatusCode};
use crate::store::event::Event;
use crate::store::json::Doc;
use crate::store::session::{ClientSession, UserSession};
use crate::store::user::User;
use crate::store::{Tx, device_code, pushed_request, single_use};

/// Milliseconds after which no tab that has a pushed request open is left.
const LONGEST_TAB: i64 = 24 * 3600 * 1000;

/// Signs somebody in, whose required actions are done and whose consent is there, and sends them back.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if the realm cannot sign.
pub async fn finish(mut turn: Turn, user: User) -> Result<Response, Error> {
    if let Some(page) = crate::verification::end::page(&mut turn).await? {
        return Ok(page);
    }
    if !turn.session.request.is_about(&turn.client, &user.id) {
        return answer::refuse(turn, "login_required", None).await;
    }
    let now = turn.app.now();
    let known = identity::read(&turn.app, &turn.visitor, &turn.realm).await?;
    if let Some(other) = known.as_ref().filter(|known| known.user.id != user.id) {
        return other_user(turn, other).await;
    }
    let kept = known.is_some();
    let mut sid = match known {
        Some(known) => known.session,
        None => new_session(&turn, &user, now),
    };
    let by_cookie = turn.session.note("sso").is_some();
    if !by_cookie || !kept {
        sid.notes.insert("AUTH_TIME".into(), json!((now / 1000).to_string()));
    }
    if let Some(map) = turn.session.note(loa::MAP) {
        sid.notes.insert(loa::MAP.into(), json!(map));
    }
    sid.last_refresh = now;
    sid.expires = oidc::session::expires(&turn.realm, &sid);

    let mut tx = turn.app.db.begin().await?;
    let dropped = session::drop(&mut tx, &turn.session, now).await?;
    if dropped == Dropped::Gone {
        // The same form twice at once: the other one has signed them in.
        drop(tx);
        return expired::error(turn.notice(), "expiredActionMessage");
    }
    keep(&mut tx, &sid, kept, now).await?;
    let part = part(&turn, &sid, now);
    // The page of an organization learns nothing by which it could sign in for somebody.
    let leads_to = turn
        .session
        .note(crate::organization::door::LEADS_TO)
        .map(str::to_owned);
    if !used_up(&mut tx, &turn, &sid, now).await? {
        // Somebody signed in with the same request before, or it took too long.
        drop(tx);
        let pushed = turn.session.request.pushed.is_some();
        let code = if pushed { "invalid_request_uri" } else { "expired_token" };
        return answer::refuse(turn, code, None).await;
    }
    let by_browser = leads_to.is_none() && turn.session.request.device.is_none();
    let code = if by_browser && turn.session.request.response().code {
        let request = code_request(&turn, &sid);
        Some(oidc::code::issue(&mut tx, &turn.app, &turn.realm, &sid, &turn.client, request).await?)
    } else {
        crate::store::session::attach(&mut tx, &part).await?;
        None
    };
    events::record(&mut tx, &turn.realm, &login_event(&turn, &sid), now).await?;
    tx.commit().await?;

    let place = Place { session: sid, part };
    let tokens = front::tokens(&turn, user, &place, code.as_deref()).await?;
    let sid = place.session;
    let set_cookies = cookies_of(&mut turn, &sid, dropped)?;
    if let Some(address) = leads_to {
        return Ok(crate::page::redirect(&turn.realm, &address, &set_cookies));
    }
    let way = turn.way();
    let mut pairs = answer::success(way, &sid.id);
    for key in ["kc_action", "kc_action_status"] {
        pairs.extend(turn.session.note(key).map(|value| (key, value.to_owned())));
    }
    pairs.extend(code.map(|code| ("code", code)));
    pairs.extend(tokens);
    answer::send(way, pairs, set_cookies).await
}

/// Uses up what the application left here before: a pushed request, or that of a device, which gets its answer. `false`: it
/// is there no more.
async fn used_up(tx: &mut Tx, turn: &Turn, sid: &UserSession, now: i64) -> Result<bool, Error> {
    let request = &turn.session.request;
    if let Some(pushed) = &request.pushed {
        // Nobody opens it again; other tabs that have it open are not served.
        pushed_request::remove(tx, &turn.realm.id, pushed).await?;
        let kept = now + LONGEST_TAB;
        return single_use::spend(tx, &turn.realm.id, "pushed-request", pushed, kept).await;
    }
    match &request.device {
        Some(device) => {
            let code = code_request(turn, sid).to_doc();
            device_code::decide(tx, device, now, Some((&sid.id, &code))).await
        }
        None => Ok(true),
    }
}

fn new_session(turn: &Turn, user: &User, now: i64) -> UserSession {
    let mut notes = Doc::new();
    if turn.session.note("remember_me") == Some("true") {
        notes.insert("rememberMe".into(), Value::Bool(true));
    }
    device::note(&mut notes, &turn.visitor.caller);
    UserSession {
        id: crate::random::session_id(),
        realm_id: turn.realm.id.clone(),
        user_id: user.id.clone(),
        offline: false,
        ip_address: Some(turn.visitor.caller.ip.to_string()),
        started: now,
        last_refresh: now,
        expires: now,
        notes,
    }
}

async fn keep(tx: &mut Tx, sid: &UserSession, kept: bool, now: i64) -> Result<(), Error> {
    if kept && crate::store::session::refresh(tx, &sid.id, false, now, sid.expires).await? {
        crate::store::session::set_notes(tx, sid).await?;
        return Ok(());
    }
    crate::store::session::create(tx, sid).await
}

/// The application's part in the session, where no code brings it.
fn part(turn: &Turn, sid: &UserSession, now: i64) -> ClientSession {
    let asked = code_request(turn, sid);
    let mut doc = Doc::new();
    for (key, value) in [
        ("scope", asked.scope),
        ("redirectUri", asked.redirect_uri),
        ("nonce", asked.nonce),
    ] {
        doc.extend(value.map(|value| (key.to_owned(), json!(value))));
    }
    doc.insert("notes".into(), Value::Object(asked.notes));
    ClientSession {
        session_id: sid.id.clone(),
        offline: false,
        client_uuid: turn.client.id.clone(),
        realm_id: turn.realm.id.clone(),
        started: now,
        last_refresh: now,
        doc,
    }
}

fn code_request(turn: &Turn, sid: &UserSession) -> CodeRequest {
    let request = &turn.session.request;
    let mut notes = Doc::new();
    notes.insert("acr".into(), json!(loa::acr(turn)));
    for (key, value) in [("acr_values", &request.acr_values), ("claims", &request.claims)] {
        if let Some(value) = value {
            notes.insert(key.into(), json!(value));
        }
    }
    if !request.resource.is_empty() {
        notes.insert("resource".into(), json!(request.resource));
    }
    CodeRequest {
        redirect_uri: request.sent_redirect_uri.clone(),
        scope: request.scope.clone(),
        nonce: request.nonce.clone(),
        code_challenge: request.code_challenge.clone(),
        code_challenge_method: request.code_challenge_method.clone(),
        dpop_jkt: request.dpop_jkt.clone(),
        auth_time: Some(identity::auth_time(sid)),
        notes,
    }
}

fn login_event(turn: &Turn, sid: &UserSession) -> Event {
    let consent = turn.session.note("consent").unwrap_or("no_consent_required");
    let mut event = record::settled(turn, Event::new("LOGIN")).detail("consent", consent);
    event.session_id = Some(sid.id.clone());
    event
}

/// What the browser is told: the tab is over, who is signed in, whose name to fill in next time.
fn cookies_of(turn: &mut Turn, sid: &UserSession, dropped: Dropped) -> Result<Vec<String>, Error> {
    let mut all = std::mem::take(&mut turn.session.set_cookies);
    let (visitor, realm) = (&turn.visitor, &*turn.realm);
    if dropped == Dropped::Root {
        all.extend(cookies::expire(visitor, &realm.name, cookies::RESTART));
    }
    all.extend(identity::cookies(&turn.app, visitor, realm, sid)?);
    if sid.remember_me() {
        let name = turn.session.note("username").unwrap_or_default();
        let year = Age::Seconds(365 * 24 * 3600);
        let value = format!("username:{}", crate::page::path_part(name));
        all.push(cookies::set(
            &visitor.caller,
            &realm.name,
            cookies::REMEMBER_ME,
            &value,
            year,
        ));
    } else {
        all.extend(cookies::expire(visitor, &realm.name, cookies::REMEMBER_ME));
    }
    Ok(all)
}

/// Somebody else is signed in with this browser. Keycloak signs them out of the browser and says so.
async fn other_user(mut turn: Turn, other: &SignedIn) -> Result<Response, Error> {
    let mut event = events::refusal("LOGIN", "different_user_authenticated")
        .detail("auth_method", "openid-connect")
        .detail("redirect_uri", &*turn.session.request.redirect_uri)
        .detail("consent", turn.session.note("consent").unwrap_or("no_consent_required"))
        .detail("previous_user", &*other.user.id)
        .detail("code_id", &*turn.session.root_id);
    event.client_id = Some(turn.client.client_id.clone());
    event.ip_address = Some(turn.visitor.caller.ip.to_string());
    events::record_alone(&turn.app, &turn.realm, &event).await;
    let expired = identity::expire(&turn.visitor, &turn.realm);
    let mut draft = turn.notice();
    draft.set_cookies.extend(expired);
    draft.error(
        StatusCode::BAD_REQUEST,
        "differentUserAuthenticated",
        &[json!(other.user.username)],
    )
}
