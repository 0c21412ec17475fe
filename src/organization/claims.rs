//! What tokens tell of a user's organizations.

use std::collections::BTreeMap;

use crate::app::App;
use crate::error::Error;
use crate::store::organization::{self, Organization};
use crate::store::realm::Realm;
use crate::store::{client, organization_domain, organization_group};

/// An organization that a user is a member of.
#[derive(Debug, Clone)]
pub struct MemberOf {
    pub organization: Organization,
    pub domains: Vec<String>,
    /// Paths of the groups in it that the user is in.
    pub groups: Vec<String>,
    /// Names of the realm's roles that these groups have.
    pub realm_roles: Vec<String>,
    /// The same of clients' roles, by `client_id`.
    pub client_roles: BTreeMap<String, Vec<String>>,
}

/// The organizations of a user that are enabled, by alias.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(app: &App, realm: &Realm, user_id: &str) -> Result<Vec<MemberOf>, Error> {
    let mut all = Vec::new();
    for organization in organization::of_user(&app.db, &realm.id, user_id).await? {
        if organization.enabled {
            all.push(one(app, realm, user_id, organization).await?);
        }
    }
    Ok(all)
}

async fn one(app: &App, realm: &Realm, user_id: &str, organization: Organization) -> Result<MemberOf, Error> {
    let domains = organization_domain::of(&app.db, &organization.id).await?;
    let mut member = MemberOf {
        domains: domains.into_iter().map(|d| d.name).collect(),
        groups: Vec::new(),
        realm_roles: Vec::new(),
        client_roles: BTreeMap::new(),
        organization,
    };
    let id = member.organization.id.clone();
    for group in organization_group::of_user(&app.db, &id, user_id).await? {
        member
            .groups
            .push(organization_group::path(&app.db, &id, &group).await?);
        for role in organization_group::roles(&app.db, &group.id).await? {
            let Some(role) = realm.roles.by_id(&role) else { continue };
            let names = if role.client_uuid.is_empty() {
                &mut member.realm_roles
            } else {
                match client::by_id(&app.db, &realm.id, &role.client_uuid).await? {
                    Some(c) => member.client_roles.entry(c.client_id.clone()).or_default(),
                    None => continue,
                }
            };
            if !names.contains(&role.name) {
                names.push(role.name.clone());
            }
        }
    }
    member.groups.sort_unstable();
    Ok(member)
}
