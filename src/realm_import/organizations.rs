//! Organizations of an import, with their domains, members and identity providers.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Known, Refused, groups, id_of, items, parts, required, texts};
use crate::store::group::Group;
use crate::store::json::{Doc, flag, text};
use crate::store::organization::{self, Organization};
use crate::store::organization_domain::{self, Domain};
use crate::store::{Tx, identity_provider, organization_group, organization_member, user};

/// Adds those that are waiting for the users.
pub(super) async fn add(tx: &mut Tx, known: &mut Known) -> Result<(), Refused> {
    for sent in std::mem::take(&mut known.organizations) {
        add_one(tx, known, &sent).await?;
    }
    Ok(())
}

async fn add_one(tx: &mut Tx, known: &mut Known, sent: &Doc) -> Result<(), Refused> {
    let realm_id = &known.realm_id.clone();
    let name = required(sent, "name", "The name of an organization")?;
    let mut doc = sent.clone();
    for own in [
        "id",
        "name",
        "alias",
        "enabled",
        "domains",
        "members",
        "identityProviders",
        "groups",
    ] {
        doc.shift_remove(own);
    }
    doc.retain(|_, value| !value.is_null());
    parts::without_null(&mut doc, "attributes");
    let new = Organization {
        id: id_of(sent),
        name: name.to_owned(),
        alias: text(sent, "alias").unwrap_or(name).to_owned(),
        enabled: !sent.contains_key("enabled") || flag(sent, "enabled"),
        group_id: crate::random::uuid(),
        doc,
    };
    if !organization::add(tx, realm_id, &new).await? {
        return Err(Refused::Conflict(format!(
            "The name, alias or id of the organization {name} is taken"
        )));
    }
    let domains = sent.get("domains").and_then(Value::as_array);
    let domains: Vec<Domain> = domains.into_iter().flatten().filter_map(domain).collect();
    organization_domain::set(tx, realm_id, &new.id, &domains).await?;
    for linked in items(sent, "identityProviders") {
        let alias = text(linked, "alias").unwrap_or_default();
        let provider = identity_provider::by_alias(&mut *tx, realm_id, alias).await?;
        let missing = || {
            Refused::Bad(format!(
                "The organization {name} names the identity provider {alias}, which is not there"
            ))
        };
        let mut provider = provider.ok_or_else(missing)?;
        provider.organization_id = Some(new.id.clone());
        identity_provider::update(tx, realm_id, &provider).await?;
    }
    let mut groups = Paths::new();
    for group in items(sent, "groups") {
        add_group(tx, known, &new, ("", &new.group_id), group, &mut groups).await?;
    }
    for member in items(sent, "members") {
        let username = text(member, "username").unwrap_or_default();
        let found = user::by_username(&mut *tx, realm_id, username).await?;
        let missing = || Refused::Bad(format!("Unable to find member of an organization: {username}"));
        let managed = text(member, "membershipType") == Some("MANAGED");
        let user = found.ok_or_else(missing)?;
        organization_member::add(tx, &new.id, &user.id, managed).await?;
        for group in texts(member, "groups").filter_map(|path| groups.get(path)) {
            organization_group::join(tx, group, &user.id).await?;
        }
    }
    organization_member::suspend(tx, &new.id).await?;
    Ok(())
}

/// Ids of an organization's groups by their path.
type Paths = HashMap<String, String>;

/// Adds a group with those below it, and their roles.
async fn add_group(
    tx: &mut Tx,
    known: &mut Known,
    of: &Organization,
    (above, parent_id): (&str, &str),
    sent: &Doc,
    paths: &mut Paths,
) -> Result<(), Refused> {
    let name = required(sent, "name", "Group name")?;
    let new = Group {
        id: id_of(sent),
        parent_id: parent_id.to_owned(),
        name: name.to_owned(),
        doc: groups::document(sent, None)?,
    };
    if !organization_group::add(tx, &of.id, &new).await? {
        return Err(Refused::Conflict(format!("Group named '{name}' already exists.")));
    }
    for role in known.named(tx, sent, "realmRoles", "clientRoles").await? {
        organization_group::grant(tx, &new.id, &role).await?;
    }
    let path = format!("{above}/{name}");
    for below in items(sent, "subGroups") {
        Box::pin(add_group(tx, known, of, (&path, &new.id), below, paths)).await?;
    }
    paths.insert(path, new.id);
    Ok(())
}

/// A domain: an object, or in old exports its name alone.
fn domain(sent: &Value) -> Option<Domain> {
    let (name, mut doc) = match sent {
        Value::String(name) => (name.clone(), Doc::new()),
        Value::Object(doc) => (text(doc, "name")?.to_owned(), doc.clone()),
        _ => return None,
    };
    doc.shift_remove("name");
    doc.entry("verified").or_insert(json!(false));
    Some(Domain {
        name: name.to_lowercase(),
        doc,
    })
}
