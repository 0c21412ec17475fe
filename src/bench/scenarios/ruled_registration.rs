//! An application registers itself with an initial access token that names nine policies and an expression: with those that
//! every realm has, each application passes more than ten. Keycloak has none of these policies.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Worker, client_registration};
use crate::bench::client::Fault;
use crate::bench::site::Site;
use crate::client_registration::policy::TYPE;

/// What is told where the server does not know such policies.
const UNKNOWN: &str = "no such policies";

/// Registers one application.
///
/// # Errors
/// Anything but 201 with all that the application needs; [`Fault::NotOffered`] where there are no such policies.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    if worker.token.is_empty() {
        return Err(Fault::NotOffered(UNKNOWN.to_owned()));
    }
    client_registration::once(site, worker).await
}

/// An initial access token that names the policies; empty where the server has no such policies.
///
/// # Errors
/// What the server refused.
pub async fn initial_token(site: &Site) -> Result<String, Fault> {
    let admin = site.admin_token().await?;
    let mut ids = Vec::new();
    for (provider, config) in policies() {
        let body = json!({
            "name": format!("bench {provider}"), "providerId": provider, "providerType": TYPE, "subType": "token",
            "config": config,
        });
        let request = site.client.request(Method::POST, &site.admin_at("components"));
        let answer = request.bearer(&admin).json(&body).send().await?;
        if answer.status == 400 {
            return Ok(String::new());
        }
        let address = answer.expect(201)?.location;
        ids.extend(address.rsplit('/').next().map(str::to_owned));
    }
    client_registration::initial_token_with(site, json!({ "policies": ids })).await
}

/// Each lets the application through after having looked at it.
fn policies() -> [(&'static str, Value); 10] {
    [
        (
            "allowed-redirect-uris",
            json!({ "hosts": ["*.example.org", "app.example.net"] }),
        ),
        (
            "allowed-grant-types",
            json!({ "grant-types": ["authorization_code", "refresh_token"] }),
        ),
        ("allowed-response-types", json!({ "response-types": ["code"] })),
        (
            "allowed-client-authentication",
            json!({ "methods": ["client_secret_basic", "none"] }),
        ),
        ("require-pkce", json!({})),
        ("client-name", json!({ "pattern": ["[a-z0-9-]{3,80}"] })),
        ("default-scopes", json!({ "scopes": ["profile", "email"] })),
        ("secret-lifetime", json!({ "seconds": ["2592000"] })),
        ("scope", json!({})),
        (
            "expression",
            json!({
                "rule": [r#"client.redirect_uris.all(|uri| matches(uri, "^https://[a-z]+\\.example\\.org/")) && client.client_name.len() > 2"#],
            }),
        ),
    ]
}
