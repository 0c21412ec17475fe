//! Who is signed in at the console: code and PKCE with the console's client, and a sealed cookie that holds the refresh
//! token, so that any node serves any page.

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;
use vestibule_jose::digest::{b64url, b64url_decode, sha256};

use super::{CLIENT_ID, inside, path};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::door::OfRealm;
use crate::page::{self, Draft};
use crate::store::realm::Realm;
use crate::visitor::Visitor;

/// The cookie of somebody who is signed in.
const COOKIE: &str = "VESTIBULE_CONSOLE";
/// The cookie of somebody who was sent to sign in.
const ON_THE_WAY: &str = "VESTIBULE_CONSOLE_STATE";

/// What the cookie of somebody who is signed in holds.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    refresh_token: String,
    /// What forms carry, so that no other site sends them.
    form: String,
}

/// What is known of somebody who was sent to sign in.
#[derive(Serialize, Deserialize)]
struct Asked {
    state: String,
    verifier: String,
    /// The page that they wanted.
    to: String,
}

/// A session that is good now.
pub struct Session {
    pub access_token: String,
    /// What forms carry.
    pub form: String,
    /// The cookie that goes on with it.
    pub cookie: String,
}

/// What a request brings of a session.
pub fn brought(app: &App, visitor: &Visitor, home: &Realm) -> Option<Kept> {
    read(app, visitor, home, COOKIE)
}

/// The session, renewed; nothing if it has ended.
///
/// # Errors
///
/// Those of sealing, and of the token endpoint.
pub async fn renewed(
    app: &App,
    server: &Router,
    visitor: &Visitor,
    home: &Realm,
    kept: Kept,
) -> Result<Option<Session>, Error> {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("refresh_token", kept.refresh_token.as_str()),
    ];
    let said = inside::form(server, &visitor.caller, &home.name, "token", &fields).await?;
    let member = |name: &str| said.body[name].as_str().map(str::to_owned);
    let Some(access_token) = member("access_token") else {
        return Ok(None);
    };
    // No new one: the old one goes on (RFC 6749 section 6).
    let refresh_token = member("refresh_token").unwrap_or(kept.refresh_token);
    let kept = Kept {
        refresh_token,
        form: kept.form,
    };
    Ok(Some(Session {
        access_token,
        cookie: sealed(app, &visitor.caller, home, COOKIE, &kept)?,
        form: kept.form,
    }))
}

/// Sends somebody to sign in, and back to a page.
///
/// # Errors
///
/// Those of sealing.
pub fn sign_in(app: &App, visitor: &Visitor, home: &Realm, to: String) -> Result<Response, Error> {
    let caller = &visitor.caller;
    let asked = Asked {
        state: crate::random::token(),
        verifier: crate::random::token(),
        to,
    };
    let query = Serializer::new(String::new())
        .append_pair("client_id", CLIENT_ID)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid")
        .append_pair("redirect_uri", &redirect_uri(caller, home))
        .append_pair("state", &asked.state)
        .append_pair("code_challenge", &b64url(&sha256(asked.verifier.as_bytes())))
        .append_pair("code_challenge_method", "S256")
        .finish();
    let issuer = caller.issuer(&page::path_part(&home.name));
    let cookie = sealed(app, caller, home, ON_THE_WAY, &asked)?;
    let location = format!("{issuer}/protocol/openid-connect/auth?{query}");
    Ok(page::redirect(home, &location, &[cookie]))
}

fn redirect_uri(caller: &Caller, home: &Realm) -> String {
    let below = path(caller, &home.name);
    format!("{}{below}/signed-in", origin(caller))
}

/// Scheme and authority.
fn origin(caller: &Caller) -> &str {
    caller.base.strip_suffix(caller.prefix).unwrap_or(&caller.base)
}

/// What the authorization endpoint sends back.
#[derive(Deserialize)]
pub struct Back {
    code: Option<String>,
    state: Option<String>,
}

/// `GET signed-in`: redeems the code, and goes on to the page that was wanted.
///
/// # Errors
///
/// Those of sealing, and of the token endpoint.
pub async fn come_back(
    State(app): State<App>,
    OfRealm(home): OfRealm,
    visitor: Visitor,
    Query(back): Query<Back>,
) -> Result<Response, Error> {
    let asked = read::<Asked>(&app, &visitor, &home, ON_THE_WAY);
    let ours = asked.filter(|asked| back.state.as_deref() == Some(&asked.state));
    let (Some(asked), Some(code)) = (ours, back.code) else {
        return refused(&app, &visitor, &home);
    };
    let redirect_uri = redirect_uri(&visitor.caller, &home);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("code", code.as_str()),
        ("redirect_uri", redirect_uri.as_str()),
        ("code_verifier", asked.verifier.as_str()),
    ];
    let said = inside::form(&inside::server(&app), &visitor.caller, &home.name, "token", &fields).await?;
    let Some(refresh_token) = said.body["refresh_token"].as_str() else {
        return refused(&app, &visitor, &home);
    };
    let kept = Kept {
        refresh_token: refresh_token.to_owned(),
        form: crate::random::token(),
    };
    let cookies = [
        sealed(&app, &visitor.caller, &home, COOKIE, &kept)?,
        cookie(&visitor.caller, &home, ON_THE_WAY, "", "; Max-Age=0"),
    ];
    Ok(page::redirect(&home, &asked.to, &cookies))
}

fn refused(app: &App, visitor: &Visitor, home: &Realm) -> Result<Response, Error> {
    Draft::new(app, home, visitor, None).error(StatusCode::BAD_REQUEST, "expiredCodeMessage", &[])
}

/// What every form of the console carries.
#[derive(Deserialize)]
pub struct Sent {
    form: String,
}

/// `POST sign-out`: the session ends here and at the realm.
///
/// # Errors
///
/// Those of the logout endpoint.
pub async fn sign_out(
    State(app): State<App>,
    OfRealm(home): OfRealm,
    visitor: Visitor,
    Form(sent): Form<Sent>,
) -> Result<Response, Error> {
    if let Some(kept) = read::<Kept>(&app, &visitor, &home, COOKIE).filter(|kept| kept.form == sent.form) {
        let fields = [("client_id", CLIENT_ID), ("refresh_token", kept.refresh_token.as_str())];
        inside::form(&inside::server(&app), &visitor.caller, &home.name, "logout", &fields).await?;
    }
    let gone = cookie(&visitor.caller, &home, COOKIE, "", "; Max-Age=0");
    let to = super::start(&visitor.caller, &home);
    Ok(page::redirect(&home, &to, &[gone]))
}

/// Opens a cookie; nothing if it is not there, or not ours.
fn read<T: for<'a> Deserialize<'a>>(app: &App, visitor: &Visitor, home: &Realm, name: &str) -> Option<T> {
    let sealed = b64url_decode(visitor.cookie(name)?).ok()?;
    let plain = app.db.open_sealed(name, &home.id, &sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

fn sealed(app: &App, caller: &Caller, home: &Realm, name: &str, value: &impl Serialize) -> Result<String, Error> {
    let plain = serde_json::to_vec(value)?;
    let value = b64url(&app.db.seal(name, &home.id, &plain)?);
    Ok(cookie(caller, home, name, &value, ""))
}

fn cookie(caller: &Caller, home: &Realm, name: &str, value: &str, more: &str) -> String {
    let secure = if caller.https { "; Secure" } else { "" };
    let path = path(caller, &home.name);
    format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{more}")
}
