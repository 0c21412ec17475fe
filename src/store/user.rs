//! People, and the service accounts of clients.

use std::collections::BTreeMap;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use super::db::{Query, Row, Tx};
use super::realm::Realm;
use crate::error::Error;

/// Attribute values by name, as in Keycloak's `UserRepresentation`.
pub type Attributes = BTreeMap<String, Vec<String>>;

/// A user of a realm.
#[derive(Debug, Clone, Default)]
pub struct User {
    pub id: String,
    pub realm_id: String,
    /// In its normal form, see [`normal`].
    pub username: String,
    /// In its normal form.
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub enabled: bool,
    pub email_verified: bool,
    /// Epoch milliseconds.
    pub created: i64,
    /// Epoch seconds; tokens issued before are void.
    pub not_before: i64,
    /// The client (its id) whose service account this is.
    pub service_client: Option<String>,
    /// Aliases of required actions, as `VERIFY_EMAIL`.
    pub required_actions: Vec<String>,
    pub attributes: Attributes,
}

impl User {
    /// First and last name, as far as there are any.
    pub fn full_name(&self) -> Option<String> {
        let names: Vec<&str> = [&self.first_name, &self.last_name]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!names.is_empty()).then(|| names.join(" "))
    }

    /// The first value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.first().map(String::as_str)
    }
}

/// What became of an insert or update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The row is as wanted.
    Yes,
    /// Another user has the user name.
    UsernameTaken,
    /// Another user has the email, and the realm keeps emails unique.
    EmailTaken,
    /// There is no such user any more.
    Gone,
}

/// The form in which user names and emails are stored, compared and searched: NFKC, lower case.
pub fn normal(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}

/// The beginning of a name as it is searched for.
fn name_key(name: Option<&str>) -> Option<String> {
    name.map(|n| normal(n).chars().take(255).collect())
}

/// A text for `LIKE ... ESCAPE '\'` that stands for itself.
pub fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// The columns of [`User`], for the other readers of this table.
pub(super) const COLUMNS: &str =
    "id, realm_id, username, email, first_name, last_name, enabled and not suspended, email_verified, created,
    not_before, service_client, required_actions, attributes";

/// Reads [`COLUMNS`].
pub(super) fn user(mut r: Row) -> Result<User, Error> {
    Ok(User {
        id: r.next()?,
        realm_id: r.next()?,
        username: r.next()?,
        email: r.next()?,
        first_name: r.next()?,
        last_name: r.next()?,
        enabled: r.next()?,
        email_verified: r.next()?,
        created: r.next()?,
        not_before: r.next()?,
        service_client: r.next()?,
        required_actions: serde_json::from_str(&r.next::<String>()?)?,
        attributes: serde_json::from_str(&r.next::<String>()?)?,
    })
}

async fn find(q: impl Query, sql: &str, realm_id: &str, value: &str) -> Result<Option<User>, Error> {
    q.first(sql, &[&realm_id, &value]).await?.map(user).transpose()
}

/// The user with an id.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, realm_id: &str, id: &str) -> Result<Option<User>, Error> {
    let sql = format!("select {COLUMNS} from account where realm_id = $1 and id = $2");
    find(q, &sql, realm_id, id).await
}

/// The user with a user name, in any case.
///
/// # Errors
///
/// Those of the database.
pub async fn by_username(q: impl Query, realm_id: &str, username: &str) -> Result<Option<User>, Error> {
    let sql = format!("select {COLUMNS} from account where realm_id = $1 and username = $2");
    find(q, &sql, realm_id, &normal(username)).await
}

/// The user with an email, in any case; the oldest where a realm allows duplicates.
///
/// # Errors
///
/// Those of the database.
pub async fn by_email(q: impl Query, realm_id: &str, email: &str) -> Result<Option<User>, Error> {
    let sql = format!("select {COLUMNS} from account where realm_id = $1 and email = $2 order by created, id limit 1");
    find(q, &sql, realm_id, &normal(email)).await
}

/// Whom somebody means who signs in: the user name first, then, where the realm allows it, the email. As Keycloak, an
/// email address (with `@`) is looked for first where logging in with it is allowed.
///
/// # Errors
///
/// Those of the database.
pub async fn by_login(mut q: impl Query, realm_id: &str, login: &str, with_email: bool) -> Result<Option<User>, Error> {
    let login = login.trim();
    if with_email
        && login.contains('@')
        && let Some(found) = by_email(q.again(), realm_id, login).await?
    {
        return Ok(Some(found));
    }
    by_username(q, realm_id, login).await
}

/// The service account of a client.
///
/// # Errors
///
/// Those of the database.
pub async fn service_account(q: impl Query, realm_id: &str, client_uuid: &str) -> Result<Option<User>, Error> {
    let sql = format!("select {COLUMNS} from account where realm_id = $1 and service_client = $2");
    find(q, &sql, realm_id, client_uuid).await
}

/// Adds a user. `unique_email`: the realm forbids duplicates. Names must be in their normal form.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, u: &User, unique_email: bool) -> Result<Kept, Error> {
    let (actions, attributes) = (
        serde_json::to_string(&u.required_actions)?,
        serde_json::to_string(&u.attributes)?,
    );
    let email_key = u.email.as_ref().filter(|_| unique_email);
    let sql =
        "insert into account (id, realm_id, username, email, first_name, last_name, enabled, email_verified, created,
             not_before, service_client, required_actions, attributes, email_key, first_name_key, last_name_key)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         on conflict do nothing";
    let added = tx
        .exec(
            sql,
            &[
                &u.id,
                &u.realm_id,
                &u.username,
                &u.email,
                &u.first_name,
                &u.last_name,
                &u.enabled,
                &u.email_verified,
                &u.created,
                &u.not_before,
                &u.service_client,
                &actions,
                &attributes,
                &email_key,
                &name_key(u.first_name.as_deref()),
                &name_key(u.last_name.as_deref()),
            ],
        )
        .await?;
    if added == 0 {
        return taken(tx, u).await;
    }
    index_attributes(tx, u).await?;
    Ok(Kept::Yes)
}

/// Replaces the row of a user whom [`latest`] gave.
///
/// # Errors
///
/// Those of the database.
pub async fn update(tx: &mut Tx, u: &User, unique_email: bool) -> Result<Kept, Error> {
    let (actions, attributes) = (
        serde_json::to_string(&u.required_actions)?,
        serde_json::to_string(&u.attributes)?,
    );
    let email_key = u.email.as_ref().filter(|_| unique_email);
    // A duplicate must be a value: a failed statement would end the transaction on PostgreSQL.
    let changed = tx
        .exec(
            "update account set username = $3, email = $4, first_name = $5, last_name = $6,
                 enabled = case when suspended then enabled else $7 end, email_verified = $8, not_before = $9, required_actions = $10, attributes = $11, email_key = $12,
                 first_name_key = $13, last_name_key = $14
             where realm_id = $1 and id = $2
               and not exists (select 1 from account o where o.realm_id = $1 and o.id <> $2
                               and (o.username = $3 or o.email_key = $12))",
            &[
                &u.realm_id,
                &u.id,
                &u.username,
                &u.email,
                &u.first_name,
                &u.last_name,
                &u.enabled,
                &u.email_verified,
                &u.not_before,
                &actions,
                &attributes,
                &email_key,
                &name_key(u.first_name.as_deref()),
                &name_key(u.last_name.as_deref()),
            ],
        )
        .await?;
    if changed == 0 {
        return if by_id(&mut *tx, &u.realm_id, &u.id).await?.is_some() {
            taken(tx, u).await
        } else {
            Ok(Kept::Gone)
        };
    }
    let renamed = "update account_group set member_name = $2 where account_id = $1 and member_name <> $2";
    tx.exec(renamed, &[&u.id, &u.username]).await?;
    tx.exec("delete from account_attribute where account_id = $1", &[&u.id])
        .await?;
    index_attributes(tx, u).await?;
    Ok(Kept::Yes)
}

async fn taken(tx: &mut Tx, u: &User) -> Result<Kept, Error> {
    let same_name = by_username(&mut *tx, &u.realm_id, &u.username)
        .await?
        .is_some_and(|o| o.id != u.id);
    Ok(if same_name {
        Kept::UsernameTaken
    } else {
        Kept::EmailTaken
    })
}

async fn index_attributes(tx: &mut Tx, u: &User) -> Result<(), Error> {
    for (name, values) in &u.attributes {
        for value in values {
            // Long values are not searched for; the index keeps their beginning.
            let key: String = normal(value).chars().take(255).collect();
            let sql = "insert into account_attribute (account_id, realm_id, name, value_key) values ($1, $2, $3, $4)";
            tx.exec(sql, &[&u.id, &u.realm_id, name, &key]).await?;
        }
    }
    Ok(())
}

/// Makes this transaction the only one that changes a user until it ends: what is read after it is still so at the commit.
///
/// # Errors
///
/// Those of the database.
pub async fn lock(tx: &mut Tx, realm_id: &str, id: &str) -> Result<(), Error> {
    let sql = "update account set enabled = enabled where realm_id = $1 and id = $2";
    tx.exec(sql, &[&realm_id, &id]).await?;
    Ok(())
}

/// A user as they are now; they stay so until the transaction ends. What changes a user begins here, so that of two changes
/// at once neither is lost.
///
/// # Errors
///
/// Those of the database.
pub async fn latest(tx: &mut Tx, realm_id: &str, id: &str) -> Result<Option<User>, Error> {
    lock(tx, realm_id, id).await?;
    by_id(tx, realm_id, id).await
}

/// Changes a user as they are now, and gives them as they are then. `Err`: why nothing was changed.
///
/// # Errors
///
/// Those of the database.
pub async fn change(
    tx: &mut Tx,
    realm: &Realm,
    id: &str,
    change: impl FnOnce(&mut User),
) -> Result<Result<User, Kept>, Error> {
    let present = latest(tx, &realm.id, id).await?;
    write(tx, realm, present, change).await
}

/// The same by the user: who was disabled meanwhile changes nothing, and is [`Kept::Gone`].
///
/// # Errors
///
/// Those of the database.
pub async fn change_own(
    tx: &mut Tx,
    realm: &Realm,
    id: &str,
    change: impl FnOnce(&mut User),
) -> Result<Result<User, Kept>, Error> {
    let present = latest(tx, &realm.id, id).await?.filter(|u| u.enabled);
    write(tx, realm, present, change).await
}

async fn write(
    tx: &mut Tx,
    realm: &Realm,
    present: Option<User>,
    change: impl FnOnce(&mut User),
) -> Result<Result<User, Kept>, Error> {
    let Some(mut user) = present else {
        return Ok(Err(Kept::Gone));
    };
    let email = user.email.clone();
    change(&mut user);
    let mut kept = update(tx, &user, realm.unique_emails()).await?;
    if kept == Kept::EmailTaken && user.email == email {
        // They share it since before the realm kept emails unique.
        kept = update(tx, &user, false).await?;
    }
    Ok(if kept == Kept::Yes { Ok(user) } else { Err(kept) })
}

/// Sets the required actions of a user whom [`latest`] gave.
///
/// # Errors
///
/// Those of the database.
pub async fn set_required_actions(tx: &mut Tx, realm_id: &str, id: &str, actions: &[String]) -> Result<(), Error> {
    let text = Value::from(actions).to_string();
    tx.exec(
        "update account set required_actions = $3 where realm_id = $1 and id = $2",
        &[&realm_id, &id, &text],
    )
    .await?;
    Ok(())
}

/// Removes a user with all that is theirs. `false` if they are gone.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, id: &str) -> Result<bool, Error> {
    Ok(tx
        .exec("delete from account where realm_id = $1 and id = $2", &[&realm_id, &id])
        .await?
        > 0)
}

/// Keeps the emails of a realm unique from now on, or no longer. Where users share one already, the oldest has it.
///
/// # Errors
///
/// Those of the database.
pub async fn set_unique_emails(tx: &mut Tx, realm_id: &str, unique: bool) -> Result<(), Error> {
    let sql = if unique {
        "update account set email_key = email where realm_id = $1 and email is not null and not exists (
             select 1 from account o where o.realm_id = $1 and o.email = account.email
                 and (o.created < account.created or (o.created = account.created and o.id < account.id)))"
    } else {
        "update account set email_key = null where realm_id = $1"
    };
    tx.exec(sql, &[&realm_id]).await?;
    Ok(())
}

/// Makes void what was issued to a user before an instant (epoch seconds).
///
/// # Errors
///
/// Those of the database.
pub async fn set_not_before(tx: &mut Tx, realm_id: &str, id: &str, instant: i64) -> Result<(), Error> {
    let sql = "update account set not_before = $3 where realm_id = $1 and id = $2";
    tx.exec(sql, &[&realm_id, &id, &instant]).await?;
    Ok(())
}
