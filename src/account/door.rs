//! One address, two readers: programs get JSON, browsers the Account Console.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::person::{Asked, CLIENT, Person};
use super::{applications, consent, credentials, linked, profile, sessions, things};
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::query::Query;
use crate::app::App;
use crate::error::Error;
use crate::oidc::cors;
use crate::oidc::door::OfRealm;
use crate::page;
use crate::store::client;
use crate::visitor::Visitor;

/// The only version of this API that may be named in an address.
const VERSION: &str = "v1alpha1";

const JSON: &str = "application/json";

/// Everything at and below `/realms/{realm}/account`.
pub async fn serve(
    State(app): State<App>,
    OfRealm(realm): OfRealm,
    visitor: Visitor,
    query: Query,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let (method, uri, headers) = (parts.method, parts.uri, parts.headers);
    if method == Method::OPTIONS {
        return cors::preflight(&headers, "HEAD, DELETE, POST, GET, OPTIONS, PUT");
    }
    let body = match Bytes::from_request(Request::new(body), &app).await {
        Ok(body) => body,
        Err(refused) => return refused.into_response(),
    };
    let asked = Asked {
        app,
        caller: visitor.caller.clone(),
        realm,
        headers,
        query,
        body,
    };
    let answer = if wants_json(&asked.headers) {
        as_json(asked, &method, &segments(&uri)).await
    } else {
        as_page(asked, &visitor, &method).await
    };
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    let robots = HeaderValue::from_static("none");
    response.headers_mut().entry("x-robots-tag").or_insert(robots);
    response
}

/// Programs say that they take JSON, or send it.
fn wants_json(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT).iter();
    let mut takes = lines.filter_map(|v| v.to_str().ok()).flat_map(|line| line.split(','));
    takes.any(is_json)
        || headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|v| v.to_str().is_ok_and(is_json))
}

fn is_json(kind: &str) -> bool {
    kind.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case(JSON)
}

/// The parts of an address after `/realms/{realm}/account`; slashes at its end do not matter.
fn segments(uri: &Uri) -> Vec<String> {
    let path = uri.path().trim_end_matches('/');
    let decode = |part: &str| {
        // Only percent signs mean something in a path.
        let form = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
        form_urlencoded::parse(form.as_bytes())
            .next()
            .map_or_else(String::new, |(text, _)| text.into_owned())
    };
    path.split('/').skip(4).map(decode).collect()
}

async fn as_page(asked: Asked, visitor: &Visitor, method: &Method) -> Answer {
    if method != Method::GET && method != Method::HEAD {
        return Err(wrong_method());
    }
    let not_found = || page::not_found(&asked.app, &asked.realm, visitor);
    if !is_on(&asked).await? {
        return Ok(not_found()?);
    }
    match crate::console::web::account(&asked.app, &asked.realm, visitor, &asked.query).await? {
        Some(console) => Ok(console),
        None => Ok(not_found()?),
    }
}

/// Whether the realm has its client `account`, and has it on.
async fn is_on(asked: &Asked) -> Result<bool, Error> {
    let found = client::by_client_id(&asked.app.db, &asked.realm.id, CLIENT).await?;
    Ok(found.is_some_and(|c| c.enabled()))
}

fn wrong_method() -> ApiError {
    ApiError::error(StatusCode::METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed")
}

async fn as_json(asked: Asked, method: &Method, path: &[String]) -> Answer {
    if !is_on(&asked).await? {
        return Err(ApiError::not_found("account management not enabled"));
    }
    let headers = asked.headers.clone();
    let (person, client) = Person::of(asked).await?;
    if !cors::admits(&headers, &person.caller.base, &client) {
        return Ok(cors::invalid_origin());
    }
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let is_own = cors::origin(&headers).is_none_or(|origin| cors::is_own(origin, &person.caller.base));
    let mut response = match route(&person, method, &path).await {
        Ok(answer) => answer,
        Err(refused) => refused.into_response(),
    };
    if !is_own {
        cors::apply(&mut response, &headers);
    }
    Ok(response)
}

/// Every address of the API, on one page.
async fn route(person: &Person, method: &Method, path: &[&str]) -> Answer {
    let path = match path {
        [version, rest @ ..] if version.starts_with('v') && version[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            if *version != VERSION {
                return Err(ApiError::not_found("API version not found"));
            }
            rest
        }
        whole => whole,
    };
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    match (method, path) {
        ("GET", []) => profile::read(person).await,
        ("POST", []) => profile::update(person).await,
        ("GET", ["supportedLocales"]) => things::locales(person),
        ("GET", ["groups"]) => things::groups(person).await,
        ("GET", ["organizations"]) => things::organizations(person).await,
        ("GET", ["resources", ..]) => things::resources(person),
        ("GET", ["sessions"]) => sessions::list(person).await,
        ("GET", ["sessions", "devices"]) => sessions::devices(person).await,
        ("DELETE", ["sessions"]) => sessions::remove_all(person).await,
        ("DELETE", ["sessions", id]) => sessions::remove(person, id).await,
        ("GET", ["credentials"]) => credentials::list(person).await,
        ("DELETE", ["credentials", id]) => credentials::remove(person, id).await,
        ("PUT", ["credentials", id, "label"]) => credentials::label(person, id).await,
        ("GET", ["applications"]) => applications::list(person).await,
        ("GET", ["applications", id, "consent"]) => consent::read(person, id).await,
        ("POST" | "PUT", ["applications", id, "consent"]) => consent::grant(person, id).await,
        ("DELETE", ["applications", id, "consent"]) => consent::revoke(person, id).await,
        ("GET", ["linked-accounts"]) => linked::list(person).await,
        ("GET", ["linked-accounts", _]) => linked::link(person),
        ("DELETE", ["linked-accounts", alias]) => linked::remove(person, alias).await,
        ("PATCH", _) | ("POST" | "PUT", ["sessions"]) | ("POST", ["credentials"]) => Err(wrong_method()),
        _ => Err(ApiError::no_such_path()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_cut_before_it_is_decoded() {
        let uri: Uri = "/realms/acme/account/applications/https%3A%2F%2Fa.example%2Fx/consent/"
            .parse()
            .unwrap();
        assert_eq!(segments(&uri), ["applications", "https://a.example/x", "consent"]);
        assert!(segments(&"/realms/acme/account".parse().unwrap()).is_empty());
        assert!(segments(&"/realms/acme/account/".parse().unwrap()).is_empty());
    }
}
