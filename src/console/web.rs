//! The pages of the consoles, and their files.

use std::path::Path;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use vestibule_jose::digest::b64url;

use super::environment;
use super::{Console, Entry};
use crate::admin::api::query::Query;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::login::identity;
use crate::page;
use crate::store::realm::Realm;
use crate::theme::{self, Kind};
use crate::visitor::Visitor;

/// The page that both consoles begin with.
const PAGE: &str = include_str!("page.html");

/// The path of a realm's Admin Console.
pub fn admin_path(caller: &Caller, realm: &Realm) -> String {
    format!("{}/admin/{}/console/", caller.prefix, page::path_part(&realm.name))
}

/// The Admin Console of a realm, if the consoles are mounted.
///
/// # Errors
///
/// [`Error::Page`] if the page cannot be written.
pub fn admin(app: &App, realm: &Realm, visitor: &Visitor) -> Result<Option<Response>, Error> {
    let Some(console) = &app.console else { return Ok(None) };
    let language = page::language(realm, visitor, None);
    let environment = environment::admin(console, realm, &visitor.caller);
    let shown = Shown {
        kind: Kind::Admin,
        title: "Keycloak Administration Console",
        language: &language,
        environment,
    };
    Ok(Some(shown.answer(console, realm, visitor)?))
}

/// The Account Console of a realm, if the consoles are mounted.
///
/// # Errors
///
/// Those of the database; [`Error::Page`] if the page cannot be written.
pub async fn account(app: &App, realm: &Realm, visitor: &Visitor, query: &Query) -> Result<Option<Response>, Error> {
    let Some(console) = &app.console else { return Ok(None) };
    let signed_in = identity::read(app, visitor, realm).await?;
    let user = signed_in.as_ref().map(|s| &s.user);
    let language = page::language(realm, visitor, user);
    let environment = environment::account(app, console, realm, visitor, user, query, &language).await?;
    let shown = Shown {
        kind: Kind::Account,
        title: "Account Management",
        language: &language,
        environment,
    };
    Ok(Some(shown.answer(console, realm, visitor)?))
}

struct Shown<'a> {
    kind: Kind,
    title: &'a str,
    language: &'a str,
    environment: Value,
}

impl Shown<'_> {
    fn answer(&self, console: &Console, realm: &Realm, visitor: &Visitor) -> Result<Response, Error> {
        let nonce = b64url(&crate::random::bytes::<16>());
        let html = self.html(console, &visitor.caller, &nonce)?;
        let mut answer = html.into_response();
        // The account's page says who is signed in.
        let kept = match self.kind {
            Kind::Admin => "no-cache",
            _ => "no-store",
        };
        let headers = answer.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, kept),
            (header::CONTENT_LANGUAGE, self.language),
        ] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        page::secure(&mut answer, realm, Some(&nonce));
        Ok(answer)
    }

    fn html(&self, console: &Console, caller: &Caller, nonce: &str) -> Result<String, Error> {
        let entry = self.entry(console);
        let base = format!("{}{}", caller.prefix, console.resources_path(self.kind));
        let link = |style: &String| format!("    <link rel=\"stylesheet\" href=\"{base}/{style}\">\n");
        let styles = entry.styles.iter().map(link).collect::<Vec<_>>().concat();
        let script = format!("{base}/{}", entry.script);
        let environment = serde_json::to_string_pretty(&self.environment)?;
        let icon = format!("{base}/favicon.svg");
        Ok(fill(
            PAGE,
            &[
                ("language", self.language),
                ("title", self.title),
                ("nonce", nonce),
                ("icon", &icon),
                ("styles", &styles),
                ("script", &script),
                ("page", self.kind.name()),
                // Nothing in it may end the element that it stands in.
                ("environment", &environment.replace('<', "\\u003c")),
            ],
        ))
    }

    fn entry<'a>(&self, console: &'a Console) -> &'a Entry {
        if self.kind == Kind::Admin {
            &console.admin
        } else {
            &console.account
        }
    }
}

/// Puts values into a page, in one pass: what a value says is never read again.
fn fill(page: &str, values: &[(&str, &str)]) -> String {
    let mut parts = page.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or(("", part));
        let value = values.iter().find(|(known, _)| *known == name);
        out.push_str(value.map_or("", |(_, value)| value));
        out.push_str(rest);
    }
    out
}

/// A file of the consoles, where the address is that of one.
pub async fn file(app: &App, kind: &str, theme: &str, path: &str, headers: &HeaderMap) -> Option<Response> {
    let console = app.console.as_ref()?;
    let theirs = matches!((kind, theme), ("admin", "keycloak.v2") | ("account", "keycloak.v3"));
    if !theirs || !path.split('/').all(theme::is_name) {
        return None;
    }
    let takes_gzip = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok());
    let takes_gzip = takes_gzip.is_some_and(|v| v.split(',').any(|c| c.trim().eq_ignore_ascii_case("gzip")));
    let packed = if takes_gzip {
        read(&console.dir, &format!("{path}.gz")).await
    } else {
        None
    };
    let is_packed = packed.is_some();
    let bytes = match packed {
        Some(bytes) => bytes,
        None => read(&console.dir, path).await?,
    };
    // Vite puts a hash into the names of what is below `assets/`.
    let kept = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let about = [
        (header::CONTENT_TYPE, theme::content_type(path)),
        (header::CACHE_CONTROL, kept),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::VARY, "Accept-Encoding"),
    ];
    let mut answer = (StatusCode::OK, about, bytes).into_response();
    if is_packed {
        let value = HeaderValue::from_static("gzip");
        answer.headers_mut().insert(header::CONTENT_ENCODING, value);
    }
    Some(answer)
}

/// Reads a file below the folder; links that lead out of it are none of its files.
async fn read(dir: &Path, path: &str) -> Option<Vec<u8>> {
    let dir = tokio::fs::canonicalize(dir).await.ok()?;
    let full = tokio::fs::canonicalize(dir.join(path)).await.ok()?;
    if !full.starts_with(&dir) {
        return None;
    }
    tokio::fs::read(full).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn links_do_not_lead_out_of_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("console");
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(outer.path().join("secret.key"), "secret").unwrap();
        std::fs::write(dir.join("a.js"), "a").unwrap();
        std::os::unix::fs::symlink(outer.path().join("secret.key"), dir.join("b.js")).unwrap();
        std::os::unix::fs::symlink(dir.join("a.js"), dir.join("c.js")).unwrap();
        assert_eq!(read(&dir, "a.js").await.as_deref(), Some(&b"a"[..]));
        assert_eq!(read(&dir, "b.js").await, None);
        assert_eq!(read(&dir, "c.js").await.as_deref(), Some(&b"a"[..]));
    }

    #[test]
    fn values_are_put_in_once() {
        assert_eq!(fill("a {{x}} b {{y}}.", &[("x", "{{y}}"), ("y", "2")]), "a {{y}} b 2.");
    }
}
