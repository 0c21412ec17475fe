//! Settings that name roles, groups or client scopes: those must be there, and be of use. What was named before is let be, as a realm whose
//! role is gone since is sent back as it was read.

use serde_json::Value;

use super::error::ApiError;
use crate::app::App;
use crate::approval::{Stage, role_id};
use crate::error::Error;
use crate::privilege;
use crate::store::realm::{Component, Realm};
use crate::store::{client, group};

/// What a setting names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Roles of the realm, or `client:role`.
    Roles,
    /// The same for applications, which are never given those that administer.
    RolesOfApplications,
    /// Roles and groups that decide.
    Stages,
    /// Paths of groups.
    Groups,
    ClientScopes,
}

/// Attributes of a realm that name something.
const OF_REALM: [(&str, Names); 6] = [
    ("clientRegistration.approval.stages", Names::Stages),
    ("clientRegistration.roles", Names::RolesOfApplications),
    ("clientRegistration.scopes.default", Names::ClientScopes),
    ("registration.approval.stages", Names::Stages),
    ("registration.roles", Names::Roles),
    ("registration.groups", Names::Groups),
];

/// Settings of registration policies that name something, by provider.
const OF_POLICIES: [(&str, &str, Names); 2] = [
    ("assign-roles", "roles", Names::RolesOfApplications),
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
        if kept.contains(&name) {
            continue;
        }
        let shown: String = name.chars().take(40).collect();
        let missing = |what: &str| ApiError::bad(&format!("{key}: there is no {what} \"{shown}\""));
        match kind {
            Names::ClientScopes => {
                realm.client_scope(name).ok_or_else(|| missing("client scope"))?;
            }
            Names::Groups => has_group(app, realm, name).await?.ok_or_else(|| missing("group"))?,
            Names::Roles => {
                role(app, realm, name).await?.ok_or_else(|| missing("role"))?;
            }
            Names::RolesOfApplications => {
                let id = role(app, realm, name).await?.ok_or_else(|| missing("role"))?;
                if !privilege::among(&app.db, realm, &realm.roles, &[&id]).await?.is_empty() {
                    let text = format!("{key}: the role \"{shown}\" administers, and is never given automatically");
                    return Err(ApiError::bad(&text));
                }
            }
            // What is no stage is told elsewhere.
            Names::Stages => match Stage::parse(name) {
                Some(Stage::Role(name)) => {
                    role_id(&app.db, realm, name).await?.ok_or_else(|| missing("role"))?;
                }
                Some(Stage::Group(path)) => has_group(app, realm, path).await?.ok_or_else(|| missing("group"))?,
                Some(Stage::Any) | None => {}
            },
        }
    }
    Ok(())
}

async fn has_group(app: &App, realm: &Realm, path: &str) -> Result<Option<()>, Error> {
    Ok(group::by_path(&app.db, &realm.id, path).await?.map(drop))
}

/// The id of a role of the realm, or of `client:role`.
async fn role(app: &App, realm: &Realm, name: &str) -> Result<Option<String>, Error> {
    let holder = match name.split_once(':') {
        None => Some(String::new()),
        Some((client_id, _)) => client::by_client_id(&app.db, &realm.id, client_id)
            .await?
            .map(|holder| holder.id.clone()),
    };
    let own = name.split_once(':').map_or(name, |(_, own)| own);
    let found = holder.and_then(|holder| realm.roles.by_name(&holder, own));
    Ok(found.map(|role| role.id.clone()))
}
