//! Settings that name roles, groups or client scopes: those must be there. What was named before is let be, as a realm whose
//! role is gone since is sent back as it was read.

use serde_json::Value;

use super::error::ApiError;
use crate::app::App;
use crate::error::Error;
use crate::store::realm::{Component, Realm};
use crate::store::{client, group};

/// What a setting names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Roles of the realm, or `client:role`.
    Roles,
    /// Paths of groups.
    Groups,
    ClientScopes,
}

/// Attributes of a realm that name something.
const OF_REALM: [(&str, Names); 4] = [
    ("clientRegistration.roles", Names::Roles),
    ("clientRegistration.scopes.default", Names::ClientScopes),
    ("registration.roles", Names::Roles),
    ("registration.groups", Names::Groups),
];

/// Settings of registration policies that name something, by provider.
const OF_POLICIES: [(&str, &str, Names); 2] = [
    ("assign-roles", "roles", Names::Roles),
    ("default-scopes", "scopes", Names::ClientScopes),
];

/// Looks at the attributes of a realm that is changed.
///
/// # Errors
///
/// 400 with the first name that nothing has; those of the database.
pub(super) async fn check_realm(app: &App, realm: &Realm, attributes: Option<&Value>) -> Result<(), ApiError> {
    for (key, kind) in OF_REALM {
        let kept: Vec<&str> = realm.listed(key).collect();
        let wanted = attributes.and_then(|all| all[key].as_str()).unwrap_or_default();
        check(app, realm, kind, key, wanted.split(','), &kept).await?;
    }
    Ok(())
}

/// Looks at a registration policy; `before`: as it was.
///
/// # Errors
///
/// As [`check_realm`].
pub(super) async fn check_policy(
    app: &App,
    realm: &Realm,
    before: Option<&Component>,
    policy: &Component,
) -> Result<(), ApiError> {
    for (provider, key, kind) in OF_POLICIES {
        if policy.provider_id != provider {
            continue;
        }
        let named = |of: &'_ Component| of.config.get(key).cloned().unwrap_or_default();
        let (kept, wanted) = (before.map(named).unwrap_or_default(), named(policy));
        let kept: Vec<&str> = kept.iter().map(|name| name.trim()).collect();
        check(app, realm, kind, key, wanted.iter().map(String::as_str), &kept).await?;
    }
    Ok(())
}

async fn check(
    app: &App,
    realm: &Realm,
    kind: Names,
    key: &str,
    wanted: impl Iterator<Item = &str>,
    kept: &[&str],
) -> Result<(), ApiError> {
    for name in wanted.map(str::trim).filter(|name| !name.is_empty()) {
        if kept.contains(&name) || is_there(app, realm, kind, name).await? {
            continue;
        }
        let what = match kind {
            Names::Roles => "role",
            Names::Groups => "group",
            Names::ClientScopes => "client scope",
        };
        let shown: String = name.chars().take(40).collect();
        return Err(ApiError::bad(&format!("{key}: there is no {what} \"{shown}\"")));
    }
    Ok(())
}

async fn is_there(app: &App, realm: &Realm, kind: Names, name: &str) -> Result<bool, Error> {
    Ok(match kind {
        Names::ClientScopes => realm.client_scope(name).is_some(),
        Names::Groups => group::by_path(&app.db, &realm.id, name).await?.is_some(),
        Names::Roles => match name.split_once(':') {
            None => realm.roles.by_name("", name).is_some(),
            Some((client_id, role)) => {
                let holder = client::by_client_id(&app.db, &realm.id, client_id).await?;
                holder.is_some_and(|holder| realm.roles.by_name(&holder.id, role).is_some())
            }
        },
    })
}
