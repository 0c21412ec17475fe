//! What the conditions about an updater need to know of them, asked for only where a realm has such conditions.

use std::collections::BTreeSet;

use super::at::Updater;
use super::rules;
use crate::app::App;
use crate::client_registration::policy::calls_from;
use crate::error::Error;
use crate::oidc::token_roles;
use crate::store::realm::Realm;
use crate::store::{client, group};

/// Who makes or changes a client.
#[derive(Default)]
pub(super) struct Gathered {
    /// The listed hosts that the caller is one of.
    pub hosts: BTreeSet<String>,
    /// The names of the groups that the user is in.
    pub groups: BTreeSet<String>,
    /// The roles that the user has: names of the realm's, `client.role` of a client's.
    pub roles: BTreeSet<String>,
}

pub(super) async fn of(app: &App, realm: &Realm, updater: &Updater<'_>) -> Result<Gathered, Error> {
    let mut known = Gathered::default();
    for (id, config) in rules::conditions(realm) {
        match (id, updater.user_id) {
            ("client-updater-source-host", _) => {
                for host in config.list("trusted-hosts") {
                    if calls_from(host, updater.caller.ip).await {
                        known.hosts.insert(host.to_owned());
                    }
                }
            }
            ("client-updater-source-groups", Some(user)) if known.groups.is_empty() => {
                let groups = group::of_user(&app.db, user).await?;
                known.groups = groups.into_iter().map(|group| group.name).collect();
            }
            ("client-updater-source-roles", Some(user)) if known.roles.is_empty() => {
                known.roles = roles(app, realm, user).await?;
            }
            _ => {}
        }
    }
    Ok(known)
}

async fn roles(app: &App, realm: &Realm, user_id: &str) -> Result<BTreeSet<String>, Error> {
    let mut names = BTreeSet::new();
    for id in token_roles::of_user(app, realm, user_id).await?.all() {
        let Some(role) = realm.roles.by_id(&id) else {
            continue;
        };
        if role.client_uuid.is_empty() {
            names.insert(role.name.clone());
        } else if let Some(holder) = client::by_id(&app.db, &realm.id, &role.client_uuid).await? {
            names.insert(format!("{}.{}", holder.client_id, role.name));
        }
    }
    Ok(names)
}
