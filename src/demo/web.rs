//! The pages of the built-in application.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::{CLIENT_ID, claims};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::theme::pages::demo::{DemoHome, DemoToken, Pair};
use crate::theme::pages::{Realm, Shell};
use crate::theme::{Voice, locale};

const COOKIE: &str = "DEMO_SESSION";
const REALM: &str = "demo";

/// `GET /demo/`: the application; also where the authorization endpoint sends people back to.
pub async fn home(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    if !app.config.demo {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let sent: Vec<(String, String)> = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let parameter = |name: &str| sent.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    if let (Some(code), Some(state)) = (parameter("code"), parameter("state")) {
        return come_back(&app, &caller, code, state).await;
    }
    let error = parameter("error_description")
        .or(parameter("error"))
        .unwrap_or_default()
        .to_owned();
    let tokens = cookie(&headers).and_then(|id| app.demo.sessions.get(&id));
    render(&app, &caller, &headers, tokens.as_ref(), error)
}

/// `GET /demo/login` and `/demo/register`: begins an authorization request.
pub async fn login(State(app): State<App>, caller: Caller) -> Response {
    begin(&app, &caller, "auth")
}

/// As [`login`], on the registration page.
pub async fn register(State(app): State<App>, caller: Caller) -> Response {
    begin(&app, &caller, "registrations")
}

fn begin(app: &App, caller: &Caller, endpoint: &str) -> Response {
    let (state, challenge) = app.demo.begin();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", CLIENT_ID)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid profile email")
        .append_pair("redirect_uri", &format!("{}/demo/", caller.base))
        .append_pair("state", &state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .finish();
    Redirect::to(&format!(
        "{}/protocol/openid-connect/{endpoint}?{query}",
        caller.issuer(REALM)
    ))
    .into_response()
}

/// `GET /demo/logout`: forgets the person here, then at the provider.
pub async fn logout(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Response {
    let tokens = cookie(&headers).and_then(|id| app.demo.sessions.remove(&id));
    let hint = tokens.as_ref().and_then(|t| t["id_token"].as_str()).unwrap_or_default();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", CLIENT_ID)
        .append_pair("id_token_hint", hint)
        .append_pair("post_logout_redirect_uri", &format!("{}/demo/", caller.base))
        .finish();
    let to = format!("{}/protocol/openid-connect/logout?{query}", caller.issuer(REALM));
    with_cookie(Redirect::to(&to).into_response(), &caller, "", 0)
}

/// Redeems the code at the token endpoint, which is a function call away.
async fn come_back(app: &App, caller: &Caller, code: &str, state: &str) -> Result<Response, Error> {
    let home = format!("{}/demo/", caller.base);
    let Some(verifier) = app.demo.take(state) else {
        return Ok(Redirect::to(&format!("{home}?error=unknown_state")).into_response());
    };
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("client_id", CLIENT_ID)
        .append_pair("code", code)
        .append_pair("redirect_uri", &home)
        .append_pair("code_verifier", &verifier)
        .finish();
    let mut request = Request::post(format!(
        "{}/realms/{REALM}/protocol/openid-connect/token",
        caller.prefix
    ))
    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    .body(Body::from(body))
    .map_err(|e| Error::Page(e.to_string()))?;
    request.extensions_mut().insert(caller.clone());
    let answer = match crate::routes::router(app.clone()).oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let bytes = answer
        .into_body()
        .collect()
        .await
        .map_err(|e| Error::Page(e.to_string()))?
        .to_bytes();
    let tokens: Value = serde_json::from_slice(&bytes)?;
    if tokens["access_token"].is_null() {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("error", tokens["error"].as_str().unwrap_or("server_error"))
            .append_pair(
                "error_description",
                tokens["error_description"].as_str().unwrap_or_default(),
            )
            .finish();
        return Ok(Redirect::to(&format!("{home}?{query}")).into_response());
    }
    let id = app.demo.sign_in(tokens);
    Ok(with_cookie(Redirect::to(&home).into_response(), caller, &id, 3600))
}

fn render(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    tokens: Option<&Value>,
    error: String,
) -> Result<Response, Error> {
    let base = &caller.base;
    let known = tokens.and_then(|t| claims(t, "id_token"));
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let page = DemoHome {
        name: known.as_ref().map(|c| {
            c.get("name")
                .or(c.get("preferred_username"))
                .map(text)
                .unwrap_or_default()
        }),
        login_url: format!("{base}/demo/login"),
        register_url: format!("{base}/demo/register"),
        logout_url: format!("{base}/demo/logout"),
        inbox_url: format!("{base}/inbox"),
        links: vec![
            Pair::new(
                "OpenID configuration",
                format!("{}/.well-known/openid-configuration", caller.issuer(REALM)),
            ),
            Pair::new(
                "Keys",
                format!("{}/protocol/openid-connect/certs", caller.issuer(REALM)),
            ),
        ],
        claims: known
            .iter()
            .flatten()
            .map(|(name, value)| Pair::new(name.clone(), text(value)))
            .collect(),
        tokens: tokens.map(shown).unwrap_or_default(),
        error,
    };
    let shell = Shell {
        realm: Realm {
            name: REALM.into(),
            display_name: "Demo".into(),
            ..Realm::default()
        },
        nonce: crate::random::token(),
        ..Shell::default()
    };
    let wish = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let voice = Voice {
        locale: locale::without_realm(wish),
        ..Voice::default()
    };
    let html = app
        .themes
        .page(&voice, &shell, &page)
        .map_err(|e| Error::Page(e.to_string()))?;
    let policy = format!(
        "default-src 'none'; style-src 'self' 'nonce-{0}'; img-src 'self' data:; font-src 'self'; script-src 'nonce-{0}'; \
         base-uri 'none'; frame-ancestors 'none'",
        shell.nonce
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html;charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, html).into_response())
}

fn shown(tokens: &Value) -> Vec<DemoToken> {
    let names = [
        ("ID token", "id_token"),
        ("Access token", "access_token"),
        ("Refresh token", "refresh_token"),
    ];
    let there = names
        .into_iter()
        .filter_map(|(name, key)| Some((name, key, tokens[key].as_str()?)));
    there
        .map(|(name, key, raw)| DemoToken {
            name: name.into(),
            raw: raw.into(),
            decoded: claims(tokens, key)
                .and_then(|c| serde_json::to_string_pretty(&c).ok())
                .unwrap_or_default(),
        })
        .collect()
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'));
    all.filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, v)| v.to_owned())
}

fn with_cookie(mut answer: Response, caller: &Caller, value: &str, seconds: i64) -> Response {
    let secure = if caller.https { "; Secure" } else { "" };
    let text = format!(
        "{COOKIE}={value}; Path={}/demo/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
        caller.prefix
    );
    if let Ok(text) = HeaderValue::from_str(&text) {
        answer.headers_mut().append(header::SET_COOKIE, text);
    }
    answer
}
