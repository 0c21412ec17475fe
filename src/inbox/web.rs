//! The inbox of development: what would have been mailed, as pages and as JSON (contract 1).

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::clock;
use crate::error::Error;
use crate::store::inbox::{self, Mail};
use crate::store::user::normal;
use crate::theme::pages::{DemoInbox, DemoMail, DemoMessage, Page, Realm, Shell};
use crate::theme::{Voice, locale};
use crate::visitor::Visitor;

/// Mails on the page and in a JSON answer.
const MOST: i64 = 100;

/// Whose mail is looked for.
#[derive(Deserialize, Default)]
pub struct Filter {
    to: Option<String>,
}

/// `GET /inbox/messages?to=`: the newest first.
///
/// # Errors
///
/// Those of the database.
pub async fn messages(State(app): State<App>, Query(filter): Query<Filter>) -> Result<Response, Error> {
    if !app.config.dev {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let to = filter.to.as_deref().map(normal);
    let mails = inbox::newest(&app.db, to.as_deref(), MOST).await?;
    let shown: Vec<Value> = mails
        .iter()
        .map(|m| {
            json!({
                "to": m.recipient, "subject": m.subject, "text": m.text, "html": m.html, "links": links(&m.text),
                "date": clock::iso(m.time)
            })
        })
        .collect();
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Value::Array(shown).to_string()).into_response())
}

/// `GET /inbox`: the list.
///
/// # Errors
///
/// Those of the database; [`Error::Page`] if a template is wrong.
pub async fn list(State(app): State<App>, visitor: Visitor, Query(filter): Query<Filter>) -> Result<Response, Error> {
    if !app.config.dev {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let to = filter.to.as_deref().map(normal);
    let mails = inbox::newest(&app.db, to.as_deref(), MOST).await?;
    let page = DemoInbox {
        mails: mails.iter().map(|m| entry(&visitor.caller, m)).collect(),
        app_url: format!("{}/demo/", visitor.caller.prefix),
    };
    shown(&app, &visitor, &page)
}

/// `GET /inbox/{id}`: one mail.
///
/// # Errors
///
/// As [`list`].
pub async fn message(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Error> {
    let Some(mail) = found(&app, &id).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let caller = &visitor.caller;
    let page = DemoMessage {
        html_url: format!("{}/inbox/{}/html", caller.prefix, mail.id),
        link: links(&mail.text).into_iter().next().unwrap_or_default(),
        inbox_url: format!("{}/inbox", caller.prefix),
        from: "Vestibule".to_owned(),
        text: mail.text.clone(),
        mail: entry(caller, &mail),
    };
    shown(&app, &visitor, &page)
}

/// `GET /inbox/{id}/html`: the markup of a mail alone, for a frame without rights.
///
/// # Errors
///
/// Those of the database.
pub async fn markup(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Error> {
    let Some(mail) = found(&app, &id).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let policy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; \
                  img-src data: https:; frame-ancestors 'self'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Html(mail.html)).into_response())
}

async fn found(app: &App, id: &str) -> Result<Option<Mail>, Error> {
    if app.config.dev {
        inbox::by_id(&app.db, id).await
    } else {
        Ok(None)
    }
}

fn shown<P: Page>(app: &App, visitor: &Visitor, page: &P) -> Result<Response, Error> {
    let shell = Shell {
        realm: Realm {
            display_name: "Vestibule".to_owned(),
            ..Realm::default()
        },
        nonce: crate::random::session_id(),
        ..Shell::default()
    };
    let voice = Voice {
        locale: locale::without_realm(visitor.accept_language.as_deref()),
        ..Voice::default()
    };
    let html = app
        .themes
        .page(&voice, &shell, page)
        .map_err(|e| Error::Page(e.to_string()))?;
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{0}'; style-src 'self' 'nonce-{0}'; object-src 'none'; \
         base-uri 'none'; frame-ancestors 'none'",
        shell.nonce
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Html(html)).into_response())
}

fn entry(caller: &Caller, mail: &Mail) -> DemoMail {
    let date = clock::iso(mail.time);
    DemoMail {
        url: format!("{}/inbox/{}", caller.prefix, mail.id),
        to: mail.recipient.clone(),
        subject: mail.subject.clone(),
        preview: mail
            .text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(140)
            .collect(),
        time: date.get(11..16).unwrap_or_default().to_owned(),
        datetime: date,
    }
}

/// The web addresses in a text.
fn links(text: &str) -> Vec<String> {
    text.split_whitespace()
        .filter(|w| w.starts_with("http://") || w.starts_with("https://"))
        .map(str::to_owned)
        .collect()
}
