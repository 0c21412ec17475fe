//! Realms: made, read, changed, removed.

mod actions;
mod import;
mod keys;
mod names;
mod numbers;
mod represent;
mod sessions;
mod settings;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Administrator, Right};
use super::error::{Answer, ApiError};
use super::grants;
use super::identity_providers;
use super::json::Body;
use super::query::Query;
use super::record::{Operation, record, record_in};
use super::references;
use crate::app::App;
use crate::realm_import::partial;
use crate::realm_import::users::Rules;
use crate::realm_import::{self, Plan};
use crate::realm_setup::name::LONGEST;
use crate::store::json::Doc;
use crate::store::realm::{self, Realm};
use crate::store::{Tx, realm_list, user};
use crate::webhook::kept;
use import::refusal;

/// The addresses of realms and of what belongs to a realm as a whole.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/realms", get(list).post(create))
        .route("/realms/{realm}", get(read).put(update).delete(remove))
        .merge(actions::routes())
        .merge(import::routes())
        .merge(keys::routes())
        .merge(sessions::routes())
}

/// Realms that are put together before others have their turn.
const AT_ONCE: usize = 50;

async fn list(who: Administrator, query: Query) -> Answer {
    let brief = query.flag("briefRepresentation") == Some(true);
    let db = &who.app.db;
    let mut seen = Vec::new();
    for realm in realm_list::outlines(db).await? {
        if who
            .has_on(&realm.id, &realm.name, [Right::ViewRealm, Right::ManageRealm])
            .await?
        {
            if brief {
                seen.push(represent::brief(&realm));
            } else if let Some(doc) = realm_list::doc(db, &realm.id).await? {
                seen.push(represent::full(&who.app, &realm.id, &realm.name, &doc).await?);
            }
        } else if who.knows_of(&realm.id, &realm.name).await? {
            seen.push(json!({ "realm": realm.name }));
        }
        if seen.len() % AT_ONCE == 0 {
            tokio::task::yield_now().await;
        }
    }
    if seen.is_empty() {
        Err(ApiError::forbidden())
    } else {
        answer::json(&seen)
    }
}

async fn create(who: Administrator, body: Body) -> Answer {
    if !who.has_master_role("create-realm") {
        return Err(ApiError::forbidden());
    }
    let given = body
        .object("RealmRepresentation")
        .map_err(|_| ApiError::bad("unable to read contents from stream"))?;
    let name = given
        .get("realm")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    names::check(&name)?;
    if given
        .get("id")
        .and_then(Value::as_str)
        .is_some_and(|id| id.len() > LONGEST)
    {
        return Err(ApiError::bad("Database operation failed"));
    }
    let app = who.app.clone();
    if realm::by_name(&app.db, &name).await?.is_some() {
        return Err(ApiError::conflict(&format!("Realm {name} already exists")));
    }
    let wanted = settings::checked(&app, None, &given)?;
    let location = format!("{}/admin/realms/{}", who.caller.base, answer::segment(&name));
    let id = make(&who, &name, given, wanted).await?;
    let made = again(&app, &id).await?;
    let shown = represent::full(&app, &made.id, &made.name, &made.doc).await?;
    let mut tx = app.db.begin().await?;
    tell_home(&mut tx, &who, Operation::Create, &made.name, Some(&shown)).await?;
    tx.commit().await?;
    answer::created_at(&location)
}

/// Makes the realm with all that the representation holds, in one transaction; returns its id.
async fn make(who: &Administrator, name: &str, mut given: Doc, wanted: Doc) -> Result<String, ApiError> {
    let app = &who.app;
    identity_providers::check_all(None, &given)?;
    let users = partial::users(app, None, &mut given).await.map_err(refusal)?;
    let plan = Plan::new(app, name, given, Some(wanted)).await.map_err(refusal)?;
    let mut tx = app.db.begin().await?;
    let known = realm_import::create(&mut tx, app, plan).await.map_err(refusal)?;
    let mut known = known.ok_or_else(|| ApiError::conflict("Duplicate resource error"))?;
    let rules = Rules::of(&mut tx, &known.realm_id).await.map_err(refusal)?;
    for incoming in &users {
        let added = realm_import::users::add(&mut tx, app, &mut known, &rules, incoming).await;
        added.map_err(refusal)?;
    }
    realm_import::finish(&mut tx, app, &mut known).await.map_err(refusal)?;
    grant_to_creator(&mut tx, who, name).await?;
    tx.commit().await?;
    Ok(known.realm_id)
}

/// That a realm came or went is told in the realm of who did it.
async fn tell_home(
    tx: &mut Tx,
    who: &Administrator,
    operation: Operation,
    name: &str,
    sent: Option<&Value>,
) -> Result<(), ApiError> {
    record_in(tx, who, &who.home, operation, "REALM", name, sent).await?;
    Ok(())
}

/// Who may create realms but does not have `admin` gets all roles of the new one.
async fn grant_to_creator(tx: &mut Tx, who: &Administrator, name: &str) -> Result<(), ApiError> {
    if who.has_master_role("admin") {
        return Ok(());
    }
    let holder = crate::store::client::read_by_client_id(&mut *tx, &who.home.id, &format!("{name}-realm")).await?;
    if let Some(holder) = holder {
        for role in crate::store::role::of_owner(&mut *tx, &who.home.id, &holder.id).await? {
            crate::store::role::grant_to_user(tx, &who.user.id, &role.id).await?;
        }
    }
    Ok(())
}

async fn read(admin: Admin) -> Answer {
    if admin.has_any(&[Right::ViewRealm, Right::ManageRealm]) {
        let realm = &admin.realm;
        return answer::json(&represent::full(&admin.app, &realm.id, &realm.name, &realm.doc).await?);
    }
    if !admin.knows_realm() {
        return Err(ApiError::forbidden());
    }
    let sees_users = admin.has_any(&[Right::ViewUsers, Right::ManageUsers]);
    answer::json(&represent::outline(&admin.realm, sees_users))
}

async fn update(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    change(&admin, &body.object("RealmRepresentation")?).await
}

/// Changes a realm's settings as a representation says.
///
/// # Errors
///
/// 400 and 409 with Keycloak's texts.
pub(super) async fn change(admin: &Admin, given: &Doc) -> Answer {
    let app = admin.app.clone();
    let given = kept::without(given);
    let name = match given.get("realm").and_then(Value::as_str) {
        Some(name) if name != admin.realm.name => {
            if admin.realm.name == "master" {
                return Err(ApiError::bad("Can't rename master realm"));
            }
            names::check(name).map_err(names::as_message)?;
            name
        }
        _ => &admin.realm.name,
    };
    let wanted = settings::checked(&app, Some(&admin.realm), &given)?;
    references::check_realm(&app, &admin.realm, wanted.get("attributes")).await?;
    store(admin, &app, name, &wanted, &given).await?;
    answer::nothing()
}

async fn store(admin: &Admin, app: &App, name: &str, wanted: &Doc, given: &Doc) -> Result<(), ApiError> {
    let mut tx = app.db.begin().await?;
    let before = realm::latest(&mut tx, &admin.realm.id).await?;
    let before = before.ok_or_else(|| ApiError::not_found("Realm not found."))?;
    let mut doc = settings::merged(&before, wanted, given.contains_key("realm"));
    if let Some(ids) = import::groups_at(&mut tx, &admin.realm.id, given, "defaultGroups").await? {
        let there = crate::store::json::texts(&before, "defaultGroups");
        let mut new: Vec<&str> = ids.iter().map(String::as_str).collect();
        new.retain(|id| !there.contains(id));
        grants::require_groups(&mut tx, admin, &new).await?;
        doc.insert("defaultGroups".into(), json!(ids));
    }
    let unique = !crate::store::json::flag(&doc, "duplicateEmailsAllowed");
    if !realm::update(&mut tx, &admin.realm.id, name, &doc).await? {
        return Err(ApiError::conflict("Realm with same name exists"));
    }
    if name != admin.realm.name {
        names::rename(&mut tx, app, &admin.realm, name).await?;
    }
    if unique == crate::store::json::flag(&before, "duplicateEmailsAllowed") {
        user::set_unique_emails(&mut tx, &admin.realm.id, unique).await?;
    }
    let sent = Value::Object(given.clone());
    record(&mut tx, admin, Operation::Update, "REALM", "", Some(&sent)).await?;
    tx.commit().await?;
    Ok(())
}

async fn remove(admin: Admin) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    if admin.realm.name == "master" {
        return Err(ApiError::bad("Can't remove master realm"));
    }
    let app = admin.app.clone();
    let mut tx = app.db.begin().await?;
    if !realm::remove(&mut tx, &admin.realm.id).await? {
        return Err(ApiError::not_found("Realm not found."));
    }
    names::remove_from_master(&mut tx, &app, &admin.realm.name).await?;
    if admin.who.home.id != admin.realm.id {
        tell_home(&mut tx, &admin.who, Operation::Delete, &admin.realm.name, None).await?;
    }
    tx.commit().await?;
    answer::nothing()
}

/// The snapshot after a change, for handlers that go on.
async fn again(app: &App, id: &str) -> Result<Arc<Realm>, ApiError> {
    realm::by_id(&app.db, id)
        .await?
        .ok_or_else(|| ApiError::not_found("Realm not found."))
}
