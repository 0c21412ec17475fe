//! Pairwise subjects: each sector of applications knows a user under another id. OpenID Connect Core section 8.1.
//!
//! The ids are Keycloak's, so that an imported realm's applications know their users again.

use md5::{Digest as _, Md5};
use serde_json::json;
use url::Url;
use vestibule_jose::digest::{b64url, sha256};

use super::super::claims::Claims;
use super::super::context::Context;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::{ProtocolMapper, Realm};

/// The provider of these mappers.
pub const PROVIDER: &str = "oidc-sha256-pairwise-sub-mapper";

/// Replaces the subject, in every token that has one.
pub(super) fn replace(context: &Context, mapper: &ProtocolMapper, claims: &mut Claims) {
    if claims.get("sub").is_some()
        && let Some(subject) = of(&context.client, mapper, &context.user.id)
    {
        claims.set("sub", subject);
    }
}

/// The id by which the client's sector knows a user; none if it has no sector.
pub(super) fn of(client: &Client, mapper: &ProtocolMapper, user_id: &str) -> Option<String> {
    let setting = |key: &str| mapper.config.get(key).map_or("", String::as_str);
    let sector = sector(client, setting("sectorIdentifierUri"))?;
    Some(subject(&sector, user_id, setting(SALT)))
}

const SALT: &str = "pairwiseSubAlgorithmSalt";

/// Sees to the salt of a mapper of a client that registers itself. Applications of one sector share one, so that they know a
/// person by one id (`OpenID` Connect Core section 8.1): those that get all that they get at their redirect URIs, of one host or
/// listed in one sector document. Whoever could get it elsewhere, as a device does, has a salt of its own, or else it would learn
/// who is who in the sector of another.
pub fn give_salt(realm: &Realm, doc: &Doc, config: &mut Doc) {
    let document = json::text(config, "sectorIdentifierUri").and_then(host);
    let first = document.clone().or_else(|| hosts(doc).flatten().next());
    let shared = |sector: &String| {
        let made = format!("{} {sector}", realm.pairwise_salt);
        b64url(&sha256(made.as_bytes()))
    };
    let mine = document.or_else(|| only_host(doc)).filter(|_| is_sent_there(doc));
    let was_shared = json::text(config, SALT).is_some_and(|salt| first.as_ref().map(shared).as_deref() == Some(salt));
    match mine {
        Some(sector) if !config.contains_key(SALT) => config.insert(SALT.into(), json!(shared(&sector))),
        None if was_shared || !config.contains_key(SALT) => config.insert(SALT.into(), json!(crate::random::uuid())),
        _ => None,
    };
}

fn host(address: &str) -> Option<String> {
    Url::parse(address).ok()?.host_str().map(str::to_owned)
}

fn hosts(doc: &Doc) -> impl Iterator<Item = Option<String>> {
    json::texts(doc, "redirectUris").into_iter().map(host)
}

/// The host of all redirect URIs, on the web.
fn only_host(doc: &Doc) -> Option<String> {
    let first = hosts(doc).next()??;
    let web = |uri: &&str| uri.starts_with("https://") || uri.starts_with("http://");
    let all = hosts(doc).all(|host| host.as_ref() == Some(&first)) && json::texts(doc, "redirectUris").iter().all(web);
    all.then_some(first)
}

/// Whether a client gets tokens of people at its redirect URIs and nowhere else.
fn is_sent_there(doc: &Doc) -> bool {
    let elsewhere = [
        "oauth2.device.authorization.grant.enabled",
        "oidc.ciba.grant.enabled",
        "standard.token.exchange.enabled",
    ];
    !json::flag(doc, "directAccessGrantsEnabled")
        && !elsewhere.iter().any(|name| json::attribute(doc, name) == Some("true"))
}

/// The host of the sector's document, else that of the client's redirect URIs.
fn sector(client: &Client, document: &str) -> Option<String> {
    host(document).or_else(|| {
        let redirects = client.texts("redirectUris");
        let root = client.text("rootUrl");
        redirects.into_iter().find_map(host).or_else(|| root.and_then(host))
    })
}

fn subject(sector: &str, user_id: &str, salt: &str) -> String {
    let hash = sha256(format!("{sector}{user_id}{salt}").as_bytes());
    // Not for secrecy: this is how a UUID of version 3 is made.
    let bytes: [u8; 16] = Md5::digest(hash).into();
    uuid::Builder::from_md5_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sector_has_its_own_id_for_a_user_and_always_the_same() {
        let one = subject("a.example.com", "u", "salt");
        assert_eq!(one, subject("a.example.com", "u", "salt"));
        assert_ne!(one, subject("b.example.com", "u", "salt"));
        assert_ne!(one, subject("a.example.com", "v", "salt"));
        assert_ne!(one, subject("a.example.com", "u", "pepper"));
        assert_eq!(one.as_bytes()[14], b'3');
    }
}
