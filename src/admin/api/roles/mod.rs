//! Roles of a realm and of its clients, by name and by id.

mod by_id;
mod composites;
mod holder;
mod members;

pub use holder::RoleHolder;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::query::Query;
use super::record::{Operation, record};
use super::representation::role as shown;
use crate::app::App;
use crate::secret_settings;
use crate::store::json::{self, Doc};
use crate::store::realm;
use crate::store::role::{self, Role};

/// The addresses of roles.
pub fn routes() -> Router<App> {
    let mut router = Router::new().merge(by_id::routes());
    for base in ["/realms/{realm}/roles", "/realms/{realm}/clients/{client}/roles"] {
        let named = format!("{base}/{{role}}");
        router = router
            .route(base, get(list).post(create))
            .route(&named, get(read).put(update).delete(remove))
            .route(
                &format!("{named}/composites"),
                get(composites::all).post(composites::add).delete(composites::remove),
            )
            .route(&format!("{named}/composites/realm"), get(composites::of_realm))
            .route(
                &format!("{named}/composites/clients/{{other}}"),
                get(composites::of_client),
            )
            .route(&format!("{named}/users"), get(members::users))
            .route(&format!("{named}/groups"), get(members::groups))
            .route(
                &format!("{named}/management/permissions"),
                get(no_permissions).put(no_permissions),
            );
    }
    router
}

/// Fine-grained permissions of the first version are off, as in Keycloak.
async fn no_permissions(holder: RoleHolder) -> Answer {
    holder.require_view()?;
    Err(ApiError::feature_off())
}

async fn list(holder: RoleHolder, query: Query) -> Answer {
    holder.require_view()?;
    let realm = &holder.admin.realm;
    let search = query.text("search").unwrap_or_default().trim().to_lowercase();
    let mut page = query.page(i64::MAX)?;
    // A page is asked for by both numbers, but in a search.
    if search.is_empty() && (query.number("first")?.is_none() || query.number("max")?.is_none()) {
        (page.first, page.max) = (0, i64::MAX);
    }
    let brief = query.flag("briefRepresentation").unwrap_or(true);
    let roles = realm.roles.of(&holder.client_uuid);
    let found: Vec<Value> = roles
        .into_iter()
        .filter(|r| is_found(r, &search))
        .skip(page.first as usize)
        .take(page.max as usize)
        .map(|r| {
            if brief {
                shown::brief(realm, r)
            } else {
                shown::full(realm, r)
            }
        })
        .collect();
    answer::json(&found)
}

/// Whether a role's name or description has what is looked for.
fn is_found(role: &Role, search: &str) -> bool {
    let described = json::text(&role.doc, "description").unwrap_or_default();
    role.name.to_lowercase().contains(search) || described.to_lowercase().contains(search)
}

async fn create(holder: RoleHolder, body: Body) -> Answer {
    holder.require_manage()?;
    let given = body.object("RoleRepresentation")?;
    let Some(name) = given.get("name").and_then(Value::as_str) else {
        return Err(nameless());
    };
    let admin = &holder.admin;
    let new = Role {
        id: crate::random::uuid(),
        client_uuid: holder.client_uuid.clone(),
        name: name.to_owned(),
        doc: settings(&given, Doc::new())?,
    };
    let children = if json::flag(&given, "composite") {
        composites::named(&holder, &given).await?
    } else {
        Vec::new()
    };
    super::grants::require(admin, &children.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let mut tx = admin.app.db.begin().await?;
    if !role::add(&mut tx, &admin.realm.id, &new).await? {
        return Err(ApiError::conflict(&format!("Role with name {name} already exists")));
    }
    for child in &children {
        role::compose(&mut tx, &admin.realm.id, &new.id, child).await?;
    }
    let told = told(Some(&new.id), &given);
    let path = holder.path(&answer::segment(name));
    record(&mut tx, admin, Operation::Create, holder.kind(), &path, Some(&told)).await?;
    tx.commit().await?;
    answer::created(admin, &path)
}

async fn read(holder: RoleHolder) -> Answer {
    holder.require_view()?;
    let role = holder.role()?;
    answer::json(&shown::full(&holder.admin.realm, &role))
}

async fn update(holder: RoleHolder, body: Body) -> Answer {
    holder.require_manage()?;
    let role = holder.role()?;
    let given = body.object("RoleRepresentation")?;
    let path = holder.path(&answer::segment(&role.name));
    change(&holder.admin, &role, &given, holder.kind(), &path).await
}

async fn remove(holder: RoleHolder) -> Answer {
    holder.require_manage()?;
    let role = holder.role()?;
    let path = holder.path(&answer::segment(&role.name));
    let told = json!({ "id": role.id, "name": role.name, "composite": false });
    delete(&holder.admin, &role, holder.kind(), &path, Some(told)).await
}

/// Replaces name and description of a role, and its attributes where they are given.
async fn change(admin: &Admin, known: &Role, given: &Doc, kind: &str, path: &str) -> Answer {
    let name = given
        .get("name")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty());
    let name = name.ok_or_else(nameless)?;
    let realm_id = &admin.realm.id;
    let gone = || ApiError::not_found("Could not find role");
    let mut tx = admin.app.db.begin().await?;
    // What is not sent stays as it is now, whatever the snapshot has.
    realm::lock(&mut tx, realm_id).await?;
    let mut changed = role::by_id(&mut tx, realm_id, &known.id).await?.ok_or_else(gone)?;
    let other = role::id_by_name(&mut tx, realm_id, &known.client_uuid, name).await?;
    if other.is_some_and(|id| id != known.id) {
        return Err(ApiError::duplicate());
    }
    super::grants::require_rename(admin, &changed, name)?;
    changed.name = name.to_owned();
    changed.doc.retain(|member, _| member == "attributes");
    changed.doc = settings(given, changed.doc)?;
    if !role::update(&mut tx, realm_id, &changed).await? {
        return Err(gone());
    }
    let told = told(None, given);
    record(&mut tx, admin, Operation::Update, kind, path, Some(&told)).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn delete(admin: &Admin, role: &Role, kind: &str, path: &str, told: Option<Value>) -> Answer {
    if admin.realm.default_role_id() == Some(role.id.as_str()) {
        let text = format!("{} is default role of the realm and cannot be removed.", role.name);
        return Err(ApiError::bad(&text));
    }
    let mut tx = admin.app.db.begin().await?;
    role::remove(&mut tx, &admin.realm.id, &role.id).await?;
    record(&mut tx, admin, Operation::Delete, kind, path, told.as_ref()).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

fn nameless() -> ApiError {
    ApiError::error(axum::http::StatusCode::BAD_REQUEST, "role has no name")
}

/// What an admin event tells of a role: what was sent, with the id of what was made.
fn told(id: Option<&str>, given: &Doc) -> Value {
    let mut told = Doc::new();
    if let Some(id) = id {
        told.insert("id".into(), json!(id));
    }
    for member in ["id", "name", "description"] {
        if let Some(value) = given.get(member).filter(|v| !v.is_null()) {
            told.entry(member).or_insert_with(|| value.clone());
        }
    }
    told.insert("composite".into(), json!(json::flag(given, "composite")));
    for (member, value) in given.iter().filter(|(_, v)| !v.is_null()) {
        told.entry(member.clone()).or_insert_with(|| value.clone());
    }
    Value::Object(told)
}

/// What of a representation a role keeps in its document, over what it had.
fn settings(given: &Doc, mut doc: Doc) -> Result<Doc, ApiError> {
    if let Some(description) = given.get("description").filter(|d| !d.is_null()) {
        doc.insert("description".into(), description.clone());
    }
    if let Some(attributes) = given.get("attributes").filter(|a| a.is_object()) {
        let kept = secret_settings::kept_lists(&doc, attributes).map_err(|why| ApiError::bad(&why))?;
        doc.insert("attributes".into(), json::without_empty(&kept));
    }
    Ok(doc)
}

/// Whether the caller may see, or change, roles of a client (`""`: of the realm).
fn right(client_uuid: &str, manage: bool) -> &'static [Right] {
    match (client_uuid.is_empty(), manage) {
        (true, false) => &[Right::ViewRealm, Right::ManageRealm],
        (true, true) => &[Right::ManageRealm],
        (false, false) => &[Right::ViewClients, Right::ManageClients],
        (false, true) => &[Right::ManageClients],
    }
}

/// The id that a role of a list names.
fn id_of(role: &Doc) -> &str {
    json::text(role, "id").unwrap_or_default()
}
