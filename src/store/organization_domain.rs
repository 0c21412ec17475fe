//! Internet domains of organizations: each belongs to one.

use super::db::{Query, Tx};
use super::json::{self, Doc};
use crate::error::Error;

/// A domain, in lower case.
#[derive(Debug, Clone)]
pub struct Domain {
    pub name: String,
    /// `verified`, and where it was said `identityProviderAlias` and `autoRedirect`.
    pub doc: Doc,
}

/// The domains of an organization, by name.
///
/// # Errors
///
/// Those of the database.
pub async fn of(q: impl Query, organization_id: &str) -> Result<Vec<Domain>, Error> {
    let sql = "select name, doc from organization_domain where organization_id = $1 order by name";
    let rows = q.all(sql, &[&organization_id]).await?;
    rows.into_iter()
        .map(|mut r| {
            Ok(Domain {
                name: r.next()?,
                doc: json::parse(&r.next::<String>()?)?,
            })
        })
        .collect()
}

/// The name of the organization that has a domain, if it is another than `organization_id`.
///
/// # Errors
///
/// Those of the database.
pub async fn other_owner(
    q: impl Query,
    realm_id: &str,
    name: &str,
    organization_id: &str,
) -> Result<Option<String>, Error> {
    let sql = "select o.name from organization o join organization_domain d on d.organization_id = o.id
               where d.realm_id = $1 and d.name = $2 and o.id <> $3";
    let row = q.first(sql, &[&realm_id, &name, &organization_id]).await?;
    row.map(|mut r| r.next()).transpose()
}

/// Replaces the domains of an organization; what another has is left out.
///
/// # Errors
///
/// Those of the database.
pub async fn set(tx: &mut Tx, realm_id: &str, organization_id: &str, all: &[Domain]) -> Result<(), Error> {
    let sql = "delete from organization_domain where organization_id = $1";
    tx.exec(sql, &[&organization_id]).await?;
    for domain in all {
        let doc = serde_json::to_string(&domain.doc)?;
        let sql = "insert into organization_domain (realm_id, name, organization_id, doc) values ($1, $2, $3, $4)
                   on conflict do nothing";
        tx.exec(sql, &[&realm_id, &domain.name, &organization_id, &doc]).await?;
    }
    Ok(())
}
