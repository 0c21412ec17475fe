//! The public keys of clients: registered ones, or fetched from their `jwks_uri`.

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use moka::sync::Cache;
use vestibule_jose::jwt::{Claims, Parsed};
use vestibule_jose::{Alg, Jwks, VerifyingKey, x509};

use crate::app::App;
use crate::store::client::Client;

/// How often an address is asked again because a key was not there or did not fit: whoever names unknown keys or signs with
/// wrong ones must not make us fetch.
const PAUSE: Duration = Duration::from_secs(30);

static ASKED: LazyLock<Cache<String, ()>> =
    LazyLock::new(|| Cache::builder().max_capacity(10_000).time_to_live(PAUSE).build());

/// Whose a signature is.
pub enum Signed {
    /// The client's.
    Yes(Claims),
    /// Somebody else's.
    No,
    /// The client has no such key.
    NoKey,
}

/// Checks a signature with the key of a client: of its key set, else that of the certificate that an administrator gave it. A
/// client that publishes its keys may have changed them, under a new name or the old one: they are looked up once more then.
pub async fn verify(app: &App, client: &Client, parsed: Parsed<'_>) -> Signed {
    let (kid, alg) = (parsed.kid(), parsed.alg());
    let key = if client.attribute("use.jwks.url") == Some("true") {
        published(app, client, &parsed).await
    } else {
        match client.attribute("jwks.string") {
            Some(set) => Jwks::parse(set.as_bytes()).ok().and_then(|set| in_set(&set, kid, alg)),
            None => in_certificate(client, alg),
        }
    };
    let Some(key) = key else {
        return Signed::NoKey;
    };
    parsed.verify(&key).map_or(Signed::No, Signed::Yes)
}

/// The key at a client's `jwks_uri` for a signature.
async fn published(app: &App, client: &Client, parsed: &Parsed<'_>) -> Option<VerifyingKey> {
    let (kid, alg) = (parsed.kid(), parsed.alg());
    let address = client.attribute("jwks.url")?;
    let first = in_set(&fetched(app, address).await?, kid, alg);
    let good = first.as_ref().is_some_and(|key| parsed.check(key).is_ok());
    // Of many that come at once, one asks again.
    if good || !ASKED.entry_by_ref(address).or_insert(()).is_fresh() {
        return first;
    }
    app.egress.forget(address);
    in_set(&fetched(app, address).await?, kid, alg)
}

/// The key of a set that somebody publishes. One that is not there may be new: the set is fetched again, now and then.
pub async fn at_address(app: &App, address: &str, kid: Option<&str>, alg: Alg) -> Option<VerifyingKey> {
    let first = in_set(&fetched(app, address).await?, kid, alg);
    // Of many that come at once, one asks again.
    if first.is_some() || !ASKED.entry_by_ref(address).or_insert(()).is_fresh() {
        return first;
    }
    app.egress.forget(address);
    in_set(&fetched(app, address).await?, kid, alg)
}

/// The key of a client that brought a certificate, or had one made here: there is one, whatever the signature calls it.
fn in_certificate(client: &Client, alg: Alg) -> Option<VerifyingKey> {
    let certificate = client.attribute("jwt.credential.certificate");
    let key = match certificate.and_then(|text| STANDARD.decode(text.trim()).ok()) {
        Some(certificate) => x509::public_key_of(&certificate)?.to_vec(),
        None => STANDARD
            .decode(client.attribute("jwt.credential.public.key")?.trim())
            .ok()?,
    };
    VerifyingKey::from_spki(alg, &key).ok()
}

/// The key set of a client, as it is registered or was last fetched.
pub async fn set(app: &App, client: &Client) -> Option<Jwks> {
    if client.attribute("use.jwks.url") == Some("true") {
        return fetched(app, client.attribute("jwks.url")?).await;
    }
    Jwks::parse(client.attribute("jwks.string")?.as_bytes()).ok()
}

async fn fetched(app: &App, address: &str) -> Option<Jwks> {
    Jwks::parse_published(&app.egress.get(address).await.ok()?).ok()
}

/// The key of a set for a signature.
pub fn in_set(set: &Jwks, kid: Option<&str>, alg: Alg) -> Option<VerifyingKey> {
    set.find(kid, alg)?.verifying_key(alg).ok()
}
