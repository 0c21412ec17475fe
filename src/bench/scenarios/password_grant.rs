//! The password grant.

use super::Worker;
use crate::bench::client::{Answer, Fault};
use crate::bench::site::{PASSWORD, Site};

/// Gets tokens once.
///
/// # Errors
/// Anything but 200 with an ID token.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    with_id_token(grant(site, worker.number).await?)
}

/// One member of a fresh token response.
///
/// # Errors
/// When there is none.
pub async fn member(site: &Site, person: u32, name: &str) -> Result<String, Fault> {
    grant(site, person).await?.expect(200)?.member(name)
}

/// A token response that holds all it should.
///
/// # Errors
/// Anything but 200 with an ID token.
pub fn with_id_token(answer: Answer) -> Result<(), Fault> {
    answer.expect(200)?.member("id_token").map(|_| ())
}

async fn grant(site: &Site, person: u32) -> Result<Answer, Fault> {
    let username = Site::username(person);
    let form = [
        ("grant_type", "password"),
        ("username", &username),
        ("password", PASSWORD),
        ("scope", "openid"),
    ];
    site.grant(&form).send().await
}
