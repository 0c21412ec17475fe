//! A realm's own texts, by language.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Multipart, Path, Request};
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use super::json::{self as body, Body};
use super::query::Query;
use crate::app::App;
use crate::store::json::Doc;
use crate::store::part::{self, Kind};

/// The longest text.
const LONGEST: usize = 4_000;

/// The addresses of a realm's texts.
pub fn routes() -> Router<App> {
    let one = "/realms/{realm}/localization/{locale}";
    Router::new()
        .route("/realms/{realm}/localization", get(locales))
        .route(one, get(texts).post(add).delete(remove_locale))
        .route(&format!("{one}/{{key}}"), get(read).put(put).delete(remove))
}

fn require_any(admin: &Admin) -> Result<(), ApiError> {
    if admin.has_some() {
        Ok(())
    } else {
        Err(ApiError::forbidden())
    }
}

async fn locales(admin: Admin) -> Answer {
    require_any(&admin)?;
    answer::json_plain(&admin.realm.localization.keys().collect::<Vec<_>>())
}

fn of(admin: &Admin, locale: &str) -> Doc {
    admin.realm.localization.get(locale).cloned().unwrap_or_default()
}

async fn texts(admin: Admin, Path((_, locale)): Path<(String, String)>, query: Query) -> Answer {
    require_any(&admin)?;
    let mut all = Doc::new();
    if query.flag("useRealmDefaultLocaleFallback") == Some(true)
        && let Some(default) = admin.realm.text("defaultLocale")
    {
        all.extend(of(&admin, default));
    }
    all.extend(of(&admin, &locale));
    all.sort_keys();
    answer::json_plain(&all)
}

fn unknown() -> ApiError {
    ApiError::not_found("Localization text not found")
}

async fn read(admin: Admin, Path((_, locale, key)): Path<(String, String, String)>) -> Answer {
    require_any(&admin)?;
    let all = of(&admin, &locale);
    let text = all.get(&key).and_then(Value::as_str).ok_or_else(unknown)?;
    Ok(([(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], text.to_owned()).into_response())
}

async fn put(admin: Admin, Path((_, locale, key)): Path<(String, String, String)>, request: Request) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let kind = content_type(&request);
    if !kind.is_empty() && !kind.eq_ignore_ascii_case("text/plain") {
        return Err(body::wrong_content_type());
    }
    let bytes = Bytes::from_request(request, &())
        .await
        .map_err(|_| ApiError::bad("The text cannot be read"))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| ApiError::bad("The text is not UTF-8"))?;
    let mut changed = Doc::new();
    changed.insert(key, json!(text));
    merge(&admin, &locale, changed).await
}

/// The media type of a body, without its parameters.
fn content_type(request: &Request) -> String {
    let said = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    said.and_then(|s| s.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Adds the texts of a JSON object, sent as it is or as a file of a form.
async fn add(admin: Admin, Path((_, locale)): Path<(String, String)>, request: Request) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    if !content_type(&request).eq_ignore_ascii_case("multipart/form-data") {
        let given = Body::from_request(request, &()).await?.map()?;
        return merge(&admin, &locale, given).await;
    }
    let unreadable = || ApiError::bad("The file cannot be read");
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unreadable())?;
    let mut given = Doc::new();
    while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
        let bytes = field.bytes().await.map_err(|_| unreadable())?;
        let texts: Doc = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
        given.extend(texts);
    }
    merge(&admin, &locale, given).await
}

async fn merge(admin: &Admin, locale: &str, given: Doc) -> Answer {
    let mut all = of(admin, locale);
    for (key, text) in given {
        if text.as_str().is_some_and(|t| t.chars().count() <= LONGEST) {
            all.insert(key, text);
        } else {
            return Err(ApiError::bad(&format!(
                "The text of {key} is longer than {LONGEST} characters, or is none"
            )));
        }
    }
    save(admin, locale, &all).await
}

async fn save(admin: &Admin, locale: &str, all: &Doc) -> Answer {
    let mut tx = admin.app.db.begin().await?;
    part::put(&mut tx, &admin.realm.id, Kind::Localization, locale, locale, all).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn remove(admin: Admin, Path((_, locale, key)): Path<(String, String, String)>) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let mut all = of(&admin, &locale);
    all.shift_remove(&key).ok_or_else(unknown)?;
    save(&admin, &locale, &all).await
}

async fn remove_locale(admin: Admin, Path((_, locale)): Path<(String, String)>) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let mut tx = admin.app.db.begin().await?;
    if !part::remove(&mut tx, &admin.realm.id, Kind::Localization, &locale).await? {
        return Err(ApiError::not_found(&format!(
            "No localization texts for locale {locale} found."
        )));
    }
    tx.commit().await?;
    answer::nothing()
}
