//! Where an administrator sits: signed in, with a realm in front of them, and the Admin API at hand.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::inside::{self, Said};
use super::shown::Sheet;
use super::{path, session};
use crate::app::App;
use crate::error::Error;
use crate::oidc::door::OfRealm;
use crate::page::{self, path_part};
use crate::store::realm::Realm;
use crate::store::single_use;
use crate::theme::{Kind, Voice};
use crate::visitor::Visitor;

/// How long it is known that a form was sent, in milliseconds: a week.
const ONCE: i64 = 604_800_000;

/// An administrator who is signed in, before the realm that the address names.
pub struct Desk {
    app: App,
    /// This server.
    server: Router,
    visitor: Visitor,
    home: Arc<Realm>,
    /// The name of the realm that is administered.
    pub of: String,
    session: session::Session,
}

impl FromRequestParts<App> for Desk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let OfRealm(home) = OfRealm::from_request_parts(parts, app).await?;
        let visitor = Visitor::from_request_parts(parts, app).await?;
        let Path(names) = Path::<HashMap<String, String>>::from_request_parts(parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let of = names.get("of").cloned().unwrap_or_else(|| home.name.clone());
        if let Some(kept) = session::brought(app, &visitor, &home) {
            let server = inside::server(app);
            let session = session::renewed(app, &server, &visitor, &home, kept).await;
            if let Some(session) = session.map_err(IntoResponse::into_response)? {
                return Ok(Self {
                    app: app.clone(),
                    server,
                    visitor,
                    home,
                    of,
                    session,
                });
            }
        }
        // A form that was sent without a session is not sent again: its page is shown.
        let to = if visitor.can_repeat {
            visitor.address.clone()
        } else {
            super::start(&visitor.caller, &home)
        };
        Err(session::sign_in(app, &visitor, &home, to).unwrap_or_else(IntoResponse::into_response))
    }
}

/// `GET start`: the first realm beside one's own, and its tokens.
///
/// # Errors
///
/// Those of the Admin API.
pub async fn start(desk: Desk) -> Result<Response, Error> {
    let names = desk.realms("", 2).await?;
    let name = names.into_iter().find(|name| *name != desk.home.name);
    let name = name.unwrap_or_else(|| desk.home.name.clone());
    Ok(desk.go(&format!("{}/tokens", path_part(&name))))
}

/// What realm is looked for, and which page of it is shown then.
#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    search: String,
    #[serde(default)]
    section: String,
}

/// `GET find`: the realm with this name, or those whose names hold it.
///
/// # Errors
///
/// Those of the Admin API and of pages.
pub async fn find(desk: Desk, Query(asked): Query<Search>) -> Result<Response, Error> {
    let search = asked.search.trim();
    let section = Some(asked.section.as_str())
        .filter(|s| SECTIONS.contains(s))
        .unwrap_or("tokens");
    let names = desk.realms(search, LISTED + 1).await?;
    let found = match names.as_slice() {
        [one] => Some(one),
        _ => names.iter().find(|name| *name == search),
    };
    if let Some(name) = found {
        return Ok(desk.go(&format!("{}/{section}", path_part(name))));
    }
    let shown = listed(&names[..names.len().min(LISTED)]);
    let page = json!({ "search": search, "found": shown, "more": names.len() > LISTED, "section": section });
    desk.page("realms.j2", "", page).await
}

/// Realms that are listed at once; who has more looks for one by its name.
const LISTED: usize = 50;

/// The pages that every realm has.
const SECTIONS: [&str; 6] = ["tokens", "pending", "policies", "settings", "clients", "activity"];

impl Desk {
    /// Asks the Admin API; the path is below `/admin/`.
    ///
    /// # Errors
    ///
    /// As [`inside::ask`].
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Said, Error> {
        let token = &self.session.access_token;
        inside::ask(&self.server, &self.visitor.caller, token, (method, path), body).await
    }

    /// The names of the first realms that hold a text and that one may know of.
    async fn realms(&self, search: &str, most: usize) -> Result<Vec<String>, Error> {
        let query = vestibule_oauth::params::encode(&[("search", search), ("max", &most.to_string())]);
        let home = path_part(&self.home.name);
        let said = self
            .ask("GET", &format!("realms/{home}/ui-ext/realms/names?{query}"), None)
            .await?;
        let all = said.body.as_array().into_iter().flatten();
        Ok(all.filter_map(|r| r["name"].as_str().map(str::to_owned)).collect())
    }

    /// The same about the realm that is administered.
    ///
    /// # Errors
    ///
    /// As [`inside::ask`].
    pub async fn ask_realm(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Said, Error> {
        let realm = path_part(&self.of);
        self.ask(method, &format!("realms/{realm}{path}"), body).await
    }

    /// Reads something of the realm; what may not be seen is a page that says so.
    ///
    /// # Errors
    ///
    /// The page, or what failed.
    pub async fn read(&self, path: &str) -> Result<Value, Refused> {
        let said = self.ask_realm("GET", path, None).await?;
        if said.status.is_success() {
            Ok(said.body)
        } else {
            Err(Refused::Page(Box::new(self.refused(&said).await?)))
        }
    }

    /// Whether a form is one of this session's.
    pub fn is_own(&self, form: &Sheet) -> bool {
        vestibule_jose::digest::constant_time_eq(form.text("form").as_bytes(), self.session.form.as_bytes())
    }

    /// Whether a form that does this is sent for the first time: a page that shows something once, loaded anew, must not make
    /// another.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn is_first(&self, form: &Sheet, what: &str) -> Result<bool, Error> {
        let once = form.text("once");
        if once.is_empty() {
            return Ok(false);
        }
        let (value, expires) = (format!("{what} {once}"), self.now() + ONCE);
        let mut tx = self.app.db.begin().await?;
        let first = single_use::spend(&mut tx, &self.home.id, "console-form", &value, expires).await?;
        tx.commit().await?;
        Ok(first)
    }

    /// Now, in epoch milliseconds.
    pub fn now(&self) -> i64 {
        self.app.now()
    }

    /// On to another page of the console, below its path.
    pub fn go(&self, to: &str) -> Response {
        let base = path(&self.visitor.caller, &self.home.name);
        let cookie = self.session.cookie.clone();
        let mut answer = page::redirect(&self.home, &format!("{base}/{to}"), &[cookie]);
        *answer.status_mut() = StatusCode::SEE_OTHER;
        answer
    }

    /// On to another page about this realm.
    pub fn go_realm(&self, to: &str) -> Response {
        self.go(&format!("{}/{to}", path_part(&self.of)))
    }

    /// The page that says why something was not shown or done.
    ///
    /// # Errors
    ///
    /// [`Error::Page`] if a template is wrong.
    pub async fn refused(&self, said: &Said) -> Result<Response, Error> {
        let page = json!({ "reason": said.reason(), "forbidden": said.status == StatusCode::FORBIDDEN });
        self.show(said.status, "refused.j2", "", page).await
    }

    /// A page of the console.
    ///
    /// # Errors
    ///
    /// [`Error::Page`] if a template is wrong.
    pub async fn page(&self, template: &str, section: &str, page: Value) -> Result<Response, Error> {
        self.show(StatusCode::OK, template, section, page).await
    }

    async fn show(&self, status: StatusCode, template: &str, section: &str, page: Value) -> Result<Response, Error> {
        let mut realms = self.realms("", LISTED + 1).await?;
        let many = realms.len() > LISTED;
        realms.truncate(LISTED);
        if !realms.contains(&self.of) {
            // The present one is always among them.
            realms.push(self.of.clone());
        }
        let home = path_part(&self.home.name);
        let whoami = format!("{home}/console/whoami?currentRealm={home}");
        let who = self.ask("GET", &whoami, None).await?;
        let waiting = self
            .ask_realm("GET", "/client-registrations/count?status=approval", None)
            .await?;
        let base = path(&self.visitor.caller, &self.home.name);
        let nonce = crate::random::token();
        let locale = crate::theme::locale::without_realm(self.visitor.accept_language.as_deref());
        let context = json!({
            "base": base, "here": format!("{base}/{}", path_part(&self.of)), "of": self.of,
            "server": self.visitor.caller.base, "issuer": self.visitor.caller.issuer(&path_part(&self.of)),
            "realms": listed(&realms), "many": many, "person": who.body["displayName"], "section": section,
            "waiting": waiting.body.as_i64(),
            "form": self.session.form, "once": crate::random::token(), "nonce": nonce, "official": self.app.console.is_some(), "page": page
        });
        let voice = Voice {
            locale: locale.clone(),
            ..Voice::default()
        };
        let html = self.app.themes.render(&voice, Kind::Admin, template, &context);
        let html = html.map_err(|e| Error::Page(e.to_string()))?;
        let mut answer = (status, Html(html)).into_response();
        page::secure(&mut answer, &self.home, Some(&nonce));
        page::add_cookies(&mut answer, std::slice::from_ref(&self.session.cookie));
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(value) = HeaderValue::from_str(&locale) {
            headers.insert(header::CONTENT_LANGUAGE, value);
        }
        Ok(answer)
    }
}

/// Realms to switch to.
fn listed(names: &[String]) -> Vec<Value> {
    let one = |name: &String| json!({ "name": name, "path": path_part(name) });
    names.iter().map(one).collect()
}

/// Why there is nothing to show.
pub enum Refused {
    /// The page that says so.
    Page(Box<Response>),
    /// We could not answer.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(e: Error) -> Self {
        Self::Failed(e)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => *page,
            Self::Failed(e) => e.into_response(),
        }
    }
}
