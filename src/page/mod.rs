//! Pages: the shell around each, the realm's security headers, the visitor's language.

mod beans;
mod headers;

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;
use crate::login::address;
use crate::login::cookies::{self, Age};
use crate::login::session::AuthSession;
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::store::user::User;
use crate::theme::locale::{self, Offer, Wish};
use crate::theme::messages::Texts;
use crate::theme::pages::{self, ErrorPage, Info, Message, Page, Severity, Shell};
use crate::theme::{Kind, Voice};
use crate::visitor::Visitor;

pub use axum::http::StatusCode;
pub use axum::response::Response;
pub use headers::{NO_STORE, add_cookies, as_plain_html, redirect, secure};

/// What caches may do with an answer. Keycloak says it in three ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// Pages of a tab that is signing in.
    NoStore,
    /// Pages of signing out.
    NoCache,
    /// Errors before there is a tab.
    Unsaid,
}

/// A page in the making: the shell, the language, what else the answer carries.
pub struct Draft<'a> {
    pub app: &'a App,
    pub realm: &'a Realm,
    pub voice: Voice,
    pub shell: Shell,
    pub caching: Caching,
    /// `Set-Cookie` values.
    pub set_cookies: Vec<String>,
    takes_html: bool,
}

/// A text as one part of a path.
pub fn path_part(text: &str) -> String {
    let kept = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'@' | b'!' | b'$');
    text.bytes()
        .map(|b| {
            if kept(b) {
                (b as char).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

impl<'a> Draft<'a> {
    /// A page that belongs to no tab: errors of requests, signing out, links that came by mail.
    pub fn new(app: &'a App, realm: &'a Realm, visitor: &Visitor, client: Option<&Client>) -> Self {
        Self::make(app, realm, visitor, client, None, None)
    }

    /// A page of a tab. Its form posts to where the tab is ([`address::form`]); give the tab a fresh code before
    /// ([`AuthSession::fresh_code`]) and save it after. `user`: who is known to be signing in.
    pub fn of_tab(
        app: &'a App,
        realm: &'a Realm,
        visitor: &Visitor,
        client: &Client,
        session: &mut AuthSession,
        user: Option<&User>,
    ) -> Self {
        let mut draft = Self::make(app, realm, visitor, Some(client), Some(session), user);
        draft.caching = Caching::NoStore;
        draft.set_cookies.append(&mut session.set_cookies);
        if let Some(message) = session.forwarded.take() {
            let severity = if message.error { Severity::Error } else { Severity::Info };
            draft.message(severity, &message.key, &[]);
        }
        draft
    }

    fn make(
        app: &'a App,
        realm: &'a Realm,
        visitor: &Visitor,
        client: Option<&Client>,
        session: Option<&AuthSession>,
        user: Option<&User>,
    ) -> Self {
        let locale = choose_locale(realm, visitor, session, user);
        let theme = client
            .and_then(|c| c.attribute("login_theme"))
            .or_else(|| realm.text("loginTheme"));
        let voice = Voice {
            theme: theme.unwrap_or_default().to_owned(),
            locale,
            texts: realm_texts(realm),
        };
        let mut shell = Shell {
            realm: beans::realm(app, realm, &voice),
            client: client.map(|c| beans::client(app, visitor, &voice, c)),
            nonce: vestibule_jose::digest::b64url(&crate::random::bytes::<16>()),
            ..Shell::default()
        };
        shell.realm.registration_allowed = crate::registration::settings::is_allowed(realm, client);
        if let (Some(client), Some(session)) = (client, session) {
            shell.url = beans::urls(visitor, realm, client, session);
            shell.auth.show_try_another_way_link = session.other_ways;
            shell.is_app_initiated_action = session.note("kc_action_executing").is_some();
        }
        if realm.flag("internationalizationEnabled") {
            let supported: Vec<String> = realm.texts("supportedLocales").into_iter().map(str::to_owned).collect();
            // The answer to a form of no tab cannot be asked for again in another language.
            let offered = if session.is_some() || visitor.can_repeat {
                supported
            } else {
                Vec::new()
            };
            let base = match (client, session) {
                (Some(client), Some(session)) => address::here(&visitor.caller, realm, client, session),
                _ => visitor.address.clone(),
            };
            shell.locale = Some(pages::Locale::new(&voice.locale, &offered, |tag| {
                beans::with_locale(&base, tag)
            }));
        }
        let mut set_cookies = Vec::new();
        if let Some(chosen) = visitor
            .kc_locale
            .as_deref()
            .filter(|_| realm.flag("internationalizationEnabled"))
            && voice.locale == chosen
        {
            set_cookies.push(cookies::set(
                &visitor.caller,
                &realm.name,
                cookies::LOCALE,
                chosen,
                Age::Session,
            ));
        }
        Self {
            app,
            realm,
            voice,
            shell,
            caching: Caching::Unsaid,
            set_cookies,
            takes_html: visitor.takes_html,
        }
    }

    /// A text of the theme in the visitor's language.
    pub fn text(&self, key: &str, args: &[Value]) -> String {
        self.app.themes.message(&self.voice, Kind::Login, key, args)
    }

    /// The message above the form.
    pub fn message(&mut self, severity: Severity, key: &str, args: &[Value]) {
        self.shell.message = Some(Message::new(severity, self.text(key, args)));
    }

    /// An error beside a field.
    pub fn field_error(&mut self, field: &str, key: &str, args: &[Value]) {
        let text = self.text(key, args);
        self.shell.field_error(field, text);
    }

    /// Who is signing in, shown in the head of the page with a link to start again.
    pub fn attempted(&mut self, username: &str) {
        self.shell.auth.attempted_username = Some(username.to_owned());
        self.shell.auth.show_username = true;
    }

    /// Renders the page.
    ///
    /// # Errors
    ///
    /// [`Error::Page`] if the template fails.
    pub fn answer<P: Page>(self, status: StatusCode, page: &P) -> Result<Response, Error> {
        let html = self
            .app
            .themes
            .page(&self.voice, &self.shell, page)
            .map_err(|e| Error::Page(e.to_string()))?;
        let mut answer = (status, html).into_response();
        let headers = answer.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html;charset=utf-8"),
        );
        if let Ok(language) = HeaderValue::from_str(&self.voice.locale) {
            headers.insert(header::CONTENT_LANGUAGE, language);
        }
        match self.caching {
            Caching::NoStore => {
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
            }
            Caching::NoCache => {
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            }
            Caching::Unsaid => {}
        }
        secure(&mut answer, self.realm, Some(&self.shell.nonce));
        if let Some(client) = self.shell.client.as_ref().filter(|client| client.unverified) {
            let logo = client
                .attributes
                .get("logoUri")
                .and_then(|url| url::Url::parse(url).ok());
            let origin = logo.map(|url| url.origin().ascii_serialization());
            headers::limit_images(&mut answer, origin.as_deref());
        }
        add_cookies(&mut answer, &self.set_cookies);
        Ok(answer)
    }

    /// The error page ("We are sorry...") with a message of the theme; as JSON for who takes no HTML.
    ///
    /// # Errors
    ///
    /// As [`Draft::answer`].
    pub fn error(mut self, status: StatusCode, key: &str, args: &[Value]) -> Result<Response, Error> {
        if !self.takes_html {
            let body = json!({ "error": self.text(key, args) }).to_string();
            return Ok((status, [(header::CONTENT_TYPE, "application/json")], body).into_response());
        }
        self.message(Severity::Error, key, args);
        self.answer(status, &ErrorPage::default())
    }

    /// The page that only says something.
    ///
    /// # Errors
    ///
    /// As [`Draft::answer`].
    pub fn info(mut self, key: &str, args: &[Value], page: &Info) -> Result<Response, Error> {
        self.message(Severity::Success, key, args);
        self.answer(StatusCode::OK, page)
    }
}

/// The page for an address that there is not. `realm`: the one whose look it has.
///
/// # Errors
///
/// As [`Draft::answer`].
pub fn not_found(app: &App, realm: &Realm, visitor: &Visitor) -> Result<Response, Error> {
    Draft::new(app, realm, visitor, None).error(StatusCode::NOT_FOUND, "pageNotFound", &[])
}

/// The language in which a page without a tab speaks.
pub fn language(realm: &Realm, visitor: &Visitor, user: Option<&User>) -> String {
    choose_locale(realm, visitor, None, user)
}

fn choose_locale(realm: &Realm, visitor: &Visitor, session: Option<&AuthSession>, user: Option<&User>) -> String {
    if !realm.flag("internationalizationEnabled") {
        return "en".to_owned();
    }
    let supported: Vec<String> = realm.texts("supportedLocales").into_iter().map(str::to_owned).collect();
    let offer = Offer {
        enabled: true,
        supported: &supported,
        default: realm.text("defaultLocale"),
    };
    let chosen = visitor
        .kc_locale
        .as_deref()
        .or_else(|| session.and_then(|s| s.note("locale")));
    let wish = Wish {
        kc_locale: chosen,
        user: user.and_then(|u| u.attribute("locale")),
        ui_locales: session.and_then(|s| s.request.ui_locales.as_deref()),
        cookie: visitor.cookie(cookies::LOCALE),
        accept_language: visitor.accept_language.as_deref(),
    };
    locale::choose(offer, wish)
}

/// A realm's own texts, by locale.
pub fn realm_texts(realm: &Realm) -> Arc<HashMap<String, Texts>> {
    let own = realm.localization.iter().map(|(locale, doc)| {
        let texts = doc
            .iter()
            .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
            .collect();
        (locale.clone(), texts)
    });
    Arc::new(own.collect())
}
