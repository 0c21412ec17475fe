//! Roles of realms and clients, and what they are composed of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attribute_secret;
use super::cache::{KnownRoles, owner_topic, roles_topic};
use super::db::{Db, Query, Row, Tx};
use super::json::{self, Doc};
pub use super::roles::{Held, Roles};
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
    let sql = "select id, client_uuid, name, doc from role where realm_id = $1";
    let key = q.opener();
    let rows = q.again().all(sql, &[&realm_id]).await?;
    let roles = rows.into_iter().map(|row| role(&key, row)).collect::<Result<_, _>>()?;
    let sql = "select c.parent_id, c.child_id from role_composite c join role r on r.id = c.parent_id
               where r.realm_id = $1 order by c.parent_id, c.child_id";
    Ok(Roles::new(roles, pairs(q.all(sql, &[&realm_id]).await?)?))
}

/// The roles of a realm. Of those that this node knows only what has changed is read again.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn known(db: &Db, id: &str) -> Result<Arc<Roles>, Error> {
    let caches = &db.caches;
    if let Some(known) = caches.roles.get(id)
        && known.stale().is_empty()
    {
        return Ok(Arc::clone(&known.roles));
    }
    let load = async {
        let known = caches.roles.get(id);
        let read = match known.map(|known| (Arc::clone(&known.roles), known.stale().clone())) {
            Some((known, stale)) => again(db, id, &known, &stale).await?,
            None => of_realm(db, id).await?,
        };
        Ok(Some(Arc::new(KnownRoles::new(Arc::new(read)))))
    };
    let read = caches.load(&caches.roles, id.to_owned(), load).await?;
    Ok(read.map(|known| Arc::clone(&known.roles)).unwrap_or_default())
}

/// The same where those of some owners (`""`: the realm) have changed since they were read.
///
/// # Errors
///
/// Those of the database.
async fn again(mut q: impl Query, realm_id: &str, before: &Roles, owners: &BTreeSet<String>) -> Result<Roles, Error> {
    let sql = "select c.parent_id, c.child_id from role r join role_composite c on c.parent_id = r.id
               where r.realm_id = $1 and r.client_uuid = $2
               union
               select c.parent_id, c.child_id from role r join role_composite c on c.child_id = r.id
               where r.realm_id = $1 and r.client_uuid = $2";
    let (mut own, mut parts) = (Vec::new(), BTreeSet::new());
    for owner in owners {
        own.extend(of_owner(q.again(), realm_id, owner).await?);
        parts.extend(pairs(q.again().all(sql, &[&realm_id, owner]).await?)?);
    }
    Ok(before.with_owners(owners, own, parts))
}

/// Some roles and all that they contain, from the database or an open transaction; what is deeper is said to be contained directly.
///
/// # Errors
///
/// Those of the database.
pub async fn within(mut q: impl Query, realm_id: &str, ids: &[&str]) -> Result<Roles, Error> {
    let sql = "with recursive part (id) as (
                   select id from role where realm_id = $1 and id = $2
                   union
                   select c.child_id from role_composite c join part p on p.id = c.parent_id)
               select r.id, r.client_uuid, r.name, r.doc from role r join part p on p.id = r.id";
    let key = q.opener();
    let (mut roles, mut parts) = (BTreeMap::new(), Vec::new());
    for id in ids {
        for row in q.again().all(sql, &[&realm_id, id]).await? {
            let found = role(&key, row)?;
            if found.id != *id {
                parts.push(((*id).to_owned(), found.id.clone()));
            }
            roles.insert(found.id.clone(), found);
        }
    }
    Ok(Roles::new(roles.into_values().collect(), parts))
}

/// The roles of a client (`""`: of the realm), from the database or an open transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn of_owner(q: impl Query, realm_id: &str, client_uuid: &str) -> Result<Vec<Role>, Error> {
    let key = q.opener();
    let rows = q.all(OF_OWNER, &[&realm_id, &client_uuid]).await?;
    rows.into_iter().map(|row| role(&key, row)).collect()
}

const OF_OWNER: &str = "select id, client_uuid, name, doc from role where realm_id = $1 and client_uuid = $2";

fn pairs(rows: Vec<Row>) -> Result<Vec<(String, String)>, Error> {
    rows.into_iter().map(|mut r| Ok((r.next()?, r.next()?))).collect()
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
    tx.touch(owner_topic(realm_id, &role.client_uuid));
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
    tx.touch(owner_topic(realm_id, &role.client_uuid));
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
    tx.touch(roles_topic(realm_id));
    Ok(removed > 0)
}

/// Makes `child` part of `parent`; both belong to the realm.
///
/// # Errors
///
/// Those of the database.
pub async fn compose(tx: &mut Tx, realm_id: &str, parent: &str, child: &str) -> Result<(), Error> {
    insert_part(tx, parent, child).await?;
    tx.touch(roles_topic(realm_id));
    Ok(())
}

/// The same where either is a role of this owner, a client or (`""`) the realm.
///
/// # Errors
///
/// Those of the database.
pub async fn compose_of(tx: &mut Tx, realm_id: &str, owner: &str, parent: &str, child: &str) -> Result<(), Error> {
    insert_part(tx, parent, child).await?;
    tx.touch(owner_topic(realm_id, owner));
    Ok(())
}

async fn insert_part(tx: &mut Tx, parent: &str, child: &str) -> Result<(), Error> {
    let sql = "insert into role_composite (parent_id, child_id) values ($1, $2) on conflict do nothing";
    tx.exec(sql, &[&parent, &child]).await?;
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
    tx.touch(roles_topic(realm_id));
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
