//! Organizations of a realm.

use super::clause::Clause;
use super::db::{Db, Query, Row, Tx};
use super::json::{self, Doc};
use super::user::escape_like;
use crate::error::Error;

/// An organization.
#[derive(Debug, Clone)]
pub struct Organization {
    pub id: String,
    pub name: String,
    pub alias: String,
    pub enabled: bool,
    /// The parent of its top groups.
    pub group_id: String,
    /// `description`, `redirectUrl` and `attributes` of Keycloak's `OrganizationRepresentation`.
    pub doc: Doc,
}

const COLUMNS: &str = "id, name, alias, enabled, group_id, doc";

fn organization(mut r: Row) -> Result<Organization, Error> {
    Ok(Organization {
        id: r.next()?,
        name: r.next()?,
        alias: r.next()?,
        enabled: r.next()?,
        group_id: r.next()?,
        doc: json::parse(&r.next::<String>()?)?,
    })
}

/// The organization with an id.
///
/// # Errors
///
/// Those of the database.
pub async fn by_id(q: impl Query, realm_id: &str, id: &str) -> Result<Option<Organization>, Error> {
    let sql = format!("select {COLUMNS} from organization where realm_id = $1 and id = $2");
    q.first(&sql, &[&realm_id, &id]).await?.map(organization).transpose()
}

/// The organization with a name.
///
/// # Errors
///
/// Those of the database.
pub async fn by_name(q: impl Query, realm_id: &str, name: &str) -> Result<Option<Organization>, Error> {
    let sql = format!("select {COLUMNS} from organization where realm_id = $1 and name = $2");
    q.first(&sql, &[&realm_id, &name]).await?.map(organization).transpose()
}

/// The organization with an alias.
///
/// # Errors
///
/// Those of the database.
pub async fn by_alias(q: impl Query, realm_id: &str, alias: &str) -> Result<Option<Organization>, Error> {
    let sql = format!("select {COLUMNS} from organization where realm_id = $1 and alias = $2");
    q.first(&sql, &[&realm_id, &alias]).await?.map(organization).transpose()
}

/// The organizations that a user is a member of, by alias.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, realm_id: &str, user_id: &str) -> Result<Vec<Organization>, Error> {
    let sql = format!(
        "select {COLUMNS} from organization where realm_id = $1
             and id in (select organization_id from organization_member where account_id = $2) order by alias"
    );
    let rows = q.all(&sql, &[&realm_id, &user_id]).await?;
    rows.into_iter().map(organization).collect()
}

/// Which organizations are looked for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A part of the name or of a domain, without regard to case.
    pub text: Option<String>,
    /// The text is a whole name or domain.
    pub exact: bool,
    /// Attributes with their values; all must be there, and the text is not looked at.
    pub attributes: Vec<(String, String)>,
    /// The alias of an identity provider that belongs to it.
    pub identity_provider: Option<String>,
}

fn clause(realm_id: &str, search: &Search) -> Clause {
    let mut made = Clause::of_realm(realm_id);
    for (name, value) in &search.attributes {
        let (name, value) = (made.bind(name.clone()), made.bind(value.clone()));
        made.require(format!(
            "id in (select organization_id from organization_attribute
                    where realm_id = $1 and name = {name} and value = {value})"
        ));
    }
    if let Some(alias) = &search.identity_provider {
        let alias = made.bind(alias.clone());
        made.require(format!(
            "id in (select organization_id from identity_provider where realm_id = $1 and alias = {alias})"
        ));
    }
    let text = search
        .text
        .as_deref()
        .filter(|t| !t.is_empty() && search.attributes.is_empty());
    match text {
        Some(text) if search.exact => {
            let (text, domain) = (made.bind(text.to_owned()), made.bind(text.to_lowercase()));
            made.require(format!(
                "id in (select id from organization where realm_id = $1 and name = {text} union
                        select organization_id from organization_domain where realm_id = $1 and name = {domain})"
            ));
        }
        Some(text) => {
            let like = made.bind(format!("%{}%", escape_like(&text.to_lowercase())));
            made.require(format!(
                "(name_key like {like} escape '\\' or id in (select organization_id from organization_domain
                    where realm_id = $1 and name like {like} escape '\\'))"
            ));
        }
        None => {}
    }
    made
}

/// A page of the organizations that are looked for, by name.
///
/// # Errors
///
/// Those of the database.
pub async fn page(db: &Db, realm_id: &str, search: &Search, first: i64, max: i64) -> Result<Vec<Organization>, Error> {
    let mut made = clause(realm_id, search);
    let (limit, offset) = (made.bind(max), made.bind(first));
    let sql = format!(
        "select {COLUMNS} from organization where {} order by name limit {limit} offset {offset}",
        made.text()
    );
    let rows = db.list(&sql, &made.params()).await?;
    rows.into_iter().map(organization).collect()
}

/// How many organizations there are that are looked for.
///
/// # Errors
///
/// Those of the database.
pub async fn count(db: &Db, realm_id: &str, search: &Search) -> Result<i64, Error> {
    let made = clause(realm_id, search);
    let sql = format!("select count(*) from organization where {}", made.text());
    let rows = db.list(&sql, &made.params()).await?;
    rows.into_iter().next().map_or(Ok(0), |mut r| r.next())
}

/// Adds an organization, unless its name or alias is taken: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, realm_id: &str, o: &Organization) -> Result<bool, Error> {
    let (key, doc) = (o.name.to_lowercase(), serde_json::to_string(&o.doc)?);
    let sql = "insert into organization (id, realm_id, name, name_key, alias, enabled, group_id, doc)
               values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
    let added = tx
        .exec(
            sql,
            &[&o.id, &realm_id, &o.name, &key, &o.alias, &o.enabled, &o.group_id, &doc],
        )
        .await?;
    if added > 0 {
        index_attributes(tx, realm_id, o).await?;
    }
    Ok(added > 0)
}

/// Replaces what an organization is, but its alias. `false` if it is gone, or another has the name.
///
/// # Errors
///
/// Those of the database.
pub async fn update(tx: &mut Tx, realm_id: &str, o: &Organization) -> Result<bool, Error> {
    let (key, doc) = (o.name.to_lowercase(), serde_json::to_string(&o.doc)?);
    let sql = "update organization set name = $3, name_key = $4, enabled = $5, doc = $6 where realm_id = $1 and id = $2
               and not exists (select 1 from organization o where o.realm_id = $1 and o.name = $3 and o.id <> $2)";
    let changed = tx
        .exec(sql, &[&realm_id, &o.id, &o.name, &key, &o.enabled, &doc])
        .await?;
    if changed > 0 {
        let sql = "delete from organization_attribute where organization_id = $1";
        tx.exec(sql, &[&o.id]).await?;
        index_attributes(tx, realm_id, o).await?;
    }
    Ok(changed > 0)
}

async fn index_attributes(tx: &mut Tx, realm_id: &str, o: &Organization) -> Result<(), Error> {
    let Some(attributes) = o.doc.get("attributes").and_then(|a| a.as_object()) else {
        return Ok(());
    };
    for (name, values) in attributes {
        for value in values.as_array().into_iter().flatten().filter_map(|v| v.as_str()) {
            let sql = "insert into organization_attribute (organization_id, realm_id, name, value)
                       values ($1, $2, $3, $4)";
            // Long values are not searched for; the index keeps their beginning.
            let value: String = value.chars().take(255).collect();
            tx.exec(sql, &[&o.id, &realm_id, name, &value]).await?;
        }
    }
    Ok(())
}

/// Makes other writers of an organization wait until the transaction ends. `false`: there is no such organization.
///
/// # Errors
///
/// Those of the database.
pub async fn lock(tx: &mut Tx, id: &str) -> Result<bool, Error> {
    let sql = "update organization set enabled = enabled where id = $1";
    Ok(tx.exec(sql, &[&id]).await? > 0)
}

/// Removes an organization with all that is in it. Its managed members and providers are the caller's to see to. `false`
/// if there is none.
///
/// # Errors
///
/// Those of the database.
pub async fn remove(tx: &mut Tx, realm_id: &str, id: &str) -> Result<bool, Error> {
    let sql = "delete from organization where realm_id = $1 and id = $2";
    Ok(tx.exec(sql, &[&realm_id, &id]).await? > 0)
}
