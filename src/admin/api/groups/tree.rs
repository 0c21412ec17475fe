//! Lists of groups: the top of the tree, or what a search finds, in its place in the tree.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::super::auth::Admin;
use super::super::error::ApiError;
use super::super::query::{Page, Query};
use super::super::representation::group as shown;
use super::manages;
use crate::secret_settings;
use crate::store::group::{self, Group};
use crate::store::json::Doc;

/// Groups that are looked at when one searches by attributes, which have no index.
const LOOKED_AT: i64 = 10_000;

/// A group of a list.
pub(super) async fn describe(admin: &Admin, g: &Group, brief: bool, counts: bool) -> Result<Doc, ApiError> {
    let (app, realm) = (&admin.app, &admin.realm);
    let doc = if brief {
        shown::brief(app, realm, g).await?
    } else {
        shown::full(app, realm, g).await?
    };
    let doc = if counts {
        shown::counted(app, realm, doc).await?
    } else {
        doc
    };
    Ok(shown::with_access(doc, manages(admin)))
}

/// The answer of `GET groups`.
pub(super) async fn list(admin: &Admin, query: &Query, page: Page) -> Result<Vec<Doc>, ApiError> {
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    let brief = query.flag("briefRepresentation").unwrap_or(true);
    let counts = query.flag("subGroupsCount").unwrap_or(true);
    let exact = query.flag("exact") == Some(true);
    let search = query.text("search").map(str::trim).filter(|s| !s.is_empty());
    let attributes = attributes(query);
    let found = match search.filter(|_| attributes.is_empty()) {
        None if attributes.is_empty() => {
            let mut all = Vec::new();
            for g in group::children(db, realm_id, "", "", false, page.first, page.max).await? {
                all.push(describe(admin, &g, brief, counts).await?);
            }
            return Ok(all);
        }
        Some(search) => group::search(db, realm_id, search, exact, page.first, page.max).await?,
        None => {
            let all = group::search(db, realm_id, "", false, 0, LOOKED_AT).await?;
            let fitting = all.into_iter().filter(|g| attributes.iter().all(|(k, v)| has(g, k, v)));
            fitting.skip(page.first as usize).take(page.max as usize).collect()
        }
    };
    if query.flag("populateHierarchy") == Some(false) {
        let mut all = Vec::new();
        for g in &found {
            all.push(describe(admin, g, brief, counts).await?);
        }
        return Ok(all);
    }
    let mut roots: Vec<Doc> = Vec::new();
    for g in found {
        hang(admin, &mut roots, g, brief, counts).await?;
    }
    roots.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    Ok(roots)
}

/// Puts a group below those above it, each of them once.
async fn hang(admin: &Admin, roots: &mut Vec<Doc>, g: Group, brief: bool, counts: bool) -> Result<(), ApiError> {
    let mut seen = HashSet::from([g.id.clone()]);
    let mut line = vec![g];
    while let Some(above) = line.last().map(|g| g.parent_id.clone()).filter(|id| !id.is_empty()) {
        if !seen.insert(above.clone()) {
            break;
        }
        let Some(parent) = group::by_id(&admin.app.db, &admin.realm.id, &above).await? else {
            break;
        };
        line.push(parent);
    }
    let mut described = Vec::new();
    for g in line.iter().rev() {
        described.push(describe(admin, g, brief, counts).await?);
    }
    insert(roots, described.into_iter());
    Ok(())
}

fn insert(level: &mut Vec<Doc>, mut line: impl Iterator<Item = Doc>) {
    let Some(next) = line.next() else {
        return;
    };
    let at = match level.iter().position(|g| g["id"] == next["id"]) {
        Some(at) => at,
        None => {
            level.push(next);
            level.len() - 1
        }
    };
    let mut below: Vec<Doc> = match level[at].get("subGroups").cloned() {
        Some(Value::Array(all)) => all
            .into_iter()
            .filter_map(|v| if let Value::Object(d) = v { Some(d) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    let rest: Vec<Doc> = line.collect();
    insert(&mut below, rest.into_iter());
    level[at].insert("subGroups".into(), json!(below));
}

/// `q=name:value name2:value2`.
fn attributes(query: &Query) -> Vec<(String, String)> {
    let words = query.text("q").unwrap_or_default().split_whitespace();
    let pairs = words.filter_map(|w| w.split_once(':'));
    pairs
        .map(|(k, v)| (k.trim_matches('"').to_owned(), v.trim_matches('"').to_owned()))
        .collect()
}

fn has(g: &Group, name: &str, value: &str) -> bool {
    let values = g
        .doc
        .get("attributes")
        .and_then(|a| a.get(name))
        .and_then(Value::as_array);
    // What is a secret is not found by guessing.
    !secret_settings::is_secret(name) && values.is_some_and(|values| values.iter().any(|v| v == value))
}
