//! What a realm says of itself: discovery (OpenID Connect Discovery, RFC 8414), its root, its keys.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use vestibule_jose::Alg;

use super::cors;
use super::door::{self, LastSeen};
use crate::app::App;
use crate::caller::Caller;
use crate::client_registration::{self, cimd};
use crate::store::realm::{self, Realm};

/// The media type of a key set, for who asks for it (RFC 7517 section 8.5.2).
const KEY_SET: &str = "application/jwk-set+json";
/// Signature algorithms, in the order in which Keycloak lists them.
const SIGNATURES: [&str; 13] = [
    "PS384", "RS384", "EdDSA", "ES384", "HS256", "HS512", "ES256", "RS256", "HS384", "ES512", "PS256", "PS512", "RS512",
];
const ENCRYPTIONS: [&str; 7] = [
    "ECDH-ES+A256KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A128KW",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA1_5",
    "ECDH-ES",
];
/// What is opened here (RFC 8725 section 3.2: not `RSA1_5`).
const DECRYPTIONS: [&str; 2] = ["RSA-OAEP", "RSA-OAEP-256"];
const ENCODINGS: [&str; 6] = [
    "A256GCM",
    "A192GCM",
    "A128GCM",
    "A128CBC-HS256",
    "A192CBC-HS384",
    "A256CBC-HS512",
];
const AUTH_METHODS: [&str; 6] = [
    "private_key_jwt",
    "client_secret_basic",
    "client_secret_post",
    "tls_client_auth",
    "client_secret_jwt",
    // Keycloak has it not.
    "self_signed_tls_client_auth",
];
const GRANTS: [&str; 10] = [
    "authorization_code",
    "client_credentials",
    "implicit",
    "password",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:uma-ticket",
    "urn:openid:params:grant-type:ciba",
];
const RESPONSE_TYPES: [&str; 8] = [
    "code",
    "none",
    "id_token",
    "token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
];
const RESPONSE_MODES: [&str; 7] = [
    "query",
    "fragment",
    "form_post",
    "query.jwt",
    "fragment.jwt",
    "form_post.jwt",
    "jwt",
];
const CLAIMS: [&str; 14] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "email",
    "acr",
    "azp",
    "nonce",
];

/// The algorithms of signatures whose keys are not shared.
pub fn asymmetric() -> Vec<&'static str> {
    SIGNATURES.into_iter().filter(|alg| !alg.starts_with("HS")).collect()
}

/// The metadata, in Keycloak's order.
fn metadata(realm: &Realm, issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}/protocol/openid-connect/{path}");
    let asymmetric = asymmetric();
    let or_none: Vec<&str> = SIGNATURES.into_iter().chain(["none"]).collect();
    let mut prompts = vec!["none", "login", "consent"];
    if realm.flag("registrationAllowed") {
        prompts.push("create");
    }
    let scopes = realm.client_scopes.iter().filter(|s| s.protocol == "openid-connect");
    let scopes: Vec<&str> = ["openid"].into_iter().chain(scopes.map(|s| s.name.as_str())).collect();
    let first = json!({
        "issuer": issuer,
        "authorization_endpoint": at("auth"),
        "token_endpoint": at("token"),
        "introspection_endpoint": at("token/introspect"),
        "userinfo_endpoint": at("userinfo"),
        "end_session_endpoint": at("logout"),
        "frontchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "jwks_uri": at("certs"),
        "check_session_iframe": at("login-status-iframe.html"),
        "grant_types_supported": GRANTS,
        "acr_values_supported": acr_values(realm),
        "response_types_supported": RESPONSE_TYPES,
        "subject_types_supported": ["public", "pairwise"],
        "prompt_values_supported": prompts,
        "id_token_signing_alg_values_supported": SIGNATURES,
        "id_token_encryption_alg_values_supported": ENCRYPTIONS,
        "id_token_encryption_enc_values_supported": ENCODINGS,
        "userinfo_signing_alg_values_supported": or_none,
        "userinfo_encryption_alg_values_supported": ENCRYPTIONS,
        "userinfo_encryption_enc_values_supported": ENCODINGS,
        "request_object_signing_alg_values_supported": or_none,
        "request_object_encryption_alg_values_supported": DECRYPTIONS,
        "request_object_encryption_enc_values_supported": ENCODINGS,
        "response_modes_supported": RESPONSE_MODES,
        "registration_endpoint": format!("{issuer}/clients-registrations/openid-connect"),
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": SIGNATURES,
        "introspection_endpoint_auth_methods_supported": AUTH_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": SIGNATURES,
        "authorization_signing_alg_values_supported": SIGNATURES,
        "authorization_encryption_alg_values_supported": ENCRYPTIONS,
        "authorization_encryption_enc_values_supported": ENCODINGS,
    });
    let second = json!({
        "claims_supported": CLAIMS,
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": true,
        "scopes_supported": scopes,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "code_challenge_methods_supported": ["plain", "S256"],
        "tls_client_certificate_bound_access_tokens": true,
        "dpop_signing_alg_values_supported": asymmetric,
        "revocation_endpoint": at("revoke"),
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": SIGNATURES,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "device_authorization_endpoint": at("auth/device"),
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_authentication_endpoint": at("ext/ciba/auth"),
        "backchannel_authentication_request_signing_alg_values_supported": asymmetric,
        "require_pushed_authorization_requests": false,
        "pushed_authorization_request_endpoint": at("ext/par/request"),
        "mtls_endpoint_aliases": {
            "token_endpoint": at("token"),
            "revocation_endpoint": at("revoke"),
            "introspection_endpoint": at("token/introspect"),
            "device_authorization_endpoint": at("auth/device"),
            "registration_endpoint": format!("{issuer}/clients-registrations/openid-connect"),
            "userinfo_endpoint": at("userinfo"),
            "pushed_authorization_request_endpoint": at("ext/par/request"),
            "backchannel_authentication_endpoint": at("ext/ciba/auth"),
        },
        "authorization_response_iss_parameter_supported": true,
    });
    let mut all = join(first, second);
    if cimd::is_on(realm) {
        all["client_id_metadata_document_supported"] = json!(true);
        // Whoever describes itself need not prove anything: by this it knows.
        let methods: Vec<&str> = AUTH_METHODS.into_iter().chain(["none"]).collect();
        all["token_endpoint_auth_methods_supported"] = json!(methods);
    }
    if !client_registration::offered(realm) {
        let aliases = &mut all["mtls_endpoint_aliases"];
        if let Some(aliases) = aliases.as_object_mut() {
            aliases.shift_remove("registration_endpoint");
        }
        if let Some(all) = all.as_object_mut() {
            all.shift_remove("registration_endpoint");
        }
    }
    all
}

fn join(first: Value, second: Value) -> Value {
    let mut all = Map::new();
    for part in [first, second] {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    Value::Object(all)
}

/// Levels of authentication: `0` and `1`, and the names that the realm maps to levels.
fn acr_values(realm: &Realm) -> Vec<String> {
    let mapped = realm
        .attribute("acr.loa.map")
        .and_then(|m| serde_json::from_str::<Map<String, Value>>(m).ok());
    let mut values: Vec<String> = mapped.map(|m| m.keys().cloned().collect()).unwrap_or_default();
    values.extend(["0".to_owned(), "1".to_owned()]);
    values
}

/// `GET /realms/{realm}/.well-known/{name}`
pub async fn of_realm(
    LastSeen(realm): LastSeen,
    Path(path): Path<Map<String, Value>>,
    caller: Caller,
    headers: HeaderMap,
) -> Response {
    let name = path.get("name").and_then(Value::as_str).unwrap_or_default();
    document(&realm, &caller, &headers, name)
}

/// `GET /.well-known/{name}/realms/{realm}`: RFC 8414 section 3.1 puts the path of the issuer behind.
pub async fn inserted(
    LastSeen(realm): LastSeen,
    Path(path): Path<Map<String, Value>>,
    caller: Caller,
    headers: HeaderMap,
) -> Response {
    let name = path.get("name").and_then(Value::as_str).unwrap_or_default();
    // Keycloak has only this one in this form.
    let name = if name == "oauth-authorization-server" { name } else { "" };
    document(&realm, &caller, &headers, name)
}

/// The same for the issuers below `/auth`: `GET /.well-known/{name}/auth/realms/{realm}`.
pub async fn inserted_below_prefix(
    State(app): State<App>,
    Path((name, realm)): Path<(String, String)>,
    mut caller: Caller,
    headers: HeaderMap,
) -> Response {
    caller.base = format!("{}/auth", caller.base.trim_end_matches("/auth"));
    let name = if name == "oauth-authorization-server" {
        name.as_str()
    } else {
        ""
    };
    match realm::last_seen(&app.db, &realm).await {
        Ok(Some(realm)) => document(&realm, &caller, &headers, name),
        Ok(None) => door::no_realm(),
        Err(e) => e.into_response(),
    }
}

fn document(realm: &Realm, caller: &Caller, headers: &HeaderMap, name: &str) -> Response {
    if let Err(refused) = door::admit_securely(realm, caller) {
        return door::refusal(&refused);
    }
    if !matches!(name, "openid-configuration" | "oauth-authorization-server") {
        return door::json_answer(StatusCode::NOT_FOUND, &json!({ "error": "HTTP 404 Not Found" }));
    }
    let issuer = caller.issuer(&realm.name);
    let text = realm.made.get(&issuer, || metadata(realm, &issuer).to_string().into());
    let kind = [
        (header::CONTENT_TYPE, "application/json"),
        (
            header::CACHE_CONTROL,
            "no-cache, must-revalidate, no-transform, no-store",
        ),
    ];
    let mut response = (kind, text).into_response();
    cors::apply(&mut response, headers);
    response
}

/// `OPTIONS` of what anybody may read.
pub async fn preflight(headers: HeaderMap) -> Response {
    cors::preflight(&headers, "GET")
}

/// `GET /realms/{realm}/protocol/openid-connect/certs`
pub async fn certs(LastSeen(realm): LastSeen, caller: Caller, headers: HeaderMap) -> Response {
    if let Err(refused) = door::admit_securely(&realm, &caller) {
        return door::refusal(&refused);
    }
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let wanted = accept.is_some_and(|accept| accept.contains(KEY_SET));
    let kind = [
        (header::CONTENT_TYPE, if wanted { KEY_SET } else { "application/json" }),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let mut response = (kind, realm.keys.jwks().to_owned()).into_response();
    cors::apply(&mut response, &headers);
    response
}

/// `GET /realms/{realm}`
pub async fn root(LastSeen(realm): LastSeen, caller: Caller, headers: HeaderMap) -> Response {
    let issuer = caller.issuer(&realm.name);
    let key = realm.keys.signing(Alg::RS256).and_then(|key| key.public_der());
    let body = json!({
        "realm": realm.name,
        "public_key": key.map(|der| STANDARD.encode(der)),
        "token-service": format!("{issuer}/protocol/openid-connect"),
        "account-service": format!("{issuer}/account"),
        "tokens-not-before": realm.number("notBefore")
    });
    let kind = [
        (header::CONTENT_TYPE, "application/json;charset=UTF-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let mut response = (kind, body.to_string()).into_response();
    cors::apply(&mut response, &headers);
    response
}
