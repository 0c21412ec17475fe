//! Roles of realms and clients, and what they are composed of.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::attribute_secret;
use super::cache::realm_topic;
use super::db::{Query, Row, Tx};
use super::json::{self, Doc};
use crate::error::Error;
use crate::secret_key::SecretKey;

/// A role. `client_uuid` is empty for a role of the realm itself.
#[derive(Debug, Clone)]
pub struct Role {
    pub id: String,
    pub client_uuid: String,
    pub name: String,
    /// `description` and `attributes` as in Keycloak's `RoleRepresentation`.
    pub doc: Doc,
}

/// All roles of a realm with their composites, as part of its snapshot.
#[derive(Debug, Default)]
pub struct Roles {
    by_id: HashMap<String, Arc<Role>>,
    by_name: HashMap<(String, String), String>,
    children: HashMap<String, Vec<String>>,
}

impl Roles {
    /// The role with an id.
    pub fn by_id(&self, id: &str) -> Option<&Arc<Role>> {
        self.by_id.get(id)
    }

    /// The role of a client (`""`: of the realm) with a name.
    pub fn by_name(&self, client_uuid: &str, name: &str) -> Option<&Arc<Role>> {
        self.by_id
            .get(self.by_name.get(&(client_uuid.to_owned(), name.to_owned()))?)
    }

    /// The roles of a client (`""`: of the realm), by name.
    pub fn of(&self, client_uuid: &str) -> Vec<&Arc<Role>> {
        let mut found: Vec<_> = self.by_id.values().filter(|r| r.client_uuid == client_uuid).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// All roles, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.by_id.values()
    }

    /// The roles that a role is directly composed of.
    pub fn children(&self, id: &str) -> &[String] {
        self.children.get(id).map_or(&[], Vec::as_slice)
    }

    /// These roles and all that they contain, at any depth; circles do no harm.
    pub fn expand<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut open: Vec<&str> = ids.into_iter().collect();
        while let Some(id) = open.pop() {
            if self.by_id.contains_key(id) && all.insert(id.to_owned()) {
                open.extend(self.children(id).iter().map(String::as_str));
            }
        }
        all
    }
}

/// Reads a row of all columns.
fn role(key: &SecretKey, mut r: Row) -> Result<Role, Error> {
    let mut role = Role {
        id: r.next()?,
        client_uuid: r.next()?,
        name: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    };
    attribute_secret::open(key, &role.id, &mut role.doc);
    Ok(role)
}

/// Reads all roles of a realm.
///
/// # Errors
///
/// Those of the database.
pub async fn of_realm(mut q: impl Query, realm_id: &str) -> Result<Roles, Error> {
    let mut roles = Roles::default();
    let sql = "select id, client_uuid, name, doc from role where realm_id = $1";
    let key = q.opener();
    for r in q.again().all(sql, &[&realm_id]).await? {
        let role = role(&key, r)?;
        roles
            .by_name
            .insert((role.client_uuid.clone(), role.name.clone()), role.id.clone());
        roles.by_id.insert(role.id.clone(), Arc::new(role));
    }
    let sql = "select c.parent_id, c.child_id from role_composite c join role r on r.id = c.parent_id
               where r.realm_id = $1 order by c.parent_id, c.child_id";
    for mut r in q.all(sql, &[&realm_id]).await? {
        roles.children.entry(r.next()?).or_default().push(r.next()?);
    }
    Ok(roles)
}

/// The role with an id, from the database or an open transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, realm_id: &str, id: &str) -> Result<Option<Role>, Error> {
    let sql = "select id, client_uuid, name, doc from role where realm_id = $1 and id = $2";
    let key = q.opener();
    let row = q.first(sql, &[&realm_id, &id]).await?;
    row.map(|row| role(&key, row)).transpose()
}

/// The id of the role of a client (`""`: of the realm) with a name, from the database or an open transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn id_by_name(q: impl Query, realm_id: &str, client_uuid: &str, name: &str) -> Result<Option<String>, Error> {
    let sql = "select id from role where realm_id = $1 and client_uuid = $2 and name = $3";
    let row = q.first(sql, &[&realm_id, &client_uuid, &name]).await?;
    row.map(|mut r| r.next()).transpose()
}

/// Adds a role, unless its client (or realm) has one of that name: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, role: &Role) -> Result<bool, Error> {
    let doc = serde_json::to_string(&attribute_secret::sealed(tx, &role.id, &role.doc)?)?;
    let added = tx
        .exec(
            "insert into role (id, realm_id, client_uuid, name, doc) values ($1, $2, $3, $4, $5) on conflict do nothing",
            &[&role.id, &realm_id, &role.client_uuid, &role.name, &doc],
        )
        .await?;
    tx.touch(realm_topic(realm_id));
    Ok(added > 0)
}

/// Changes name, description and attributes of a role. `false` if it is not there.
///
/// # Errors
///
/// Those of the database, a taken name among them: look first.
pub async fn update(tx: &mut Tx, realm_id: &str, role: &Role) -> Result<bool, Error> {
    let doc = serde_json::to_string(&attribute_secret::sealed(tx, &role.id, &role.doc)?)?;
    let sql = "update role set name = $3, doc = $4 where realm_id = $1 and id = $2";
    let changed = tx.exec(sql, &[&realm_id, &role.id, &role.name, &doc]).await?;
    tx.touch(realm_topic(realm_id));
    Ok(changed > 0)
}

/// Removes a role wherever it is used. `false` if it is not there.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, id: &str) -> Result<bool, Error> {
    let removed = tx
        .exec("delete from role where realm_id = $1 and id = $2", &[&realm_id, &id])
        .await?;
    tx.touch(realm_topic(realm_id));
    Ok(removed > 0)
}

/// Makes `child` part of `parent`; both belong to the realm.
///
/// # Errors
///
/// Those of the database.
pub async fn compose(tx: &mut Tx, realm_id: &str, parent: &str, child: &str) -> Result<(), Error> {
    let sql = "insert into role_composite (parent_id, child_id) values ($1, $2) on conflict do nothing";
    tx.exec(sql, &[&parent, &child]).await?;
    tx.touch(realm_topic(realm_id));
    Ok(())
}

/// Takes `child` out of `parent`.
///
/// # Errors
///
/// Those of the database.
pub async fn decompose(tx: &mut Tx, realm_id: &str, parent: &str, child: &str) -> Result<(), Error> {
    tx.exec(
        "delete from role_composite where parent_id = $1 and child_id = $2",
        &[&parent, &child],
    )
    .await?;
    tx.touch(realm_topic(realm_id));
    Ok(())
}

/// Gives a user a role.
///
/// # Errors
///
/// Those of the database.
pub async fn grant_to_user(tx: &mut Tx, user_id: &str, role_id: &str) -> Result<(), Error> {
    let sql = "insert into account_role (account_id, role_id) values ($1, $2) on conflict do nothing";
    tx.exec(sql, &[&user_id, &role_id]).await?;
    Ok(())
}

/// Takes a role from a user.
///
/// # Errors
///
/// Those of the database.
pub async fn revoke_from_user(tx: &mut Tx, user_id: &str, role_id: &str) -> Result<(), Error> {
    tx.exec(
        "delete from account_role where account_id = $1 and role_id = $2",
        &[&user_id, &role_id],
    )
    .await?;
    Ok(())
}

/// The ids of the roles that a user has directly.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, user_id: &str) -> Result<Vec<String>, Error> {
    let rows = q
        .all(
            "select role_id from account_role where account_id = $1 order by role_id",
            &[&user_id],
        )
        .await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}

/// The ids of the roles that a user has directly or through groups and the groups above those; not expanded.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user_and_groups(mut q: impl Query, user_id: &str) -> Result<Vec<String>, Error> {
    // Most people are in no group, and groups cost a recursive query.
    let sql = "select role_id, null from account_role where account_id = $1
               union all select null, group_id from account_group where account_id = $1";
    let mut roles: Vec<String> = Vec::new();
    let mut in_groups = false;
    for mut row in q.again().all(sql, &[&user_id]).await? {
        match row.next::<Option<String>>()? {
            Some(role) => roles.push(role),
            None => in_groups = true,
        }
    }
    if in_groups {
        roles.extend(of_groups_of(q, user_id).await?);
    }
    Ok(roles)
}

async fn of_groups_of(q: impl Query, user_id: &str) -> Result<Vec<String>, Error> {
    let sql = "with recursive g (id, parent_id) as (
                   select u.id, u.parent_id from account_group a join user_group u on u.id = a.group_id
                   where a.account_id = $1
                   union
                   select p.id, p.parent_id from user_group p join g on p.id = g.parent_id)
               select distinct role_id from group_role where group_id in (select id from g)";
    let rows = q.all(sql, &[&user_id]).await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}
