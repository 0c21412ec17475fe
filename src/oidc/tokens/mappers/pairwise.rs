//! Pairwise subjects: each sector of applications knows a user under another id. OpenID Connect Core section 8.1.
//!
//! The ids are Keycloak's, so that an imported realm's applications know their users again.

use md5::{Digest as _, Md5};
use url::Url;

use super::super::claims::Claims;
use super::super::context::Context;
use crate::store::client::Client;
use crate::store::realm::ProtocolMapper;

/// The provider of these mappers.
pub(super) const PROVIDER: &str = "oidc-sha256-pairwise-sub-mapper";

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
    Some(subject(&sector, user_id, setting("pairwiseSubAlgorithmSalt")))
}

/// The host of the sector's document, else that of the client's redirect URIs.
fn sector(client: &Client, document: &str) -> Option<String> {
    let host = |address: &str| Url::parse(address).ok()?.host_str().map(str::to_owned);
    host(document).or_else(|| {
        let redirects = client.texts("redirectUris");
        let root = client.text("rootUrl");
        redirects.into_iter().find_map(host).or_else(|| root.and_then(host))
    })
}

fn subject(sector: &str, user_id: &str, salt: &str) -> String {
    let hash = vestibule_jose::digest::sha256(format!("{sector}{user_id}{salt}").as_bytes());
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
