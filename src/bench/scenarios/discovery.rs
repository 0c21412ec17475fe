//! An application reads where everything is.

use crate::bench::client::Fault;
use crate::bench::site::Site;

/// Reads it once.
///
/// # Errors
/// Anything but 200 with an issuer.
pub async fn once(site: &Site) -> Result<(), Fault> {
    let answer = site
        .client
        .get(&site.url(".well-known/openid-configuration"))
        .send()
        .await?
        .expect(200)?;
    if answer.body.contains("\"issuer\"") {
        Ok(())
    } else {
        Err(Fault::Failed("no issuer".to_owned()))
    }
}
