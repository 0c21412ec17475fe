//! Opening, finding, keeping and ending tabs, and the cookie that they hang on.

use vestibule_jose::Alg;
use vestibule_jose::digest::{b64, b64url, b64url_decode, sha384};

use super::{AuthSession, FlowKind};
use crate::app::App;
use crate::client_policy::{self, Asked};
use crate::error::Error;
use crate::login::cookies::{self, Age};
use crate::login::request::AuthRequest;
use crate::store::Tx;
use crate::store::auth_session::{self, Tab};
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::visitor::Visitor;

/// Milliseconds until a tab that nobody uses is forgotten.
fn lifetime(realm: &Realm) -> i64 {
    let seconds = [
        "accessCodeLifespanLogin",
        "accessCodeLifespanUserAction",
        "accessCodeLifespan",
    ];
    seconds.iter().map(|key| realm.number(key)).max().unwrap_or(0).max(60) * 1000
}

/// The value of `AUTH_SESSION_ID`: the id, signed, so that nobody plants one of their own making.
///
/// # Errors
///
/// [`Error::Key`] if the realm's key cannot sign.
pub fn signed(realm: &Realm, root_id: &str) -> Result<String, Error> {
    let signature = realm
        .keys
        .internal()?
        .sign(root_id.as_bytes())
        .map_err(|e| Error::Key(e.to_string()))?;
    Ok(b64url(format!("{root_id}.{}", b64url(&signature)).as_bytes()))
}

/// The id of the browser, if its cookie is ours.
pub fn root_of(visitor: &Visitor, realm: &Realm) -> Option<String> {
    let text = String::from_utf8(b64url_decode(visitor.cookie(cookies::AUTH_SESSION)?).ok()?).ok()?;
    let (id, signature) = text.split_once('.')?;
    let key = realm.keys.internal().ok()?.verifier();
    key.verify(Alg::HS512, id.as_bytes(), &b64url_decode(signature).ok()?)
        .ok()?;
    Some(id.to_owned())
}

/// The cookies of a new root.
fn root_cookies(visitor: &Visitor, realm: &Realm, root_id: &str) -> Result<Vec<String>, Error> {
    let set = |name, value: &str, age| cookies::set(&visitor.caller, &realm.name, name, value, age);
    let hash = b64(&sha384(root_id.as_bytes()));
    Ok(vec![
        set(cookies::AUTH_SESSION, &signed(realm, root_id)?, Age::Session),
        set(cookies::AUTH_SESSION_HASH, &hash, Age::Seconds(60)),
    ])
}

/// Opens a tab for a request. The browser keeps its root while one of its tabs is open. Not yet stored: [`save`] it when
/// its first page is known.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if the realm cannot sign.
pub async fn open(
    app: &App,
    visitor: &Visitor,
    realm: &Realm,
    client: &Client,
    request: AuthRequest,
    flow: FlowKind,
) -> Result<AuthSession, Error> {
    let now = app.now();
    let known = match root_of(visitor, realm) {
        Some(id) if auth_session::tabs(&app.db, &realm.id, &id, now).await? > 0 => Some(id),
        _ => None,
    };
    let set_cookies = Vec::new();
    let enforced = match (&request.device, flow) {
        (Some(_), _) | (_, FlowKind::Logout) => None,
        // However somebody comes here, the policies of today count.
        (None, _) => {
            let (params, issuer) = (request.judged(), visitor.caller.issuer(&realm.name));
            client_policy::effects(realm, client, Asked::of(&params, &issuer, app.now_seconds())).flow
        }
    };
    let mut session = AuthSession {
        request: AuthRequest { enforced, ..request },
        flow,
        created: now,
        set_cookies,
        ..AuthSession::default()
    };
    session.root_id = match known {
        Some(id) => id,
        None => {
            let id = crate::random::session_id();
            session.set_cookies = root_cookies(visitor, realm, &id)?;
            id
        }
    };
    if flow == FlowKind::Logout {
        let value = signed(realm, &session.root_id)?;
        let cookie = cookies::set(
            &visitor.caller,
            &realm.name,
            cookies::AUTH_SESSION,
            &value,
            Age::Session,
        );
        session.set_cookies = vec![cookie];
    }
    session.tab_id = b64url(&crate::random::bytes::<8>());
    session.realm_id.clone_from(&realm.id);
    session.client_uuid.clone_from(&client.id);
    session.expires = now + lifetime(realm);
    if let Some(locale) = &visitor.kc_locale {
        session.set_note("locale", locale);
    }
    Ok(session)
}

/// The tab that an address names, if it is this browser's, of this client, and has not expired.
///
/// # Errors
///
/// Those of the database.
pub async fn load(
    app: &App,
    visitor: &Visitor,
    realm: &Realm,
    client: &Client,
    tab_id: &str,
) -> Result<Option<AuthSession>, Error> {
    let Some(root_id) = root_of(visitor, realm) else {
        return Ok(None);
    };
    let found = by_id(app, realm, &root_id, tab_id).await?;
    Ok(found.filter(|session| session.client_uuid == client.id && session.flow != FlowKind::Logout))
}

/// The question to somebody who signs out, if it is this browser's.
///
/// # Errors
///
/// Those of the database.
pub async fn load_logout(
    app: &App,
    visitor: &Visitor,
    realm: &Realm,
    tab_id: &str,
) -> Result<Option<AuthSession>, Error> {
    let Some(root_id) = root_of(visitor, realm) else {
        return Ok(None);
    };
    let found = by_id(app, realm, &root_id, tab_id).await?;
    Ok(found.filter(|session| session.flow == FlowKind::Logout))
}

/// The tab with these ids, for links that came by mail: whoever may use it must be proved otherwise.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(app: &App, realm: &Realm, root_id: &str, tab_id: &str) -> Result<Option<AuthSession>, Error> {
    let Some(tab) = auth_session::find(&app.db, &realm.id, root_id, tab_id, app.now()).await? else {
        return Ok(None);
    };
    let mut session: AuthSession = serde_json::from_str(&tab.doc)?;
    session.root_id = tab.root_id;
    session.tab_id = tab.tab_id;
    session.realm_id = tab.realm_id;
    session.client_uuid = tab.client_uuid;
    session.created = tab.created;
    session.expires = tab.expires;
    session.stored = true;
    Ok(Some(session))
}

/// Keeps a tab as it is now. Does not wait for the disk: whoever loses it begins again.
///
/// # Errors
///
/// Those of the database.
pub async fn save(app: &App, session: &mut AuthSession) -> Result<(), Error> {
    let tab = Tab {
        root_id: session.root_id.clone(),
        tab_id: session.tab_id.clone(),
        realm_id: session.realm_id.clone(),
        client_uuid: session.client_uuid.clone(),
        doc: serde_json::to_string(session)?,
        created: session.created,
        expires: session.expires,
    };
    let mut tx = app.db.begin().await?;
    auth_session::put(&mut tx, &tab).await?;
    tx.commit_lazily().await?;
    session.stored = true;
    Ok(())
}

/// What [`drop`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It was ended elsewhere already: do not act on it.
    Gone,
    /// Other tabs of the browser go on.
    Tab,
    /// It was the browser's last.
    Root,
}

/// Ends a tab, with what it leads to in the same transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn drop(tx: &mut Tx, session: &AuthSession, now: i64) -> Result<Dropped, Error> {
    if session.stored && !auth_session::remove(tx, &session.root_id, &session.tab_id).await? {
        return Ok(Dropped::Gone);
    }
    let left = auth_session::tabs(&mut *tx, &session.realm_id, &session.root_id, now).await?;
    Ok(if left > 0 { Dropped::Tab } else { Dropped::Root })
}
