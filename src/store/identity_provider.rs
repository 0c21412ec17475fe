//! Identity providers of a realm, and their mappers. Secrets in their documents stay sealed until somebody needs them.

use serde_json::Value;
use zeroize::Zeroizing;

use super::clause::Clause;
use super::db::{Db, Query, Row, Tx};
use super::json::{self, Doc};
use super::realm_secret;
use super::user::escape_like;
use crate::error::Error;

/// What secrets are sealed for, with the provider's id.
const PURPOSE: &str = "identity-provider-secret";

/// The member of `config` that is a secret.
pub const SECRET: &str = "clientSecret";

/// An identity provider. Not `Debug`: its document has a secret.
#[derive(Clone)]
pub struct IdentityProvider {
    /// Keycloak's `internalId`.
    pub id: String,
    pub alias: String,
    /// The kind, as `oidc`.
    pub provider_id: String,
    /// The organization that it belongs to.
    pub organization_id: Option<String>,
    /// The rest of Keycloak's `IdentityProviderRepresentation`; flows by id, under `_firstBrokerLoginFlow` and
    /// `_postBrokerLoginFlow`. The secret is sealed.
    pub doc: Doc,
}

const COLUMNS: &str = "id, alias, provider_id, organization_id, doc";

fn provider(mut r: Row) -> Result<IdentityProvider, Error> {
    Ok(IdentityProvider {
        id: r.next()?,
        alias: r.next()?,
        provider_id: r.next()?,
        organization_id: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    })
}

impl IdentityProvider {
    /// A setting of its `config`, other than the secret.
    pub fn config(&self, key: &str) -> Option<&str> {
        self.doc.get("config")?.get(key)?.as_str()
    }

    /// The secret that it shares with us, opened.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if it was sealed with another key.
    pub fn secret(&self, db: &Db) -> Result<Option<Zeroizing<String>>, Error> {
        let Some(mut value) = self.doc.get("config").and_then(|c| c.get(SECRET)).cloned() else {
            return Ok(None);
        };
        realm_secret::unseal(db.secret_key(), PURPOSE, &self.id, &mut value);
        match value {
            Value::String(text) => Ok(Some(Zeroizing::new(text))),
            _ => Err(Error::Key(format!("the secret of {} cannot be opened", self.alias))),
        }
    }

    /// Seals a secret that was just put into the document.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if the cipher fails.
    pub fn seal(&mut self, tx: &Tx) -> Result<(), Error> {
        match self.doc.get_mut("config").and_then(|c| c.get_mut(SECRET)) {
            Some(value) => realm_secret::seal(tx, PURPOSE, &self.id, value),
            None => Ok(()),
        }
    }
}

/// The provider with an alias.
///
/// # Errors
///
/// Those of the database.
pub async fn by_alias(q: impl Query, realm_id: &str, alias: &str) -> Result<Option<IdentityProvider>, Error> {
    let sql = format!("select {COLUMNS} from identity_provider where realm_id = $1 and alias = $2");
    q.first(&sql, &[&realm_id, &alias]).await?.map(provider).transpose()
}

/// Whether a realm has any.
///
/// # Errors
///
/// Those of the database.
pub async fn is_any(q: impl Query, realm_id: &str) -> Result<bool, Error> {
    let sql = "select 1 from identity_provider where realm_id = $1 limit 1";
    Ok(q.first(sql, &[&realm_id]).await?.is_some())
}

/// Which providers are looked for; everything that is set must hold.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Of the alias: `"whole"`, `*part*`, or its beginning; without regard to case.
    pub alias: Option<String>,
    /// Only those that belong to no organization.
    pub realm_only: bool,
    /// Only those of an organization.
    pub organization_id: Option<String>,
    /// Only these kinds, if there are any.
    pub kinds: Vec<String>,
}

/// A page of a realm's providers, by alias.
///
/// # Errors
///
/// Those of the database.
pub async fn page(
    db: &Db,
    realm_id: &str,
    search: &Search,
    first: i64,
    max: i64,
) -> Result<Vec<IdentityProvider>, Error> {
    let mut made = Clause::of_realm(realm_id);
    if let Some(text) = search.alias.as_deref().map(str::to_lowercase).filter(|t| !t.is_empty()) {
        if text.len() >= 2 && text.starts_with('"') && text.ends_with('"') {
            made.equal("alias_key", Some(&text[1..text.len() - 1]));
        } else if text.contains('*') {
            made.like("alias_key", &escape_like(&text).replace('*', "%"));
        } else {
            let to = made.bind(format!("{text}\u{10ffff}"));
            let from = made.bind(text);
            made.require(format!("alias_key >= {from} and alias_key < {to}"));
        }
    }
    if search.realm_only {
        made.require("organization_id is null");
    }
    made.equal("organization_id", search.organization_id.as_deref());
    made.one_of("provider_id", &search.kinds);
    let (limit, offset) = (made.bind(max), made.bind(first));
    let sql = format!(
        "select {COLUMNS} from identity_provider where {} order by alias limit {limit} offset {offset}",
        made.text()
    );
    let rows = db.list(&sql, &made.params()).await?;
    rows.into_iter().map(provider).collect()
}

/// Adds a provider, unless its alias or id is taken: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, p: &IdentityProvider) -> Result<bool, Error> {
    let doc = serde_json::to_string(&p.doc)?;
    let sql = "insert into identity_provider (realm_id, id, alias, alias_key, provider_id, organization_id, doc)
               values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";
    let key = p.alias.to_lowercase();
    let added = tx
        .exec(
            sql,
            &[
                &realm_id,
                &p.id,
                &p.alias,
                &key,
                &p.provider_id,
                &p.organization_id,
                &doc,
            ],
        )
        .await?;
    Ok(added > 0)
}

/// Replaces what a provider is, but its alias and id. `false` if it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn update(tx: &mut Tx, realm_id: &str, p: &IdentityProvider) -> Result<bool, Error> {
    let doc = serde_json::to_string(&p.doc)?;
    let sql = "update identity_provider set provider_id = $3, organization_id = $4, doc = $5
               where realm_id = $1 and id = $2";
    let changed = tx
        .exec(sql, &[&realm_id, &p.id, &p.provider_id, &p.organization_id, &doc])
        .await?;
    Ok(changed > 0)
}

/// Removes a provider with its mappers and the users' links to it. `false` if there is none.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, alias: &str) -> Result<bool, Error> {
    for sql in [
        "delete from identity_provider_mapper where realm_id = $1 and alias = $2",
        "delete from federated_identity where realm_id = $1 and provider = $2",
    ] {
        tx.exec(sql, &[&realm_id, &alias]).await?;
    }
    let sql = "delete from identity_provider where realm_id = $1 and alias = $2";
    Ok(tx.exec(sql, &[&realm_id, &alias]).await? > 0)
}

/// Frees the providers of an organization that goes.
///
/// # Errors
///
/// Those of the database.
pub async fn leave_organization(tx: &mut Tx, realm_id: &str, organization_id: &str) -> Result<(), Error> {
    let sql = "update identity_provider set organization_id = null where realm_id = $1 and organization_id = $2";
    tx.exec(sql, &[&realm_id, &organization_id]).await?;
    Ok(())
}

/// The aliases of a realm's providers that use a flow.
///
/// # Errors
///
/// Those of the database.
pub async fn with_flow(q: impl Query, realm_id: &str, flow_id: &str) -> Result<Vec<String>, Error> {
    let sql = format!("select {COLUMNS} from identity_provider where realm_id = $1 order by alias");
    let mut found = Vec::new();
    for row in q.all(&sql, &[&realm_id]).await? {
        let p = provider(row)?;
        let uses = |m: &&str| json::text(&p.doc, m) == Some(flow_id);
        if [FIRST_FLOW, POST_FLOW].iter().any(uses) {
            found.push(p.alias);
        }
    }
    Ok(found)
}

/// The members of a document that name flows, by id.
pub const FIRST_FLOW: &str = "_firstBrokerLoginFlow";
pub const POST_FLOW: &str = "_postBrokerLoginFlow";

/// A mapper: Keycloak's `IdentityProviderMapperRepresentation`.
#[derive(Debug, Clone)]
pub struct Mapper {
    pub id: String,
    pub alias: String,
    pub name: String,
    /// `identityProviderMapper` and `config`.
    pub doc: Doc,
}

const MAPPER_COLUMNS: &str = "id, alias, name, doc";

fn mapper(mut r: Row) -> Result<Mapper, Error> {
    Ok(Mapper {
        id: r.next()?,
        alias: r.next()?,
        name: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    })
}

/// The mappers of a provider, by name; of all providers, if none is named.
///
/// # Errors
///
/// Those of the database.
pub async fn mappers(db: &Db, realm_id: &str, alias: Option<&str>) -> Result<Vec<Mapper>, Error> {
    let mut made = Clause::of_realm(realm_id);
    made.equal("alias", alias);
    let sql = format!(
        "select {MAPPER_COLUMNS} from identity_provider_mapper where {} order by alias, name",
        made.text()
    );
    let rows = db.list(&sql, &made.params()).await?;
    rows.into_iter().map(mapper).collect()
}

/// The mapper with an id.
///
/// # Errors
///
/// Those of the database.
pub async fn mapper_by_id(q: impl Query, realm_id: &str, id: &str) -> Result<Option<Mapper>, Error> {
    let sql = format!("select {MAPPER_COLUMNS} from identity_provider_mapper where realm_id = $1 and id = $2");
    q.first(&sql, &[&realm_id, &id]).await?.map(mapper).transpose()
}

/// The id of a provider's mapper with a name.
///
/// # Errors
///
/// Those of the database.
pub async fn mapper_id(q: impl Query, realm_id: &str, alias: &str, name: &str) -> Result<Option<String>, Error> {
    let sql = "select id from identity_provider_mapper where realm_id = $1 and alias = $2 and name = $3";
    let row = q.first(sql, &[&realm_id, &alias, &name]).await?;
    row.map(|mut r| r.next()).transpose()
}

/// Adds a mapper, unless the provider has one of that name or its id is taken: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add_mapper(tx: &mut Tx, realm_id: &str, m: &Mapper) -> Result<bool, Error> {
    let doc = serde_json::to_string(&m.doc)?;
    let sql = "insert into identity_provider_mapper (realm_id, id, alias, name, doc) values ($1, $2, $3, $4, $5)
               on conflict do nothing";
    Ok(tx.exec(sql, &[&realm_id, &m.id, &m.alias, &m.name, &doc]).await? > 0)
}

/// Replaces a mapper. `false` if it is gone, or another has the name.
///
/// # Errors
///
/// Those of the database.
pub async fn update_mapper(tx: &mut Tx, realm_id: &str, m: &Mapper) -> Result<bool, Error> {
    let doc = serde_json::to_string(&m.doc)?;
    let sql = "update identity_provider_mapper set alias = $3, name = $4, doc = $5 where realm_id = $1 and id = $2
               and not exists (select 1 from identity_provider_mapper o
                               where o.realm_id = $1 and o.alias = $3 and o.name = $4 and o.id <> $2)";
    Ok(tx.exec(sql, &[&realm_id, &m.id, &m.alias, &m.name, &doc]).await? > 0)
}

/// Removes a mapper. `false` if there is none.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_mapper(tx: &mut Tx, realm_id: &str, id: &str) -> Result<bool, Error> {
    let sql = "delete from identity_provider_mapper where realm_id = $1 and id = $2";
    Ok(tx.exec(sql, &[&realm_id, &id]).await? > 0)
}

/// Seals the secrets of providers again that an earlier secret key sealed, and says how many.
///
/// # Errors
///
/// Those of the database.
pub async fn seal_again(db: &Db) -> Result<usize, Error> {
    let mut count = 0;
    for mut realm in db.list("select id from realm", &[]).await? {
        let realm_id: String = realm.next()?;
        let sql = "select id, doc from identity_provider where realm_id = $1";
        for mut row in db.list(sql, &[&realm_id]).await? {
            let (id, old): (String, String) = (row.next()?, row.next()?);
            let mut doc = json::parse(&old)?;
            let secret = doc.get_mut("config").and_then(|c| c.get_mut(SECRET));
            if secret.is_some_and(|value| realm_secret::seal_again(db, PURPOSE, &id, value)) {
                let mut tx = db.begin().await?;
                let sql = "update identity_provider set doc = $4 where realm_id = $1 and id = $2 and doc = $3";
                tx.exec(sql, &[&realm_id, &id, &old, &serde_json::to_string(&doc)?])
                    .await?;
                tx.commit().await?;
                count += 1;
            }
        }
    }
    Ok(count)
}
