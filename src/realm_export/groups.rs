//! Groups of an export: a tree.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Extent, Names, lists};
use crate::store::group::Group;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// All groups from the top.
pub(super) fn tree(realm: &Realm, names: &Names, extent: Extent) -> Value {
    let mut below: HashMap<&str, Vec<&Group>> = HashMap::new();
    for group in &names.groups {
        below.entry(&group.parent_id).or_default().push(group);
    }
    branch((realm, extent), names, &below, "")
}

fn branch((realm, extent): (&Realm, Extent), names: &Names, below: &HashMap<&str, Vec<&Group>>, parent: &str) -> Value {
    let groups = below.get(parent).into_iter().flatten();
    groups
        .map(|group| {
            let mut doc = Doc::new();
            doc.insert("id".into(), json!(group.id));
            doc.insert("name".into(), json!(group.name));
            if let Some(description) = group.doc.get("description").filter(|d| !d.is_null()) {
                doc.insert("description".into(), description.clone());
            }
            doc.insert("path".into(), json!(names.path(&group.id)));
            if !parent.is_empty() {
                doc.insert("parentId".into(), json!(parent));
            }
            doc.insert("subGroups".into(), branch((realm, extent), names, below, &group.id));
            doc.insert("attributes".into(), lists(&group.doc, extent));
            let (of_realm, of_clients) = names.roles(realm, names.group_roles.get(&group.id).into_iter().flatten());
            doc.insert("realmRoles".into(), json!(of_realm));
            doc.insert("clientRoles".into(), json!(of_clients));
            for (name, value) in &group.doc {
                doc.entry(name.clone()).or_insert_with(|| value.clone());
            }
            Value::Object(doc)
        })
        .collect()
}
