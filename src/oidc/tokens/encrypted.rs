//! Tokens that only the client can read: encrypted to a key of its own (OpenID Connect Core section 10.2).

use vestibule_jose::jwe::{self, Enc, KeyAlg};

use crate::app::App;
use crate::error::Error;
use crate::oidc::client_auth::keys;
use crate::store::client::Client;

/// What is encrypted, by the beginning of its attributes' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// ID tokens, and logout tokens.
    Id,
    Userinfo,
    Authorization,
}

/// What a client has set for something.
struct Wanted<'a> {
    alg: &'a str,
    enc: Option<&'a str>,
}

impl What {
    fn of(self, client: &Client) -> Option<Wanted<'_>> {
        let (alg, enc) = match self {
            Self::Id => ("id.token.encrypted.response.alg", "id.token.encrypted.response.enc"),
            // Keycloak's own spelling.
            Self::Userinfo => ("user.info.encrypted.response.alg", "user.info.encrypted.response.enc"),
            Self::Authorization => (
                "authorization.encrypted.response.alg",
                "authorization.encrypted.response.enc",
            ),
        };
        let alg = client.attribute(alg).filter(|alg| !matches!(*alg, "any" | "none"))?;
        let enc = client.attribute(enc).filter(|enc| !matches!(*enc, "any" | "none"));
        Some(Wanted { alg, enc })
    }

    /// Whether a client gets it encrypted.
    pub fn is_wanted(self, client: &Client) -> bool {
        self.of(client).is_some()
    }
}

/// A text for a client: encrypted, where the client has set so, else as it is. `cty`: `JWT` for a signed token.
///
/// # Errors
///
/// [`Error::NotEncrypted`] if it cannot be: it is never sent in clear then.
pub async fn wrap(app: &App, client: &Client, what: What, text: String, cty: &str) -> Result<String, Error> {
    let Some(wanted) = what.of(client) else {
        return Ok(text);
    };
    let failed = |why: &str| Error::NotEncrypted(format!("Encryption for the client failed: {why}"));
    let alg = KeyAlg::parse(wanted.alg).ok_or_else(|| failed("its algorithm is not supported"))?;
    let enc = Enc::parse(wanted.enc.unwrap_or("A128CBC-HS256"));
    let enc = enc.ok_or_else(|| failed("its content encryption is not supported"))?;
    let set = keys::set(app, client).await;
    let set = set.ok_or_else(|| failed("its keys cannot be read"))?;
    let key = set
        .find_for_encryption(alg)
        .ok_or_else(|| failed("it has no key for encryption"))?;
    jwe::encrypt(text.as_bytes(), alg, enc, key, cty).map_err(|e| failed(&e.to_string()))
}
