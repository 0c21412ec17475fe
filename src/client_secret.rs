//! The secrets of clients: made here, kept as SHA-256, sealed beside it only where one must be read back (contract 5).

use vestibule_jose::digest::{b64url, constant_time_eq, sha256};
use zeroize::Zeroizing;

use crate::app::App;
use crate::error::Error;
use crate::store::client::{Client, Secrets};
use crate::store::json::{self, Doc};

/// What sealed secrets are bound to, with the client's id.
const PURPOSE: &str = "client-secret";

/// Whether a secret can be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Only its SHA-256 is there.
    Hashed,
    /// It is encrypted as well.
    Recoverable,
}

/// How a client's secret must be kept: recoverable for methods that need its value, and for clients of administrators,
/// which have the attribute `client.secret.recoverable`.
pub fn kept(doc: &Doc) -> Kept {
    let by_value = json::text(doc, "clientAuthenticatorType") == Some("client-secret-jwt");
    let signs = [
        "id.token.signed.response.alg",
        "user.info.response.signature.alg",
        "authorization.signed.response.alg",
    ];
    let symmetric = signs
        .iter()
        .any(|name| json::attribute(doc, name).is_some_and(|alg| alg.starts_with("HS")));
    if by_value || symmetric || json::attribute(doc, "client.secret.recoverable") == Some("true") {
        Kept::Recoverable
    } else {
        Kept::Hashed
    }
}

/// Makes a new secret for the client with an id and puts what is kept of it into `secrets`. The secret itself is to be shown
/// once.
///
/// # Errors
///
/// [`Error::Key`] if it cannot be sealed.
pub fn make(app: &App, secrets: &mut Secrets, client_uuid: &str, kept: Kept) -> Result<String, Error> {
    let plain = crate::random::token();
    secrets.hash = Some(hash(&plain));
    secrets.sealed = match kept {
        Kept::Hashed => None,
        Kept::Recoverable => Some(app.db.seal(PURPOSE, client_uuid, plain.as_bytes())?),
    };
    Ok(plain)
}

/// Takes a secret that somebody chose. It may be guessable, so it is never kept as a fast hash, only sealed.
///
/// # Errors
///
/// [`Error::Key`] if it cannot be sealed.
pub fn choose(app: &App, secrets: &mut Secrets, client_uuid: &str, chosen: &str) -> Result<(), Error> {
    secrets.hash = None;
    secrets.sealed = Some(app.db.seal(PURPOSE, client_uuid, chosen.as_bytes())?);
    Ok(())
}

/// Leaves a client without secret.
pub fn remove(secrets: &mut Secrets) {
    secrets.hash = None;
    secrets.sealed = None;
    secrets.previous_hash = None;
    secrets.previous_expires = None;
}

/// Whether a client has a secret.
pub fn exists(secrets: &Secrets) -> bool {
    secrets.hash.is_some() || secrets.sealed.is_some()
}

/// The secret of a client, where it can be read back.
///
/// # Errors
///
/// [`Error::Key`] if it was sealed with another key.
pub fn reveal(app: &App, client: &Client) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let sealed = client.secrets.sealed.as_deref();
    sealed
        .map(|sealed| app.db.open_sealed(PURPOSE, &client.id, sealed))
        .transpose()
}

/// Whether this is the client's secret, or the one before while it is still good. An expired secret is dead.
///
/// # Errors
///
/// [`Error::Key`] if the secret was sealed with another key.
pub fn matches(app: &App, client: &Client, given: &str) -> Result<bool, Error> {
    let (secrets, given_hash) = (&client.secrets, hash(given));
    let same = |kept: &str| constant_time_eq(kept.as_bytes(), given_hash.as_bytes());
    let expires = client
        .attribute("client.secret.expiration.time")
        .and_then(|at| at.parse::<i64>().ok());
    if expires.is_none_or(|at| at == 0 || app.now_seconds() < at) {
        let current = match (&secrets.hash, reveal_unhashed(app, client)?) {
            (Some(kept), _) => same(kept),
            (None, Some(plain)) => constant_time_eq(&plain, given.as_bytes()),
            (None, None) => false,
        };
        if current {
            return Ok(true);
        }
    }
    let overlaps = secrets.previous_expires.is_some_and(|until| app.now() < until);
    Ok(overlaps && secrets.previous_hash.as_deref().is_some_and(same))
}

fn reveal_unhashed(app: &App, client: &Client) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    if client.secrets.hash.is_some() {
        return Ok(None);
    }
    reveal(app, client)
}

fn hash(secret: &str) -> String {
    b64url(&sha256(secret.as_bytes()))
}
