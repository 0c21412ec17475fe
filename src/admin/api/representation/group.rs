//! `GroupRepresentation`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;
use crate::secret_settings;
use crate::store::client;
use crate::store::group::{self, Group};
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::role_member;

/// A group as lists show it, without what may be done with it.
///
/// # Errors
///
/// Those of the database.
pub async fn brief(app: &App, realm: &Realm, g: &Group) -> Result<Doc, Error> {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(g.id));
    doc.insert("name".into(), json!(g.name));
    if let Some(description) = g.doc.get("description").filter(|d| !d.is_null()) {
        doc.insert("description".into(), description.clone());
    }
    doc.insert("path".into(), json!(group::path(&app.db, &realm.id, g).await?));
    if !g.parent_id.is_empty() {
        doc.insert("parentId".into(), json!(g.parent_id));
    }
    doc.insert("subGroups".into(), json!([]));
    Ok(doc)
}

/// A group with its attributes and the names of its roles.
///
/// # Errors
///
/// Those of the database.
pub async fn full(app: &App, realm: &Realm, g: &Group) -> Result<Doc, Error> {
    let mut doc = brief(app, realm, g).await?;
    doc.insert("attributes".into(), secret_settings::masked(&g.doc));
    let mut of_realm: Vec<&str> = Vec::new();
    let mut of_clients: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let ids = role_member::of_group(&app.db, &g.id).await?;
    for role in ids.iter().filter_map(|id| realm.roles.by_id(id)) {
        if role.client_uuid.is_empty() {
            of_realm.push(&role.name);
        } else if let Some(c) = client::by_id(&app.db, &realm.id, &role.client_uuid).await? {
            of_clients.entry(c.client_id.clone()).or_default().push(&role.name);
        }
    }
    doc.insert("realmRoles".into(), json!(of_realm));
    doc.insert("clientRoles".into(), json!(of_clients));
    Ok(doc)
}

/// Says how many groups are below one, after its path as Keycloak does.
///
/// # Errors
///
/// Those of the database.
pub async fn counted(app: &App, realm: &Realm, doc: Doc) -> Result<Doc, Error> {
    let id = doc.get("id").and_then(Value::as_str).unwrap_or_default();
    let count = group::count_children(&app.db, &realm.id, id).await?;
    let mut with = Doc::new();
    for (key, value) in doc {
        if key == "subGroups" {
            with.insert("subGroupCount".into(), json!(count));
        }
        with.insert(key, value);
    }
    Ok(with)
}

/// Says what the caller may do with a group. `manage`: whether they may change it; whoever sees it sees its members.
pub fn with_access(mut doc: Doc, manage: bool) -> Doc {
    let access = json!({
        "view": true, "viewMembers": true, "manageMembers": manage, "manage": manage, "manageMembership": manage
    });
    doc.insert("access".into(), access);
    doc
}
