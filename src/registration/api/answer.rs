//! What the JSON door answers (contract 3).

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::{cors, token};
use crate::page::path_part;
use crate::profile::FieldError;
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::store::registration::Registration;
use crate::store::user::User;
use crate::theme::{Kind, Voice};

/// One request at the door, as far as answers need it.
pub(super) struct Door<'a> {
    pub(super) app: &'a App,
    pub(super) realm: &'a Arc<Realm>,
    /// The language of messages.
    pub(super) locale: String,
    pub(super) headers: &'a HeaderMap,
}

/// Why nothing is done.
pub(super) enum Fault {
    /// The body is not a JSON object; the text says where.
    Unreadable(String),
    /// Fields are wrong, or taken.
    Fields(Vec<FieldError>),
    /// Nobody registers here.
    Disabled,
    /// The flow asks for a captcha's proof.
    Proof { sent: bool },
    /// The application cannot have tokens.
    NoTokens,
    /// The realm wants https.
    Https,
    /// No status token, or not the one.
    Token,
    /// The code is not the one from the mail.
    Code,
    /// A mail was sent a moment ago; seconds to wait.
    TooSoon(i64),
    /// There were enough registrations lately; seconds to wait.
    TooMany(i64),
    /// The realm's hook says no.
    Denied {
        field: Option<String>,
        message: Option<String>,
    },
    /// The realm's hook cannot be asked; seconds to wait.
    Unavailable(i64),
}

impl Door<'_> {
    /// Says why not.
    pub(super) fn refuse(&self, fault: &Fault) -> Response {
        let bare = |error: &str, text: &str| json!({ "error": error, "error_description": text, "errorMessage": text });
        let (status, body) = match fault {
            Fault::Unreadable(text) => {
                let mut body = bare("invalid_registration", text);
                body["errors"] = json!([{ "field": "", "code": "invalid_json", "message": text, "params": [] }]);
                (400, body)
            }
            Fault::Fields(errors) => self.fields(errors),
            Fault::Disabled => (403, bare("registration_disabled", "Registration not allowed")),
            Fault::Proof { sent: false } => (400, bare("proof_required", "A proof that this is no robot is required")),
            Fault::Proof { sent: true } => (400, bare("proof_failed", "The proof was not accepted")),
            Fault::NoTokens => (
                400,
                bare("unauthorized_client", "Client not allowed for direct access grants"),
            ),
            Fault::Https => (403, bare("invalid_request", "HTTPS required")),
            Fault::Token => (401, bare("invalid_token", "The status token is not valid")),
            Fault::Code => {
                let mut body = bare("proof_failed", "The code is not valid");
                let message = self.text("emailVerifyCodeInvalid", &[]);
                body["errors"] =
                    json!([{ "field": "code", "code": "emailVerifyCodeInvalid", "message": message, "params": [] }]);
                (400, body)
            }
            Fault::TooSoon(seconds) => {
                let text = self.text("emailVerifySendCooldown", &[json!(seconds)]);
                (429, bare("too_many_registrations", &text))
            }
            Fault::Denied { field, message } => {
                let text = message
                    .clone()
                    .unwrap_or_else(|| self.text("registrationRefusedMessage", &[]));
                let mut body = bare("registration_refused", &text);
                if let Some(field) = field {
                    body["errors"] =
                        json!([{ "field": field, "code": "registration_refused", "message": text, "params": [] }]);
                }
                (403, body)
            }
            Fault::Unavailable(_) => (
                503,
                bare(
                    "temporarily_unavailable",
                    &self.text("registrationUnavailableMessage", &[]),
                ),
            ),
            Fault::TooMany(_) => (
                429,
                bare("too_many_registrations", &self.text("tooManyRegistrationsMessage", &[])),
            ),
        };
        let mut answer = self.send(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &body);
        if let Fault::TooSoon(seconds) | Fault::TooMany(seconds) | Fault::Unavailable(seconds) = fault {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        if matches!(fault, Fault::Token) {
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        answer
    }

    /// All fields at once. Where nothing but a taken name or address is wrong, it is a conflict.
    fn fields(&self, errors: &[FieldError]) -> (u16, Value) {
        let told: Vec<Value> = errors
            .iter()
            .map(|e| {
                let params: Vec<&Value> = if is_of_policy(e) {
                    e.params.iter().collect()
                } else {
                    e.params.iter().skip(1).collect()
                };
                json!({ "field": e.field, "code": e.key, "message": self.message(e), "params": params })
            })
            .collect();
        let taken = |key: &str| errors.iter().any(|e| e.key == key);
        let only_taken = errors
            .iter()
            .all(|e| matches!(e.key.as_str(), "usernameExistsMessage" | "emailExistsMessage"));
        let (status, error, text) = match errors.first() {
            _ if only_taken && taken("usernameExistsMessage") => {
                (409, "username_taken", "Username already exists".to_owned())
            }
            _ if only_taken && taken("emailExistsMessage") => (409, "email_taken", "Email already exists".to_owned()),
            Some(first) if first.key == "termsAcceptanceRequired" => (400, "terms_required", self.message(first)),
            Some(first) if is_of_policy(first) => {
                (400, "invalid_registration", "Password does not match policy".to_owned())
            }
            Some(first) => (400, "invalid_registration", self.message(first)),
            None => (400, "invalid_registration", String::new()),
        };
        let description = errors.first().map(|e| self.message(e)).unwrap_or_default();
        (
            status,
            json!({ "error": error, "error_description": description, "errorMessage": text, "errors": told }),
        )
    }

    fn message(&self, error: &FieldError) -> String {
        if error.key == "invalid_type" {
            let wanted = error.params.get(1).and_then(Value::as_str).unwrap_or_default();
            return format!("{} must be {wanted}", error.field);
        }
        self.text(&error.key, &error.params)
    }

    fn text(&self, key: &str, params: &[Value]) -> String {
        let voice = Voice {
            theme: self.realm.text("loginTheme").unwrap_or_default().to_owned(),
            ..crate::mail::voice(self.realm, &self.locale)
        };
        self.app.themes.message(&voice, Kind::Login, key, params)
    }

    /// A user exists; with tokens, if a client is to have them.
    pub(super) async fn done(
        &self,
        caller: &Caller,
        user: User,
        client: Option<Arc<Client>>,
        status: StatusCode,
    ) -> Result<Response, Error> {
        let mut body = json!({
            "id": user.id, "username": user.username, "email": user.email, "emailVerified": user.email_verified,
            "enabled": user.enabled, "status": "done", "createdTimestamp": user.created
        });
        let location = self.location(caller, &user.id);
        if let Some(client) = client {
            body["tokens"] = match token::of_registered(self.app, caller, self.realm, &client, user).await? {
                Ok(tokens) => tokens,
                Err(refused) => json!({ "error": refused.code, "error_description": refused.description }),
            };
        }
        let mut answer = self.send(status, &body);
        if status == StatusCode::CREATED {
            put_location(&mut answer, &location);
        }
        Ok(answer)
    }

    /// The address is still to be proved. `status_token`: told once, at the beginning.
    pub(super) fn waiting(&self, caller: &Caller, row: &Registration, status_token: Option<&str>) -> Response {
        let seconds = (row.expires - self.app.now()).max(0) / 1000;
        let mut body = json!({
            "id": row.id, "username": row.username, "email": row.email, "emailVerified": false, "enabled": false,
            "status": "proof"
        });
        if let Some(token) = status_token {
            body["status_token"] = json!(token);
        }
        body["expires_in"] = json!(seconds);
        let status = if status_token.is_some() {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let mut answer = self.send(status, &body);
        if status_token.is_some() {
            put_location(&mut answer, &self.location(caller, &row.id));
        }
        answer
    }

    fn location(&self, caller: &Caller, id: &str) -> String {
        let realm = path_part(&self.realm.name);
        format!(
            "{}/realms/{realm}/protocol/openid-connect/registrations/{id}",
            caller.base
        )
    }

    /// JSON that no cache keeps, for the page that called.
    pub(super) fn send(&self, status: StatusCode, body: &Value) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let mut answer = (status, headers, body.to_string()).into_response();
        cors::apply(&mut answer, self.headers);
        if cors::origin(self.headers).is_some() {
            let exposed = HeaderValue::from_static("Location, Retry-After");
            answer
                .headers_mut()
                .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        crate::page::secure(&mut answer, self.realm, None);
        answer
    }
}

fn put_location(answer: &mut Response, location: &str) {
    if let Ok(value) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(header::LOCATION, value);
    }
}

/// Messages of the password policy count their parameters without the field's name.
fn is_of_policy(error: &FieldError) -> bool {
    error.field == "password" && error.key.starts_with("invalidPassword")
}
