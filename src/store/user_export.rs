//! Users with all that belongs to them, page by page: what an export writes.

use std::collections::HashMap;

use super::consent::Consent;
use super::credential::{self, Credential};
use super::db::{Db, Param, Row, Tx};
use super::federated_identity::FederatedIdentity;
use super::json::{self, Doc};
use super::user::{COLUMNS, User, user};
use crate::error::Error;

/// What belongs to the users of a page, by their ids.
#[derive(Default)]
pub struct Belongings {
    pub credentials: HashMap<String, Vec<Credential>>,
    /// Ids of roles that they have directly.
    pub roles: HashMap<String, Vec<String>>,
    /// Ids of groups.
    pub groups: HashMap<String, Vec<String>>,
    pub links: HashMap<String, Vec<FederatedIdentity>>,
    pub consents: HashMap<String, Vec<Consent>>,
    /// What an import brought and nobody understands.
    pub extras: HashMap<String, Doc>,
}

/// A page of a realm's users by user name, from the one after `after` on (`""`: from the first).
///
/// # Errors
///
/// Those of the database.
pub async fn after(db: &Db, realm_id: &str, after: &str, most: i64) -> Result<Vec<User>, Error> {
    let sql = format!("select {COLUMNS} from account where realm_id = $1 and username > $2 order by username limit $3");
    let rows = db.list(&sql, &[&realm_id, &after, &most]).await?;
    rows.into_iter().map(user).collect()
}

/// The service accounts of a realm, by user name.
///
/// # Errors
///
/// Those of the database.
pub async fn service_accounts(db: &Db, realm_id: &str) -> Result<Vec<User>, Error> {
    let sql = format!(
        "select {COLUMNS} from account where realm_id = $1 and service_client in (select id from client where realm_id = $1)
         order by username"
    );
    let rows = db.list(&sql, &[&realm_id]).await?;
    rows.into_iter().map(user).collect()
}

/// How many users a realm has.
///
/// # Errors
///
/// Those of the database.
pub async fn count(db: &Db, realm_id: &str) -> Result<i64, Error> {
    use super::db::Query as _;
    db.count("select count(*) from account where realm_id = $1", &[&realm_id])
        .await
}

/// What belongs to some users; of a page, not of all.
///
/// # Errors
///
/// Those of the database.
pub async fn belongings(db: &Db, users: &[User]) -> Result<Belongings, Error> {
    let mut all = Belongings::default();
    let columns = "account_id, id, type, label, created, priority, secret_data, credential_data";
    for (owner, mut r) in of(db, users, columns, "credential", "priority, created, id").await? {
        let mut c = Credential {
            id: r.next()?,
            kind: r.next()?,
            label: r.next()?,
            created: r.next()?,
            priority: r.next()?,
            secret_data: r.next()?,
            credential_data: r.next()?,
        };
        match credential::open(db, &c) {
            Ok(plain) => c.secret_data.clone_from(&plain),
            Err(e) => {
                tracing::warn!("credential {} is left out: {e}", c.id);
                continue;
            }
        }
        all.credentials.entry(owner).or_default().push(c);
    }
    for (owner, mut r) in of(db, users, "account_id, role_id", "account_role", "role_id").await? {
        all.roles.entry(owner).or_default().push(r.next()?);
    }
    for (owner, mut r) in of(db, users, "account_id, group_id", "account_group", "group_id").await? {
        all.groups.entry(owner).or_default().push(r.next()?);
    }
    let columns = "account_id, provider, external_id, username";
    for (owner, mut r) in of(db, users, columns, "federated_identity", "provider").await? {
        let link = FederatedIdentity {
            provider: r.next()?,
            external_id: r.next()?,
            username: r.next()?,
        };
        all.links.entry(owner).or_default().push(link);
    }
    let columns = "account_id, client_uuid, scopes, created, updated";
    for (owner, mut r) in of(db, users, columns, "consent", "created, client_uuid").await? {
        let c = Consent {
            user_id: owner.clone(),
            client_uuid: r.next()?,
            scopes: serde_json::from_str(&r.next::<String>()?)?,
            created: r.next()?,
            updated: r.next()?,
        };
        all.consents.entry(owner).or_default().push(c);
    }
    for (owner, mut r) in of(db, users, "account_id, doc", "account_extra", "account_id").await? {
        all.extras.insert(owner, json::parse(&r.next::<String>()?)?);
    }
    Ok(all)
}

/// Rows of a table that belong to some users, each with its owner.
async fn of(db: &Db, users: &[User], columns: &str, table: &str, order: &str) -> Result<Vec<(String, Row)>, Error> {
    let mut found = Vec::new();
    for some in users.chunks(100) {
        let places: Vec<String> = (1..=some.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "select {columns} from {table} where account_id in ({}) order by account_id, {order}",
            places.join(", ")
        );
        let ids: Vec<&dyn Param> = some.iter().map(|u| &u.id as &dyn Param).collect();
        for mut row in db.list(&sql, &ids).await? {
            found.push((row.next()?, row));
        }
    }
    Ok(found)
}

/// Keeps what nobody understands of a user's representation.
///
/// # Errors
///
/// Those of the database.
pub async fn keep_extra(tx: &mut Tx, user_id: &str, doc: &Doc) -> Result<(), Error> {
    let text = serde_json::to_string(doc)?;
    let sql = "insert into account_extra (account_id, doc) values ($1, $2)
               on conflict (account_id) do update set doc = excluded.doc";
    tx.exec(sql, &[&user_id, &text]).await?;
    Ok(())
}
