//! Who is in an organization.

use super::clause::Clause;
use super::db::{Db, Query, Tx};
use super::narrow::{self, Condition};
use super::user::{User, escape_like, normal, user};
use crate::error::Error;

/// Adds a member. `false` if they are one.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, organization_id: &str, user_id: &str, managed: bool) -> Result<bool, Error> {
    let sql = "insert into organization_member (organization_id, account_id, managed) values ($1, $2, $3)
               on conflict do nothing";
    Ok(tx.exec(sql, &[&organization_id, &user_id, &managed]).await? > 0)
}

/// Whether a user is a member, and if so, whether a managed one.
///
/// # Errors
///
/// Those of the database.
pub async fn managed(q: impl Query, organization_id: &str, user_id: &str) -> Result<Option<bool>, Error> {
    let sql = "select managed from organization_member where organization_id = $1 and account_id = $2";
    let row = q.first(sql, &[&organization_id, &user_id]).await?;
    row.map(|mut r| r.next()).transpose()
}

/// Makes a member a managed one, or no longer.
///
/// # Errors
///
/// Those of the database.
pub async fn set_managed(tx: &mut Tx, organization_id: &str, user_id: &str, managed: bool) -> Result<(), Error> {
    let sql = "update organization_member set managed = $3 where organization_id = $1 and account_id = $2";
    tx.exec(sql, &[&organization_id, &user_id, &managed]).await?;
    suspend(tx, organization_id).await
}

/// Ends a membership, in the groups of the organization too. `false` if there is none.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, organization_id: &str, user_id: &str) -> Result<bool, Error> {
    let sql = "delete from organization_group_member where account_id = $2
               and group_id in (select id from organization_group where organization_id = $1)";
    tx.exec(sql, &[&organization_id, &user_id]).await?;
    let sql = "delete from organization_member where organization_id = $1 and account_id = $2";
    Ok(tx.exec(sql, &[&organization_id, &user_id]).await? > 0)
}

/// Removes the users that an organization manages: they go with it.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_managed_users(tx: &mut Tx, organization_id: &str) -> Result<(), Error> {
    let sql = "delete from account where id in
                   (select account_id from organization_member where organization_id = $1 and managed)";
    tx.exec(sql, &[&organization_id]).await?;
    Ok(())
}

/// Puts the members of an organization to sleep that a disabled one manages, and wakes the others. Call it after a change
/// of the organization or of what it manages.
///
/// # Errors
///
/// Those of the database.
pub async fn suspend(tx: &mut Tx, organization_id: &str) -> Result<(), Error> {
    let sql = "update account set suspended = exists (
                   select 1 from organization_member m join organization o on o.id = m.organization_id
                   where m.account_id = account.id and m.managed and not o.enabled)
               where id in (select account_id from organization_member where organization_id = $1)";
    tx.exec(sql, &[&organization_id]).await?;
    Ok(())
}

/// Whether a user sleeps because a disabled organization manages them.
///
/// # Errors
///
/// Those of the database.
pub async fn is_suspended(q: impl Query, user_id: &str) -> Result<bool, Error> {
    let sql = "select suspended from account where id = $1";
    let row = q.first(sql, &[&user_id]).await?;
    row.map_or(Ok(false), |mut r| r.next())
}

/// Which members are looked for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A part of user name, email, first or last name, without regard to case.
    pub text: Option<String>,
    /// The text is a whole one of them.
    pub exact: bool,
    pub managed: Option<bool>,
    /// Only those in a group of the organization.
    pub group_id: Option<String>,
}

/// A page of an organization's members, by user name, each with whether they are managed.
///
/// # Errors
///
/// Those of the database.
pub async fn page(
    db: &Db,
    realm_id: &str,
    organization_id: &str,
    search: &Search,
    first: i64,
    max: i64,
) -> Result<Vec<(User, bool)>, Error> {
    let mut table = "organization_member where organization_id = ?".to_owned();
    if let Some(managed) = search.managed {
        table += if managed { " and managed" } else { " and not managed" };
    }
    let mut conditions = vec![Condition::among(&table, [organization_id])];
    if let Some(group) = &search.group_id {
        conditions.push(Condition::among(
            "organization_group_member where group_id = ?",
            [group],
        ));
    }
    let matches = |made: &mut Clause| {
        let Some(text) = search.text.as_deref().filter(|t| !t.is_empty()) else {
            return;
        };
        let text = normal(text);
        let columns = ["username", "email", "first_name_key", "last_name_key"];
        let compared = if search.exact {
            let value = made.bind(text);
            columns.map(|c| format!("{c} = {value}"))
        } else {
            let pattern = escape_like(text.trim_matches('*')).replace('*', "%");
            let like = made.bind(format!("%{pattern}%"));
            columns.map(|c| format!("{c} like {like} escape '\\'"))
        };
        made.require(format!("({})", compared.join(" or ")));
    };
    let rows = narrow::page(db, realm_id, &conditions, matches, first, max).await?;
    let users = rows.into_iter().map(user).collect::<Result<Vec<User>, Error>>()?;
    let mut all = Vec::with_capacity(users.len());
    for user in users {
        let managed = managed(db, organization_id, &user.id).await?.unwrap_or(false);
        all.push((user, managed));
    }
    Ok(all)
}

/// How many members an organization has.
///
/// # Errors
///
/// Those of the database.
pub async fn count(q: impl Query, organization_id: &str) -> Result<i64, Error> {
    let sql = "select count(*) from organization_member where organization_id = $1";
    q.count(sql, &[&organization_id]).await
}
