//! Groups inside an organization, apart from those of the realm.

use std::collections::HashSet;

use super::attribute_secret;
use super::clause::Clause;
use super::db::{Db, Query, Tx};
use super::group::{COLUMNS, Group, group};
use super::user::escape_like;
use crate::error::Error;

/// The group with an id, in an organization.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, organization_id: &str, id: &str) -> Result<Option<Group>, Error> {
    let sql = format!("select {COLUMNS} from organization_group where organization_id = $1 and id = $2");
    let key = q.opener();
    let row = q.first(&sql, &[&organization_id, &id]).await?;
    row.map(|row| group(&key, row)).transpose()
}

/// Whether an organization of a realm has a group with an id.
///
/// # Errors
///
/// Those of the database.
pub async fn is_in_realm(q: impl Query, realm_id: &str, id: &str) -> Result<bool, Error> {
    let sql = "select 1 from organization_group g join organization o on o.id = g.organization_id
               where o.realm_id = $1 and g.id = $2";
    Ok(q.first(sql, &[&realm_id, &id]).await?.is_some())
}

/// The group of a name directly under another, or under the organization's own.
///
/// # Errors
///
/// Those of the database.
pub async fn by_name(
    q: impl Query,
    organization_id: &str,
    parent_id: &str,
    name: &str,
) -> Result<Option<Group>, Error> {
    let sql =
        format!("select {COLUMNS} from organization_group where organization_id = $1 and parent_id = $2 and name = $3");
    let key = q.opener();
    let row = q.first(&sql, &[&organization_id, &parent_id, &name]).await?;
    row.map(|row| group(&key, row)).transpose()
}

/// The path of a group, from the top: `/staff/legal`. A circle ends where it closes.
///
/// # Errors
///
/// Those of the database.
pub async fn path(mut q: impl Query, organization_id: &str, g: &Group) -> Result<String, Error> {
    let mut path = format!("/{}", g.name);
    let mut parent = g.parent_id.clone();
    let mut seen = HashSet::from([g.id.clone()]);
    while seen.insert(parent.clone()) {
        let Some(above) = by_id(q.again(), organization_id, &parent).await? else {
            break;
        };
        path = format!("/{}{path}", above.name);
        parent = above.parent_id;
    }
    Ok(path)
}

/// The groups of an organization that a user is in, by name.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, organization_id: &str, user_id: &str) -> Result<Vec<Group>, Error> {
    let sql = format!(
        "select {COLUMNS} from organization_group where organization_id = $1
             and id in (select group_id from organization_group_member where account_id = $2) order by name, id"
    );
    let key = q.opener();
    let rows = q.all(&sql, &[&organization_id, &user_id]).await?;
    rows.into_iter().map(|row| group(&key, row)).collect()
}

/// Which groups are looked for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Directly under this one; else of any depth.
    pub parent_id: Option<String>,
    /// A part of the name, without regard to case.
    pub text: Option<String>,
    /// The text is the whole name.
    pub exact: bool,
}

/// A page of an organization's groups, by name.
///
/// # Errors
///
/// Those of the database.
pub async fn page(db: &Db, organization_id: &str, search: &Search, first: i64, max: i64) -> Result<Vec<Group>, Error> {
    let mut made = Clause::of_owner("organization_id", organization_id);
    made.equal("parent_id", search.parent_id.as_deref());
    if let Some(text) = search.text.as_deref().filter(|t| !t.is_empty()) {
        let plain = escape_like(&text.to_lowercase());
        made.like("lower(name)", &if search.exact { plain } else { format!("%{plain}%") });
    }
    let (limit, offset) = (made.bind(max), made.bind(first));
    let sql = format!(
        "select {COLUMNS} from organization_group where {} order by name, id limit {limit} offset {offset}",
        made.text()
    );
    let key = db.opener();
    let rows = db.list(&sql, &made.params()).await?;
    rows.into_iter().map(|row| group(&key, row)).collect()
}

/// How many groups are directly under another.
///
/// # Errors
///
/// Those of the database.
pub async fn count_children(q: impl Query, organization_id: &str, parent_id: &str) -> Result<i64, Error> {
    let sql = "select count(*) from organization_group where organization_id = $1 and parent_id = $2";
    q.count(sql, &[&organization_id, &parent_id]).await
}

/// Adds a group, unless its parent has one of that name or its id is taken: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, organization_id: &str, g: &Group) -> Result<bool, Error> {
    let doc = serde_json::to_string(&attribute_secret::sealed(tx, &g.id, &g.doc)?)?;
    let sql = "insert into organization_group (id, organization_id, parent_id, name, doc) values ($1, $2, $3, $4, $5)
               on conflict do nothing";
    let added = tx
        .exec(sql, &[&g.id, &organization_id, &g.parent_id, &g.name, &doc])
        .await?;
    Ok(added > 0)
}

/// Replaces name, place and document of a group. `false` if its place has another group of that name, or it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn update(tx: &mut Tx, organization_id: &str, g: &Group) -> Result<bool, Error> {
    let doc = serde_json::to_string(&attribute_secret::sealed(tx, &g.id, &g.doc)?)?;
    let sql = "update organization_group set parent_id = $3, name = $4, doc = $5 where organization_id = $1 and id = $2
               and not exists (select 1 from organization_group o where o.organization_id = $1
                               and o.parent_id = $3 and o.name = $4 and o.id <> $2)";
    let changed = tx
        .exec(sql, &[&organization_id, &g.id, &g.parent_id, &g.name, &doc])
        .await?;
    Ok(changed > 0)
}

/// Removes a group with all groups below it. `false` if it is not there.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, organization_id: &str, id: &str) -> Result<bool, Error> {
    let sql = "with recursive g (id) as (
                   select id from organization_group where organization_id = $1 and id = $2
                   union
                   select c.id from organization_group c join g on c.organization_id = $1 and c.parent_id = g.id)
               delete from organization_group where organization_id = $1 and id in (select id from g)";
    Ok(tx.exec(sql, &[&organization_id, &id]).await? > 0)
}

/// Puts a member of the organization into a group. `false` if they are in it.
///
/// # Errors
///
/// Those of the database.
pub async fn join(tx: &mut Tx, group_id: &str, user_id: &str) -> Result<bool, Error> {
    let sql = "insert into organization_group_member (group_id, account_id) values ($1, $2) on conflict do nothing";
    Ok(tx.exec(sql, &[&group_id, &user_id]).await? > 0)
}

/// Takes somebody out of a group.
///
/// # Errors
///
/// Those of the database.
pub async fn leave(tx: &mut Tx, group_id: &str, user_id: &str) -> Result<(), Error> {
    let sql = "delete from organization_group_member where group_id = $1 and account_id = $2";
    tx.exec(sql, &[&group_id, &user_id]).await?;
    Ok(())
}

/// Ids of the roles that a group has.
///
/// # Errors
///
/// Those of the database.
pub async fn roles(q: impl Query, group_id: &str) -> Result<Vec<String>, Error> {
    let sql = "select role_id from organization_group_role where group_id = $1";
    let rows = q.all(sql, &[&group_id]).await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}

/// Gives a group a role.
///
/// # Errors
///
/// Those of the database.
pub async fn grant(tx: &mut Tx, group_id: &str, role_id: &str) -> Result<(), Error> {
    let sql = "insert into organization_group_role (group_id, role_id) values ($1, $2) on conflict do nothing";
    tx.exec(sql, &[&group_id, &role_id]).await?;
    Ok(())
}

/// Takes a role from a group.
///
/// # Errors
///
/// Those of the database.
pub async fn revoke(tx: &mut Tx, group_id: &str, role_id: &str) -> Result<(), Error> {
    let sql = "delete from organization_group_role where group_id = $1 and role_id = $2";
    tx.exec(sql, &[&group_id, &role_id]).await?;
    Ok(())
}
