//! Groups of users, and who is in them.

use std::collections::HashSet;

use super::attribute_secret;
use super::db::{Db, Query, Row, Tx};
use super::json::{self, Doc};
use super::user::User;
use crate::error::Error;
use crate::secret_key::SecretKey;

/// The longest path that is followed.
const MOST_NAMES: usize = 100;

/// A group. `parent_id` is empty at the top.
#[derive(Debug, Clone)]
pub struct Group {
    pub id: String,
    pub parent_id: String,
    pub name: String,
    /// `attributes` and `description` as in Keycloak's `GroupRepresentation`.
    pub doc: Doc,
}

/// The columns of [`Group`], for the other readers of this table.
pub(super) const COLUMNS: &str = "id, parent_id, name, doc";

/// Reads [`COLUMNS`].
pub(super) fn group(key: &SecretKey, mut r: Row) -> Result<Group, Error> {
    let mut group = Group {
        id: r.next()?,
        parent_id: r.next()?,
        name: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    };
    attribute_secret::open(key, &group.id, &mut group.doc);
    Ok(group)
}

/// The group with an id.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, realm_id: &str, id: &str) -> Result<Option<Group>, Error> {
    let sql = format!("select {COLUMNS} from user_group where realm_id = $1 and id = $2");
    let key = q.opener();
    let row = q.first(&sql, &[&realm_id, &id]).await?;
    row.map(|row| group(&key, row)).transpose()
}

/// The group at a path such as `/staff/legal`.
///
/// # Errors
///
/// Those of the database.
pub async fn by_path(mut q: impl Query, realm_id: &str, path: &str) -> Result<Option<Group>, Error> {
    let sql = format!("select {COLUMNS} from user_group where realm_id = $1 and parent_id = $2 and name = $3");
    let names: Vec<&str> = path.split('/').filter(|n| !n.is_empty()).collect();
    if names.len() > MOST_NAMES {
        return Ok(None);
    }
    let mut found: Option<Group> = None;
    let key = q.opener();
    let mut rest = &names[..];
    while !rest.is_empty() {
        let parent = found.map(|g| g.id).unwrap_or_default();
        let mut next = None;
        // A name may have strokes itself: the shortest that there is counts.
        for taken in 1..=rest.len() {
            let name = rest[..taken].join("/");
            let row = q.again().first(&sql, &[&realm_id, &parent, &name]).await?;
            next = row.map(|row| group(&key, row)).transpose()?.map(|g| (g, taken));
            if next.is_some() {
                break;
            }
        }
        let Some((group, taken)) = next else { return Ok(None) };
        found = Some(group);
        rest = &rest[taken..];
    }
    Ok(found)
}

/// The path of a group, from the top: `/staff/legal`. A circle ends where it closes.
///
/// # Errors
///
/// Those of the database.
pub async fn path(mut q: impl Query, realm_id: &str, group: &Group) -> Result<String, Error> {
    let mut path = format!("/{}", group.name);
    let mut parent = group.parent_id.clone();
    let mut seen = HashSet::from([group.id.clone()]);
    while !parent.is_empty() && seen.insert(parent.clone()) {
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
    let key = q.opener();
    let rows = q.all(sql, &[&user_id]).await?;
    rows.into_iter().map(|row| group(&key, row)).collect()
}

/// Makes a user a member.
///
/// # Errors
///
/// Those of the database.
pub async fn join(tx: &mut Tx, user_id: &str, group_id: &str) -> Result<(), Error> {
    let sql = "insert into account_group (account_id, group_id, member_name)
               select id, $2, username from account where id = $1 on conflict do nothing";
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

/// The groups directly under another (`""`: at the top) whose name contains `search`, by name.
///
/// # Errors
///
/// Those of the database.
pub async fn children(
    db: &Db,
    realm_id: &str,
    parent_id: &str,
    search: &str,
    exact: bool,
    first: i64,
    max: i64,
) -> Result<Vec<Group>, Error> {
    let like = pattern(search, exact);
    let sql = format!(
        "select {COLUMNS} from user_group
         where realm_id = $1 and parent_id = $2 and lower(name) like $3 escape '\\'
         order by name, id limit $4 offset $5"
    );
    let key = db.opener();
    let rows = db.list(&sql, &[&realm_id, &parent_id, &like, &max, &first]).await?;
    rows.into_iter().map(|row| group(&key, row)).collect()
}

/// The groups of any depth whose name contains `search`, by name.
///
/// # Errors
///
/// Those of the database.
pub async fn search(
    db: &Db,
    realm_id: &str,
    search: &str,
    exact: bool,
    first: i64,
    max: i64,
) -> Result<Vec<Group>, Error> {
    let like = pattern(search, exact);
    let sql = format!(
        "select {COLUMNS} from user_group where realm_id = $1 and lower(name) like $2 escape '\\'
         order by name, id limit $3 offset $4"
    );
    let key = db.opener();
    let rows = db.list(&sql, &[&realm_id, &like, &max, &first]).await?;
    rows.into_iter().map(|row| group(&key, row)).collect()
}

fn pattern(search: &str, exact: bool) -> String {
    let plain = super::user::escape_like(&search.to_lowercase());
    if exact { plain } else { format!("%{plain}%") }
}

/// How many groups are directly under another.
///
/// # Errors
///
/// Those of the database.
pub async fn count_children(q: impl Query, realm_id: &str, parent_id: &str) -> Result<i64, Error> {
    let sql = "select count(*) from user_group where realm_id = $1 and parent_id = $2";
    q.count(sql, &[&realm_id, &parent_id]).await
}

/// How many groups a realm has whose name contains `search`; `top`: at the top only.
///
/// # Errors
///
/// Those of the database.
pub async fn count(q: impl Query, realm_id: &str, search: &str, top: bool) -> Result<i64, Error> {
    let like = pattern(search, false);
    let sql = if top {
        "select count(*) from user_group where realm_id = $1 and lower(name) like $2 escape '\\' and parent_id = ''"
    } else {
        "select count(*) from user_group where realm_id = $1 and lower(name) like $2 escape '\\'"
    };
    q.count(sql, &[&realm_id, &like]).await
}

/// The group of a name directly under another.
///
/// # Errors
///
/// Those of the database.
pub async fn by_name(q: impl Query, realm_id: &str, parent_id: &str, name: &str) -> Result<Option<Group>, Error> {
    let sql = format!("select {COLUMNS} from user_group where realm_id = $1 and parent_id = $2 and name = $3");
    let key = q.opener();
    let row = q.first(&sql, &[&realm_id, &parent_id, &name]).await?;
    row.map(|row| group(&key, row)).transpose()
}

/// All groups right below another, from the database or an open transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn below(q: impl Query, realm_id: &str, parent_id: &str) -> Result<Vec<Group>, Error> {
    let sql = format!("select {COLUMNS} from user_group where realm_id = $1 and parent_id = $2 order by name, id");
    let key = q.opener();
    let rows = q.all(&sql, &[&realm_id, &parent_id]).await?;
    rows.into_iter().map(|row| group(&key, row)).collect()
}

/// Adds a group, unless its parent has one of that name or its id is taken: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, g: &Group) -> Result<bool, Error> {
    let doc = serde_json::to_string(&attribute_secret::sealed(tx, &g.id, &g.doc)?)?;
    let sql = "insert into user_group (id, realm_id, parent_id, name, doc) values ($1, $2, $3, $4, $5)
               on conflict do nothing";
    let added = tx.exec(sql, &[&g.id, &realm_id, &g.parent_id, &g.name, &doc]).await?;
    Ok(added > 0)
}

/// Replaces name, place and document of a group. `false` if its place has another group of that name, or it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn update(tx: &mut Tx, realm_id: &str, g: &Group) -> Result<bool, Error> {
    let doc = serde_json::to_string(&attribute_secret::sealed(tx, &g.id, &g.doc)?)?;
    let sql = "update user_group set parent_id = $3, name = $4, doc = $5 where realm_id = $1 and id = $2
               and not exists (select 1 from user_group o
                               where o.realm_id = $1 and o.parent_id = $3 and o.name = $4 and o.id <> $2)";
    let changed = tx.exec(sql, &[&realm_id, &g.id, &g.parent_id, &g.name, &doc]).await?;
    Ok(changed > 0)
}

/// Removes a group with all groups below it. `false` if it is not there.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, id: &str) -> Result<bool, Error> {
    let sql = "with recursive g (id) as (
                   select id from user_group where realm_id = $1 and id = $2
                   union
                   select c.id from user_group c join g on c.realm_id = $1 and c.parent_id = g.id)
               delete from user_group where realm_id = $1 and id in (select id from g)";
    Ok(tx.exec(sql, &[&realm_id, &id]).await? > 0)
}

/// All groups of a realm, by name: for an export.
///
/// # Errors
///
/// Those of the database.
pub async fn of_realm(db: &Db, realm_id: &str) -> Result<Vec<Group>, Error> {
    let sql = format!("select {COLUMNS} from user_group where realm_id = $1 order by name, id");
    let key = db.opener();
    let rows = db.list(&sql, &[&realm_id]).await?;
    rows.into_iter().map(|row| group(&key, row)).collect()
}

/// The members of a group, by user name.
///
/// # Errors
///
/// Those of the database.
pub async fn members(db: &Db, realm_id: &str, group_id: &str, first: i64, max: i64) -> Result<Vec<User>, Error> {
    // SQLite keeps the order of a cross join: members in the order of their names, then each user.
    let sql = format!(
        "select {} from account_group g cross join account where g.group_id = $2 and id = g.account_id and realm_id = $1
         order by g.member_name limit $3 offset $4",
        super::user::COLUMNS
    );
    let rows = db.list(&sql, &[&realm_id, &group_id, &max, &first]).await?;
    rows.into_iter().map(super::user::user).collect()
}
