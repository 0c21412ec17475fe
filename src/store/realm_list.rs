//! All realms at once, for lists and for what runs in the background: of thousands none is read whole.

use std::sync::Arc;

use super::db::{Db, Query as _};
use super::json::{self, Doc};
use super::realm_removal::is_going;
use super::realm_secret;
use crate::error::Error;

/// What lists and sweeps look at of a realm.
pub struct Outline {
    pub id: String,
    pub name: String,
    /// `displayName`, `displayNameHtml` and `enabled`, those that it has.
    pub shown: Doc,
    /// How many seconds events are kept; 0 for ever.
    pub events_kept: i64,
    /// The same of admin events.
    pub admin_events_kept: i64,
    /// Whether registered clients that nobody uses go.
    pub clients_expire: bool,
}

impl Outline {
    fn new(id: String, name: String, mut doc: Doc) -> Self {
        let attribute = |key: &str| json::attribute(&doc, key);
        let expires = |key: &str| json::written(attribute(key)).is_some_and(|seconds: i64| seconds > 0);
        let admin_events = attribute("adminEventsExpiration").and_then(|s| s.parse().ok());
        Self {
            id,
            name,
            events_kept: json::number(&doc, "eventsExpiration"),
            admin_events_kept: admin_events.unwrap_or(0),
            clients_expire: expires("clientRegistration.unused.expires") || expires("clientRegistration.idle.expires"),
            shown: ["displayName", "displayNameHtml", "enabled"]
                .into_iter()
                .filter_map(|member| doc.remove_entry(member))
                .collect(),
        }
    }
}

/// The outlines of all realms, by name.
///
/// # Errors
///
/// Those of the database; [`Error::Corrupt`] if what is stored cannot be read.
pub async fn outlines(db: &Db) -> Result<Vec<Arc<Outline>>, Error> {
    let known = &db.caches.outlines;
    let mut all = Vec::new();
    for mut row in db.list("select id, name from realm order by name", &[]).await? {
        let (id, name): (String, String) = (row.next()?, row.next()?);
        if is_going(&name) {
            continue;
        }
        // Boxed, as most are known.
        let found = match known.get(&id) {
            Some(found) => Some(found),
            None => Box::pin(db.caches.get(known, id.clone(), outline(db, &id))).await?,
        };
        all.extend(found.filter(|found| found.name == name));
    }
    Ok(all)
}

async fn outline(db: &Db, id: &str) -> Result<Option<Arc<Outline>>, Error> {
    let Some(mut row) = db.first("select name, doc from realm where id = $1", &[&id]).await? else {
        return Ok(None);
    };
    let (name, doc) = (row.next()?, json::parse(&row.next::<String>()?)?);
    Ok(Some(Arc::new(Outline::new(id.to_owned(), name, doc))))
}

/// The document of a realm, secrets and all, as its snapshot has it.
///
/// # Errors
///
/// As [`outlines`].
pub async fn doc(db: &Db, id: &str) -> Result<Option<Doc>, Error> {
    let Some(mut row) = db.first("select doc from realm where id = $1", &[&id]).await? else {
        return Ok(None);
    };
    let mut doc = json::parse(&row.next::<String>()?)?;
    realm_secret::open(db.secret_key(), id, &mut doc);
    Ok(Some(doc))
}

/// The names of all realms, in order.
///
/// # Errors
///
/// Those of the database.
pub async fn names(db: &Db) -> Result<Vec<String>, Error> {
    db.list("select name from realm order by name", &[])
        .await?
        .into_iter()
        .map(|mut r| r.next())
        .filter(|name| !name.as_ref().is_ok_and(|n: &String| is_going(n)))
        .collect()
}
