//! Which roles clients and client scopes may pass on: by id under `_scopeRoles`, where an export has names.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Known, Refused, items, texts};
use crate::store::json::{Doc, text};
use crate::store::part::{self, Kind};
use crate::store::{Tx, client};

const MEMBER: &str = "_scopeRoles";

/// Who may pass on.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Client(String),
    Scope(String),
}

/// Adds the mappings of roles of the realm and of clients.
pub(super) async fn add(tx: &mut Tx, known: &mut Known, given: &Doc) -> Result<(), Refused> {
    let mut all: BTreeMap<Holder, Vec<String>> = BTreeMap::new();
    for mapping in items(given, "scopeMappings") {
        collect(tx, known, "", mapping, &mut all).await?;
    }
    let of_clients = given.get("clientScopeMappings").and_then(Value::as_object);
    for (client_id, mappings) in of_clients.into_iter().flatten() {
        let owner = known.client(tx, client_id).await?;
        let owner =
            owner.ok_or_else(|| Refused::Bad(format!("Unknown client in client scope mappings: {client_id}")))?;
        for mapping in mappings.as_array().into_iter().flatten().filter_map(Value::as_object) {
            collect(tx, known, &owner, mapping, &mut all).await?;
        }
    }
    let realm_id = known.realm_id.clone();
    for (holder, ids) in all {
        match holder {
            Holder::Client(id) => {
                if let Some(mut found) = client::read(&mut *tx, &realm_id, &id).await? {
                    put(&mut found.doc, ids);
                    client::update(tx, &found).await?;
                }
            }
            Holder::Scope(id) => {
                if let Some(mut doc) = part::read(&mut *tx, &realm_id, Kind::ClientScope, &id).await? {
                    put(&mut doc, ids);
                    let name = text(&doc, "name").unwrap_or_default().to_owned();
                    part::put(tx, &realm_id, Kind::ClientScope, &id, &name, &doc).await?;
                }
            }
        }
    }
    Ok(())
}

/// Reads one mapping of roles of `owner` (`""`: the realm).
async fn collect(
    tx: &mut Tx,
    known: &mut Known,
    owner: &str,
    mapping: &Doc,
    all: &mut BTreeMap<Holder, Vec<String>>,
) -> Result<(), Refused> {
    let holder = if let Some(name) = text(mapping, "client") {
        known.client(tx, name).await?.map(Holder::Client)
    } else {
        let name = text(mapping, "clientScope")
            .or(text(mapping, "clientTemplate"))
            .unwrap_or_default();
        let found = known.scopes(tx).await?.iter().find(|s| s.name == name);
        found.map(|s| Holder::Scope(s.id.clone()))
    };
    let Some(holder) = holder else {
        return Err(Refused::Bad(
            "A scope mapping names a client or client scope that is not there".into(),
        ));
    };
    let ids = all.entry(holder).or_default();
    for name in texts(mapping, "roles") {
        ids.push(known.role_or_new(tx, owner, name).await?);
    }
    Ok(())
}

fn put(doc: &mut Doc, ids: Vec<String>) {
    let mut kept: Vec<String> = doc
        .get(MEMBER)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|v| v.as_str().map(str::to_owned))
        .collect();
    for id in ids {
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    doc.insert(MEMBER.into(), json!(kept));
}
