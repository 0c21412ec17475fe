//! A new browser is sent to the login page.

use super::browser_login;
use crate::bench::browser::Browser;
use crate::bench::client::Fault;
use crate::bench::page::Form;
use crate::bench::site::Site;

/// Opens it once.
///
/// # Errors
/// Anything but a page with a form.
pub async fn once(site: &Site) -> Result<(), Fault> {
    let mut browser = Browser::new(&site.client, &site.url(""))?;
    let page = browser.open(&browser_login::start(site, "auth")).await?.expect(200)?;
    Form::find(&page.body, "kc-form-login")
        .map(|_| ())
        .ok_or_else(|| Fault::Failed("no login form".to_owned()))
}
