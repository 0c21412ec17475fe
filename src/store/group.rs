//! Groups of users, and who is in them.

use super::db::{Query, Row, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// A group. `parent_id` is empty at the top.
#[derive(Debug, Clone)]
pub struct Group {
    pub id: String,
    pub parent_id: String,
    pub name: String,
    /// `attributes` and `description` as in Keycloak's `GroupRepresentation`.
    pub doc: Doc,
}

const COLUMNS: &str = "id, parent_id, name, doc";

fn group(mut r: Row) -> Result<Group, Error> {
    Ok(Group {
        id: r.next()?,
        parent_id: r.next()?,
        name: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    })
}

/// The group with an id.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, realm_id: &str, id: &str) -> Result<Option<Group>, Error> {
    let sql = format!("select {COLUMNS} from user_group where realm_id = $1 and id = $2");
    q.first(&sql, &[&realm_id, &id]).await?.map(group).transpose()
}

/// The group at a path such as `/staff/legal`.
///
/// # Errors
///
/// Those of the database.
pub async fn by_path(mut q: impl Query, realm_id: &str, path: &str) -> Result<Option<Group>, Error> {
    let sql = format!("select {COLUMNS} from user_group where realm_id = $1 and parent_id = $2 and name = $3");
    let mut found: Option<Group> = None;
    for name in path.split('/').filter(|n| !n.is_empty()) {
        let parent = found.map(|g| g.id).unwrap_or_default();
        found = q
            .again()
            .first(&sql, &[&realm_id, &parent, &name])
            .await?
            .map(group)
            .transpose()?;
        if found.is_none() {
            return Ok(None);
        }
    }
    Ok(found)
}

/// The path of a group, from the top: `/staff/legal`.
///
/// # Errors
///
/// Those of the database.
pub async fn path(mut q: impl Query, realm_id: &str, group: &Group) -> Result<String, Error> {
    let mut path = format!("/{}", group.name);
    let mut parent = group.parent_id.clone();
    while !parent.is_empty() {
        let Some(above) = by_id(q.again(), realm_id, &parent).await? else {
            break;
        };
        path = format!("/{}{path}", above.name);
        parent = above.parent_id;
    }
    Ok(path)
}

/// The groups that a user is a member of, by name.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, user_id: &str) -> Result<Vec<Group>, Error> {
    let sql = "select g.id, g.parent_id, g.name, g.doc from user_group g join account_group a on a.group_id = g.id
               where a.account_id = $1 order by g.name, g.id";
    q.all(sql, &[&user_id]).await?.into_iter().map(group).collect()
}

/// Makes a user a member.
///
/// # Errors
///
/// Those of the database.
pub async fn join(tx: &mut Tx, user_id: &str, group_id: &str) -> Result<(), Error> {
    let sql = "insert into account_group (account_id, group_id) values ($1, $2) on conflict do nothing";
    tx.exec(sql, &[&user_id, &group_id]).await?;
    Ok(())
}

/// Ends a membership.
///
/// # Errors
///
/// Those of the database.
pub async fn leave(tx: &mut Tx, user_id: &str, group_id: &str) -> Result<(), Error> {
    tx.exec(
        "delete from account_group where account_id = $1 and group_id = $2",
        &[&user_id, &group_id],
    )
    .await?;
    Ok(())
}
