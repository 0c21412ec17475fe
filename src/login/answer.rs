//! The way back to the application: a redirect, or a page that posts.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use vestibule_oauth::authorize::answer_url;

use super::Turn;
use super::request::AuthRequest;
use super::session;
use crate::app::App;
use crate::error::Error;
use crate::oidc::device::verify;
use crate::oidc::tokens::encrypted::{self, What};
use crate::oidc::tokens::make::{self, Signer};
use crate::page::{self, Caching, Draft, Response, StatusCode};
use crate::store::client::Client;
use crate::store::device_code;
use crate::store::realm::Realm;
use crate::theme::pages::FormPost;
use crate::visitor::Visitor;

/// Names and values, in the order in which they are sent.
pub type Pairs = Vec<(&'static str, String)>;

/// Where an answer goes to: an application with its request.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    pub app: &'a App,
    pub visitor: &'a Visitor,
    pub realm: &'a Arc<Realm>,
    pub client: &'a Client,
    pub request: &'a AuthRequest,
}

impl Turn {
    /// The way back of this tab.
    pub fn way(&self) -> Way<'_> {
        Way {
            app: &self.app,
            visitor: &self.visitor,
            realm: &self.realm,
            client: &self.client,
            request: &self.session.request,
        }
    }
}

fn off(client: &Client, key: &str) -> bool {
    client.attribute(key) == Some("true")
}

/// The issuer, unless the client must not get it (RFC 9207).
fn issuer(way: Way<'_>) -> Option<(&'static str, String)> {
    let wanted = !off(way.client, "exclude.issuer.from.auth.response");
    wanted.then(|| ("iss", way.visitor.caller.issuer(&way.realm.name)))
}

/// An error for the application.
pub fn refusal(way: Way<'_>, code: &str, description: Option<&str>) -> Pairs {
    let mut pairs = vec![("error", code.to_owned())];
    pairs.extend(description.map(|d| ("error_description", d.to_owned())));
    pairs.extend(way.request.state.clone().map(|s| ("state", s)));
    pairs.extend(issuer(way));
    pairs
}

/// The beginning of a good answer.
pub fn success(way: Way<'_>, session_id: &str) -> Pairs {
    let mut pairs: Pairs = way.request.state.clone().map(|s| ("state", s)).into_iter().collect();
    if !off(way.client, "exclude.session.state.from.auth.response") {
        pairs.push(("session_state", session_id.to_owned()));
    }
    pairs.extend(issuer(way));
    pairs
}

/// Sends an answer in the mode that was asked for.
///
/// # Errors
///
/// [`Error::Page`] if the page fails, [`Error::Key`] if a signed answer cannot be signed.
pub async fn send(way: Way<'_>, pairs: Pairs, set_cookies: Vec<String>) -> Result<Response, Error> {
    if way.request.device.is_some() {
        // A device waits elsewhere; the person is told how it ended.
        let error = pairs.iter().find(|(n, _)| *n == "error").map(|(_, v)| v.as_str());
        let address = verify::end_address(way.visitor, way.realm, error);
        return Ok(page::redirect(way.realm, &address, &set_cookies));
    }
    let mode = way.request.mode();
    let pairs = if mode.is_jwt() {
        packed(way, &pairs).await?
    } else {
        pairs
    };
    if mode.is_form_post() {
        let mut draft = Draft::new(way.app, way.realm, way.visitor, Some(way.client));
        draft.caching = Caching::NoStore;
        draft.set_cookies.extend(set_cookies);
        let fields = pairs.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        let page = FormPost {
            action: way.request.redirect_uri.clone(),
            fields,
        };
        let mut answer = draft.answer(StatusCode::OK, &page)?;
        page::as_plain_html(&mut answer);
        return Ok(answer);
    }
    let flat: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (*n, v.as_str())).collect();
    Ok(page::redirect(
        way.realm,
        &answer_url(&way.request.redirect_uri, mode, &flat),
        &set_cookies,
    ))
}

/// All parameters in one signed `response` (JARM).
async fn packed(way: Way<'_>, pairs: &Pairs) -> Result<Pairs, Error> {
    let alg = make::algorithm(way.realm, way.client, "authorization.signed.response.alg");
    let mut claims: Map<String, Value> = pairs.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect();
    claims.insert("iss".into(), json!(way.visitor.caller.issuer(&way.realm.name)));
    claims.insert("aud".into(), json!(way.client.client_id));
    claims.insert(
        "exp".into(),
        json!(way.app.now_seconds() + way.realm.number("accessCodeLifespan").max(60)),
    );
    let token = make::sign(way.app, way.realm, way.client, alg, Signer::Client, "JWT", &claims).await?;
    let token = encrypted::wrap(way.app, way.client, What::Authorization, token, "JWT").await?;
    Ok(vec![("response", token)])
}

/// Ends a tab with an error for the application.
///
/// # Errors
///
/// Those of the database, and of [`send`].
pub async fn refuse(mut turn: Turn, code: &str, description: Option<&str>) -> Result<Response, Error> {
    let mut tx = turn.app.db.begin().await?;
    session::drop(&mut tx, &turn.session, turn.app.now()).await?;
    match &turn.session.request.device {
        Some(device) => {
            device_code::decide(&mut tx, device, turn.app.now(), None).await?;
            tx.commit().await?;
        }
        None => tx.commit_lazily().await?,
    }
    let cookies = std::mem::take(&mut turn.session.set_cookies);
    let way = turn.way();
    send(way, refusal(way, code, description), cookies).await
}

/// The answer to `prompt=none` where somebody would have to do something.
///
/// # Errors
///
/// As [`refuse`].
pub async fn passive_refusal(turn: Turn, code: &str) -> Result<Response, Error> {
    refuse(turn, code, None).await
}
