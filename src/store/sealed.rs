//! What is sealed with the secret key, place by place: so that it can be sealed again when the key changes.

use super::cache::{client_topic, realm_topic};
use super::db::{Db, Query, Row, Tx};
use crate::error::Error;

/// A column that holds sealed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Private keys of realms.
    RealmKey,
    /// Secrets of clients that can be read back.
    ClientSecret,
    /// Mail that waits.
    Mail,
    /// Secrets of webhooks.
    Webhook,
}

fn pair<T: super::db::FromCell>(mut row: Row) -> Result<(String, T), Error> {
    Ok((row.next()?, row.next()?))
}

/// Some of what is sealed in a place, with the rows' ids, in their order and after one of them.
///
/// # Errors
///
/// Those of the database.
pub async fn some(q: impl Query, place: Place, after: &str, most: i64) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let sql = match place {
        Place::RealmKey => "select id, sealed from realm_key where id > $1 order by id limit $2",
        Place::ClientSecret => {
            "select id, secret_sealed from client where id > $1 and secret_sealed is not null order by id limit $2"
        }
        Place::Webhook => "select id, secret from webhook where id > $1 order by id limit $2",
        Place::Mail => "select id, doc from outbox where id > $1 and doc is not null order by id limit $2",
    };
    q.all(sql, &[&after, &most]).await?.into_iter().map(pair).collect()
}

/// Puts something in the place of what was sealed, unless that has changed meanwhile.
///
/// # Errors
///
/// Those of the database.
pub async fn replace(tx: &mut Tx, place: Place, id: &str, old: &Vec<u8>, new: &Vec<u8>) -> Result<(), Error> {
    let sql = match place {
        Place::RealmKey => "update realm_key set sealed = $3 where id = $1 and sealed = $2",
        Place::ClientSecret => "update client set secret_sealed = $3 where id = $1 and secret_sealed = $2",
        Place::Webhook => "update webhook set secret = $3 where id = $1 and secret = $2",
        Place::Mail => "update outbox set doc = $3 where id = $1 and doc = $2",
    };
    tx.exec(sql, &[&id, old, new]).await?;
    if place == Place::ClientSecret {
        tx.touch(client_topic(id));
    }
    Ok(())
}

/// Some of the documents of clients that hold something sealed.
///
/// # Errors
///
/// Those of the database.
pub async fn client_docs(q: impl Query, after: &str, most: i64) -> Result<Vec<(String, String)>, Error> {
    let sql = "select id, doc from client
               where id > $1 and (doc like '%_privateKeys%' or doc like '%_previousSecret%' or doc like '%.secret%')
               order by id limit $2";
    q.all(sql, &[&after, &most]).await?.into_iter().map(pair).collect()
}

/// Puts a document in the place of another, unless that has changed meanwhile.
///
/// # Errors
///
/// Those of the database.
pub async fn replace_client_doc(tx: &mut Tx, id: &str, old: &str, new: &str) -> Result<(), Error> {
    let sql = "update client set doc = $3 where id = $1 and doc = $2";
    tx.exec(sql, &[&id, &old, &new]).await?;
    tx.touch(client_topic(id));
    Ok(())
}

/// The same for the document of a client scope.
///
/// # Errors
///
/// Those of the database.
pub async fn replace_scope_doc(tx: &mut Tx, realm_id: &str, id: &str, old: &str, new: &str) -> Result<(), Error> {
    let sql = "update realm_part set doc = $4 where realm_id = $1 and kind = 'client-scope' and id = $2 and doc = $3";
    tx.exec(sql, &[&realm_id, &id, &old, &new]).await?;
    tx.touch(realm_topic(realm_id));
    Ok(())
}

/// What has attributes in a document of its own, beside clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Role,
    Group,
    OrganizationGroup,
}

/// Some of the documents of roles or groups that may hold something sealed, with their ids.
///
/// # Errors
///
/// Those of the database.
pub async fn docs_with_secrets(db: &Db, of: Holder, after: &str, most: i64) -> Result<Vec<(String, String)>, Error> {
    let sql = match of {
        Holder::Role => "select id, doc from role where id > $1 and doc like '%.secret%' order by id limit $2",
        Holder::Group => "select id, doc from user_group where id > $1 and doc like '%.secret%' order by id limit $2",
        Holder::OrganizationGroup => {
            "select id, doc from organization_group where id > $1 and doc like '%.secret%' order by id limit $2"
        }
    };
    db.list(sql, &[&after, &most]).await?.into_iter().map(pair).collect()
}

/// Puts a document in the place of another, unless that has changed meanwhile.
///
/// # Errors
///
/// Those of the database.
pub async fn replace_doc(tx: &mut Tx, of: Holder, id: &str, old: &str, new: &str) -> Result<(), Error> {
    let sql = match of {
        Holder::Role => "update role set doc = $3 where id = $1 and doc = $2",
        Holder::Group => "update user_group set doc = $3 where id = $1 and doc = $2",
        Holder::OrganizationGroup => "update organization_group set doc = $3 where id = $1 and doc = $2",
    };
    tx.exec(sql, &[&id, &old, &new]).await?;
    Ok(())
}
