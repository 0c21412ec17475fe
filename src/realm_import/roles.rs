//! Roles of an import, what they are composed of, and the one that everybody has.

use serde_json::{Value, json};

use super::defaults::default_role as named_default;
use super::{Known, Refused, id_of, items, required, texts};
use crate::secret_settings;
use crate::store::json::{Doc, text};
use crate::store::role::{self, Role};
use crate::store::{Tx, realm};

/// Roles that are about to be composed: whose they are (`""`: the realm's), and what was sent.
type Sent<'a> = Vec<(String, &'a Doc)>;

/// Adds the roles of a new realm: first all of them, then what they are composed of.
pub(super) async fn add(tx: &mut Tx, known: &mut Known, given: &Doc) -> Result<(), Refused> {
    let empty = Doc::new();
    let sent = given.get("roles").and_then(Value::as_object).unwrap_or(&empty);
    let mut all: Sent = items(sent, "realm").map(|r| (String::new(), r)).collect();
    for (client_id, roles) in sent.get("client").and_then(Value::as_object).into_iter().flatten() {
        let holder = known.client(tx, client_id).await?;
        let missing = || Refused::Bad(format!("App doesn't exist in role definitions: {client_id}"));
        let holder = holder.ok_or_else(missing)?;
        let roles = roles.as_array().into_iter().flatten().filter_map(Value::as_object);
        all.extend(roles.map(|r| (holder.clone(), r)));
    }
    for (holder, sent) in &all {
        add_one(tx, known, holder, sent, None).await?;
    }
    compose(tx, known, &all).await
}

/// Adds a role without what it is composed of; one of that name takes what was sent. Returns its id.
/// `former`: what one of its name was that has gone with its client; stars mean its secrets.
pub(super) async fn add_one(
    tx: &mut Tx,
    known: &mut Known,
    holder: &str,
    sent: &Doc,
    former: Option<&Doc>,
) -> Result<String, Refused> {
    let name = required(sent, "name", "Role name")?;
    let realm_id = known.realm_id.clone();
    let mut doc = sent.clone();
    for own in [
        "id",
        "name",
        "composite",
        "composites",
        "clientRole",
        "containerId",
        "scopeParamRequired",
    ] {
        doc.shift_remove(own);
    }
    let there = known.role(tx, holder, name).await?;
    let before = match &there {
        Some(id) => role::by_id(&mut *tx, &realm_id, id).await?.map(|role| role.doc),
        None => former.cloned(),
    };
    if let Some(attributes) = doc.get_mut("attributes") {
        let kept = secret_settings::kept_lists(&before.unwrap_or_default(), attributes);
        *attributes = kept.map_err(Refused::Bad)?;
    }
    let mut new = Role {
        id: id_of(sent),
        client_uuid: holder.to_owned(),
        name: name.to_owned(),
        doc,
    };
    if let Some(id) = there {
        new.id = id;
        role::update(tx, &realm_id, &new).await?;
    } else if !role::add(tx, &realm_id, &new).await? {
        return Err(Refused::Conflict(format!("The id of the role {name} is taken")));
    }
    Ok(new.id)
}

/// Composes roles that are all there.
pub(super) async fn compose(tx: &mut Tx, known: &mut Known, all: &Sent<'_>) -> Result<(), Refused> {
    let realm_id = known.realm_id.clone();
    for (holder, sent) in all {
        let parent = known.role(tx, holder, text(sent, "name").unwrap_or_default()).await?;
        let parts = sent.get("composites").and_then(Value::as_object);
        let (Some(parent), Some(parts)) = (parent, parts) else {
            continue;
        };
        for child in known.named(tx, parts, "realm", "client").await? {
            role::compose(tx, &realm_id, &parent, &child).await?;
        }
    }
    Ok(())
}

/// Settles which role everybody has. Old exports name single roles (`defaultRoles`), of the realm and of clients.
pub(super) async fn default_role(tx: &mut Tx, known: &mut Known, realm: &str, given: &Doc) -> Result<(), Refused> {
    let usual = format!("default-roles-{}", realm.to_lowercase());
    let name = named_default(given).unwrap_or(&usual).to_owned();
    let id = known.role_or_new(tx, "", &name).await?;
    let realm_id = known.realm_id.clone();
    let roles = given.get("roles").and_then(Value::as_object);
    let brought = |name: &str| roles.is_some_and(|r| items(r, "realm").any(|r| text(r, "name") == Some(name)));
    // What the realm was made with belongs to it, what the document brings is composed there.
    let has_account = items(given, "clients").any(|c| text(c, "clientId") == Some("account"));
    let mut parts: Vec<String> = Vec::new();
    if brought(&name) {
        for part in ["offline_access", "uma_authorization"]
            .into_iter()
            .filter(|n| !brought(n))
        {
            parts.extend(known.role(tx, "", part).await?);
        }
        if let Some(account) = known.client(tx, "account").await?.filter(|_| !has_account) {
            for part in ["manage-account", "view-profile"] {
                parts.extend(known.role(tx, &account, part).await?);
            }
        }
    }
    for part in texts(given, "defaultRoles") {
        parts.push(known.role_or_new(tx, "", part).await?);
    }
    for client in items(given, "clients") {
        let Some(holder) = known.client(tx, text(client, "clientId").unwrap_or_default()).await? else {
            continue;
        };
        for part in texts(client, "defaultRoles") {
            parts.push(known.role_or_new(tx, &holder, part).await?);
        }
    }
    for part in parts.iter().filter(|part| **part != id) {
        role::compose(tx, &realm_id, &id, part).await?;
    }
    let description = roles.and_then(|r| items(r, "realm").find(|r| text(r, "name") == Some(&name)));
    let description = match description {
        Some(sent) => sent.get("description").cloned().unwrap_or_default(),
        None => json!("${role_default-roles}"),
    };
    let mut told = json!({ "id": id, "name": name, "description": description, "composite": true, "clientRole": false,
                           "containerId": realm_id });
    if description.is_null()
        && let Some(told) = told.as_object_mut()
    {
        told.shift_remove("description");
    }
    realm::change(tx, &realm_id, |doc| {
        doc.insert("defaultRole".into(), told);
    })
    .await?;
    Ok(())
}
