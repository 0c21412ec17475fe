//! An application registers itself with an initial access token.

use reqwest::Method;
use serde_json::{Value, json};

use super::Worker;
use crate::bench::client::Fault;
use crate::bench::site::Site;

/// More than any run will use.
const COUNT: u32 = 10_000_000;

/// Registers one application.
///
/// # Errors
/// Anything but 201 with all that the application needs.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    let name = worker.new_name();
    register(site, &worker.token, &name).await
}

/// Registers an application of this name with this initial access token.
///
/// # Errors
/// As [`once`].
pub async fn register(site: &Site, token: &str, name: &str) -> Result<(), Fault> {
    let body = json!({
        "client_name": name,
        "redirect_uris": ["https://app.example.org/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let request = site
        .client
        .post(&site.url("clients-registrations/openid-connect"))
        .bearer(token);
    let answer = request.json(&body).send().await?.expect(201)?;
    for name in ["client_id", "client_secret", "registration_access_token"] {
        answer.member(name)?;
    }
    Ok(())
}

/// An initial access token for very many applications.
///
/// # Errors
/// What the server refused.
pub async fn initial_token(site: &Site) -> Result<String, Fault> {
    initial_token_with(site, json!({})).await
}

/// The same with more members.
///
/// # Errors
/// What the server refused.
pub async fn initial_token_with(site: &Site, mut body: Value) -> Result<String, Fault> {
    let admin = site.admin_token().await?;
    body["count"] = json!(COUNT);
    body["expiration"] = json!(86400);
    let request = site
        .client
        .request(Method::POST, &site.admin_at("clients-initial-access"))
        .bearer(&admin);
    let answer = request.json(&body).send().await?;
    // Keycloak documents 201 and has answered 200.
    let status = if answer.status == 200 { 200 } else { 201 };
    answer.expect(status)?.member("token")
}
