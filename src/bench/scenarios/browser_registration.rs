//! A person registers in a new browser and comes back to the application with a code.

use super::{Worker, browser_login};
use crate::bench::browser::Browser;
use crate::bench::client::Fault;
use crate::bench::page::Form;
use crate::bench::site::{PASSWORD, REDIRECT_URI, Site};

/// Registers one person.
///
/// # Errors
/// When no code comes.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    let username = worker.new_name();
    let mut browser = Browser::new(&site.client, &site.url(""))?;
    let page = browser
        .open(&browser_login::start(site, "registrations"))
        .await?
        .expect(200)?;
    let form = Form::find(&page.body, "kc-register-form").ok_or_else(|| Fault::Failed("no form to fill".to_owned()))?;
    let body = form.fill(&[
        ("username", &username),
        ("email", &format!("{username}@example.org")),
        ("firstName", "Bench"),
        ("lastName", "Person"),
        ("password", PASSWORD),
        ("password-confirm", PASSWORD),
    ]);
    let answer = browser.submit(&form.action, body).await?;
    let arrived = browser.follow(answer, REDIRECT_URI).await?;
    browser_login::code(&arrived).map(|_| ())
}
