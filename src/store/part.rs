//! The small sets of configuration that are read with a realm, each part a document of its own.

use super::attribute_secret;
use super::db::{Query, Row, Tx};
use super::json::{self, Doc};
use super::realm_secret;
use crate::error::Error;
use crate::secret_key::SecretKey;
use crate::store::cache::realm_topic;

/// What kind of thing a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `ComponentRepresentation`: key providers, client registration policies, the user profile.
    Component,
    /// `ClientScopeRepresentation` with its protocol mappers.
    ClientScope,
    /// `AuthenticationFlowRepresentation` with its executions, which here have ids.
    Flow,
    /// `AuthenticatorConfigRepresentation`.
    AuthenticatorConfig,
    /// `RequiredActionProviderRepresentation`.
    RequiredAction,
    /// Message texts of one language; the name is the language.
    Localization,
}

impl Kind {
    /// The kind as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::ClientScope => "client-scope",
            Self::Flow => "flow",
            Self::AuthenticatorConfig => "authenticator-config",
            Self::RequiredAction => "required-action",
            Self::Localization => "localization",
        }
    }
}

/// A part as it is stored.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its `kind` as stored.
    pub kind: String,
    /// Its id; for a required action its alias.
    pub id: String,
    /// The name or alias by which people know it.
    pub name: String,
    /// The document in Keycloak's shape.
    pub doc: Doc,
}

/// All parts of a realm, each kind in the order in which they were added.
///
/// # Errors
///
/// Those of the database.
pub async fn of_realm(q: impl Query, realm_id: &str) -> Result<Vec<Part>, Error> {
    let sql = "select kind, id, name, doc from realm_part where realm_id = $1 order by kind, position, id";
    let key = q.opener();
    let rows = q.all(sql, &[&realm_id]).await?;
    rows.into_iter().map(|row| part(&key, row)).collect()
}

fn part(key: &SecretKey, mut row: Row) -> Result<Part, Error> {
    let mut part = Part {
        kind: row.next()?,
        id: row.next()?,
        name: row.next()?,
        doc: json::parse(&row.next::<String>()?)?,
    };
    if part.kind == Kind::ClientScope.as_str() {
        attribute_secret::open(key, &part.id, &mut part.doc);
    }
    Ok(part)
}

/// The parts of one kind, in the order in which they were added.
///
/// # Errors
///
/// Those of the database.
pub async fn of_kind(q: impl Query, realm_id: &str, kind: Kind) -> Result<Vec<Part>, Error> {
    let sql = "select kind, id, name, doc from realm_part where realm_id = $1 and kind = $2 order by position, id";
    let key = q.opener();
    let rows = q.all(sql, &[&realm_id, &kind.as_str()]).await?;
    rows.into_iter().map(|row| part(&key, row)).collect()
}

/// Adds a part or replaces the one with the same id. The realm's snapshot is out of date with the commit.
///
/// # Errors
///
/// Those of the database.
pub async fn put(tx: &mut Tx, realm_id: &str, kind: Kind, id: &str, name: &str, doc: &Doc) -> Result<(), Error> {
    let text = match kind {
        Kind::Component => serde_json::to_string(&realm_secret::sealed_component(tx, realm_id, doc)?)?,
        Kind::ClientScope => serde_json::to_string(&attribute_secret::sealed(tx, id, doc)?)?,
        _ => serde_json::to_string(doc)?,
    };
    let kind = kind.as_str();
    tx.exec(
        "insert into realm_part (realm_id, kind, id, name, position, doc)
         values ($1, $2, $3, $4,
                 (select coalesce(max(position), 0) + 1 from realm_part where realm_id = $1 and kind = $2), $5)
         on conflict (realm_id, kind, id) do update set name = excluded.name, doc = excluded.doc",
        &[&realm_id, &kind, &id, &name, &text],
    )
    .await?;
    tx.touch(realm_topic(realm_id));
    Ok(())
}

/// A part as it is in an open transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn read(q: impl Query, realm_id: &str, kind: Kind, id: &str) -> Result<Option<Doc>, Error> {
    let sql = "select doc from realm_part where realm_id = $1 and kind = $2 and id = $3";
    let key = q.opener();
    let Some(mut row) = q.first(sql, &[&realm_id, &kind.as_str(), &id]).await? else {
        return Ok(None);
    };
    let mut doc = json::parse(&row.next::<String>()?)?;
    if kind == Kind::ClientScope {
        attribute_secret::open(&key, id, &mut doc);
    }
    Ok(Some(doc))
}

/// Removes a part. Says whether it was there.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, kind: Kind, id: &str) -> Result<bool, Error> {
    let sql = "delete from realm_part where realm_id = $1 and kind = $2 and id = $3";
    let removed = tx.exec(sql, &[&realm_id, &kind.as_str(), &id]).await?;
    tx.touch(realm_topic(realm_id));
    Ok(removed > 0)
}
