//! Looking for users, page by page.
//!
//! Beginnings of names, whole values and attributes are found through indexes; only what is looked for in the middle of a
//! value reads a realm's users one after the other, and stops when the page is full.

use super::clause::Clause;
use super::db::{Db, Param};
use super::user::{COLUMNS, User, escape_like, normal, user};
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

/// Which users are looked for; everything that is set must hold. Service accounts are found by id only.
#[derive(Debug, Clone, Default)]
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
}

impl Clause {
    fn compare(&mut self, column: &str, term: &Term) -> String {
        match term {
            Term::Exact(text) => {
                let value = self.bind(normal(text));
                format!("{column} = {value}")
            }
            Term::Begins(text) => {
                let from = normal(text);
                let to = self.bind(format!("{from}\u{10ffff}"));
                let from = self.bind(from);
                format!("({column} >= {from} and {column} < {to})")
            }
            Term::Contains(text) => {
                let like = self.bind(format!("%{}%", escape_like(&normal(text))));
                format!("{column} like {like} escape '\\'")
            }
            Term::Like(text) => {
                let like = self.bind(escape_like(&normal(text)).replace('*', "%"));
                format!("{column} like {like} escape '\\'")
            }
        }
    }

    fn word(&mut self, term: &Term) {
        let indexed = matches!(term, Term::Exact(_) | Term::Begins(_));
        let parts: Vec<String> = Column::ALL
            .iter()
            .map(|column| {
                let compared = self.compare(column.name(), term);
                if indexed {
                    format!("select id from account where realm_id = $1 and {compared}")
                } else {
                    compared
                }
            })
            .collect();
        self.require(if indexed {
            format!("id in ({})", parts.join(" union "))
        } else {
            format!("({})", parts.join(" or "))
        });
    }
}

fn clause(realm_id: &str, search: &Search) -> Clause {
    let mut made = Clause::of_realm(realm_id);
    if search.by_ids {
        let ids: Vec<String> = search.ids.iter().map(|id| made.bind(id.clone())).collect();
        made.require(if ids.is_empty() {
            "id = ''".into()
        } else {
            format!("id in ({})", ids.join(", "))
        });
        return made;
    }
    made.require("service_client is null");
    for term in &search.words {
        made.word(term);
    }
    for (column, term) in &search.columns {
        let compared = made.compare(column.name(), term);
        made.require(compared);
    }
    for (column, value) in [
        ("(enabled and not suspended)", search.enabled),
        ("email_verified", search.email_verified),
    ] {
        if let Some(value) = value {
            let value = made.bind(value);
            made.require(format!("{column} = {value}"));
        }
    }
    made.between("created", search.created_after, search.created_before);
    for (name, value) in &search.attributes {
        let name = made.bind(name.clone());
        let value = made.bind(normal(value).chars().take(255).collect::<String>());
        made.require(format!(
            "id in (select account_id from account_attribute where realm_id = $1 and name = {name} and value_key = {value})"
        ));
    }
    if let Some(provider) = &search.identity_provider {
        let provider = made.bind(provider.clone());
        let user = search.identity_user.as_ref().map(|id| made.bind(id.clone()));
        let user = user.map_or_else(String::new, |id| format!(" and external_id = {id}"));
        made.require(format!(
            "id in (select account_id from federated_identity where realm_id = $1 and provider = {provider}{user})"
        ));
    }
    made
}

/// A page of the users that are looked for, by user name.
///
/// # Errors
///
/// Those of the database.
pub async fn page(db: &Db, realm_id: &str, search: &Search, first: i64, max: i64) -> Result<Vec<User>, Error> {
    let mut made = clause(realm_id, search);
    let (limit, offset) = (made.bind(max), made.bind(first));
    let sql = format!(
        "select {COLUMNS} from account where {} order by username limit {limit} offset {offset}",
        made.text()
    );
    db.list(&sql, &made.params()).await?.into_iter().map(user).collect()
}

/// How many users there are that are looked for.
///
/// # Errors
///
/// Those of the database.
pub async fn count(db: &Db, realm_id: &str, search: &Search) -> Result<i64, Error> {
    let made = clause(realm_id, search);
    let sql = format!("select count(*) from account where {}", made.text());
    let rows = db.list(&sql, &made.params()).await?;
    rows.into_iter().next().map_or(Ok(0), |mut r| r.next())
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
