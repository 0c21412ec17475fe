//! Where somebody writes, and for which client scopes they were sent there.

use super::Context;
use crate::oidc::tokens::scope::{self, Scopes};
use crate::store::client::Client;
use crate::store::realm::Realm;

/// A context, and the client scopes that an application asked for when it sent somebody there (its default ones are always
/// asked for). Attributes may be there, or required, for some of them only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub context: Context,
    scopes: Vec<String>,
}

impl Place {
    /// A context to which no application sent anybody.
    pub fn of(context: Context) -> Self {
        let scopes = Vec::new();
        Self { context, scopes }
    }

    /// A context to which an application sent somebody, with the scopes as it wrote them.
    pub fn asked(realm: &Realm, context: Context, client: Option<&Client>, written: Option<&str>) -> Self {
        let Some(client) = client else {
            return Self::of(context);
        };
        Self::scoped(
            realm,
            context,
            &scope::known(realm, client, written.unwrap_or_default()),
        )
    }

    /// The same where it is known already which client scopes these are.
    pub fn scoped(realm: &Realm, context: Context, asked: &Scopes) -> Self {
        let scopes = asked.iter(realm).map(|s| s.name.clone()).collect();
        Self { context, scopes }
    }

    /// Whether one of these client scopes was asked for. Administrators are sent by nobody.
    pub(super) fn has_any(&self, scopes: &[String]) -> bool {
        !self.context.is_admin() && scopes.iter().any(|name| self.scopes.contains(name))
    }
}
