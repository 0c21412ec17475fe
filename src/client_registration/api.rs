//! The door: `/realms/{realm}/clients-registrations/{provider}[/{client_id}]`, as Keycloak answers there.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_oauth::client_metadata::read_object;
use vestibule_oauth::error::BearerError;

use super::access::{self, Access};
use super::audit::{self, Act};
use super::refusal::{Refusal, Stop};
use super::{Mode, Request, manage, metadata, mode, register};
use crate::app::App;
use crate::caller::Caller;
use crate::oidc::{bearer, cors};
use crate::store::json::Doc;
use crate::store::realm::{self, Realm};

/// Keycloak's providers. The two others describe clients in forms of their own.
const PROVIDER: &str = "openid-connect";

/// What preflights are told.
const METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS";

/// `/clients-registrations/{provider}`: new registrations.
pub async fn collection(
    State(app): State<App>,
    caller: Caller,
    Path((realm, provider)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call { app, caller, headers };
    let realm = match call.open(&realm, &provider).await {
        Ok(realm) => realm,
        Err(refused) => return refused,
    };
    match method {
        Method::POST => call.register(&realm, &body).await,
        Method::OPTIONS => cors::preflight(&call.headers, METHODS),
        Method::GET | Method::PUT | Method::DELETE => http_error(StatusCode::NOT_FOUND),
        _ => http_error(StatusCode::METHOD_NOT_ALLOWED),
    }
}

/// `/clients-registrations/{provider}/{client_id}`: a client manages itself.
pub async fn item(
    State(app): State<App>,
    caller: Caller,
    Path((realm, provider, client_id)): Path<(String, String, String)>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call { app, caller, headers };
    let realm = match call.open(&realm, &provider).await {
        Ok(realm) => realm,
        Err(refused) => return refused,
    };
    let act = match method {
        Method::GET => Act::Read,
        Method::PUT => Act::Update,
        Method::DELETE => Act::Delete,
        Method::OPTIONS => return cors::preflight(&call.headers, METHODS),
        Method::POST => return http_error(StatusCode::NOT_FOUND),
        _ => return http_error(StatusCode::METHOD_NOT_ALLOWED),
    };
    call.manage(&realm, &client_id, act, &body).await
}

/// `/clients-registrations` alone names no provider.
pub async fn no_provider() -> Response {
    http_error(StatusCode::METHOD_NOT_ALLOWED)
}

struct Call {
    app: App,
    caller: Caller,
    headers: HeaderMap,
}

impl Call {
    /// The realm, if it takes registrations from this caller by this provider.
    async fn open(&self, realm: &str, provider: &str) -> Result<Arc<Realm>, Response> {
        let found = realm::by_name(&self.app.db, realm)
            .await
            .map_err(IntoResponse::into_response)?;
        let Some(realm) = found else {
            return Err(error(StatusCode::NOT_FOUND, "Realm does not exist", ""));
        };
        if mode(&realm) == Mode::Off {
            return Err(http_error(StatusCode::NOT_FOUND));
        }
        if provider != PROVIDER {
            return Err(error(
                StatusCode::NOT_FOUND,
                "Client registration provider not found",
                "",
            ));
        }
        if !realm.enabled() {
            return Err(error(StatusCode::FORBIDDEN, "access_denied", "Realm not enabled"));
        }
        if !self.caller.is_secure_enough(&realm) {
            return Err(error(StatusCode::FORBIDDEN, "invalid_request", "HTTPS required"));
        }
        Ok(realm)
    }

    async fn register(&self, realm: &Realm, body: &[u8]) -> Response {
        let Some(sent) = self.read(body) else {
            return unsupported_type();
        };
        let request = match self.admit(realm, Act::Register, None).await {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        let outcome = match sent {
            Ok(sent) => register::register(&request, &sent).await,
            Err(refusal) => Err(refusal.into()),
        };
        match outcome {
            Ok(made) => {
                let mut answer = self.answer(StatusCode::CREATED, &made.answer);
                let address = metadata::address(realm, &self.caller, &made.client_id);
                if let Ok(address) = HeaderValue::from_str(&address) {
                    answer.headers_mut().insert(header::LOCATION, address);
                }
                answer
            }
            Err(stop) => self.stopped(&request, Act::Register, None, stop).await,
        }
    }

    async fn manage(&self, realm: &Realm, client_id: &str, act: Act, body: &[u8]) -> Response {
        let sent = if act == Act::Update { self.read(body) } else { None };
        if act == Act::Update && sent.is_none() {
            return unsupported_type();
        }
        let request = match self.admit(realm, act, Some(client_id)).await {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        let outcome = match (act, sent) {
            (Act::Update, Some(Ok(sent))) => manage::update(&request, client_id, &sent).await.map(Some),
            (Act::Update, Some(Err(refusal))) => Err(refusal.into()),
            (Act::Delete, _) => manage::delete(&request, client_id).await.map(|()| None),
            _ => manage::read(&request, client_id).await.map(Some),
        };
        match outcome {
            Ok(Some(told)) => self.answer(StatusCode::OK, &told),
            Ok(None) => {
                let mut answer = StatusCode::NO_CONTENT.into_response();
                cors::apply(&mut answer, &self.headers);
                answer
            }
            Err(stop) => self.stopped(&request, act, Some(client_id), stop).await,
        }
    }

    /// The JSON object that was sent; `None` if it says it is something else. Broken JSON is refused only once it is known
    /// who called, so that its refusal can be recorded and read by their page.
    fn read(&self, body: &[u8]) -> Option<Result<Doc, Refusal>> {
        let kind = self.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let is_json = |kind: &[u8]| {
            let essence = kind.split(|b| *b == b';').next().unwrap_or_default();
            essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
        };
        if kind.is_some_and(|kind| !is_json(kind)) {
            return None;
        }
        Some(read_object(body).map_err(Refusal::from))
    }

    /// Finds out who calls, and whether a page of theirs may.
    async fn admit<'a>(&'a self, realm: &'a Realm, act: Act, client_id: Option<&str>) -> Result<Request<'a>, Response> {
        let token = match mode(realm) {
            Mode::Open if act == Act::Register => None,
            _ => bearer::of_headers(&self.headers),
        };
        let (access, refusal) = match access::of(&self.app, realm, &self.caller, token).await {
            Ok(Ok(access)) => (access, None),
            Ok(Err(refusal)) => (Access::Anonymous, Some(refusal)),
            Err(failed) => return Err(failed.into_response()),
        };
        let request = Request {
            app: &self.app,
            realm,
            caller: &self.caller,
            access,
        };
        if let Some(refusal) = refusal {
            return Err(self.stopped(&request, act, client_id, refusal.into()).await);
        }
        if !self.admits_page(&request) {
            return Err(cors::invalid_origin());
        }
        Ok(request)
    }

    /// Whether no page calls, or one that the token or a policy lets.
    fn admits_page(&self, request: &Request<'_>) -> bool {
        let Some(origin) = cors::origin(&self.headers) else {
            return true;
        };
        let listed = |one: &str| one == "*" || one == origin;
        let policies = request.policies(request.access.auth());
        cors::is_own(origin, &self.caller.base)
            || request.access.origins().iter().any(|one| listed(one))
            || policies.origins().any(listed)
    }

    fn answer(&self, status: StatusCode, body: &Doc) -> Response {
        let text = Value::from(body.clone()).to_string();
        let kind = (header::CONTENT_TYPE, "application/json;charset=UTF-8");
        let mut answer = (status, [kind], text).into_response();
        no_store(&mut answer);
        cors::apply(&mut answer, &self.headers);
        answer
    }

    /// Records a refusal and writes it; a failure is logged where it is written.
    async fn stopped(&self, request: &Request<'_>, act: Act, client_id: Option<&str>, stop: Stop) -> Response {
        let refusal = match stop {
            Stop::Refused(refusal) => refusal,
            Stop::Failed(failed) => return failed.into_response(),
        };
        audit::refused(request, act, client_id, &refusal).await;
        let mut answer = refused(request.realm, &refusal);
        if self.admits_page(request) {
            cors::apply(&mut answer, &self.headers);
        }
        answer
    }
}

/// A refusal in Keycloak's words.
fn refused(realm: &Realm, refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = match refusal {
        Refusal::Metadata(fault) => error(status, fault.code, &fault.description),
        Refusal::Token(text) => {
            let mut answer = error(status, BearerError::InvalidToken.as_str(), text);
            let challenge = BearerError::InvalidToken.challenge(&realm.name, text);
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            answer
        }
        Refusal::Forbidden => error(status, BearerError::InsufficientScope.as_str(), "Forbidden"),
        Refusal::BuiltIn => http_error(status),
        Refusal::ClientNotFound => error(status, "invalid_request", "Client not found"),
        Refusal::Policy(rejected) => {
            let mut body = json!({
                "error": BearerError::InsufficientScope.as_str(), "error_description": rejected.description(),
                "policy": rejected.policy, "policyId": rejected.policy_id
            });
            if let Some(field) = rejected.objection.field {
                body["field"] = json!(field);
                body["value"] = json!(rejected.objection.value);
            }
            written(status, &body)
        }
    };
    no_store(&mut answer);
    answer
}

fn no_store(answer: &mut Response) {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

fn error(status: StatusCode, code: &str, description: &str) -> Response {
    let mut body = json!({ "error": code });
    if !description.is_empty() {
        body["error_description"] = json!(description);
    }
    written(status, &body)
}

fn written(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn unsupported_type() -> Response {
    let text = "The content-type header value did not match the value in @Consumes";
    error(StatusCode::UNSUPPORTED_MEDIA_TYPE, text, "")
}

/// What Keycloak's framework says of a path or method that is not there.
fn http_error(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    error(status, &format!("HTTP {} {reason}", status.as_u16()), "")
}
