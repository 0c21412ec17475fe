//! Organizations of an export, with their domains, members and identity providers.

use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;
use crate::store::identity_provider::{self, Search as Providers};
use crate::store::json::Doc;
use crate::store::organization::{self, Organization, Search};
use crate::store::organization_domain;
use crate::store::organization_member::{self, Search as Members};
use crate::store::realm::Realm;

/// All organizations; none where there are none.
pub(super) async fn all(app: &App, realm: &Realm) -> Result<Value, Error> {
    let mut shown: Vec<Value> = Vec::new();
    for o in organization::page(&app.db, &realm.id, &Search::default(), 0, i64::MAX).await? {
        shown.push(one(app, realm, &o).await?);
    }
    Ok(if shown.is_empty() { Value::Null } else { shown.into() })
}

async fn one(app: &App, realm: &Realm, o: &Organization) -> Result<Value, Error> {
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
    let members = members.iter().map(|(user, managed)| {
        let kind = if *managed { "MANAGED" } else { "UNMANAGED" };
        json!({ "username": user.username, "membershipType": kind })
    });
    doc.insert("members".into(), members.collect());
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
