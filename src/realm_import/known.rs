//! What is known of the realm that an import goes into: names and their ids, looked up once.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Refused, texts};
use crate::error::Error;
use crate::store::client::{self, Client};
use crate::store::json::Doc;
use crate::store::part::{self, Kind};
use crate::store::role::{self, Role};
use crate::store::{Tx, group, realm, role_member};

/// A client scope, as far as others refer to it.
#[derive(Clone)]
pub(super) struct Scope {
    pub id: String,
    pub name: String,
    pub protocol: String,
}

/// Names and ids of one realm, filled as they are asked for.
pub struct Known {
    /// The realm.
    pub realm_id: String,
    clients: HashMap<String, String>,
    roles: HashMap<(String, String), String>,
    groups: HashMap<String, String>,
    scopes: Option<Vec<Scope>>,
    default_scopes: Option<(Vec<String>, Vec<String>)>,
    service_clients: Vec<Client>,
    given: Vec<String>,
    joined: HashSet<String>,
    /// Organizations of the document: they are added after the users.
    pub(super) organizations: Vec<Doc>,
    flows: Option<HashMap<String, String>>,
    /// Of `master`: the realms whose administrators it holds.
    pub(super) administers: Vec<String>,
}

impl Known {
    /// Nothing is known yet of a realm.
    pub fn new(realm_id: &str) -> Self {
        Self {
            realm_id: realm_id.to_owned(),
            clients: HashMap::new(),
            roles: HashMap::new(),
            groups: HashMap::new(),
            scopes: None,
            default_scopes: None,
            service_clients: Vec::new(),
            given: Vec::new(),
            joined: HashSet::new(),
            organizations: Vec::new(),
            flows: None,
            administers: Vec::new(),
        }
    }

    /// The id of the client with a `clientId`.
    pub(super) async fn client(&mut self, tx: &mut Tx, client_id: &str) -> Result<Option<String>, Error> {
        if let Some(id) = self.clients.get(client_id) {
            return Ok(Some(id.clone()));
        }
        let found = client::read_by_client_id(&mut *tx, &self.realm_id, client_id).await?;
        let id = found.map(|c| c.id);
        if let Some(id) = &id {
            self.clients.insert(client_id.to_owned(), id.clone());
        }
        Ok(id)
    }

    /// A client has gone, or has come anew under another id; so have its roles.
    pub(super) fn forget_client(&mut self, client_id: &str) {
        if let Some(id) = self.clients.remove(client_id) {
            self.roles.retain(|(holder, _), _| *holder != id);
        }
    }

    /// The id of the role of a client (`""`: of the realm) with a name.
    pub(super) async fn role(&mut self, tx: &mut Tx, holder: &str, name: &str) -> Result<Option<String>, Error> {
        let key = (holder.to_owned(), name.to_owned());
        if let Some(id) = self.roles.get(&key) {
            return Ok(Some(id.clone()));
        }
        let id = role::id_by_name(&mut *tx, &self.realm_id, holder, name).await?;
        if let Some(id) = &id {
            self.roles.insert(key, id.clone());
        }
        Ok(id)
    }

    /// As [`Known::role`]; one that is not there is made, as Keycloak does.
    pub(super) async fn role_or_new(&mut self, tx: &mut Tx, holder: &str, name: &str) -> Result<String, Error> {
        if let Some(id) = self.role(tx, holder, name).await? {
            return Ok(id);
        }
        let new = Role {
            id: crate::random::uuid(),
            client_uuid: holder.to_owned(),
            name: name.to_owned(),
            doc: Doc::new(),
        };
        role::add(tx, &self.realm_id, &new).await?;
        self.roles.insert((holder.to_owned(), name.to_owned()), new.id.clone());
        Ok(new.id)
    }

    /// The ids of roles that are named: a list under one member, a map by `clientId` under another.
    pub(super) async fn named(
        &mut self,
        tx: &mut Tx,
        doc: &Doc,
        of_realm: &str,
        of_clients: &str,
    ) -> Result<Vec<String>, Refused> {
        let mut ids = Vec::new();
        for name in texts(doc, of_realm) {
            ids.push(self.role_or_new(tx, "", name).await?);
        }
        for (client_id, names) in doc.get(of_clients).and_then(Value::as_object).into_iter().flatten() {
            let holder = self
                .client(tx, client_id)
                .await?
                .ok_or_else(|| Refused::Bad(format!("Unable to find client role mappings for client: {client_id}")))?;
            for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
                ids.push(self.role_or_new(tx, &holder, name).await?);
            }
        }
        for id in &ids {
            if !self.given.contains(id) {
                self.given.push(id.clone());
            }
        }
        Ok(ids)
    }

    /// Somebody joined a group.
    pub(super) fn note_joined(&mut self, group_id: &str) {
        if !self.joined.contains(group_id) {
            self.joined.insert(group_id.to_owned());
        }
    }

    /// The ids of all roles that were given to somebody, by themselves or with a group, or put into others.
    pub(super) async fn take_given(&mut self, tx: &mut Tx) -> Result<Vec<String>, Error> {
        let mut given = std::mem::take(&mut self.given);
        for group_id in std::mem::take(&mut self.joined) {
            given.extend(role_member::through_group(&mut *tx, &group_id).await?);
        }
        Ok(given)
    }

    /// The id of the group at a path. Names of groups may hold slashes.
    pub(super) async fn group(&mut self, tx: &mut Tx, path: &str) -> Result<Option<String>, Error> {
        if let Some(id) = self.groups.get(path) {
            return Ok(Some(id.clone()));
        }
        let names: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let id = at(tx, &self.realm_id, "", &names).await?;
        if let Some(id) = &id {
            self.groups.insert(path.to_owned(), id.clone());
        }
        Ok(id)
    }

    /// Groups came or went.
    pub(super) fn forget_groups(&mut self) {
        self.groups.clear();
    }

    /// The id of the flow with an alias.
    pub(super) async fn flow(&mut self, tx: &mut Tx, alias: &str) -> Result<Option<String>, Error> {
        if self.flows.is_none() {
            let all = part::of_kind(&mut *tx, &self.realm_id, Kind::Flow).await?;
            self.flows = Some(all.into_iter().map(|p| (p.name, p.id)).collect());
        }
        Ok(self.flows.as_ref().and_then(|all| all.get(alias).cloned()))
    }

    /// The realm's client scopes.
    pub(super) async fn scopes(&mut self, tx: &mut Tx) -> Result<&[Scope], Error> {
        if self.scopes.is_none() {
            let all = part::of_kind(&mut *tx, &self.realm_id, Kind::ClientScope).await?;
            let scopes = all.into_iter().map(|p| Scope {
                protocol: p
                    .doc
                    .get("protocol")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                id: p.id,
                name: p.name,
            });
            self.scopes = Some(scopes.collect());
        }
        Ok(self.scopes.as_deref().unwrap_or_default())
    }

    /// The names of the scopes that clients of a protocol get if they name none: default and optional ones.
    pub(super) async fn scopes_of_realm(
        &mut self,
        tx: &mut Tx,
        protocol: &str,
    ) -> Result<(Vec<String>, Vec<String>), Error> {
        if self.default_scopes.is_none() {
            let doc = realm::latest(tx, &self.realm_id).await?.unwrap_or_default();
            let list = |key: &str| texts(&doc, key).map(str::to_owned).collect();
            self.default_scopes = Some((list("defaultDefaultClientScopes"), list("defaultOptionalClientScopes")));
        }
        let (default, optional) = self.default_scopes.clone().unwrap_or_default();
        let scopes = self.scopes(tx).await?;
        let fitting = |names: Vec<String>| -> Vec<String> {
            let fits = |name: &String| scopes.iter().any(|s| s.name == *name && s.protocol == protocol);
            names.into_iter().filter(fits).collect()
        };
        Ok((fitting(default), fitting(optional)))
    }

    /// A client came whose service account must be there at the end.
    pub(super) fn wants_service_account(&mut self, client: Client) {
        self.service_clients.push(client);
    }

    /// Those clients.
    pub(super) fn take_service_clients(&mut self) -> Vec<Client> {
        std::mem::take(&mut self.service_clients)
    }
}

/// The group under another that these names lead to; a group's own name may be several of them, with slashes between.
async fn at(tx: &mut Tx, realm_id: &str, parent: &str, names: &[&str]) -> Result<Option<String>, Error> {
    for n in 1..=names.len().min(8) {
        let Some(found) = group::by_name(&mut *tx, realm_id, parent, &names[..n].join("/")).await? else {
            continue;
        };
        if n == names.len() {
            return Ok(Some(found.id));
        }
        if let Some(below) = Box::pin(at(tx, realm_id, &found.id, &names[n..])).await? {
            return Ok(Some(below));
        }
    }
    Ok(None)
}
