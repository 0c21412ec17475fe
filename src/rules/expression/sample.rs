//! Somebody who registers, so that a rule can be tried when it is saved.

use serde_json::{Value, json};

use crate::rules::{About, Sender};

pub(super) fn of(about: About) -> Value {
    match about {
        About::Registration => json!({
            "id": "5c5b4e3a-0000-7000-8000-000000000000", "status": "proof", "username": "ada", "email": "ada@example.org",
            "firstName": "Ada", "lastName": "Lovelace", "attributes": {}, "clientId": "account", "source": "form",
            "ipAddress": "192.0.2.1", "locale": "en"
        }),
        About::Client => json!({
            "client_name": "An application", "client_uri": "https://app.example.org", "application_type": "web",
            "redirect_uris": ["https://app.example.org/callback"], "grant_types": ["authorization_code"],
            "response_types": ["code"], "token_endpoint_auth_method": "client_secret_basic", "scope": "openid",
            "contacts": ["ada@example.org"], "logo_uri": "https://app.example.org/logo.png",
            "tos_uri": "https://app.example.org/terms", "policy_uri": "https://app.example.org/privacy",
            "software_id": "an-application", "software_version": "1.0", "jwks_uri": "https://app.example.org/keys",
            "subject_type": "public", "default_max_age": 3600, "request_uris": ["https://app.example.org/request"],
            "post_logout_redirect_uris": ["https://app.example.org/"],
            "backchannel_logout_uri": "https://app.example.org/out", "dpop_bound_access_tokens": false
        }),
    }
}

/// Somebody of whom no more is known than must be.
pub(super) fn bare(about: About) -> Value {
    match about {
        About::Registration => json!({
            "id": "5c5b4e3a-0000-7000-8000-000000000000", "status": "proof", "username": "ada", "attributes": {},
            "source": "json"
        }),
        About::Client => json!({
            "redirect_uris": [], "grant_types": [], "response_types": [], "token_endpoint_auth_method": "none", "scope": "",
            "subject_type": "public"
        }),
    }
}

pub(super) fn sender() -> Sender {
    Sender {
        address: "192.0.2.1".into(),
        client: Some("account".into()),
        locale: Some("en".into()),
        source: "form",
    }
}
