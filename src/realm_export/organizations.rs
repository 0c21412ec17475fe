//! Organizations of an export, with their domains, members and identity providers.

use serde_json::{Value, json};

use super::Names;
use crate::app::App;
use crate::error::Error;
use crate::store::identity_provider::{self, Search as Providers};
use crate::store::json::Doc;
use crate::store::organization::{self, Organization, Search};
use crate::store::organization_domain;
use crate::store::organization_group::{self, Search as Groups};
use crate::store::organization_member::{self, Search as Members};
use crate::store::realm::Realm;

/// All organizations; none where there are none.
pub(super) async fn all(app: &App, realm: &Realm, names: &Names) -> Result<Value, Error> {
    let mut shown: Vec<Value> = Vec::new();
    for o in organization::page(&app.db, &realm.id, &Search::default(), 0, i64::MAX).await? {
        shown.push(one(app, realm, names, &o).await?);
    }
    Ok(if shown.is_empty() { Value::Null } else { shown.into() })
}

async fn one(app: &App, realm: &Realm, names: &Names, o: &Organization) -> Result<Value, Error> {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(o.id));
    doc.insert("name".into(), json!(o.name));
    doc.insert("alias".into(), json!(o.alias));
    doc.insert("enabled".into(), json!(o.enabled));
    for (name, value) in o.doc.iter().filter(|(name, _)| !name.starts_with('_')) {
        doc.insert(name.clone(), value.clone());
    }
    let domains = organization_domain::of(&app.db, &o.id).await?.into_iter().map(|d| {
        let mut doc = Doc::new();
        doc.insert("name".into(), json!(d.name));
        doc.extend(d.doc);
        Value::Object(doc)
    });
    doc.insert("domains".into(), domains.collect());
    let members = organization_member::page(&app.db, &realm.id, &o.id, &Members::default(), 0, i64::MAX).await?;
    let mut told: Vec<Value> = Vec::new();
    for (user, managed) in members {
        let kind = if managed { "MANAGED" } else { "UNMANAGED" };
        let mut member = json!({ "username": user.username, "membershipType": kind });
        let mut paths = Vec::new();
        for group in organization_group::of_user(&app.db, &o.id, &user.id).await? {
            paths.push(organization_group::path(&app.db, &o.id, &group).await?);
        }
        if !paths.is_empty() {
            member["groups"] = json!(paths);
        }
        told.push(member);
    }
    doc.insert("members".into(), told.into());
    let groups = groups(app, realm, names, &o.id, &o.group_id).await?;
    if !groups.is_empty() {
        doc.insert("groups".into(), groups.into());
    }
    let search = Providers {
        organization_id: Some(o.id.clone()),
        ..Providers::default()
    };
    let linked = identity_provider::page(&app.db, &realm.id, &search, 0, i64::MAX).await?;
    let linked = linked.iter().map(|p| {
        let enabled = p.doc.get("enabled").cloned().unwrap_or(json!(true));
        json!({ "alias": p.alias, "enabled": enabled, "config": {} })
    });
    doc.insert("identityProviders".into(), linked.collect());
    Ok(doc.into())
}

/// The groups of an organization below another, with those below them.
async fn groups(app: &App, realm: &Realm, names: &Names, of: &str, parent: &str) -> Result<Vec<Value>, Error> {
    let search = Groups {
        parent_id: Some(parent.to_owned()),
        ..Groups::default()
    };
    let mut shown = Vec::new();
    for group in organization_group::page(&app.db, of, &search, 0, i64::MAX).await? {
        let mut doc = Doc::new();
        doc.insert("id".into(), json!(group.id));
        doc.insert("name".into(), json!(group.name));
        let path = organization_group::path(&app.db, of, &group).await?;
        doc.insert("path".into(), json!(path));
        let below = Box::pin(groups(app, realm, names, of, &group.id)).await?;
        doc.insert("subGroups".into(), below.into());
        doc.extend(group.doc);
        let roles = organization_group::roles(&app.db, &group.id).await?;
        let (of_realm, of_clients) = names.roles(realm, &roles);
        doc.insert("realmRoles".into(), json!(of_realm));
        doc.insert("clientRoles".into(), json!(of_clients));
        shown.push(doc.into());
    }
    Ok(shown)
}
