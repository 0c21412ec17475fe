//! Migrations: forward only, one directory for both databases.

use super::db::{Db, Query};
use crate::error::Error;

/// Name, text for both databases, and the text of PostgreSQL where it must differ.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_core", include_str!("../../migrations/0001_core.sql")),
    ("0002_people", include_str!("../../migrations/0002_people.sql")),
    ("0003_sessions", include_str!("../../migrations/0003_sessions.sql")),
    ("0004_records", include_str!("../../migrations/0004_records.sql")),
    ("0005_limits", include_str!("../../migrations/0005_limits.sql")),
    (
        "0006_organizations",
        include_str!("../../migrations/0006_organizations.sql"),
    ),
    ("0007_requests", include_str!("../../migrations/0007_requests.sql")),
    ("0008_webhooks", include_str!("../../migrations/0008_webhooks.sql")),
    ("0009_approval", include_str!("../../migrations/0009_approval.sql")),
    ("0010_applied", include_str!("../../migrations/0010_applied.sql")),
];

/// Columns whose comparison must mean the same on both: PostgreSQL would else sort by its locale.
fn for_engine(db: &Db, text: &str) -> String {
    if db.engine_name() == "postgres" {
        // Every text column compares byte by byte, as SQLite's do.
        text.lines().map(collate).collect::<Vec<_>>().join("\n")
    } else {
        text.replace("bytea", "blob")
    }
}

/// `name text ...` becomes `name text collate "C" ...` in a column definition.
fn collate(line: &str) -> String {
    let mut words = line.split_whitespace();
    let is_column =
        line.starts_with("    ") && words.next().is_some() && words.next().is_some_and(|t| t.starts_with("text"));
    if is_column {
        line.replacen(" text", " text collate \"C\"", 1)
    } else {
        line.to_owned()
    }
}

/// Applies what is missing. Safe when several nodes start at once. Returns the names of what was applied.
///
/// # Errors
///
/// [`Error::Storage`] if a migration fails; what came before it stays applied.
pub async fn migrate(db: &Db, now: i64) -> Result<Vec<&'static str>, Error> {
    // One node at a time; even `create table if not exists` fails where two run it at once.
    let begin = if db.engine_name() == "postgres" {
        "begin; set local statement_timeout = 0; set local lock_timeout = 0; select pg_advisory_xact_lock(7651908);"
    } else {
        "begin immediate;"
    };
    let table = "create table if not exists migration (name text primary key, applied bigint not null);";
    db.script(&format!("{begin} {table} commit;")).await?;
    let mut applied = Vec::new();
    for (name, text) in MIGRATIONS {
        if is_applied(db, name).await? {
            continue;
        }
        let text = for_engine(db, text);
        let note = format!("insert into migration (name, applied) values ('{name}', {now});");
        if let Err(e) = db.script(&format!("{begin} {note}\n{text}\ncommit;")).await {
            // Another node may have been faster: then the note was there already.
            if !is_applied(db, name).await? {
                return Err(e);
            }
            continue;
        }
        applied.push(*name);
    }
    Ok(applied)
}

async fn is_applied(db: &Db, name: &str) -> Result<bool, Error> {
    Ok(db
        .count("select count(*) from migration where name = $1", &[&name])
        .await?
        > 0)
}

/// Whether the database answers.
pub async fn answers(db: &Db) -> bool {
    db.count("select count(*) from migration", &[]).await.is_ok()
}
