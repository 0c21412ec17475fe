//! Whom a token is for.

use super::super::access::Named;
use super::super::claims::Claims;
use super::super::context::Context;
use crate::store::realm::ProtocolMapper;

/// An audience that an administrator named: a client, or any text.
pub(super) fn fixed(mapper: &ProtocolMapper, claims: &mut Claims) {
    let named = ["included.client.audience", "included.custom.audience"];
    let audience = named
        .iter()
        .find_map(|key| mapper.config.get(*key).filter(|v| !v.is_empty()));
    if let Some(audience) = audience {
        claims.add_audience(audience);
    }
}

/// Every other client that the user has roles of.
pub(super) fn resolve(context: &Context, named: &Named, claims: &mut Claims) {
    for (client_id, roles) in &named.clients {
        if *client_id != context.client.client_id && !roles.is_empty() {
            claims.add_audience(client_id);
        }
    }
}
