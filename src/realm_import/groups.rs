//! Groups of an import, with those below them and their roles.

use std::collections::HashMap;

use serde_json::json;

use super::{Known, Refused, id_of, items, required, texts};
use crate::secret_settings;
use crate::store::group::{self, Group};
use crate::store::json::{Doc, text};
use crate::store::{Tx, realm, role_member};

/// A group that was there, as far as one that takes its place keeps its secrets, with those below it by name.
#[derive(Default)]
pub(super) struct Former {
    doc: Doc,
    below: HashMap<String, Former>,
}

impl Former {
    /// Those of a group as it is.
    pub(super) async fn of(tx: &mut Tx, realm_id: &str, id: &str) -> Result<Self, Refused> {
        let doc = group::by_id(&mut *tx, realm_id, id).await?.map(|known| known.doc);
        let mut below = HashMap::new();
        for child in group::below(&mut *tx, realm_id, id).await? {
            let former = Box::pin(Self::of(tx, realm_id, &child.id)).await?;
            below.insert(child.name, former);
        }
        Ok(Self {
            doc: doc.unwrap_or_default(),
            below,
        })
    }
}

/// Adds a group with those below it; how deep is bounded by the depth of JSON. Returns its id. `former`: whose place it takes.
pub(super) async fn add(
    tx: &mut Tx,
    known: &mut Known,
    parent_id: &str,
    sent: &Doc,
    former: Option<&Former>,
) -> Result<String, Refused> {
    let name = required(sent, "name", "Group name")?;
    let realm_id = known.realm_id.clone();
    let new = Group {
        id: id_of(sent),
        parent_id: parent_id.to_owned(),
        name: name.to_owned(),
        doc: document(sent, former.map(|former| &former.doc))?,
    };
    if !group::add(tx, &realm_id, &new).await? {
        return Err(Refused::Conflict(format!("Group named '{name}' already exists.")));
    }
    for id in known.named(tx, sent, "realmRoles", "clientRoles").await? {
        role_member::grant_to_group(tx, &new.id, &id).await?;
    }
    for below in items(sent, "subGroups") {
        let former = former.and_then(|former| former.below.get(text(below, "name")?));
        Box::pin(add(tx, known, &new.id, below, former)).await?;
    }
    Ok(new.id)
}

/// What is kept of a group beside its name and place. The stars of a partial export mean what was there `before`.
pub(super) fn document(sent: &Doc, before: Option<&Doc>) -> Result<Doc, Refused> {
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
    if let Some(attributes) = doc.get_mut("attributes") {
        let kept = secret_settings::kept_lists(before.unwrap_or(&Doc::new()), attributes);
        *attributes = kept.map_err(Refused::Bad)?;
    }
    Ok(doc)
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
