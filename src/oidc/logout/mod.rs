//! Signing out, asked for by an application (`OpenID` Connect RP-Initiated Logout 1.0) or by the person alone.
//!
//! Who comes with an ID token of theirs is signed out at once; anybody else is asked first, so that no link of a stranger
//! signs anybody out.

pub mod backchannel;
mod by_refresh_token;
mod check;
mod frontchannel;
pub(super) mod hint;
pub mod web;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use vestibule_oauth::params::{self, Params};

use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::login::address;
use crate::login::identity::{self, SignedIn};
use crate::login::request::AuthRequest;
use crate::login::session::{self, AuthSession, FlowKind};
use crate::page::{self, Caching, Draft};
use crate::store::client::{self, Client};
use crate::store::event::Event;
use crate::store::realm::Realm;
use crate::store::session::{self as sessions, UserSession};
use crate::theme::pages::{Info, LogoutConfirm, LogoutConfirmBean};
use crate::visitor::Visitor;
use check::{Refused, refuse};

/// One request to sign out.
struct Leaving<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    realm: &'a Arc<Realm>,
    /// Who asks, if it is known.
    client: Option<Arc<Client>>,
    /// Where the person goes then: one that the client registered.
    to: Option<String>,
    state: Option<String>,
}

/// Signs out, or asks first.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn begin(app: &App, visitor: &Visitor, realm: &Arc<Realm>, params: &Params) -> Result<Response, Error> {
    let mut leaving = Leaving {
        app,
        visitor,
        realm,
        client: None,
        to: None,
        state: None,
    };
    let hint = match leaving.check(params).await? {
        Ok(hint) => hint,
        Err(refused) => return leaving.refused(refused).await,
    };
    let here = identity::read(app, visitor, realm).await?;
    let hinted = match &hint {
        Some(hint) => sessions::by_id(&app.db, &realm.id, &hint.sid).await?,
        None => None,
    };
    // The hint's session is the browser's, or the browser has none: nothing to ask.
    let same = match (&here, &hint) {
        (Some(here), Some(hint)) => here.session.id == hint.sid,
        (None, Some(_)) => true,
        (None, None) => leaving.to.is_some(),
        (Some(_), None) => false,
    };
    if !same {
        return leaving.ask().await;
    }
    let ending = here.map(|h| h.session).or(hinted);
    if ending.is_none() && hint.is_some() {
        let event = leaving.named(events::refusal("LOGOUT", "session_expired"));
        events::record_alone(app, realm, &event).await;
    }
    let mut session = leaving.tab().await?;
    let cookies = std::mem::take(&mut session.set_cookies);
    leaving.leave(ending, cookies).await
}

/// The answer to the question.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn confirmed(
    app: &App,
    visitor: &Visitor,
    realm: &Arc<Realm>,
    query: &Params,
    form: &Params,
) -> Result<Response, Error> {
    let found = session::load_logout(app, visitor, realm, query.get("tab_id").unwrap_or_default()).await?;
    let mut leaving = Leaving {
        app,
        visitor,
        realm,
        client: None,
        to: None,
        state: None,
    };
    let code = form.get("session_code").unwrap_or_default();
    let Some(session) = found.filter(|s| s.is_code(code) && form.has("confirmLogout")) else {
        let refused = refuse("failedLogout", None, "invalid_request", None);
        return leaving.refused(refused).await;
    };
    leaving.client = client::by_id(&app.db, &realm.id, &session.client_uuid).await?;
    leaving.to = Some(session.request.redirect_uri.clone()).filter(|to| !to.is_empty());
    leaving.state.clone_from(&session.request.state);
    let mut tx = app.db.begin().await?;
    session::drop(&mut tx, &session, app.now()).await?;
    tx.commit_lazily().await?;
    let here = identity::read(app, visitor, realm).await?;
    leaving
        .leave(here.map(|SignedIn { session, .. }| session), Vec::new())
        .await
}

impl Leaving<'_> {
    fn draft(&self) -> Draft<'_> {
        let mut draft = Draft::new(self.app, self.realm, self.visitor, self.client.as_deref());
        draft.caching = Caching::NoCache;
        draft
    }

    fn named(&self, mut event: Event) -> Event {
        event.client_id = self.client.as_ref().map(|c| c.client_id.clone());
        event.ip_address = Some(self.visitor.caller.ip.to_string());
        event
    }

    async fn refused(&self, refused: Refused) -> Result<Response, Error> {
        events::record_alone(self.app, self.realm, &self.named(refused.event)).await;
        let arguments: Vec<_> = refused.argument.iter().map(|a| json!(a)).collect();
        self.draft().error(StatusCode::BAD_REQUEST, refused.message, &arguments)
    }

    /// A tab for the question; the realm's account client stands in where nobody is known to ask.
    async fn tab(&mut self) -> Result<AuthSession, Error> {
        let client = match &self.client {
            Some(client) => Arc::clone(client),
            None => {
                let account = client::by_client_id(&self.app.db, &self.realm.id, "account").await?;
                account.ok_or_else(|| Error::Corrupt("the realm has no client account".into()))?
            }
        };
        let request = AuthRequest {
            redirect_uri: self.to.clone().unwrap_or_default(),
            state: self.state.clone(),
            ..AuthRequest::default()
        };
        session::open(self.app, self.visitor, self.realm, &client, request, FlowKind::Logout).await
    }

    async fn ask(&mut self) -> Result<Response, Error> {
        let mut session = self.tab().await?;
        let code = session.fresh_code().to_owned();
        let cookies = std::mem::take(&mut session.set_cookies);
        session::save(self.app, &mut session).await?;
        let client_id = self.client.as_ref().map_or("account", |c| &c.client_id);
        let query = params::encode(&[("client_id", client_id), ("tab_id", &session.tab_id)]);
        let mut draft = self.draft();
        let base = address::realm_path(&self.visitor.caller, self.realm);
        draft.shell.url.logout_confirm_action = format!("{base}/protocol/openid-connect/logout/logout-confirm?{query}");
        draft.set_cookies.extend(cookies);
        let skip_link = self.client.is_none();
        let page = LogoutConfirm {
            logout_confirm: LogoutConfirmBean { code, skip_link },
        };
        draft.answer(StatusCode::OK, &page)
    }

    /// Ends the session and sends the person on.
    async fn leave(&self, ending: Option<UserSession>, mut cookies: Vec<String>) -> Result<Response, Error> {
        let mut told = Vec::new();
        if let Some(ending) = ending {
            told = self.told_by_browser(&ending).await?;
            let client_id = self.client.as_ref().map_or("account", |c| &c.client_id);
            let mut event = self.named(Event::new("LOGOUT"));
            event.client_id = Some(client_id.to_owned());
            event.user_id = Some(ending.user_id.clone());
            event.session_id = Some(ending.id.clone());
            if let Some(to) = &self.to {
                event = event.detail("redirect_uri", &**to);
            }
            let but: Vec<String> = told.iter().map(|told| told.uuid.clone()).collect();
            let mut tx = self.app.db.begin().await?;
            backchannel::queue(&mut tx, self.app, &self.visitor.caller, self.realm, &ending, &but).await?;
            sessions::remove(&mut tx, &self.realm.id, &ending.id).await?;
            events::record(&mut tx, self.realm, &event, self.app.now()).await?;
            tx.commit().await?;
        }
        cookies.extend(identity::expire(self.visitor, self.realm));
        let to = self.to.as_ref().map(|to| {
            let pairs: Vec<(&str, &str)> = self.state.iter().map(|s| ("state", s.as_str())).collect();
            vestibule_oauth::authorize::answer_url(to, vestibule_oauth::authorize::ResponseMode::Query, &pairs)
        });
        if !told.is_empty() {
            return self.tell(told, to.as_deref(), cookies);
        }
        let Some(to) = to else {
            let mut draft = self.draft();
            draft.set_cookies.extend(cookies);
            let skip_link = self.client.as_ref().is_none_or(|c| c.client_id == "account");
            return draft.info(
                "successLogout",
                &[],
                &Info {
                    skip_link,
                    ..Info::default()
                },
            );
        };
        let mut answer = page::redirect(self.realm, &to, &cookies);
        let no_cache = axum::http::HeaderValue::from_static("no-cache");
        answer.headers_mut().insert(axum::http::header::CACHE_CONTROL, no_cache);
        Ok(answer)
    }
}
