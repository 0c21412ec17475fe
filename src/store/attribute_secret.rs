//! Secrets among the attributes of clients, client scopes, roles and groups: sealed in the database, open in the snapshot, as a
//! realm's are (contract 1).

use std::borrow::Cow;

use serde_json::Value;

use super::db::{Db, Tx};
use super::json::{self, Doc};
use super::sealed::Holder;
use super::{realm_secret, sealed};
use crate::error::Error;
use crate::secret_key::SecretKey;

/// How many documents are looked at at once when they are sealed again.
const AT_ONCE: i64 = 200;

/// How the name of a setting ends that is a secret.
const ENDING: &str = ".secret";

fn purpose(name: &str) -> String {
    format!("attribute-secret/{name}")
}

/// The values of attributes that are secrets: one, or those of a list.
fn secrets(doc: &mut Doc) -> impl Iterator<Item = (&String, &mut Value)> {
    let attributes = doc.get_mut("attributes").and_then(Value::as_object_mut);
    let all = attributes.into_iter().flatten();
    all.filter(|(name, _)| name.ends_with(ENDING))
        .flat_map(|(name, value)| {
            let values = match value {
                Value::Array(all) => all.as_mut_slice(),
                one => std::slice::from_mut(one),
            };
            values.iter_mut().map(move |value| (name, value))
        })
}

/// The document as it is stored. `owner`: the id of whose attributes they are.
pub(super) fn sealed<'a>(tx: &Tx, owner: &str, doc: &'a Doc) -> Result<Cow<'a, Doc>, Error> {
    let attributes = doc.get("attributes").and_then(Value::as_object);
    if !attributes.is_some_and(|all| all.keys().any(|name| name.ends_with(ENDING))) {
        return Ok(Cow::Borrowed(doc));
    }
    let mut doc = doc.clone();
    for (name, value) in secrets(&mut doc) {
        realm_secret::seal(tx, &purpose(name), owner, value)?;
    }
    Ok(Cow::Owned(doc))
}

/// Opens what is sealed in a stored document. What the present secret key cannot open says nothing, with a line in
/// the log.
pub(super) fn open(key: &SecretKey, owner: &str, doc: &mut Doc) {
    for (name, value) in secrets(doc) {
        realm_secret::unseal(key, &purpose(name), owner, value);
    }
}

/// Seals the secrets of a stored document again that an earlier key sealed. `false`: there was none.
pub fn seal_again(db: &Db, owner: &str, doc: &mut Doc) -> bool {
    let again = secrets(doc).map(|(name, value)| realm_secret::seal_again(db, &purpose(name), owner, value));
    again.fold(false, |any, one| any | one)
}

/// Seals the secrets of roles and groups again that an earlier secret key sealed, and says of how many.
///
/// # Errors
///
/// Those of the database.
pub async fn roles_and_groups_again(db: &Db) -> Result<usize, Error> {
    let mut count = 0;
    for of in [Holder::Role, Holder::Group, Holder::OrganizationGroup] {
        let mut after = String::new();
        loop {
            let some = sealed::docs_with_secrets(db, of, &after, AT_ONCE).await?;
            let Some((last, _)) = some.last() else { break };
            after.clone_from(last);
            for (id, old) in some {
                let mut doc = json::parse(&old)?;
                if seal_again(db, &id, &mut doc) {
                    let mut tx = db.begin().await?;
                    sealed::replace_doc(&mut tx, of, &id, &old, &serde_json::to_string(&doc)?).await?;
                    tx.commit().await?;
                    count += 1;
                }
            }
        }
    }
    Ok(count)
}

/// Seals the secrets of client scopes again that an earlier secret key sealed, and says of how many scopes.
///
/// # Errors
///
/// Those of the database.
pub async fn scopes_again(db: &Db) -> Result<usize, Error> {
    let sql = "select id, doc from realm_part where realm_id = $1 and kind = 'client-scope'";
    let mut count = 0;
    for mut realm in db.list("select id from realm", &[]).await? {
        let realm_id: String = realm.next()?;
        for mut row in db.list(sql, &[&realm_id]).await? {
            let (id, old): (String, String) = (row.next()?, row.next()?);
            let mut doc = json::parse(&old)?;
            if seal_again(db, &id, &mut doc) {
                let mut tx = db.begin().await?;
                let new = serde_json::to_string(&doc)?;
                sealed::replace_scope_doc(&mut tx, &realm_id, &id, &old, &new).await?;
                tx.commit().await?;
                count += 1;
            }
        }
    }
    Ok(count)
}
