//! Texts of a realm in place of those of its theme, by language.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Path, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use super::json::{Body, wrong_content_type};
use super::query::Query;
use crate::app::App;
use crate::store::Tx;
use crate::store::json::Doc;
use crate::store::part::{self, Kind};
use crate::store::realm;

/// The longest name of a language, and of a text.
const LONGEST_NAME: usize = 255;

/// The addresses of texts.
pub fn routes() -> Router<App> {
    let base = "/realms/{realm}/localization";
    Router::new()
        .route(base, get(locales))
        .route(
            &format!("{base}/{{locale}}"),
            get(texts).post(add).put(no_such).delete(remove),
        )
        .route(&format!("{base}/{{locale}}/{{key}}"), get(one).put(set).delete(unset))
}

/// Whoever administers anything sees them: the console speaks with them.
fn require_any(admin: &Admin) -> Result<(), ApiError> {
    let others = Right::ALL.into_iter().filter(|r| *r != Right::Impersonation);
    admin.require(&others.collect::<Vec<_>>())
}

async fn locales(admin: Admin) -> Answer {
    require_any(&admin)?;
    answer::json_plain(&admin.realm.localization.keys().collect::<Vec<_>>())
}

async fn texts(admin: Admin, Path((_, locale)): Path<(String, String)>, query: Query) -> Answer {
    require_any(&admin)?;
    let all = &admin.realm.localization;
    let mut told = Doc::new();
    if query.flag("useRealmDefaultLocaleFallback") == Some(true)
        && let Some(default) = admin.realm.text("defaultLocale").and_then(|l| all.get(l))
    {
        told.extend(default.clone());
    }
    told.extend(all.get(&locale).cloned().unwrap_or_default());
    answer::json_plain(&told)
}

/// Texts are added, or set one by one.
async fn no_such() -> ApiError {
    ApiError::no_such_path()
}

fn no_text() -> ApiError {
    ApiError::not_found("Localization text not found")
}

async fn one(admin: Admin, Path((_, locale, key)): Path<(String, String, String)>, headers: HeaderMap) -> Answer {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    let suits = |range: &str| {
        let range = range.split(';').next().unwrap_or_default().trim();
        matches!(range, "*/*" | "text/*" | "text/plain")
    };
    if accept.is_some_and(|a| !a.split(',').any(suits)) {
        return Err(ApiError::error(StatusCode::NOT_ACCEPTABLE, "HTTP 406 Not Acceptable"));
    }
    require_any(&admin)?;
    let found = admin
        .realm
        .localization
        .get(&locale)
        .and_then(|t| t.get(&key)?.as_str());
    let text = found.ok_or_else(no_text)?.to_owned();
    Ok(([(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], text).into_response())
}

/// The texts of a language as they are now, in the transaction that changes them.
async fn open(admin: &Admin, locale: &str) -> Result<(Tx, Option<Doc>), ApiError> {
    let mut tx = admin.app.db.begin().await?;
    if !realm::lock(&mut tx, &admin.realm.id).await? {
        return Err(ApiError::not_found("Realm not found."));
    }
    let all = part::of_kind(&mut tx, &admin.realm.id, Kind::Localization).await?;
    let texts = all.into_iter().find(|p| p.id == locale).map(|p| p.doc);
    Ok((tx, texts))
}

async fn keep(mut tx: Tx, admin: &Admin, locale: &str, texts: &Doc) -> Answer {
    let too_long = |name: &str| name.chars().count() > LONGEST_NAME;
    if too_long(locale) || texts.keys().any(|k| too_long(k)) {
        return Err(ApiError::bad(
            "Names of languages and texts have at most 255 characters",
        ));
    }
    part::put(&mut tx, &admin.realm.id, Kind::Localization, locale, locale, texts).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn set(admin: Admin, Path((_, locale, key)): Path<(String, String, String)>, request: Request) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    if content_type(&request).is_some_and(|k| k != "text/plain") {
        return Err(wrong_content_type());
    }
    let body = Bytes::from_request(request, &()).await;
    let text = body.ok().and_then(|b| String::from_utf8(b.to_vec()).ok());
    let text = text.ok_or_else(|| ApiError::bad("The text cannot be read"))?;
    let (tx, texts) = open(&admin, &locale).await?;
    let mut texts = texts.unwrap_or_default();
    texts.insert(key, text.into());
    keep(tx, &admin, &locale, &texts).await
}

fn content_type(request: &Request) -> Option<String> {
    let said = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(said.split(';').next().unwrap_or_default().trim().to_lowercase())
}

/// Adds texts: a JSON document, or a form with a file that holds one.
async fn add(admin: Admin, Path((_, locale)): Path<(String, String)>, request: Request) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let body = match content_type(&request).as_deref() {
        Some("multipart/form-data") => uploaded(request).await?,
        _ => Body::from_request(request, &()).await?,
    };
    let given = body.map()?;
    let (tx, texts) = open(&admin, &locale).await?;
    let mut texts = texts.unwrap_or_default();
    texts.extend(given.into_iter().filter(|(_, text)| text.is_string()));
    keep(tx, &admin, &locale, &texts).await
}

async fn uploaded(request: Request) -> Result<Body, ApiError> {
    let unreadable = || ApiError::bad("Could not read file");
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unreadable())?;
    while let Ok(Some(field)) = form.next_field().await {
        if field.name() == Some("file") {
            return Ok(Body::from(field.bytes().await.map_err(|_| unreadable())?));
        }
    }
    Err(unreadable())
}

async fn unset(admin: Admin, Path((_, locale, key)): Path<(String, String, String)>) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let (tx, texts) = open(&admin, &locale).await?;
    let mut texts = texts.ok_or_else(no_text)?;
    texts.shift_remove(&key).ok_or_else(no_text)?;
    keep(tx, &admin, &locale, &texts).await
}

async fn remove(admin: Admin, Path((_, locale)): Path<(String, String)>) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let mut tx = admin.app.db.begin().await?;
    if !part::remove(&mut tx, &admin.realm.id, Kind::Localization, &locale).await? {
        let text = format!("No localization texts for locale {locale} found.");
        return Err(ApiError::not_found(&text));
    }
    tx.commit().await?;
    answer::nothing()
}
