//! Everything that tokens are made from, read before the first claim.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::access::{self, Named};
use super::resource;
use super::scope::{Organizations, Scopes};
use crate::app::App;
use crate::error::Error;
use crate::login::loa;
use crate::oidc::token_roles;
use crate::organization::{self, claims::MemberOf};
use crate::privilege::{self, Passed};
use crate::store::client::{self, Client};
use crate::store::group::{self, Group};
use crate::store::json::{self, Doc};
use crate::store::realm::{ProtocolMapper, Realm};
use crate::store::role::Held;
use crate::store::user::User;

/// Of so many clients a token names the roles, whosever they are.
const MANY_OWNERS: usize = 30;

/// A group that the user is in, with its path.
#[derive(Debug, Clone)]
pub struct Membership {
    pub path: String,
    pub group: Group,
}

/// What mappers look at.
#[derive(Clone)]
pub struct Context {
    pub realm: Arc<Realm>,
    pub client: Arc<Client>,
    pub user: User,
    pub scopes: Scopes,
    /// Notes of the session: `AUTH_TIME`, `clientHost` ...
    pub notes: Doc,
    /// Notes of the client's part: `acr`, `SSO_AUTH` ...
    pub part_notes: Doc,
    /// The roles that pass to this client.
    pub passed: Passed,
    /// The same by name.
    pub named: Named,
    /// Every role of the user.
    pub all_roles: Held,
    pub groups: Vec<Membership>,
    /// The organizations that tokens tell of.
    pub organizations: Vec<MemberOf>,
    /// The client's own mappers.
    own_mappers: Vec<ProtocolMapper>,
}

impl Context {
    /// Reads roles and groups, and drops the scopes that the user may not have.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn load(
        app: &App,
        realm: &Arc<Realm>,
        client: &Arc<Client>,
        user: User,
        mut scopes: Scopes,
        notes: Doc,
        part_notes: Doc,
    ) -> Result<Self, Error> {
        let all_roles = token_roles::of_user(app, realm, &user.id).await?;
        scopes.permit(realm, &all_roles);
        let passed = access::passed(realm, client, &scopes, &all_roles);
        let passed = privilege::withhold(app, realm, client, &user, passed).await?;
        let named = name(app, realm, &passed.ids()).await?;
        let mut groups = Vec::new();
        for group in group::of_user(&app.db, &user.id).await? {
            let path = group::path(&app.db, &realm.id, &group).await?;
            groups.push(Membership { path, group });
        }
        let organizations = organizations(app, realm, &user, &mut scopes).await?;
        Ok(Self {
            realm: Arc::clone(realm),
            client: Arc::clone(client),
            user,
            scopes,
            notes,
            part_notes,
            passed,
            named,
            all_roles,
            groups,
            organizations,
            own_mappers: own_mappers(client),
        })
    }

    /// The same with the scopes only that these resources know.
    #[must_use]
    pub fn narrowed(&self, resources: &[String]) -> Self {
        let mut narrowed = self.clone();
        resource::narrow(&self.realm, resources, &mut narrowed.scopes);
        narrowed
    }

    /// Leaves the roles at these clients only; without a name those at all.
    pub fn keep_clients(&mut self, names: &[String]) {
        if !names.is_empty() {
            self.named.clients.retain(|(id, _)| names.contains(id));
        }
    }

    /// The mappers of the client itself and of its client scopes.
    pub fn mappers(&self) -> impl Iterator<Item = &ProtocolMapper> {
        let of_scopes = self.scopes.iter(&self.realm).flat_map(|s| s.protocol_mappers.iter());
        let all = self.own_mappers.iter().chain(of_scopes);
        all.filter(|m| m.protocol == "openid-connect")
    }

    /// Whether a role that passes has this id.
    pub fn passes_role(&self, client_uuid: &str, name: &str) -> bool {
        let role = self.realm.roles.by_name(client_uuid, name);
        role.is_some_and(|role| self.passed.contains(&role.id))
    }

    /// How the user proved themselves: `1` with a password, `0` when an earlier session was enough.
    pub fn acr(&self) -> String {
        match json::text(&self.part_notes, "acr") {
            Some(acr) => acr.to_owned(),
            None => {
                let anew = json::text(&self.part_notes, "SSO_AUTH") != Some("true");
                loa::name_of(&self.realm, &self.client, i64::from(anew))
            }
        }
    }

    /// The values of a user's attribute or property, or, where the user has none, of their groups'.
    pub fn attribute(&self, name: &str, aggregate: bool) -> Vec<String> {
        let own = match name {
            "username" => vec![self.user.username.clone()],
            "email" => self.user.email.iter().cloned().collect(),
            "firstName" => self.user.first_name.iter().cloned().collect(),
            "lastName" => self.user.last_name.iter().cloned().collect(),
            _ => self.user.attributes.get(name).cloned().unwrap_or_default(),
        };
        if !own.is_empty() && !aggregate {
            return own;
        }
        let mut found = own;
        for membership in &self.groups {
            let values = membership
                .group
                .doc
                .get("attributes")
                .and_then(|a| a.get(name)?.as_array());
            for value in values.into_iter().flatten().filter_map(Value::as_str) {
                if !found.iter().any(|known| known == value) {
                    found.push(value.to_owned());
                }
            }
            if !found.is_empty() && !aggregate {
                break;
            }
        }
        found
    }
}

/// Those of the user's organizations that the scopes ask for.
async fn organizations(app: &App, realm: &Realm, user: &User, scopes: &mut Scopes) -> Result<Vec<MemberOf>, Error> {
    if scopes.organizations == Organizations::None {
        return Ok(Vec::new());
    }
    let mut all = organization::claims::of_user(app, realm, &user.id).await?;
    let aliases: Vec<&str> = all.iter().map(|m| m.organization.alias.as_str()).collect();
    scopes.keep_organizations(realm, &aliases);
    match &scopes.organizations {
        Organizations::None => all.clear(),
        Organizations::Any if all.len() > 1 => all.clear(),
        Organizations::Any | Organizations::All => {}
        Organizations::These(asked) => all.retain(|m| asked.contains(&m.organization.alias)),
    }
    Ok(all)
}

/// The mappers that a client has itself.
pub(super) fn own_mappers(client: &Client) -> Vec<ProtocolMapper> {
    let own = client.doc.get("protocolMappers").and_then(Value::as_array);
    let read = |m| ProtocolMapper::deserialize(m).ok();
    own.into_iter().flatten().filter_map(read).collect()
}

/// Names roles, and the clients that have them. A disabled client's roles count no more.
///
/// In `master` the clients of the other realms are left out where they are many, or an administrator's token would be too
/// long to be sent: what administrators may, the Admin API looks up, whatever their tokens say.
async fn name(app: &App, realm: &Realm, ids: &BTreeSet<String>) -> Result<Named, Error> {
    let mut by_owner: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for role in ids.iter().filter_map(|id| realm.roles.by_id(id)) {
        by_owner.entry(&role.client_uuid).or_default().push(role.name.clone());
    }
    let mut named = Named {
        realm: by_owner.remove("").unwrap_or_default(),
        clients: Vec::new(),
    };
    named.realm.sort_unstable();
    let many = by_owner.len() > MANY_OWNERS;
    for (owner, mut roles) in by_owner {
        let Some(owner) = client::by_id(&app.db, &realm.id, owner).await? else {
            continue;
        };
        let left_out = many && privilege::is_of_other_realm(realm, &owner);
        if owner.enabled() && !left_out {
            roles.sort_unstable();
            named.clients.push((owner.client_id.clone(), roles));
        }
    }
    named.clients.sort();
    Ok(named)
}
