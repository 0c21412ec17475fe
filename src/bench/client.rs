//! Requests as programs and browsers send them. Redirects are never followed unasked.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::page;

/// Why a request did not do what its scenario promises.
#[derive(Debug)]
pub enum Fault {
    /// The server has no such thing: nothing to measure.
    NotOffered(String),
    /// It answered something else, or nothing.
    Failed(String),
}

/// The one HTTP client of a run; connections are kept between requests.
#[derive(Clone)]
pub struct Client(reqwest::Client);

/// A request that is not sent yet.
pub struct Request(reqwest::RequestBuilder);

/// A whole answer.
pub struct Answer {
    /// The status line's number.
    pub status: StatusCode,
    /// The `Location` header, empty if there was none.
    pub location: String,
    /// The body, as text.
    pub body: String,
    /// Its `Set-Cookie` headers.
    pub cookies: Vec<String>,
}

impl Client {
    /// Builds it. The bench talks to one server that its user named: the rules
    /// for addresses that strangers name do not apply.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    #[expect(
        clippy::disallowed_methods,
        reason = "the address is the operator's own, not a stranger's"
    )]
    pub fn new() -> Result<Self, String> {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_mins(1))
            .build()
            .map(Self)
            .map_err(|cause| format!("no HTTP client: {cause}"))
    }

    /// Begins a GET.
    pub fn get(&self, url: &str) -> Request {
        Request(self.0.get(url))
    }

    /// Begins a POST.
    pub fn post(&self, url: &str) -> Request {
        Request(self.0.post(url))
    }

    /// Begins a request with any method.
    pub fn request(&self, method: Method, url: &str) -> Request {
        Request(self.0.request(method, url))
    }
}

impl Request {
    /// Sends a form, percent-encoded already.
    pub fn form_body(self, body: String) -> Self {
        Self(
            self.0
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body),
        )
    }

    /// Sends a form.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        self.form_body(page::encode(pairs.iter().copied()))
    }

    /// Sends JSON, and asks for it.
    pub fn json(self, value: &Value) -> Self {
        Self(
            self.0
                .header(CONTENT_TYPE, "application/json")
                .header(ACCEPT, "application/json")
                .body(value.to_string()),
        )
    }

    /// Adds a bearer token.
    pub fn bearer(self, token: &str) -> Self {
        Self(self.0.header(AUTHORIZATION, format!("Bearer {token}")))
    }

    /// Asks for a page as a browser does.
    pub fn page(self, cookies: Option<String>) -> Self {
        let request = self.0.header(ACCEPT, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
        Self(match cookies {
            Some(cookies) => request.header(COOKIE, cookies),
            None => request,
        })
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Errors
    /// [`Fault::Failed`] if there was none.
    pub async fn send(self) -> Result<Answer, Fault> {
        let lost = |cause: reqwest::Error| Fault::Failed(format!("no answer: {}", innermost(&cause)));
        let answer = self.0.send().await.map_err(lost)?;
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let status = answer.status();
        let location = answer.headers().get(LOCATION).map(text).unwrap_or_default();
        let cookies = answer.headers().get_all(SET_COOKIE).iter().map(text).collect();
        let body = answer.text().await.map_err(lost)?;
        Ok(Answer {
            status,
            location,
            body,
            cookies,
        })
    }
}

impl Answer {
    /// The answer, if it has the status that it should.
    ///
    /// # Errors
    /// [`Fault::NotOffered`] where the status says that there is no such thing, else [`Fault::Failed`].
    pub fn expect(self, status: u16) -> Result<Self, Fault> {
        if self.status.as_u16() == status {
            return Ok(self);
        }
        let said = format!(
            "expected {status}, got {}: {}",
            self.status.as_u16(),
            excerpt(&self.body)
        );
        Err(match self.status.as_u16() {
            404 | 405 | 415 | 501 => Fault::NotOffered(said),
            _ => Fault::Failed(said),
        })
    }

    /// A member of a JSON body, as text.
    ///
    /// # Errors
    /// [`Fault::Failed`] if it is not there.
    pub fn member(&self, name: &str) -> Result<String, Fault> {
        let body: Value = self.value()?;
        let member = body.get(name).and_then(Value::as_str);
        member
            .map(ToOwned::to_owned)
            .ok_or_else(|| Fault::Failed(format!("no {name} in: {}", excerpt(&self.body))))
    }

    /// The JSON body.
    ///
    /// # Errors
    /// [`Fault::Failed`] if it is none.
    pub fn value(&self) -> Result<Value, Fault> {
        serde_json::from_str(&self.body).map_err(|_| Fault::Failed(format!("not JSON: {}", excerpt(&self.body))))
    }

    /// The id at the end of `Location`.
    pub fn created_id(&self) -> &str {
        self.location.rsplit('/').next().unwrap_or_default()
    }
}

/// The cause of the cause: "Connection refused", not "error sending request".
fn innermost(mut cause: &dyn std::error::Error) -> String {
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The first words of a body, on one line, without markup.
pub fn excerpt(body: &str) -> String {
    let mut plain = String::new();
    let mut tag = false;
    for c in body.chars() {
        match c {
            '<' => tag = true,
            '>' if tag => tag = false,
            c if !tag => plain.push(c),
            _ => {}
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    let line = words.join(" ");
    if line.is_empty() {
        "(empty)".to_owned()
    } else {
        line.chars().take(160).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer {
            status,
            location: "http://h/admin/realms/r/users/42".into(),
            body: body.into(),
            cookies: Vec::new(),
        }
    }

    #[test]
    fn an_unexpected_status_is_a_fault_and_a_missing_endpoint_is_not_offered() {
        assert!(answer(201, "").expect(201).is_ok());
        assert!(matches!(answer(409, "").expect(201), Err(Fault::Failed(_))));
        assert!(matches!(answer(415, "").expect(201), Err(Fault::NotOffered(_))));
    }

    #[test]
    fn members_and_ids_are_found() {
        let answer = answer(200, r#"{"access_token":"t","n":1}"#);
        assert_eq!(answer.member("access_token").unwrap(), "t");
        assert!(answer.member("n").is_err());
        assert_eq!(answer.created_id(), "42");
    }

    #[test]
    fn an_excerpt_has_no_markup() {
        assert_eq!(excerpt("<p>Page \n has <b>expired</b></p>"), "Page has expired");
        assert_eq!(excerpt(""), "(empty)");
    }
}
