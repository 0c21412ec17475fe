//! From Keycloak's `ClientRepresentation` to the answer of a registration.

use super::languages::TRANSLATED;
use super::settings::SETTINGS;
use super::{AuthMethod, KEPT, SubjectType, attribute, grants, list, pairwise, scopes};
use serde_json::{Map, Value, json};

/// What the answer tells beside the client itself. RFC 7591 §3.2.1, RFC 7592 §3.
#[derive(Clone, Copy, Default)]
pub struct Issued<'a> {
    pub client_id: &'a str,
    /// `None` where it is not to be shown.
    pub client_secret: Option<&'a str>,
    /// Seconds since 1970, or 0 for never; told of clients that have a secret only.
    pub client_secret_expires_at: i64,
    /// Seconds since 1970; told on registration only.
    pub client_id_issued_at: Option<i64>,
    pub registration_client_uri: Option<&'a str>,
    pub registration_access_token: Option<&'a str>,
}

/// The members of an answer, in Keycloak's order; those that Keycloak lacks stand beside their
/// kin. `client_name#de` follows `client_name`.
const ORDER: [&str; 69] = [
    "redirect_uris",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "grant_types",
    "response_types",
    "client_id",
    "client_secret",
    "client_name",
    "client_uri",
    "logo_uri",
    "scope",
    "contacts",
    "tos_uri",
    "policy_uri",
    "jwks_uri",
    "jwks",
    "software_id",
    "software_version",
    "software_statement",
    "application_type",
    "sector_identifier_uri",
    "subject_type",
    "id_token_signed_response_alg",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_signed_response_alg",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "request_object_signing_alg",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "require_signed_request_object",
    "default_max_age",
    "require_auth_time",
    "default_acr_values",
    "initiate_login_uri",
    "request_uris",
    "tls_client_certificate_bound_access_tokens",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
    "use_mtls_endpoint_aliases",
    "dpop_bound_access_tokens",
    "post_logout_redirect_uris",
    "client_id_issued_at",
    "client_secret_expires_at",
    "registration_client_uri",
    "registration_access_token",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "backchannel_logout_revoke_offline_tokens",
    "backchannel_token_delivery_mode",
    "backchannel_client_notification_endpoint",
    "backchannel_authentication_request_signing_alg",
    "backchannel_user_code_parameter",
    "authorization_signed_response_alg",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "introspection_signed_response_alg",
    "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc",
    "authorization_details_types",
    "resource",
];

/// Whether an answer can have a member of this name.
pub fn is_member(name: &str) -> bool {
    ORDER.contains(&name)
}

/// Whether a client has a secret that can be told.
pub fn has_secret(client: &Map<String, Value>) -> bool {
    AuthMethod::of_client(client).is_some_and(AuthMethod::has_secret)
}

/// The answer to a registration, a read or an update: everything that is registered, in
/// Keycloak's order, without nulls.
pub fn describe(client: &Map<String, Value>, issued: &Issued<'_>) -> Map<String, Value> {
    let mut found = Map::new();
    registered(client, &mut found);
    given(client, issued, &mut found);
    let mut answer = Map::new();
    for name in ORDER {
        if let Some(value) = found.swap_remove(name) {
            answer.insert(name.to_owned(), value);
        }
        if TRANSLATED.contains(&name) {
            translations(client, name, &mut answer);
        }
    }
    answer
}

fn registered(client: &Map<String, Value>, found: &mut Map<String, Value>) {
    let mut tell = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            found.insert(name.to_owned(), value);
        }
    };
    let redirects = list(client, "redirectUris");
    let logout: Vec<&str> = match attribute(client, "post.logout.redirect.uris") {
        None | Some("+") => redirects.clone(),
        Some(uris) => uris.split("##").collect(),
    };
    tell("redirect_uris", Some(json!(redirects)));
    tell("post_logout_redirect_uris", Some(json!(logout)));
    let openid = client.get("protocol").and_then(Value::as_str) != Some("saml");
    let method = AuthMethod::of_client(client).filter(|_| openid);
    tell(
        "token_endpoint_auth_method",
        method.map(|method| json!(method.as_str())),
    );
    tell("grant_types", Some(json!(grants::grant_types(client))));
    tell("response_types", Some(json!(grants::response_types(client))));
    tell(
        "client_name",
        client.get("name").filter(|name| name.is_string()).cloned(),
    );
    tell(
        "client_uri",
        client.get("baseUrl").filter(|url| url.is_string()).cloned(),
    );
    tell("scope", Some(json!(scopes::told(client))));
    if attribute(client, "use.jwks.url") == Some("true") {
        tell("jwks_uri", attribute(client, "jwks.url").map(|url| json!(url)));
    }
    if attribute(client, "use.jwks.string") == Some("true") {
        tell(
            "jwks",
            attribute(client, "jwks.string").and_then(|text| serde_json::from_str(text).ok()),
        );
    }
    let kind = attribute(client, &format!("{KEPT}application_type"));
    tell("application_type", kind.map(|kind| json!(kind)));
    tell("sector_identifier_uri", pairwise::sector(client).map(|url| json!(url)));
    let subject = match pairwise::subject_type(client) {
        SubjectType::Public => "public",
        SubjectType::Pairwise => "pairwise",
    };
    tell("subject_type", Some(json!(subject)));
    for setting in &SETTINGS {
        let kept = attribute(client, &setting.attribute());
        // Keycloak answers `false` here although `true` is its default. Where there is a logout
        // URI, and it matters, the truth is told; elsewhere Keycloak's word is kept.
        let moot = setting.member == "backchannel_logout_session_required"
            && attribute(client, "backchannel.logout.url").is_none();
        // Keycloak's default where an administrator said nothing.
        let kept = match setting.member {
            "frontchannel_logout_session_required" => kept.or(Some("true")),
            _ => kept,
        };
        // Keycloak never tells this one; told if it is not the default.
        let unsaid = setting.member == "backchannel_logout_revoke_offline_tokens" && kept == Some("false");
        tell(
            setting.member,
            if unsaid {
                None
            } else {
                setting.tell(kept.filter(|_| !moot))
            },
        );
    }
}

fn given(client: &Map<String, Value>, issued: &Issued<'_>, found: &mut Map<String, Value>) {
    let secret = has_secret(client);
    for (name, value) in [
        ("client_id", Some(json!(issued.client_id))),
        (
            "client_secret",
            issued.client_secret.filter(|_| secret).map(|text| json!(text)),
        ),
        (
            "client_secret_expires_at",
            secret.then(|| json!(issued.client_secret_expires_at)),
        ),
        ("client_id_issued_at", issued.client_id_issued_at.map(|at| json!(at))),
        (
            "registration_client_uri",
            issued.registration_client_uri.map(|text| json!(text)),
        ),
        (
            "registration_access_token",
            issued.registration_access_token.map(|text| json!(text)),
        ),
    ] {
        if let Some(value) = value {
            found.insert(name.to_owned(), value);
        }
    }
}

fn translations(client: &Map<String, Value>, base: &str, answer: &mut Map<String, Value>) {
    let prefix = format!("{KEPT}{base}#");
    let attributes = client
        .get("attributes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    for (name, value) in attributes.filter(|(name, value)| name.starts_with(&prefix) && value.is_string()) {
        answer.insert(name[KEPT.len()..].to_owned(), value.clone());
    }
}
