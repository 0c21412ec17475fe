//! Looking for users, page by page.
//!
//! Beginnings of names, whole values and attributes are found through indexes; only what is looked for in the middle of a
//! value reads a realm's users one after the other, and stops when the page is full.

use super::clause::Clause;
use super::db::{Db, Param, Query as _};
use super::narrow::{self, Condition, Part};
use super::user::{User, escape_like, normal, user};
use crate::error::Error;

/// How a value is compared; always without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// It is this.
    Exact(String),
    /// It begins with this.
    Begins(String),
    /// It contains this.
    Contains(String),
    /// It looks like this; `*` stands for anything.
    Like(String),
}

impl Term {
    /// A word of Keycloak's `search`: `"whole"`, `*part*`, or the beginning.
    pub fn of_word(word: &str) -> Self {
        if word.len() >= 2 && word.starts_with('"') && word.ends_with('"') {
            Self::Exact(word[1..word.len() - 1].to_owned())
        } else if word.contains('*') {
            Self::Like(format!("{word}*"))
        } else {
            Self::Begins(word.to_owned())
        }
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Username,
    Email,
    FirstName,
    LastName,
}

impl Column {
    const ALL: [Self; 4] = [Self::Username, Self::Email, Self::FirstName, Self::LastName];

    fn name(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::FirstName => "first_name_key",
            Self::LastName => "last_name_key",
        }
    }
}

/// Which users are looked for; everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Only these ids, if `by_ids`.
    pub ids: Vec<String>,
    pub by_ids: bool,
    /// Each is to be found in user name, email, first or last name.
    pub words: Vec<Term>,
    pub columns: Vec<(Column, Term)>,
    pub enabled: Option<bool>,
    pub email_verified: Option<bool>,
    /// Epoch milliseconds, inclusive.
    pub created_after: Option<i64>,
    pub created_before: Option<i64>,
    /// Attributes with their values.
    pub attributes: Vec<(String, String)>,
    pub identity_provider: Option<String>,
    pub identity_user: Option<String>,
    /// Whether service accounts are among them. By id they always are.
    pub service_accounts: bool,
}

/// A comparison of a column, and whether an index of it helps.
fn compare(column: &str, term: &Term) -> (Part, bool) {
    match term {
        Term::Exact(text) => (Part::new(format!("{column} = ?"), [&normal(text)]), true),
        Term::Begins(text) => {
            let from = normal(text);
            let to = format!("{from}\u{10ffff}");
            (
                Part::new(format!("({column} >= ? and {column} < ?)"), [&from, &to]),
                true,
            )
        }
        Term::Contains(text) => {
            let like = format!("%{}%", escape_like(&normal(text)));
            (Part::new(format!("{column} like ? escape '\\'"), [&like]), false)
        }
        Term::Like(text) => {
            let like = escape_like(&normal(text)).replace('*', "%");
            (Part::new(format!("{column} like ? escape '\\'"), [&like]), false)
        }
    }
}

/// One of the columns compares so.
fn any_of(realm_id: &str, columns: &[Column], term: &Term) -> Condition {
    let (mut ids, mut holds, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for column in columns {
        let (part, indexed) = compare(column.name(), term);
        holds.push(part.sql.clone());
        texts.extend(part.texts.iter().cloned());
        if indexed {
            let mut found = Part::new(
                format!("select id from account where realm_id = ? and {}", part.sql),
                [realm_id],
            );
            found.texts.extend(part.texts);
            ids.push(found);
        }
    }
    let sql = format!("({})", holds.join(" or "));
    Condition {
        ids,
        holds: Part { sql, texts },
    }
}

fn conditions(realm_id: &str, search: &Search) -> Vec<Condition> {
    let mut all: Vec<Condition> = search
        .words
        .iter()
        .map(|term| any_of(realm_id, &Column::ALL, term))
        .collect();
    let columns = search.columns.iter();
    all.extend(columns.map(|(column, term)| any_of(realm_id, &[*column], term)));
    for (name, value) in &search.attributes {
        let value: String = normal(value).chars().take(255).collect();
        let table = "account_attribute where realm_id = ? and name = ? and value_key = ?";
        all.push(Condition::among(table, [realm_id, name, &value]));
    }
    let table = "federated_identity where realm_id = ?";
    all.extend(match (&search.identity_provider, &search.identity_user) {
        (None, None) => None,
        (Some(provider), None) => Some(Condition::among(
            &format!("{table} and provider = ?"),
            [realm_id, provider],
        )),
        (None, Some(id)) => Some(Condition::among(
            &format!("{table} and external_id = ?"),
            [realm_id, id],
        )),
        (Some(provider), Some(id)) => {
            let both = format!("{table} and provider = ? and external_id = ?");
            Some(Condition::among(&both, [realm_id, provider, id]))
        }
    });
    all
}

fn others(search: &Search, made: &mut Clause) {
    if search.by_ids {
        let ids: Vec<String> = search.ids.iter().map(|id| made.bind(id.clone())).collect();
        made.require(if ids.is_empty() {
            "id = ''".into()
        } else {
            format!("id in ({})", ids.join(", "))
        });
        return;
    }
    if !search.service_accounts {
        made.require("service_client is null");
    }
    // Written out, so that those few who are disabled or unverified are found by the indexes of them alone.
    match search.enabled {
        Some(true) => made.require("enabled and not suspended"),
        Some(false) => made.require("not (enabled and not suspended)"),
        None => {}
    }
    match search.email_verified {
        Some(true) => made.require("email_verified"),
        Some(false) => made.require("not email_verified"),
        None => {}
    }
    made.between("created", search.created_after, search.created_before);
}

/// A page of the users that are looked for, by user name.
///
/// # Errors
///
/// Those of the database.
pub async fn page(db: &Db, realm_id: &str, search: &Search, first: i64, max: i64) -> Result<Vec<User>, Error> {
    let conditions = conditions(realm_id, search);
    let rows = narrow::page(db, realm_id, &conditions, |made| others(search, made), first, max).await?;
    rows.into_iter().map(user).collect()
}

/// How many users there are that are looked for.
///
/// # Errors
///
/// Those of the database.
pub async fn count(db: &Db, realm_id: &str, search: &Search) -> Result<i64, Error> {
    if *search == Search::default() {
        return count_all(db, realm_id).await;
    }
    narrow::count(db, realm_id, &conditions(realm_id, search), |made| others(search, made)).await
}

/// Everybody but service accounts: two indexes are counted, and no user is looked at.
async fn count_all(db: &Db, realm_id: &str) -> Result<i64, Error> {
    let sql = "select (select count(*) from account where realm_id = $1)
        - (select count(*) from account where realm_id = $1 and service_client > '')";
    db.count(sql, &[&realm_id]).await
}

/// The ids of those users that have a generator of one-time passwords.
///
/// # Errors
///
/// Those of the database.
pub async fn with_otp(db: &Db, users: &[User]) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for some in users.chunks(200) {
        let places: Vec<String> = (1..=some.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "select distinct account_id from credential where type = 'otp' and account_id in ({})",
            places.join(", ")
        );
        let ids: Vec<&dyn Param> = some.iter().map(|u| &u.id as &dyn Param).collect();
        for mut row in db.list(&sql, &ids).await? {
            found.push(row.next()?);
        }
    }
    Ok(found)
}
