//! `OrganizationRepresentation`, and what belongs to it.

use serde_json::{Value, json};

use super::super::json::members;
use super::super::representation::{role, user};
use crate::app::App;
use crate::error::Error;
use crate::secret_settings;
use crate::store::client;
use crate::store::group::Group;
use crate::store::json::Doc;
use crate::store::organization::Organization;
use crate::store::organization_domain::{self, Domain};
use crate::store::organization_group;
use crate::store::organization_invitation::Invitation;
use crate::store::realm::Realm;
use crate::store::user::User;

/// An organization. `brief`: without its attributes.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn of(app: &App, o: &Organization, brief: bool) -> Result<Doc, Error> {
    let domains = organization_domain::of(&app.db, &o.id).await?;
    Ok(with_domains(o, &domains, brief))
}

/// An organization with the domains that it has.
pub(super) fn with_domains(o: &Organization, domains: &[Domain], brief: bool) -> Doc {
    let mut shown = Doc::new();
    shown.insert("id".into(), json!(o.id));
    shown.insert("name".into(), json!(o.name));
    shown.insert("alias".into(), json!(o.alias));
    shown.insert("enabled".into(), json!(o.enabled));
    for member in ["description", "redirectUrl"] {
        shown.extend(o.doc.get(member).map(|value| (member.to_owned(), value.clone())));
    }
    if !brief {
        let attributes = o.doc.get("attributes").cloned().unwrap_or_else(|| json!({}));
        shown.insert("attributes".into(), attributes);
    }
    if !domains.is_empty() {
        let all = domains.iter().map(|d| {
            let mut doc = Doc::new();
            doc.insert("name".into(), json!(d.name));
            doc.extend(d.doc.clone());
            Value::Object(doc)
        });
        shown.insert("domains".into(), all.collect());
    }
    shown
}

/// What was sent, as admin events tell it.
pub(super) fn told(given: &Doc, id: Option<&str>) -> Value {
    let mut told = Doc::new();
    for member in members(super::SHAPE) {
        let value = match member {
            "id" => id.map(|id| json!(id)),
            "enabled" => Some(json!(super::check::is_enabled(given))),
            _ => given.get(member).cloned(),
        };
        if let Some(value) = value {
            told.insert(member.to_owned(), value);
        }
    }
    Value::Object(told)
}

/// A member. `brief`: names and state only.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn member(app: &App, who: &User, managed: bool, brief: bool) -> Result<Value, Error> {
    let mut doc = user::member(app, who, brief).await?;
    doc["membershipType"] = json!(membership(managed));
    Ok(doc)
}

/// Keycloak's word for a kind of membership.
pub(super) fn membership(managed: bool) -> &'static str {
    if managed { "MANAGED" } else { "UNMANAGED" }
}

/// An invitation.
pub(super) fn invitation(i: &Invitation, now: i64) -> Value {
    let mut shown = Doc::new();
    shown.insert("id".into(), json!(i.id));
    shown.insert("organizationId".into(), json!(i.organization_id));
    shown.insert("email".into(), json!(i.email));
    for (member, name) in [("firstName", &i.first_name), ("lastName", &i.last_name)] {
        if let Some(name) = name {
            shown.insert(member.into(), json!(name));
        }
    }
    shown.insert("sentDate".into(), json!(i.sent / 1000));
    shown.insert("expiresAt".into(), json!(i.expires / 1000));
    let status = if i.expires <= now { "EXPIRED" } else { "PENDING" };
    shown.insert("status".into(), json!(status));
    Value::Object(shown)
}

/// A group inside an organization. `brief`: without attributes and roles.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn group(
    app: &App,
    realm: &Realm,
    organization_id: &str,
    g: &Group,
    brief: bool,
) -> Result<Doc, Error> {
    let mut shown = Doc::new();
    shown.insert("id".into(), json!(g.id));
    shown.insert("name".into(), json!(g.name));
    if let Some(description) = g.doc.get("description") {
        shown.insert("description".into(), description.clone());
    }
    let path = organization_group::path(&app.db, organization_id, g).await?;
    shown.insert("path".into(), json!(path));
    shown.insert("parentId".into(), json!(g.parent_id));
    shown.insert("subGroups".into(), json!([]));
    if brief {
        return Ok(shown);
    }
    shown.insert("attributes".into(), secret_settings::masked(&g.doc));
    let ids = organization_group::roles(&app.db, &g.id).await?;
    let (mut of_realm, mut of_clients) = (Vec::new(), Doc::new());
    for known in ids.iter().filter_map(|id| realm.roles.by_id(id)) {
        if known.client_uuid.is_empty() {
            of_realm.push(known.name.as_str());
        } else if let Some(c) = client::by_id(&app.db, &realm.id, &known.client_uuid).await?
            && let Value::Array(names) = of_clients.entry(c.client_id.clone()).or_insert_with(|| json!([]))
        {
            names.push(json!(known.name));
        }
    }
    shown.insert("realmRoles".into(), json!(of_realm));
    shown.insert("clientRoles".into(), Value::Object(of_clients));
    Ok(shown)
}

/// Roles as lists show them. `brief`: without attributes.
pub(super) fn roles<'a>(
    realm: &Realm,
    ids: impl IntoIterator<Item = &'a str>,
    client_uuid: &str,
    brief: bool,
) -> Vec<Value> {
    if brief {
        return role::list(realm, ids, Some(client_uuid));
    }
    let known = ids.into_iter().filter_map(|id| realm.roles.by_id(id));
    known
        .filter(|r| r.client_uuid == client_uuid)
        .map(|r| role::full(realm, r))
        .collect()
}
