//! Groups of an import, with those below them and their roles.

use serde_json::json;

use super::{Known, Refused, id_of, items, required, texts};
use crate::secret_settings;
use crate::store::group::{self, Group};
use crate::store::json::Doc;
use crate::store::{Tx, realm, role_member};

/// Adds a group with those below it; how deep is bounded by the depth of JSON. Returns its id.
pub(super) async fn add(tx: &mut Tx, known: &mut Known, parent_id: &str, sent: &Doc) -> Result<String, Refused> {
    let name = required(sent, "name", "Group name")?;
    let realm_id = known.realm_id.clone();
    let new = Group {
        id: id_of(sent),
        parent_id: parent_id.to_owned(),
        name: name.to_owned(),
        doc: document(sent),
    };
    if !group::add(tx, &realm_id, &new).await? {
        return Err(Refused::Conflict(format!("Group named '{name}' already exists.")));
    }
    for id in known.named(tx, sent, "realmRoles", "clientRoles").await? {
        role_member::grant_to_group(tx, &new.id, &id).await?;
    }
    for below in items(sent, "subGroups") {
        Box::pin(add(tx, known, &new.id, below)).await?;
    }
    Ok(new.id)
}

/// What is kept of a group beside its name and place.
pub(super) fn document(sent: &Doc) -> Doc {
    let mut doc = sent.clone();
    for own in [
        "id",
        "name",
        "path",
        "parentId",
        "subGroups",
        "subGroupCount",
        "realmRoles",
        "clientRoles",
        "access",
    ] {
        doc.shift_remove(own);
    }
    // The stars of a partial export are no secret.
    if let Some(attributes) = doc.get_mut("attributes") {
        *attributes = secret_settings::kept_lists(&Doc::new(), attributes);
    }
    doc
}

/// The groups that everybody joins; the document names them by path.
pub(super) async fn defaults(tx: &mut Tx, known: &mut Known, given: &Doc) -> Result<(), Refused> {
    let mut ids = Vec::new();
    for path in texts(given, "defaultGroups") {
        let found = known.group(tx, path).await?;
        ids.push(found.ok_or_else(|| Refused::Bad(format!("Group {path} not found")))?);
    }
    if !ids.is_empty() {
        let realm_id = known.realm_id.clone();
        realm::change(tx, &realm_id, |doc| {
            doc.insert("defaultGroups".into(), json!(ids));
        })
        .await?;
    }
    Ok(())
}
