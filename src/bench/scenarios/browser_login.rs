//! A person signs in in a new browser, and the application redeems the code.

use url::Url;

use super::{Worker, password_grant};
use crate::bench::browser::Browser;
use crate::bench::client::Fault;
use crate::bench::page::{Form, encode};
use crate::bench::site::{CLIENT_ID, PASSWORD, REDIRECT_URI, Site};

/// Signs in once.
///
/// # Errors
/// When no tokens come.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    let mut browser = Browser::new(&site.client, &site.url(""))?;
    let page = browser.open(&start(site, "auth")).await?.expect(200)?;
    let form = Form::find(&page.body, "kc-form-login").ok_or_else(|| Fault::Failed("no form to fill".to_owned()))?;
    let body = form.fill(&[("username", &Site::username(worker.number)), ("password", PASSWORD)]);
    let answer = browser.submit(&form.action, body).await?;
    let code = code(&browser.follow(answer, REDIRECT_URI).await?)?;
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
    ];
    password_grant::with_id_token(site.grant(&grant).send().await?)
}

/// Where the application sends a browser.
pub fn start(site: &Site, endpoint: &str) -> String {
    let query = encode([
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "a-state"),
        ("nonce", "a-nonce"),
    ]);
    format!("{}?{query}", site.oidc(endpoint))
}

/// The code in the address that the browser was sent back to.
///
/// # Errors
/// When there is an error instead, or another state.
pub fn code(arrived: &Url) -> Result<String, Fault> {
    let find = |name: &str| {
        arrived
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    match (find("code"), find("state").as_deref()) {
        (Some(code), Some("a-state")) => Ok(code),
        _ => Err(Fault::Failed(format!("no code in {arrived}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_only_with_the_state_that_was_sent() {
        let read = |query: &str| code(&Url::parse(&format!("{REDIRECT_URI}?{query}")).unwrap()).ok();
        assert_eq!(
            read("state=a-state&session_state=s&code=a.b.c").as_deref(),
            Some("a.b.c")
        );
        assert_eq!(read("state=other&code=a.b.c"), None);
        assert_eq!(read("error=access_denied&state=a-state"), None);
    }
}
