//! What users prove themselves with: passwords now, one-time codes and keys later.

use serde_json::Value;
use vestibule_jose::digest::{b64url, b64url_decode};
use zeroize::Zeroizing;

use super::db::{Db, Query, Row, Tx};
use super::realm_secret;
use crate::error::Error;

/// Types whose secret has to be read back, so that it is sealed where that of others is a hash.
const SEALED: &[&str] = &["otp"];

/// The type of which a user has one at most.
const PASSWORD: &str = "password";

/// What a sealed secret begins with.
const MARK: &str = "sealed:";

/// A credential as Keycloak keeps it: `secretData` and `credentialData` are JSON text. Where the secret is sealed, [`open`]
/// reads it.
#[derive(Clone)]
pub struct Credential {
    pub id: String,
    /// `password`, `otp`, ...
    pub kind: String,
    pub label: Option<String>,
    /// Epoch milliseconds.
    pub created: i64,
    /// Smaller comes first.
    pub priority: i64,
    pub secret_data: String,
    pub credential_data: String,
}

const COLUMNS: &str = "id, type, label, created, priority, secret_data, credential_data";

fn credential(mut r: Row) -> Result<Credential, Error> {
    Ok(Credential {
        id: r.next()?,
        kind: r.next()?,
        label: r.next()?,
        created: r.next()?,
        priority: r.next()?,
        secret_data: r.next()?,
        credential_data: r.next()?,
    })
}

/// All credentials of a user, in their order.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, user_id: &str) -> Result<Vec<Credential>, Error> {
    let sql = format!("select {COLUMNS} from credential where account_id = $1 order by priority, created, id");
    q.all(&sql, &[&user_id]).await?.into_iter().map(credential).collect()
}

/// The password of a user.
///
/// # Errors
///
/// Those of the database.
pub async fn password(q: impl Query, user_id: &str) -> Result<Option<Credential>, Error> {
    Ok(of_user(q, user_id).await?.into_iter().find(|c| c.kind == PASSWORD))
}

/// Makes this transaction the only one that changes the credentials of a user until it ends: what is read after it is
/// still so at the commit.
///
/// # Errors
///
/// Those of the database.
pub async fn lock(tx: &mut Tx, user_id: &str) -> Result<(), Error> {
    let sql = "update account set enabled = enabled where id = $1";
    tx.exec(sql, &[&user_id]).await?;
    Ok(())
}

/// Adds a credential. Of passwords there is one: it takes the place of the one before.
///
/// # Errors
///
/// Those of the database; [`Error::Corrupt`] if there is one with its id.
pub async fn put(tx: &mut Tx, user_id: &str, c: &Credential) -> Result<(), Error> {
    if c.kind == PASSWORD {
        lock(tx, user_id).await?;
        let sql = "delete from credential where account_id = $1 and type = 'password'";
        tx.exec(sql, &[&user_id]).await?;
    }
    if add(tx, user_id, c).await? {
        return Ok(());
    }
    Err(Error::Corrupt(format!("there is a credential {} already", c.id)))
}

/// Adds a credential, unless there is one with its id, or it is a second password: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, user_id: &str, c: &Credential) -> Result<bool, Error> {
    let sql = "insert into credential (id, account_id, type, label, created, priority, secret_data, credential_data)
               values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
    let sealed = sealed(tx, c)?;
    let secret_data = sealed.as_deref().unwrap_or(&c.secret_data);
    let added = tx
        .exec(
            sql,
            &[
                &c.id,
                &user_id,
                &c.kind,
                &c.label,
                &c.created,
                &c.priority,
                &secret_data,
                &c.credential_data,
            ],
        )
        .await?;
    Ok(added > 0)
}

/// Gives a credential of a user another label. `false` if it is not there.
///
/// # Errors
///
/// Those of the database.
pub async fn set_label(tx: &mut Tx, user_id: &str, id: &str, label: Option<&str>) -> Result<bool, Error> {
    // A password that is just being set anew is the same credential.
    lock(tx, user_id).await?;
    let sql = "update credential set label = $3 where account_id = $1 and id = $2";
    Ok(tx.exec(sql, &[&user_id, &id, &label]).await? > 0)
}

/// Gives a credential of a user another place. `false` if it is not there.
///
/// # Errors
///
/// Those of the database.
pub async fn set_priority(tx: &mut Tx, user_id: &str, id: &str, priority: i64) -> Result<bool, Error> {
    let sql = "update credential set priority = $3 where account_id = $1 and id = $2";
    Ok(tx.exec(sql, &[&user_id, &id, &priority]).await? > 0)
}

/// Gives a credential other data, if it still has those that were read. `false`: it has not, and stays what it is.
///
/// # Errors
///
/// Those of the database.
pub async fn swap(tx: &mut Tx, read: &Credential, secret_data: &str, credential_data: &str) -> Result<bool, Error> {
    let sql = "update credential set secret_data = $4, credential_data = $5
               where id = $1 and secret_data = $2 and credential_data = $3";
    let (old_secret, old_data) = (&read.secret_data, &read.credential_data);
    let changed = tx
        .exec(sql, &[&read.id, old_secret, old_data, &secret_data, &credential_data])
        .await?;
    Ok(changed > 0)
}

fn purpose(kind: &str) -> String {
    format!("credential/{kind}")
}

/// The secret as it is stored, where that is not as it is given.
fn sealed(tx: &Tx, c: &Credential) -> Result<Option<String>, Error> {
    if !SEALED.contains(&c.kind.as_str()) || c.secret_data.starts_with(MARK) {
        return Ok(None);
    }
    let sealed = tx.seal(&purpose(&c.kind), &c.id, c.secret_data.as_bytes())?;
    Ok(Some(format!("{MARK}{}", b64url(&sealed))))
}

/// The `secretData` of a credential, opened where it is sealed.
///
/// # Errors
///
/// [`Error::Key`] if it was sealed with another key.
pub fn open(db: &Db, c: &Credential) -> Result<Zeroizing<String>, Error> {
    let Some(sealed) = c.secret_data.strip_prefix(MARK) else {
        return Ok(Zeroizing::new(c.secret_data.clone()));
    };
    let sealed = b64url_decode(sealed).map_err(|e| Error::Key(e.to_string()))?;
    let plain = db.open_sealed(&purpose(&c.kind), &c.id, &sealed)?;
    Ok(Zeroizing::new(String::from_utf8_lossy(&plain).into_owned()))
}

/// Removes a credential of a user. `false` if it is not there.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, user_id: &str, id: &str) -> Result<bool, Error> {
    Ok(tx
        .exec(
            "delete from credential where account_id = $1 and id = $2",
            &[&user_id, &id],
        )
        .await?
        > 0)
}

/// Seals the secrets again that an earlier secret key sealed, and says how many.
///
/// # Errors
///
/// Those of the database.
pub async fn seal_again(db: &Db) -> Result<usize, Error> {
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let sql = "select id, type, secret_data from credential where id > $1 and type = 'otp' order by id limit 200";
        let some = db.list(sql, &[&after]).await?;
        if some.is_empty() {
            return Ok(count);
        }
        for mut row in some {
            let (id, kind, old): (String, String, String) = (row.next()?, row.next()?, row.next()?);
            let mut value = Value::from(old.as_str());
            if realm_secret::seal_again(db, &purpose(&kind), &id, &mut value) {
                let mut tx = db.begin().await?;
                let sql = "update credential set secret_data = $3 where id = $1 and secret_data = $2";
                tx.exec(sql, &[&id, &old, &value.as_str()]).await?;
                tx.commit().await?;
                count += 1;
            }
            after = id;
        }
    }
}
