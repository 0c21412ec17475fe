//! To what tokens are bound beside their client: a key (RFC 9449), a certificate (RFC 8705). `cnf` in tokens, RFC 7800.

use serde_json::{Value, json};
use vestibule_oauth::error::Refusal;

use super::dpop;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// The types (`typ`) of access tokens.
pub const ACCESS: [&str; 2] = ["Bearer", "DPoP"];

/// To what a token is bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bound {
    /// The thumbprint of a key.
    pub jkt: Option<String>,
    /// That of a certificate.
    pub x5t: Option<String>,
    /// The key is the refresh token's only.
    pub only_refresh: bool,
}

/// To nothing: whoever bears it.
pub static TO_NOTHING: Bound = Bound {
    jkt: None,
    x5t: None,
    only_refresh: false,
};

impl Bound {
    /// To what the access token is bound.
    #[must_use]
    pub fn of_access(&self) -> Self {
        Self {
            jkt: self.jkt.clone().filter(|_| !self.only_refresh),
            x5t: self.x5t.clone(),
            only_refresh: false,
        }
    }

    /// The claim `cnf`; none if it is bound to nothing.
    pub fn cnf(&self) -> Value {
        let mut cnf = Doc::new();
        for (name, value) in [("x5t#S256", &self.x5t), ("jkt", &self.jkt)] {
            cnf.extend(value.iter().map(|v| (name.to_owned(), json!(v))));
        }
        if cnf.is_empty() {
            Value::Null
        } else {
            Value::Object(cnf)
        }
    }

    /// Reads the claim `cnf`. `None`: it names something of which we do not know.
    pub fn of(claims: &Doc) -> Option<Self> {
        let Some(cnf) = claims.get("cnf") else {
            return Some(Self::default());
        };
        let cnf = cnf.as_object()?;
        let text = |name: &str| cnf.get(name).map(|v| v.as_str().map(str::to_owned));
        let known = cnf.keys().all(|name| matches!(name.as_str(), "jkt" | "x5t#S256"));
        match (text("jkt"), text("x5t#S256")) {
            (Some(None), _) | (_, Some(None)) => None,
            (jkt, x5t) if known && (jkt.is_some() || x5t.is_some()) => Some(Self {
                jkt: jkt.flatten(),
                x5t: x5t.flatten(),
                only_refresh: false,
            }),
            _ => None,
        }
    }

    /// The type of an access token that is bound so, for its claim `typ` and for `token_type`.
    pub fn kind(&self) -> &'static str {
        if self.jkt.is_some() { "DPoP" } else { "Bearer" }
    }
}

/// Whether a client's access tokens must be bound to something.
pub fn is_wanted(client: &Client) -> bool {
    let is_on = |name| client.attribute(name) == Some("true");
    is_on("dpop.bound.access.tokens") || is_on(BY_CERTIFICATE)
}

/// The setting by which tokens are bound to the client's certificate.
const BY_CERTIFICATE: &str = "tls.client.certificate.bound.access.tokens";

/// To what the tokens of a request will be bound.
///
/// # Errors
///
/// Those of the database.
pub async fn of_request(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client: &Client,
) -> Result<Result<Bound, Refusal>, Error> {
    let jkt = match dpop::of_request(app, caller, realm, client).await? {
        Ok(jkt) => jkt,
        Err(refused) => return Ok(Err(refused)),
    };
    let by_certificate = client.attribute(BY_CERTIFICATE) == Some("true");
    let x5t = match (by_certificate, &caller.proofs.certificate) {
        (false, _) => None,
        (true, Some(certificate)) => Some(certificate.thumbprint()),
        (true, None) => {
            let text = "Client Certification missing for MTLS HoK Token Binding";
            return Ok(Err(Refusal::new(400, "invalid_request", text)));
        }
    };
    Ok(Ok(Bound {
        jkt,
        x5t,
        only_refresh: false,
    }))
}

/// Whether whoever presents an access token may use it: a bound one only with the proof.
///
/// # Errors
///
/// Those of the database.
pub async fn is_theirs(app: &App, caller: &Caller, realm: &Realm, claims: &Doc, token: &str) -> Result<bool, Error> {
    let Some(bound) = Bound::of(claims) else {
        return Ok(false);
    };
    let certificate = caller.proofs.certificate.as_ref().map(|c| c.thumbprint());
    if bound.x5t.is_some() && bound.x5t != certificate {
        return Ok(false);
    }
    let sent = caller.proofs.dpop.as_ref().filter(|sent| sent.by_scheme);
    match (&bound.jkt, sent) {
        (None, None) => Ok(true),
        (Some(jkt), Some(sent)) => {
            let proved = dpop::check(app, realm, sent, Some(token)).await?;
            Ok(proved.is_ok_and(|key| key == *jkt))
        }
        // A bound token as a bearer's, or a bearer's with a proof: RFC 9449 section 7.1.
        (Some(_), None) | (None, Some(_)) => Ok(false),
    }
}
