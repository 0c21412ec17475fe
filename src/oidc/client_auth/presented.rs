//! What a request brings to prove which client it is of.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use vestibule_jose::digest::b64url_decode;
use vestibule_oauth::error::Refusal;
use vestibule_oauth::params::{self, Params};

use super::Refused;
use crate::store::json::{self, Doc};

/// The value of `client_assertion_type`. RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest secret that is compared, in bytes.
const LONGEST: usize = 4096;

/// How a secret came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Basic,
    Post,
}

/// What a request brings. Not `Debug`: it holds secrets.
#[derive(Default)]
pub(super) struct Presented {
    pub(super) client_id: Option<String>,
    pub(super) secret: Option<(String, Way)>,
    pub(super) assertion: Option<String>,
    /// An assertion was announced, and none came.
    pub(super) announced: bool,
}

/// Reads the `Authorization` header and the form.
pub(super) fn read(headers: &HeaderMap, form: &Params) -> Result<Presented, Refused> {
    let basic = basic(headers)?;
    let named = form.text("client_id");
    let assertion = assertion(form);
    let posted = form.text("client_secret").filter(|s| s.len() <= LONGEST);
    if let (Some((id, _)), Some(named)) = (&basic, named)
        && id != named
    {
        return Err(two_ways());
    }
    if assertion.is_some() && (basic.is_some() || posted.is_some()) {
        return Err(two_ways());
    }
    if let Some(token) = assertion {
        let subject = subject(&token);
        let client_id = named.map(str::to_owned).or_else(|| subject.clone());
        if client_id == subject || subject.is_none() {
            return Ok(Presented {
                client_id: client_id.filter(|_| subject.is_some() || named.is_some()),
                assertion: Some(token),
                ..Presented::default()
            });
        }
        // An assertion for somebody else proves nothing.
        return Ok(Presented {
            client_id,
            ..Presented::default()
        });
    }
    let secret = match (basic.as_ref(), posted) {
        (Some((_, secret)), _) => Some((secret.clone(), Way::Basic)),
        (None, Some(secret)) => Some((secret.to_owned(), Way::Post)),
        (None, None) => None,
    };
    Ok(Presented {
        client_id: basic.map(|(id, _)| id).or_else(|| named.map(str::to_owned)),
        secret,
        assertion: None,
        announced: form.get("client_assertion_type") == Some(JWT_BEARER),
    })
}

/// RFC 6749 section 2.3: one method in one request.
fn two_ways() -> Refused {
    Refused {
        refusal: Refusal::new(400, "invalid_request", "Only one client authentication may be used"),
        event_error: "invalid_client_credentials",
        client_id: None,
    }
}

/// Id and secret of a Basic header, decoded as RFC 6749 section 2.3.1 says. Another scheme, or none, is nothing.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Refused> {
    let value = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let Some((scheme, rest)) = value.and_then(|v| v.split_once(' ')) else {
        return Ok(None);
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    // Some clients leave the padding out.
    let pair = STANDARD_NO_PAD
        .decode(rest.trim().trim_end_matches('='))
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((id, secret)) = pair.as_deref().and_then(|pair| pair.split_once(':')) else {
        return Ok(None);
    };
    let decode = |text: &str| params::decode(text.as_bytes(), LONGEST);
    match (decode(id), decode(secret)) {
        (Ok(id), Ok(secret)) => Ok(Some((id, secret)).filter(|(id, _)| !id.is_empty())),
        _ => Err(Refused::new(
            400,
            "unauthorized_client",
            "Unexpected error when authenticating client",
            "invalid_client_credentials",
        )),
    }
}

fn assertion(form: &Params) -> Option<String> {
    if form.get("client_assertion_type") != Some(JWT_BEARER) {
        return None;
    }
    form.text("client_assertion").map(str::to_owned)
}

/// Whose assertion it says it is: `sub`, which `iss` must equal. Nothing is checked yet, not even that it is signed, so that
/// the answer can say what is wrong with it.
fn subject(token: &str) -> Option<String> {
    let claims = b64url_decode(token.split('.').nth(1)?).ok()?;
    let claims: Doc = serde_json::from_slice(&claims).ok()?;
    let subject = json::text(&claims, "sub")?;
    (json::text(&claims, "iss") == Some(subject)).then(|| subject.to_owned())
}
