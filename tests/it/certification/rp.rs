//! The application: it registers itself, asks, proves itself, and goes.

use std::sync::LazyLock;

use serde_json::{Value, json};
use vestibule_jose::digest::b64;
use vestibule_jose::{Alg, Jwks, SigningKey, jwt};

use super::setup::Op;
use super::{Auth, Variant};
use crate::support::oidc::text;
use crate::support::{Answer, encode};

/// Where answers are sent unless a module says otherwise.
pub const CALLBACK: &str = "https://rp.example/callback";
/// Where the person goes after signing out.
pub const SIGNED_OUT: &str = "https://rp.example/post_logout_redirect";

/// The application's key, and the one that it has later.
static KEYS: LazyLock<[SigningKey; 2]> =
    LazyLock::new(|| ["first", "second"].map(|kid| SigningKey::generate(Alg::RS256).unwrap().with_kid(kid)));

/// The first of the application's keys, or the second.
pub fn key(number: usize) -> &'static SigningKey {
    &KEYS[number]
}

/// A key set as it is published.
pub fn published(key: &SigningKey) -> Value {
    let keys = vec![key.public_jwk().unwrap()];
    serde_json::to_value(Jwks { keys }).unwrap()
}

pub struct Rp<'a> {
    pub op: &'a Op,
    pub variant: Variant,
    pub registered: Value,
    pub redirect_uri: String,
}

/// An authorization request.
#[derive(Debug, Clone)]
pub struct Request(pub Vec<(String, String)>);

impl Request {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.drop(name);
        self.0.push((name.to_owned(), value.into()));
    }

    pub fn drop(&mut self, name: &str) {
        self.0.retain(|(n, _)| n != name);
    }

    pub fn encoded(&self) -> String {
        let pairs: Vec<(&str, &str)> = self.0.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        encode(&pairs)
    }

    /// The request as the claims of a request object.
    pub fn claims(&self) -> Value {
        Value::Object(self.0.iter().map(|(n, v)| (n.clone(), json!(v))).collect())
    }
}

/// What the suite registers, with this beside it or instead; `null` leaves a member out.
pub fn metadata(variant: Variant, more: &Value) -> Value {
    let mut grants = Vec::new();
    if variant.has("code") {
        grants.push("authorization_code");
    }
    if variant.response_type != "code" {
        grants.push("implicit");
    }
    let method = match variant.auth {
        Auth::Basic => "client_secret_basic",
        Auth::Post => "client_secret_post",
        Auth::PrivateKey => "private_key_jwt",
    };
    let mut all = json!({
        "client_name": "A module", "redirect_uris": [CALLBACK], "grant_types": grants, "contacts": ["rp@example.org"],
        "response_types": [variant.response_type], "token_endpoint_auth_method": method, "jwks": published(key(0)),
    });
    let all_members = all.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        all_members.insert(name.clone(), value.clone());
    }
    all_members.retain(|_, value| !value.is_null());
    all
}

impl<'a> Rp<'a> {
    pub async fn register(op: &'a Op, variant: Variant) -> Self {
        Self::register_with(op, variant, json!({})).await
    }

    /// Registers, and looks at the answer.
    pub async fn register_with(op: &'a Op, variant: Variant, more: Value) -> Self {
        let sent = metadata(variant, &more);
        let answer = asked_to_register(op, &sent).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert!(answer.header("content-type").starts_with("application/json"));
        let registered = answer.json();
        assert!(registered.get("error").is_none() && !text(&registered, "client_id").is_empty());
        for member in ["registration_client_uri", "registration_access_token"] {
            assert!(!text(&registered, member).is_empty(), "{registered}");
        }
        if variant.auth != Auth::PrivateKey {
            assert!(text(&registered, "client_secret").len() >= 32);
            assert!(registered["client_secret_expires_at"].is_i64(), "{registered}");
        }
        Self {
            op,
            variant,
            redirect_uri: sent["redirect_uris"][0].as_str().unwrap().to_owned(),
            registered,
        }
    }

    pub fn id(&self) -> String {
        text(&self.registered, "client_id")
    }

    /// What the suite asks for, when a module does not say otherwise.
    pub fn request(&self) -> Request {
        let random = vestibule::random::token;
        let mut request = Request(Vec::new());
        request.set("client_id", self.id());
        request.set("redirect_uri", self.redirect_uri.as_str());
        request.set("scope", "openid");
        request.set("state", random());
        request.set("nonce", random());
        request.set("response_type", self.variant.response_type);
        if self.variant.form_post {
            request.set("response_mode", "form_post");
        }
        request
    }

    /// A request to the token endpoint.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let assertion = self.assertion(0, self.op.says("token_endpoint"));
        self.token_with(fields, &assertion).await
    }

    /// The same with this assertion, if the application proves itself by one.
    pub async fn token_with(&self, fields: &[(&str, &str)], assertion: &str) -> Answer {
        let (id, mut fields, mut headers) = (self.id(), fields.to_vec(), vec![FORM]);
        let secret = self.registered["client_secret"].as_str().unwrap_or_default();
        let basic = format!("Basic {}", b64(format!("{id}:{secret}").as_bytes()));
        match self.variant.auth {
            Auth::Basic => headers.push(("authorization", &basic)),
            Auth::Post => fields.extend([("client_id", id.as_str()), ("client_secret", secret)]),
            Auth::PrivateKey => fields.extend([("client_assertion_type", ASSERTION), ("client_assertion", assertion)]),
        }
        let endpoint = self.op.says("token_endpoint");
        self.op
            .server
            .request("POST", endpoint, &headers, &encode(&fields))
            .await
    }

    /// What proves the application by one of its keys.
    pub fn assertion(&self, number: usize, audience: &str) -> String {
        let (app, id) = (&self.op.server.app, self.id());
        let now = app.now_seconds();
        let said = json!({ "iss": id, "sub": id, "aud": audience, "jti": vestibule::random::token(), "iat": now, "exp": now + 60 });
        jwt::encode(key(number), "JWT", &said).unwrap()
    }

    /// Goes, as the suite does at the end of every module.
    pub async fn unregister(self) {
        let token = text(&self.registered, "registration_access_token");
        let uri = text(&self.registered, "registration_client_uri");
        let gone = self.op.server.with_token(&token, "DELETE", &uri, Value::Null).await;
        assert_eq!(gone.status, 204, "{}", gone.body);
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A call of the registration endpoint with the initial access token.
pub async fn asked_to_register(op: &Op, metadata: &Value) -> Answer {
    let endpoint = op.says("registration_endpoint");
    op.server
        .with_token(&op.token, "POST", endpoint, metadata.clone())
        .await
}
