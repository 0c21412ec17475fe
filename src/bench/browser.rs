//! A browser, as far as signing in goes: cookies, links, forms and redirects.

use url::Url;

use super::client::{Answer, Client, Fault, excerpt};
use super::cookies::Jar;

/// A browser: it keeps cookies and knows which page it is on.
pub struct Browser<'a> {
    client: &'a Client,
    jar: Jar,
    at: Url,
}

impl<'a> Browser<'a> {
    /// A new one, without cookies.
    ///
    /// # Errors
    /// [`Fault::Failed`] if the base is no URL.
    pub fn new(client: &'a Client, base: &str) -> Result<Self, Fault> {
        let at = Url::parse(base).map_err(|cause| Fault::Failed(format!("{base}: {cause}")))?;
        Ok(Self {
            client,
            jar: Jar::default(),
            at,
        })
    }

    /// Opens an address, absolute or relative to the page it is on.
    ///
    /// # Errors
    /// [`Fault::Failed`] without an answer.
    pub async fn open(&mut self, address: &str) -> Result<Answer, Fault> {
        self.go(address, None).await
    }

    /// Sends a form there.
    ///
    /// # Errors
    /// [`Fault::Failed`] without an answer.
    pub async fn submit(&mut self, action: &str, body: String) -> Result<Answer, Fault> {
        self.go(action, Some(body)).await
    }

    /// Follows redirects to the one that leads to the application, and returns it.
    ///
    /// # Errors
    /// [`Fault::Failed`] when a page comes instead.
    pub async fn follow(&mut self, mut answer: Answer, redirect_uri: &str) -> Result<Url, Fault> {
        for _ in 0..6 {
            if !answer.status.is_redirection() {
                break;
            }
            if answer.location.starts_with(redirect_uri) {
                return Url::parse(&answer.location)
                    .map_err(|cause| Fault::Failed(format!("{}: {cause}", answer.location)));
            }
            let next = answer.location.clone();
            answer = self.open(&next).await?;
        }
        let said = format!(
            "no way to the application, got {}: {}",
            answer.status.as_u16(),
            excerpt(&answer.body)
        );
        Err(Fault::Failed(said))
    }

    async fn go(&mut self, address: &str, body: Option<String>) -> Result<Answer, Fault> {
        let url = self
            .at
            .join(address)
            .map_err(|cause| Fault::Failed(format!("{address}: {cause}")))?;
        let request = match body {
            Some(body) => self.client.post(url.as_str()).form_body(body),
            None => self.client.get(url.as_str()),
        };
        let answer = request.page(self.jar.header(url.path())).send().await?;
        for cookie in &answer.cookies {
            self.jar.keep(cookie, url.path());
        }
        self.at = url;
        Ok(answer)
    }
}
