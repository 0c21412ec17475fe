//! Names behind ids: an export names clients, roles and groups, where the database has their ids.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;
use crate::store::client;
use crate::store::group::{self, Group};
use crate::store::realm::Realm;
use crate::store::role::Role;
use crate::store::role_member;

/// Clients that are read at a time.
pub(super) const PAGE: i64 = 500;

/// The names of everything in a realm that an export refers to by name.
pub struct Names {
    /// Ids and `clientId`s, by `clientId`.
    pub(super) clients: Vec<(String, String)>,
    /// By id, which roles a client may pass on.
    pub(super) passed: HashMap<String, Vec<String>>,
    client_ids: HashMap<String, String>,
    pub(super) groups: Vec<Group>,
    pub(super) group_roles: HashMap<String, Vec<String>>,
    paths: HashMap<String, String>,
}

impl Names {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn of(app: &App, realm: &Realm) -> Result<Self, Error> {
        let mut clients = Vec::new();
        let mut passed = HashMap::new();
        loop {
            let page = client::search(&app.db, &realm.id, "", clients.len() as i64, PAGE).await?;
            let last = page.len() < PAGE as usize;
            for c in page {
                let roles: Vec<String> = c.texts("_scopeRoles").into_iter().map(str::to_owned).collect();
                if !roles.is_empty() {
                    passed.insert(c.id.clone(), roles);
                }
                clients.push((c.id, c.client_id));
            }
            if last {
                break;
            }
        }
        let groups = group::of_realm(&app.db, &realm.id).await?;
        let mut group_roles: HashMap<String, Vec<String>> = HashMap::new();
        for (group, role) in role_member::of_groups(&app.db, &realm.id).await? {
            group_roles.entry(group).or_default().push(role);
        }
        Ok(Self {
            client_ids: clients.iter().cloned().collect(),
            clients,
            passed,
            paths: paths(&groups),
            groups,
            group_roles,
        })
    }

    /// The `clientId` of a client.
    pub(super) fn client(&self, id: &str) -> Option<&str> {
        self.client_ids.get(id).map(String::as_str)
    }

    /// The path of a group.
    pub(super) fn path(&self, id: &str) -> Option<&str> {
        self.paths.get(id).map(String::as_str)
    }

    /// The names of roles by their ids: those of the realm, and those of clients by `clientId`; in order.
    pub(super) fn roles<'a>(
        &'a self,
        realm: &'a Realm,
        ids: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> (Vec<&'a str>, BTreeMap<&'a str, Vec<&'a str>>) {
        let (mut of_realm, mut of_clients): (Vec<&str>, BTreeMap<&str, Vec<&str>>) = Default::default();
        for role in ids.into_iter().filter_map(|id| realm.roles.by_id(id.as_ref())) {
            if role.client_uuid.is_empty() {
                of_realm.push(&role.name);
            } else if let Some(client_id) = self.client(&role.client_uuid) {
                of_clients.entry(client_id).or_default().push(&role.name);
            }
        }
        of_realm.sort_unstable();
        for names in of_clients.values_mut() {
            names.sort_unstable();
        }
        (of_realm, of_clients)
    }

    /// The paths of the groups that everybody joins.
    pub(super) fn default_groups(&self, realm: &Realm) -> Value {
        let paths: Vec<&str> = realm
            .texts("defaultGroups")
            .into_iter()
            .filter_map(|id| self.path(id))
            .collect();
        if paths.is_empty() { Value::Null } else { json!(paths) }
    }

    /// A role's owner, by `clientId`; `""` is the realm.
    pub(super) fn owner(&self, role: &Role) -> Option<&str> {
        if role.client_uuid.is_empty() {
            Some("")
        } else {
            self.client(&role.client_uuid)
        }
    }
}

fn paths(groups: &[Group]) -> HashMap<String, String> {
    let by_id: HashMap<&str, &Group> = groups.iter().map(|g| (g.id.as_str(), g)).collect();
    let path = |group: &Group| {
        let mut names = vec![group.name.as_str()];
        let mut above = group.parent_id.as_str();
        while let Some(parent) = by_id.get(above).filter(|_| names.len() < 1000) {
            names.push(&parent.name);
            above = &parent.parent_id;
        }
        names.reverse();
        format!("/{}", names.join("/"))
    };
    groups.iter().map(|g| (g.id.clone(), path(g))).collect()
}
