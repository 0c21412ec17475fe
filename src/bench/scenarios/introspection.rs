//! An application asks about a token that is meant for it.

use serde_json::Value;

use super::Worker;
use crate::bench::client::Fault;
use crate::bench::site::{CLIENT_ID, CLIENT_SECRET, Site};

/// Asks once.
///
/// # Errors
/// Anything but 200 and active.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    let form = [
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("token", worker.token.as_str()),
    ];
    let answer = site
        .client
        .post(&site.oidc("token/introspect"))
        .form(&form)
        .send()
        .await?
        .expect(200)?;
    match answer.value()?.get("active").and_then(Value::as_bool) {
        Some(true) => Ok(()),
        _ => Err(Fault::Failed(format!("not active: {}", answer.body))),
    }
}
