//! Every statement of the store is understood by both databases, and none looks through a whole table that grows.

use std::fs;
use std::path::Path;

use regex::Regex;
use vestibule::store::Query as _;

use crate::support;

/// What may be looked through: realms are few, the inbox is for development, the others are no tables.
const SMALL: [&str; 8] = [
    "realm",
    "inbox",
    "migration",
    "g",
    "p",
    "found",
    "CONSTANT",
    "(subquery",
];

/// Of these a realm may have very many.
const LARGE: [&str; 6] = [
    " account ",
    " client ",
    " user_session ",
    " event ",
    " admin_event ",
    " registration ",
];

/// What is meant for all that a realm has of something: it is counted, emptied, or a part in the middle of names is
/// looked for.
const OF_ALL: [&str; 10] = [
    "select count(*) from ",
    "select (select count(*) from account where realm_id = $1)",
    "delete from event where realm_id = $1",
    "delete from admin_event where realm_id = $1",
    "delete from user_session where realm_id = $1 and offline = $2",
    "update account set email_key = ",
    "select id from client where realm_id = $1 and id > $2",
    "lower(client_id) like $2",
    "and always_displayed order by", // an index of these alone
    "and own_flows and",
];

/// The statements that stand in the store as they are; not those that are put together from conditions.
fn statements() -> Vec<(String, String)> {
    let columns = Regex::new(r#"\b(COLUMNS|CLIENT_COLUMNS|SOURCE): &str =\s*"([^"]+)""#).unwrap();
    let statement = Regex::new(r#""((?:select|insert|update|delete|with) [^"]+)""#).unwrap();
    let continued = Regex::new(r"\\\s*\n\s*").unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !path.is_file() || matches!(name.as_str(), "migrate.rs" | "postgres.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for one in statement.captures_iter(code) {
            let mut sql = continued.replace_all(&one[1], " ").replace(r"'\\'", r"'\'");
            for list in columns.captures_iter(code) {
                sql = sql.replace(&format!("{{{}}}", &list[1]), &list[2]);
            }
            if !sql.contains(['{', '}']) {
                found.push((name.clone(), sql));
            }
        }
    }
    assert!(found.len() > 100, "only {} statements were found", found.len());
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_understands_every_statement_and_finds_rows_by_index() {
    let server = support::sqlite().await;
    let mut wrong = Vec::new();
    for (file, sql) in statements() {
        match server.app.db.all(&format!("explain query plan {sql}"), &[]).await {
            Err(e) => wrong.push(format!("{file}: {e}: {sql}")),
            Ok(steps) => {
                for mut step in steps {
                    for _ in 0..3 {
                        step.next::<i64>().unwrap();
                    }
                    let step: String = step.next().unwrap();
                    // What hangs on a realm is looked for once, when it goes.
                    if sql.starts_with("delete from realm where") {
                        continue;
                    }
                    let scanned = step.strip_prefix("SCAN ").and_then(|s| s.split(' ').next());
                    // Whatever a realm has of it is no better, where that grows.
                    let whole_realm = step.ends_with("(realm_id=?)")
                        && LARGE.iter().any(|table| step.contains(table))
                        && !OF_ALL.iter().any(|meant| sql.contains(meant));
                    if scanned.is_some_and(|table| !SMALL.contains(&table)) || whole_realm {
                        wrong.push(format!("{file}: {step}: {sql}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_understands_every_statement() {
    let Some(address) = support::fresh_postgres().await else {
        return;
    };
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let mut wrong = Vec::new();
    for (file, sql) in statements() {
        if let Err(e) = client.prepare(&sql).await {
            let why = e
                .as_db_error()
                .map_or_else(|| e.to_string(), |e| e.message().to_owned());
            wrong.push(format!("{file}: {why}: {sql}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
