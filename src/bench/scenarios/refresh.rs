//! The refresh grant; each answer's refresh token is the next one to use.

use super::Worker;
use crate::bench::client::Fault;
use crate::bench::site::Site;

/// Refreshes once.
///
/// # Errors
/// Anything but 200 with an ID token and a refresh token.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", worker.token.as_str()),
    ];
    let answer = site.grant(&form).send().await?.expect(200)?;
    answer.member("id_token")?;
    worker.token = answer.member("refresh_token")?;
    Ok(())
}
