//! The public keys of clients: registered ones, or fetched from their `jwks_uri`.

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use moka::sync::Cache;
use vestibule_jose::{Alg, Jwks, VerifyingKey, x509};

use crate::app::App;
use crate::store::client::Client;

/// How often an address is asked again because a key was not there: whoever names unknown keys must not make us fetch.
const PAUSE: Duration = Duration::from_secs(30);

static ASKED: LazyLock<Cache<String, ()>> =
    LazyLock::new(|| Cache::builder().max_capacity(10_000).time_to_live(PAUSE).build());

/// The key of a client for a signature.
pub async fn find(app: &App, client: &Client, kid: Option<&str>, alg: Alg) -> Option<VerifyingKey> {
    if client.attribute("use.jwks.url") == Some("true") {
        let address = client.attribute("jwks.url")?;
        let first = app
            .egress
            .get(address)
            .await
            .ok()
            .and_then(|set| in_set(&set, kid, alg));
        if first.is_some() {
            return first;
        }
        if ASKED.contains_key(address) {
            return None;
        }
        ASKED.insert(address.to_owned(), ());
        app.egress.forget(address);
        let again = app.egress.get(address).await.ok()?;
        return in_set(&again, kid, alg);
    }
    match client.attribute("jwks.string") {
        Some(set) => in_set(set.as_bytes(), kid, alg),
        None => in_certificate(client, alg),
    }
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

fn in_set(set: &[u8], kid: Option<&str>, alg: Alg) -> Option<VerifyingKey> {
    Jwks::parse(set).ok()?.find(kid, alg)?.verifying_key(alg).ok()
}
