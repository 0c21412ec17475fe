//! Collections inside the representation of a new realm: scopes, clients, roles, groups, users and small things.
//!
//! What programs send that make a realm in one call. Everything is added in one transaction.

use serde_json::{Map, Value, json};

use super::import_users;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::ApiError;
use crate::admin::api::identity_providers;
use crate::store::client;
use crate::store::group::{self, Group};
use crate::store::json::{Doc, text};
use crate::store::part::{self, Kind};
use crate::store::role::{self, Role, Roles};
use crate::store::{Tx, realm, role_member};

/// Whether a representation holds anything of this.
pub(super) fn has_any(given: &Doc) -> bool {
    const READ: [&str; 11] = [
        "clientScopes",
        "clients",
        "roles",
        "groups",
        "defaultGroups",
        "users",
        "requiredActions",
        "components",
        "localizationTexts",
        "identityProviders",
        "identityProviderMappers",
    ];
    READ.iter().any(|key| given.get(*key).is_some_and(|v| !v.is_null()))
}

pub(super) fn items<'a>(doc: &'a Doc, key: &str) -> impl Iterator<Item = &'a Doc> {
    doc.get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

pub(super) fn texts<'a>(doc: &'a Doc, key: &str) -> impl Iterator<Item = &'a str> {
    doc.get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Adds the collections to a realm that was just made; `admin` administers it.
///
/// # Errors
///
/// 400 and 409 for what cannot be added: then nothing is.
pub(super) async fn add(admin: &Admin, given: &Doc) -> Result<(), ApiError> {
    let hashed = import_users::hash(admin, given).await?;
    let mut tx = admin.app.db.begin().await?;
    small_parts(&mut tx, admin, given).await?;
    for sent in items(given, "clients") {
        crate::admin::api::clients::write::import(&mut tx, admin, sent).await?;
    }
    roles(&mut tx, admin, given).await?;
    let known = role::of_realm(&mut tx, &admin.realm.id).await?;
    for sent in items(given, "groups") {
        add_group(&mut tx, admin, &known, "", sent).await?;
    }
    default_groups(&mut tx, admin, given).await?;
    identity_providers::of_realm::add(&mut tx, admin, given).await?;
    import_users::add(&mut tx, admin, &known, given, hashed).await?;
    tx.commit().await?;
    Ok(())
}

async fn small_parts(tx: &mut Tx, admin: &Admin, given: &Doc) -> Result<(), ApiError> {
    let realm_id = &admin.realm.id;
    for sent in items(given, "clientScopes") {
        let name = text(sent, "name").ok_or_else(|| ApiError::bad("Client scope name is missing"))?;
        let known = admin.realm.client_scope(name).map(|s| s.id.clone());
        let id = known
            .or_else(|| text(sent, "id").map(str::to_owned))
            .unwrap_or_else(crate::random::uuid);
        let mut doc = sent.clone();
        doc.insert("id".into(), json!(id));
        for mapper in doc
            .get_mut("protocolMappers")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if mapper["id"].as_str().is_none_or(str::is_empty) {
                mapper["id"] = json!(crate::random::uuid());
            }
        }
        part::put(tx, realm_id, Kind::ClientScope, &id, name, &doc).await?;
    }
    for sent in items(given, "requiredActions") {
        let Some(alias) = text(sent, "alias") else { continue };
        if let Some(known) = admin.realm.required_action(alias) {
            let mut doc = serde_json::to_value(known)?.as_object().cloned().unwrap_or_default();
            doc.extend(sent.clone());
            part::put(tx, realm_id, Kind::RequiredAction, alias, alias, &doc).await?;
        }
    }
    components(tx, admin, given).await?;
    for (locale, messages) in given
        .get("localizationTexts")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(messages) = messages.as_object() {
            part::put(tx, realm_id, Kind::Localization, locale, locale, messages).await?;
        }
    }
    Ok(())
}

/// Components replace the defaults of their type; key providers stay those that were made for the realm.
async fn components(tx: &mut Tx, admin: &Admin, given: &Doc) -> Result<(), ApiError> {
    for (kind, all) in given.get("components").and_then(Value::as_object).into_iter().flatten() {
        if kind == "org.keycloak.keys.KeyProvider" {
            continue;
        }
        for known in admin.realm.components_of(kind) {
            part::remove(tx, &admin.realm.id, Kind::Component, &known.id).await?;
        }
        for sent in all.as_array().into_iter().flatten().filter_map(Value::as_object) {
            let id = text(sent, "id").map_or_else(crate::random::uuid, str::to_owned);
            let mut doc = sent.clone();
            doc.remove("subComponents");
            doc.insert("id".into(), json!(id));
            doc.insert("providerType".into(), json!(kind));
            doc.insert("parentId".into(), json!(admin.realm.id));
            part::put(
                tx,
                &admin.realm.id,
                Kind::Component,
                &id,
                text(sent, "name").unwrap_or_default(),
                &doc,
            )
            .await?;
        }
    }
    Ok(())
}

/// First all roles, then what they are composed of.
async fn roles(tx: &mut Tx, admin: &Admin, given: &Doc) -> Result<(), ApiError> {
    let empty = Map::new();
    let sent = given.get("roles").and_then(Value::as_object).unwrap_or(&empty);
    let mut all: Vec<(String, &Doc)> = items(sent, "realm").map(|r| (String::new(), r)).collect();
    for (client_id, roles) in sent.get("client").and_then(Value::as_object).into_iter().flatten() {
        let found = client::read_by_client_id(&mut *tx, &admin.realm.id, client_id).await?;
        let holder =
            found.ok_or_else(|| ApiError::bad(&format!("App doesn't exist in role definitions: {client_id}")))?;
        all.extend(
            roles
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_object)
                .map(|r| (holder.id.clone(), r)),
        );
    }
    for (holder, sent) in &all {
        let mut doc = Doc::new();
        for key in ["description", "attributes"] {
            if let Some(value) = sent.get(key) {
                doc.insert(key.into(), value.clone());
            }
        }
        let name = text(sent, "name")
            .ok_or_else(|| ApiError::bad("Role name is missing"))?
            .to_owned();
        let id = text(sent, "id").map_or_else(crate::random::uuid, str::to_owned);
        let new = Role {
            id,
            client_uuid: holder.clone(),
            name,
            doc,
        };
        role::add(tx, &admin.realm.id, &new).await?;
    }
    let known = role::of_realm(&mut *tx, &admin.realm.id).await?;
    for (holder, sent) in &all {
        let Some(parent) = known.by_name(holder, text(sent, "name").unwrap_or_default()) else {
            continue;
        };
        let Some(parts) = sent.get("composites").and_then(Value::as_object) else {
            continue;
        };
        for child in named(tx, admin, &known, parts, "realm", "client").await? {
            role::compose(tx, &admin.realm.id, &parent.id, &child).await?;
        }
    }
    Ok(())
}

/// The ids of roles that are named: a list under one member, a map by `clientId` under another.
pub(super) async fn named(
    tx: &mut Tx,
    admin: &Admin,
    known: &Roles,
    doc: &Doc,
    of_realm: &str,
    of_clients: &str,
) -> Result<Vec<String>, ApiError> {
    let missing = |name: &str| ApiError::bad(&format!("Unable to find role: {name}"));
    let mut ids = Vec::new();
    for name in texts(doc, of_realm) {
        ids.push(known.by_name("", name).ok_or_else(|| missing(name))?.id.clone());
    }
    for (client_id, names) in doc.get(of_clients).and_then(Value::as_object).into_iter().flatten() {
        let found = client::read_by_client_id(&mut *tx, &admin.realm.id, client_id).await?;
        let holder = found
            .ok_or_else(|| ApiError::bad(&format!("Unable to find client role mappings for client: {client_id}")))?;
        for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
            ids.push(known.by_name(&holder.id, name).ok_or_else(|| missing(name))?.id.clone());
        }
    }
    Ok(ids)
}

/// Groups with those below them; how deep is bounded by the depth of JSON.
async fn add_group(tx: &mut Tx, admin: &Admin, known: &Roles, parent_id: &str, sent: &Doc) -> Result<(), ApiError> {
    let name = text(sent, "name").ok_or_else(|| ApiError::bad("Group name is missing"))?;
    let mut doc = Doc::new();
    for key in ["description", "attributes"] {
        if let Some(value) = sent.get(key) {
            doc.insert(key.into(), value.clone());
        }
    }
    let new = Group {
        id: text(sent, "id").map_or_else(crate::random::uuid, str::to_owned),
        parent_id: parent_id.to_owned(),
        name: name.to_owned(),
        doc,
    };
    if !group::add(tx, &admin.realm.id, &new).await? {
        return Err(ApiError::conflict(&format!("Group named '{name}' already exists.")));
    }
    for id in named(tx, admin, known, sent, "realmRoles", "clientRoles").await? {
        role_member::grant_to_group(tx, &new.id, &id).await?;
    }
    for below in items(sent, "subGroups") {
        Box::pin(add_group(tx, admin, known, &new.id, below)).await?;
    }
    Ok(())
}

async fn default_groups(tx: &mut Tx, admin: &Admin, given: &Doc) -> Result<(), ApiError> {
    if let Some(ids) = groups_at(tx, &admin.realm.id, given, "defaultGroups").await? {
        realm::change(tx, &admin.realm.id, |doc| {
            doc.insert("defaultGroups".into(), json!(ids));
        })
        .await?;
    }
    Ok(())
}

/// The ids of groups that a member names by path, if it is there.
pub(super) async fn groups_at(
    tx: &mut Tx,
    realm_id: &str,
    given: &Doc,
    member: &str,
) -> Result<Option<Vec<String>>, ApiError> {
    if !given.contains_key(member) {
        return Ok(None);
    }
    let mut ids = Vec::new();
    for path in texts(given, member) {
        let found = group::by_path(&mut *tx, realm_id, path).await?;
        ids.push(
            found
                .ok_or_else(|| ApiError::bad(&format!("Group {path} not found")))?
                .id,
        );
    }
    Ok(Some(ids))
}
