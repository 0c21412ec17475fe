//! The door: `/realms/{realm}/clients-registrations/{provider}[/{client_id}]`, as Keycloak answers there; and below it
//! `/secret`, which is ours.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_oauth::client_metadata::read_object;

use super::access::{self, Access};
use super::asked::Form;
use super::audit::{self, Act};
use super::error::{error, http_error, no_store, not_allowed, refused};
use super::metadata::Told;
use super::refusal::{Refusal, Stop};
use super::{Mode, Request, blame, descriptor, install, manage, metadata, mode, register, secret, token};
use crate::admin::api::{json as shapes, representation};
use crate::alerts::Came;
use crate::app::App;
use crate::caller::Caller;
use crate::limits::TooLarge;
use crate::oidc::{bearer, cors};
use crate::page;
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::{self, Realm};

/// The longest origin that an event repeats, in characters.
const MAX_ORIGIN: usize = 255;

/// What may be done with one registration.
const METHODS_OF_ONE: &str = "GET, PUT, DELETE, OPTIONS";

/// What preflights are told.
const METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS";

/// `/clients-registrations/{provider}`: new registrations.
pub async fn collection(
    State(app): State<App>,
    caller: Caller,
    Path((realm, provider)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
    too_large: Option<Extension<TooLarge>>,
    body: Bytes,
) -> Response {
    let call = Call::new(app, caller, headers, too_large);
    let act = (method == Method::POST).then_some(Act::Register);
    let (realm, form) = match call.open(&realm, &provider, act).await {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    let mut answer = match method {
        Method::POST if form == Form::Install => not_allowed("OPTIONS"),
        Method::POST => call.register(&realm, form, &body).await,
        Method::OPTIONS => call.preflight(form),
        Method::GET | Method::PUT | Method::DELETE => http_error(StatusCode::NOT_FOUND),
        _ if form == Form::Install => not_allowed("OPTIONS"),
        _ => not_allowed("POST, OPTIONS"),
    };
    page::secure(&mut answer, &realm, None);
    answer
}

/// `/clients-registrations/{provider}/{client_id}`: a client manages itself.
pub async fn item(
    State(app): State<App>,
    caller: Caller,
    Path((realm, provider, client_id)): Path<(String, String, String)>,
    method: Method,
    headers: HeaderMap,
    too_large: Option<Extension<TooLarge>>,
    body: Bytes,
) -> Response {
    let call = Call::new(app, caller, headers, too_large);
    let (realm, form) = match call.open(&realm, &provider, None).await {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    let act = match method {
        _ if form == Form::Saml || (form == Form::Install && method != Method::GET) => {
            return not_allowed(if form == Form::Saml { "" } else { "GET" });
        }
        Method::GET => Act::Read,
        Method::PUT => Act::Update,
        Method::DELETE => Act::Delete,
        Method::OPTIONS => return call.preflight(form),
        Method::POST => return http_error(StatusCode::NOT_FOUND),
        _ => return not_allowed(METHODS_OF_ONE),
    };
    let mut answer = call.manage(&realm, form, &client_id, act, &body).await;
    page::secure(&mut answer, &realm, None);
    answer
}

/// `/clients-registrations/{provider}/{client_id}/secret`: a client replaces its own secret (contract 5).
pub async fn own_secret(
    State(app): State<App>,
    caller: Caller,
    Path((realm, provider, client_id)): Path<(String, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let call = Call::new(app, caller, headers, None);
    let (realm, form) = match call.open(&realm, &provider, None).await {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    let managed = matches!(form, Form::OpenId | Form::Keycloak);
    let mut answer = match method {
        Method::POST if managed => call.renew_secret(&realm, form, &client_id).await,
        Method::OPTIONS if managed => call.preflight(form),
        _ if managed => not_allowed("POST, OPTIONS"),
        _ => not_allowed(""),
    };
    page::secure(&mut answer, &realm, None);
    answer
}

/// `/clients-registrations` alone names no provider.
pub async fn no_provider() -> Response {
    not_allowed("")
}

struct Call {
    app: App,
    caller: Caller,
    headers: HeaderMap,
    /// The body was larger than it may be, and was not read.
    too_large: Option<TooLarge>,
}

impl Call {
    fn new(app: App, caller: Caller, headers: HeaderMap, too_large: Option<Extension<TooLarge>>) -> Self {
        let too_large = too_large.map(|Extension(bound)| bound);
        Self {
            app,
            caller,
            headers,
            too_large,
        }
    }

    /// The realm, if it takes registrations from this caller by this provider.
    async fn open(&self, realm: &str, provider: &str, act: Option<Act>) -> Result<(Arc<Realm>, Form), Response> {
        let found = realm::by_name(&self.app.db, realm)
            .await
            .map_err(IntoResponse::into_response)?;
        let Some(realm) = found else {
            return Err(error(StatusCode::NOT_FOUND, "Realm does not exist", ""));
        };
        if mode(&realm) == Mode::Off {
            self.turn_away(&realm, act, "not_allowed", "Client registration is off")
                .await;
            return Err(http_error(StatusCode::NOT_FOUND));
        }
        let form = Form::ALL.into_iter().find(|form| form.as_str() == provider);
        let Some(form) = form else {
            return Err(error(
                StatusCode::NOT_FOUND,
                "Client registration provider not found",
                "",
            ));
        };
        if !realm.enabled() {
            self.turn_away(&realm, act, "access_denied", "Realm not enabled").await;
            return Err(error(StatusCode::FORBIDDEN, "access_denied", "Realm not enabled"));
        }
        if !self.caller.is_secure_enough(&realm) {
            self.turn_away(&realm, act, "ssl_required", "HTTPS required").await;
            return Err(error(StatusCode::FORBIDDEN, "invalid_request", "HTTPS required"));
        }
        Ok((realm, form))
    }

    /// Records that a registration was not even looked at.
    async fn turn_away(&self, realm: &Realm, act: Option<Act>, error: &str, reason: &str) {
        if act == Some(Act::Register) {
            audit::turned_away(&self.app, realm, &self.caller, error, reason).await;
        }
    }

    async fn register(&self, realm: &Realm, form: Form, body: &Bytes) -> Response {
        if let Some(refusal) = self.unread(form) {
            return self.refuse_unread(realm, form, Act::Register, None, refusal).await;
        }
        let sent = match self.read(form, body).await {
            Ok(sent) => sent,
            Err(refused) => {
                let reason = "The body is not of the type that is taken";
                self.turn_away(realm, Some(Act::Register), "invalid_request", reason)
                    .await;
                return refused;
            }
        };
        let request = match self.admit(realm, form, Act::Register, None).await {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        let outcome = match sent {
            Ok(sent) => named(&request, &sent, register::register(&request, &sent).await),
            Err(refusal) => Err(refusal.into()),
        };
        match outcome {
            Ok(made) => {
                audit::came(&request, Came::Through).await;
                let told = Told {
                    secret: made.secret.as_deref(),
                    issued_at: Some(made.client.created / 1000),
                    token: Some(&made.token),
                    status: made.status.as_ref(),
                };
                let status = if made.again {
                    StatusCode::OK
                } else {
                    StatusCode::CREATED
                };
                let mut answer = self.answer(&request, status, &made.client, &told);
                let address = metadata::address(realm, &self.caller, form, &made.client.client_id);
                if let Ok(address) = HeaderValue::from_str(&address) {
                    answer.headers_mut().insert(header::LOCATION, address);
                }
                answer
            }
            Err(stop) => self.stopped(&request, Act::Register, None, stop).await,
        }
    }

    async fn manage(&self, realm: &Realm, form: Form, client_id: &str, act: Act, body: &Bytes) -> Response {
        if let Some(refusal) = self.unread(form).filter(|_| act == Act::Update) {
            return self.refuse_unread(realm, form, act, Some(client_id), refusal).await;
        }
        let sent = match act {
            Act::Update => match self.read(form, body).await {
                Ok(sent) => Some(sent),
                Err(refused) => return refused,
            },
            _ => None,
        };
        let request = match self.admit(realm, form, act, Some(client_id)).await {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        if form == Form::Install {
            return match install::api::read(&request, &self.headers, client_id).await {
                Ok(file) => self.written(StatusCode::OK, file),
                Err(stop) => self.stopped(&request, act, Some(client_id), stop).await,
            };
        }
        let outcome = match (act, sent) {
            (Act::Update, Some(Ok(sent))) => {
                named(&request, &sent, manage::update(&request, client_id, &sent).await).map(Some)
            }
            (Act::Update, Some(Err(refusal))) => Err(refusal.into()),
            (Act::Delete, _) => manage::delete(&request, client_id).await.map(|()| None),
            _ => manage::read(&request, client_id).await.map(Some),
        };
        match outcome {
            Ok(Some(managed)) => {
                let told = Told {
                    secret: managed.secret.as_deref(),
                    issued_at: None,
                    token: managed.token.as_deref(),
                    status: managed.status.as_ref(),
                };
                self.answer(&request, StatusCode::OK, &managed.client, &told)
            }
            Ok(None) => {
                let mut answer = StatusCode::NO_CONTENT.into_response();
                cors::apply(&mut answer, &self.headers);
                answer
            }
            Err(stop) => self.stopped(&request, act, Some(client_id), stop).await,
        }
    }

    async fn renew_secret(&self, realm: &Realm, form: Form, client_id: &str) -> Response {
        let request = match self.admit(realm, form, Act::Renew, Some(client_id)).await {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        match secret::renew(&request, client_id).await {
            Ok(told) => self.written(StatusCode::OK, told),
            Err(stop) => self.stopped(&request, Act::Renew, Some(client_id), stop).await,
        }
    }

    /// Why what was sent is not even looked at: it is too large, or of another type than this form's.
    fn unread(&self, form: Form) -> Option<Refusal> {
        if let Some(TooLarge(most)) = self.too_large {
            return Some(Refusal::TooLarge(most));
        }
        let kind = self.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let wanted: &[u8] = if form == Form::Saml {
            b"application/xml"
        } else {
            b"application/json"
        };
        let is_it = |kind: &[u8]| {
            let essence = kind.split(|b| *b == b';').next().unwrap_or_default();
            essence.trim_ascii().eq_ignore_ascii_case(wanted)
        };
        kind.is_some_and(|kind| !is_it(kind)).then_some(Refusal::Unsupported)
    }

    /// The object that was sent. Broken metadata is refused once it is known who called, so that its refusal can be recorded
    /// and read by their page.
    async fn read(&self, form: Form, body: &Bytes) -> Result<Result<Doc, Refusal>, Response> {
        if form == Form::Saml {
            let described = descriptor::client(body);
            return described.map(Ok).ok_or_else(|| http_error(StatusCode::BAD_REQUEST));
        }
        if form == Form::OpenId {
            return Ok(read_object(body).map_err(Refusal::from));
        }
        let whole = axum::extract::Request::new(axum::body::Body::from(without_status(body)));
        let known = shapes::Body::from_request(whole, &()).await;
        let known = known.and_then(|body| body.object("ClientRepresentation"));
        known.map(Ok).map_err(IntoResponse::into_response)
    }

    /// Any page may ask which methods there are; the two forms say it in Keycloak's two ways.
    fn preflight(&self, form: Form) -> Response {
        match form {
            Form::OpenId => cors::preflight(&self.headers, METHODS),
            _ => cors::methods_only("HEAD, DELETE, POST, GET, OPTIONS, PUT"),
        }
    }

    /// Finds out who calls; with what is wrong with their token, if it is not good.
    async fn identify<'a>(
        &'a self,
        realm: &'a Realm,
        form: Form,
        act: Act,
    ) -> Result<(Request<'a>, Option<Refusal>), Response> {
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
            form,
        };
        Ok((request, refusal))
    }

    /// Finds out who calls, and whether a page of theirs may.
    async fn admit<'a>(
        &'a self,
        realm: &'a Realm,
        form: Form,
        act: Act,
        client_id: Option<&str>,
    ) -> Result<Request<'a>, Response> {
        let (request, refusal) = self.identify(realm, form, act).await?;
        let elsewhere = || {
            let origin = cors::origin(&self.headers).unwrap_or_default();
            Refusal::Origin(origin.chars().take(MAX_ORIGIN).collect())
        };
        match refusal.or_else(|| (!self.admits_page(&request)).then(elsewhere)) {
            Some(refusal) => Err(self.stopped(&request, act, client_id, refusal.into()).await),
            None => Ok(request),
        }
    }

    /// Refuses what was not even looked at. Who called is found out for the record, and so that their page may read why.
    async fn refuse_unread(
        &self,
        realm: &Realm,
        form: Form,
        act: Act,
        client_id: Option<&str>,
        refusal: Refusal,
    ) -> Response {
        match self.identify(realm, form, act).await {
            Ok((request, _)) => self.stopped(&request, act, client_id, refusal.into()).await,
            Err(failed) => failed,
        }
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

    /// Whether a page calls with a token that names it, though it is over, used up or replaced: it may read that.
    fn was_admitted(&self, realm: &Realm) -> bool {
        let named = bearer::of_headers(&self.headers).and_then(|token| token::origins(realm, token));
        let origin = cors::origin(&self.headers);
        named.is_some_and(|named| named.iter().any(|one| one == "*" || Some(one.as_str()) == origin))
    }

    fn answer(&self, request: &Request<'_>, status: StatusCode, client: &Client, told: &Told<'_>) -> Response {
        let mut body = match request.form {
            Form::OpenId => metadata::answer(request.realm, &self.caller, client, told),
            _ => keycloak_answer(request.realm, client, told),
        };
        if let Some(status) = told.status {
            status.tell(&mut body);
        }
        self.written(status, body)
    }

    fn written(&self, status: StatusCode, body: Doc) -> Response {
        let text = Value::Object(body).to_string();
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
        let mut answer = refused(request.realm, request.form, &refusal);
        if self.admits_page(request) || self.was_admitted(request.realm) {
            cors::apply(&mut answer, &self.headers);
        }
        answer
    }
}

/// Says of a refusal of metadata which member is at fault.
fn named<T>(request: &Request<'_>, sent: &Doc, outcome: Result<T, Stop>) -> Result<T, Stop> {
    match request.form {
        Form::OpenId => outcome.map_err(|stop| blame::stopped(stop, sent)),
        _ => outcome,
    }
}

/// Without what our answers say beside Keycloak's members: the whole answer may be sent back.
fn without_status(body: &Bytes) -> Bytes {
    let sent = serde_json::from_slice::<Doc>(body);
    let Some(mut sent) = sent.ok().filter(|sent| sent.contains_key("registration_status")) else {
        return body.clone();
    };
    sent.shift_remove("registration_status");
    sent.shift_remove("reason");
    Value::Object(sent).to_string().into()
}

/// The answer in Keycloak's own form.
fn keycloak_answer(realm: &Realm, client: &Client, told: &Told<'_>) -> Doc {
    let mut shown = client.clone();
    if let Some(token) = told.token {
        shown.doc.insert("registrationAccessToken".into(), json!(token));
    }
    shown.doc.insert("defaultRoles".into(), json!([]));
    representation::client::full(realm, &shown, told.secret)
}
