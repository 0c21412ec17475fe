//! The client credentials grant.

use crate::bench::client::Fault;
use crate::bench::site::Site;

/// Gets a token once.
///
/// # Errors
/// Anything but 200 with an access token.
pub async fn once(site: &Site) -> Result<(), Fault> {
    token(site).await.map(|_| ())
}

/// The application's own access token.
///
/// # Errors
/// When there is none.
pub async fn token(site: &Site) -> Result<String, Fault> {
    site.grant(&[("grant_type", "client_credentials")])
        .send()
        .await?
        .expect(200)?
        .member("access_token")
}
