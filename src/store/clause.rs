//! Conditions that are put together while a search is read.

use super::db::{Db, Param, Row};
use crate::error::Error;

/// A `where` clause in the making; everything in it must hold.
#[derive(Default)]
pub(super) struct Clause {
    conditions: Vec<String>,
    params: Vec<Box<dyn Param>>,
}

impl Clause {
    /// With the realm as `$1`.
    pub(super) fn of_realm(realm_id: &str) -> Self {
        Self::of_owner("realm_id", realm_id)
    }

    /// With another column as `$1`.
    pub(super) fn of_owner(column: &str, id: &str) -> Self {
        Self {
            conditions: vec![format!("{column} = $1")],
            params: vec![Box::new(id.to_owned())],
        }
    }

    /// Takes a parameter and gives its placeholder.
    pub(super) fn bind(&mut self, value: impl Param + 'static) -> String {
        self.params.push(Box::new(value));
        format!("${}", self.params.len())
    }

    /// Adds a condition as it is.
    pub(super) fn require(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    pub(super) fn equal(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            let value = self.bind(value.to_owned());
            self.require(format!("{column} = {value}"));
        }
    }

    /// One of these, if there are any.
    pub(super) fn one_of(&mut self, column: &str, values: &[String]) {
        if !values.is_empty() {
            let places: Vec<String> = values.iter().map(|v| self.bind(v.clone())).collect();
            self.require(format!("{column} in ({})", places.join(", ")));
        }
    }

    /// A pattern of `LIKE`, escaped with `\`.
    pub(super) fn like(&mut self, column: &str, pattern: &str) {
        let pattern = self.bind(pattern.to_owned());
        self.require(format!("{column} like {pattern} escape '\\'"));
    }

    /// Bounds, inclusive.
    pub(super) fn between(&mut self, column: &str, from: Option<i64>, to: Option<i64>) {
        for (sign, value) in [(">=", from), ("<=", to)] {
            if let Some(value) = value {
                let value = self.bind(value);
                self.require(format!("{column} {sign} {value}"));
            }
        }
    }

    /// The text of the clause.
    pub(super) fn text(&self) -> String {
        self.conditions.join(" and ")
    }

    /// The parameters, `$1` first.
    pub(super) fn params(&self) -> Vec<&dyn Param> {
        self.params.iter().map(AsRef::as_ref).collect()
    }

    /// A page of rows that have a `time`.
    pub(super) async fn page(
        mut self,
        db: &Db,
        columns: &str,
        table: &str,
        ascending: bool,
        first: i64,
        max: i64,
    ) -> Result<Vec<Row>, Error> {
        let (limit, offset) = (self.bind(max), self.bind(first));
        let order = if ascending { "time, id" } else { "time desc, id desc" };
        let sql = format!(
            "select {columns} from {table} where {} order by {order} limit {limit} offset {offset}",
            self.text()
        );
        db.list(&sql, &self.params()).await
    }
}
