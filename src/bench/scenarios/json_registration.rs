//! A person registers by JSON. Keycloak has no such thing and says so with a 400.

use serde_json::json;

use super::Worker;
use crate::bench::client::Fault;
use crate::bench::site::{CLIENT_ID, PASSWORD, Site};

/// Registers one person.
///
/// # Errors
/// Anything but 201.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    let username = worker.new_name();
    let body = json!({
        "username": username,
        "email": format!("{username}@example.org"),
        "firstName": "Bench",
        "lastName": "Person",
        "password": PASSWORD,
        "client_id": CLIENT_ID,
    });
    let answer = site.client.post(&site.oidc("registrations")).json(&body).send().await?;
    if answer.status == 400 && answer.body.contains("\"Invalid Request\"") {
        return Err(Fault::NotOffered("400 Invalid Request".to_owned()));
    }
    answer.expect(201)?.member("id").map(|_| ())
}
