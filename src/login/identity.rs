//! Who is signed in, as the browser's cookies say: a token that only this server makes and reads.

use serde_json::{Value, json};
use vestibule_jose::digest::{b64url, sha384};
use vestibule_jose::{Alg, jwt};

use super::cookies::{self, Age};
use crate::app::App;
use crate::error::Error;
use crate::oidc;
use crate::store::realm::Realm;
use crate::store::session::{self, UserSession};
use crate::store::user::{self, User};
use crate::visitor::Visitor;

/// The `typ` of the token in the cookie.
const TYPE: &str = "Serialized-ID";

/// Somebody who is signed in, in a session that is still good.
pub struct SignedIn {
    pub session: UserSession,
    pub user: User,
}

/// Who is signed in. Nobody, if the session has ended, the user or realm is disabled, or the token is not ours.
///
/// # Errors
///
/// Those of the database.
pub async fn read(app: &App, visitor: &Visitor, realm: &Realm) -> Result<Option<SignedIn>, Error> {
    let Some((sid, sub, issued)) = claims(app, visitor, realm) else {
        return Ok(None);
    };
    let Some(session) = session::by_id(&app.db, &realm.id, &sid).await? else {
        return Ok(None);
    };
    if session.user_id != sub || !oidc::session::is_active(realm, &session, app.now()) {
        return Ok(None);
    }
    let found = user::by_id(&app.db, &realm.id, &sub).await?;
    let not_before = realm.number("notBefore");
    let good = |u: &User| u.enabled && issued >= u.not_before && issued >= not_before;
    Ok(found.filter(good).map(|user| SignedIn { session, user }))
}

/// Session, user and time of issue (epoch seconds) of the cookie's token, if it is good.
fn claims(app: &App, visitor: &Visitor, realm: &Realm) -> Option<(String, String, i64)> {
    let parsed = jwt::decode(visitor.cookie(cookies::IDENTITY)?).ok()?;
    let key = realm.keys.verifying(parsed.kid()?, Alg::HS512)?.verifier();
    let claims = parsed.verify(&key).ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let ours = text("typ") == Some(TYPE) && visitor.caller.is_issuer(app, &realm.name, text("iss")?);
    let fresh = number("exp")? > app.now_seconds();
    (ours && fresh).then_some((text("sid")?.to_owned(), text("sub")?.to_owned(), number("iat")?))
}

/// Seconds that a session may live at most.
fn longest(realm: &Realm, session: &UserSession) -> i64 {
    let remembered = realm.number("ssoSessionMaxLifespanRememberMe");
    if session.remember_me() && remembered > 0 {
        remembered
    } else {
        realm.number("ssoSessionMaxLifespan")
    }
}

/// The cookies of somebody who is signed in now.
///
/// # Errors
///
/// [`Error::Key`] if the realm cannot sign.
pub fn cookies(app: &App, visitor: &Visitor, realm: &Realm, session: &UserSession) -> Result<Vec<String>, Error> {
    let now = app.now_seconds();
    let longest = longest(realm, session);
    let claims = json!({
        "exp": session.started / 1000 + longest, "iat": now, "jti": crate::random::uuid(),
        "iss": visitor.caller.issuer(&realm.name), "sub": session.user_id, "typ": TYPE, "sid": session.id,
        "state_checker": crate::random::token(),
    });
    let token = jwt::encode(realm.keys.internal()?, "JWT", &claims).map_err(|e| Error::Key(e.to_string()))?;
    let set = |name, value: &str, age| cookies::set(&visitor.caller, &realm.name, name, value, age);
    let age = if session.remember_me() {
        Age::Seconds(longest)
    } else {
        Age::Session
    };
    let hash = b64url(&sha384(session.id.as_bytes()));
    Ok(vec![
        set(cookies::IDENTITY, &token, age),
        set(cookies::SESSION, &hash, Age::Seconds(longest)),
    ])
}

/// Signs out whoever is signed in with this browser; gives the cookies that say so.
///
/// # Errors
///
/// Those of the database.
pub async fn sign_out(app: &App, visitor: &Visitor, realm: &Realm) -> Result<Vec<String>, Error> {
    if let Some(known) = read(app, visitor, realm).await? {
        let mut tx = app.db.begin().await?;
        oidc::logout::backchannel::queue(&mut tx, app, &visitor.caller, realm, &known.session, &[]).await?;
        session::remove(&mut tx, &realm.id, &known.session.id).await?;
        tx.commit().await?;
    }
    Ok(expire(visitor, realm))
}

/// Takes the cookies of somebody signed in back, as far as the browser has them.
pub fn expire(visitor: &Visitor, realm: &Realm) -> Vec<String> {
    let names = [cookies::IDENTITY, cookies::SESSION];
    names
        .iter()
        .filter_map(|name| cookies::expire(visitor, &realm.name, name))
        .collect()
}

/// When the person of a session last proved themselves, epoch seconds.
pub fn auth_time(session: &UserSession) -> i64 {
    let note = session.note("AUTH_TIME").and_then(|t| t.parse().ok());
    let number = session.notes.get("AUTH_TIME").and_then(Value::as_i64);
    number.or(note).unwrap_or(session.started / 1000)
}
