//! An application asks who its user is.

use super::Worker;
use crate::bench::client::Fault;
use crate::bench::site::Site;

/// Asks once.
///
/// # Errors
/// Anything but 200 with a subject.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    let request = site.client.get(&site.oidc("userinfo")).bearer(&worker.token);
    request.send().await?.expect(200)?.member("sub").map(|_| ())
}
