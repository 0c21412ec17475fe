//! Who has a role: groups, and users.

use super::db::{Db, Query, Tx};
use super::group::{COLUMNS, Group, group};
use super::narrow::{self, Condition};
use super::user::User;
use crate::error::Error;

/// The ids of the roles that a group has directly.
///
/// # Errors
///
/// Those of the database.
pub async fn of_group(q: impl Query, group_id: &str) -> Result<Vec<String>, Error> {
    let sql = "select role_id from group_role where group_id = $1 order by role_id";
    let rows = q.all(sql, &[&group_id]).await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}

/// The ids of the roles that the members of a group get by it: its own and those of the groups above; not expanded.
///
/// # Errors
///
/// Those of the database.
pub async fn through_group(q: impl Query, group_id: &str) -> Result<Vec<String>, Error> {
    let sql = "with recursive g (id, parent_id) as (
                   select id, parent_id from user_group where id = $1
                   union
                   select p.id, p.parent_id from user_group p join g on p.id = g.parent_id)
               select distinct role_id from group_role where group_id in (select id from g)";
    let rows = q.all(sql, &[&group_id]).await?;
    rows.into_iter().map(|mut r| r.next()).collect()
}

/// The roles of all groups of a realm: a group's id and a role's.
///
/// # Errors
///
/// Those of the database.
pub async fn of_groups(db: &Db, realm_id: &str) -> Result<Vec<(String, String)>, Error> {
    let sql =
        "select group_id, role_id from group_role where group_id in (select id from user_group where realm_id = $1)
               order by group_id, role_id";
    let rows = db.list(sql, &[&realm_id]).await?;
    rows.into_iter().map(|mut r| Ok((r.next()?, r.next()?))).collect()
}

/// Gives a group a role.
///
/// # Errors
///
/// Those of the database.
pub async fn grant_to_group(tx: &mut Tx, group_id: &str, role_id: &str) -> Result<(), Error> {
    let sql = "insert into group_role (group_id, role_id) values ($1, $2) on conflict do nothing";
    tx.exec(sql, &[&group_id, &role_id]).await?;
    Ok(())
}

/// Takes a role from a group.
///
/// # Errors
///
/// Those of the database.
pub async fn revoke_from_group(tx: &mut Tx, group_id: &str, role_id: &str) -> Result<(), Error> {
    let sql = "delete from group_role where group_id = $1 and role_id = $2";
    tx.exec(sql, &[&group_id, &role_id]).await?;
    Ok(())
}

/// The groups that have a role directly, by name.
///
/// # Errors
///
/// Those of the database.
pub async fn groups(db: &Db, realm_id: &str, role_id: &str, first: i64, max: i64) -> Result<Vec<Group>, Error> {
    let sql = format!(
        "select {COLUMNS} from user_group where realm_id = $1 and id in (select group_id from group_role where role_id = $2)
         order by name, id limit $3 offset $4"
    );
    let key = db.opener();
    let rows = db.list(&sql, &[&realm_id, &role_id, &max, &first]).await?;
    rows.into_iter().map(|row| group(&key, row)).collect()
}

/// The users who have a role directly, by user name.
///
/// # Errors
///
/// Those of the database.
pub async fn users(db: &Db, realm_id: &str, role_id: &str, first: i64, max: i64) -> Result<Vec<User>, Error> {
    let conditions = [Condition::among("account_role where role_id = ?", [role_id])];
    let rows = narrow::page(db, realm_id, &conditions, |_| (), first, max).await?;
    rows.into_iter().map(super::user::user).collect()
}
