//! Client scopes.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::clients::{LIST, VIEW};
use super::container::{latest_scope, save_scope};
use super::default_client_scopes;
use super::error::{Answer, ApiError};
use super::grants;
use super::json::Body;
use super::protocol_mappers;
use super::record::{Operation, record};
use super::representation::client_scope as shown;
use crate::app::App;
use crate::secret_settings;
use crate::store::json::{self, Doc};
use crate::store::part::{self, Kind};
use crate::store::realm::{ClientScope, Realm};
use crate::store::{Tx, client_scope_use, realm};

const SHAPE: &str = "ClientScopeRepresentation";
const KIND: &str = "CLIENT_SCOPE";

/// The addresses of client scopes.
pub fn routes() -> Router<App> {
    let mut router = Router::new();
    for base in ["/realms/{realm}/client-scopes", "/realms/{realm}/client-templates"] {
        router = router
            .route(base, get(list).post(create))
            .route(&format!("{base}/{{scope}}"), get(read).put(update).delete(remove));
    }
    router
}

/// The client scope with an id.
///
/// # Errors
///
/// 404 with the given text.
pub fn find<'a>(realm: &'a Realm, id: &str, otherwise: &str) -> Result<&'a ClientScope, ApiError> {
    let found = realm.client_scopes.iter().find(|s| s.id == id);
    found.ok_or_else(|| ApiError::not_found(otherwise))
}

const UNKNOWN: &str = "Could not find client scope";

async fn list(admin: Admin) -> Answer {
    admin.require(LIST)?;
    if !admin.has_any(VIEW) {
        return answer::json(&Vec::<Value>::new());
    }
    answer::json(&admin.realm.client_scopes.iter().map(shown::full).collect::<Vec<_>>())
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(LIST)?;
    let found = find(&admin.realm, &id, UNKNOWN)?;
    admin.require(VIEW)?;
    answer::json(&shown::full(found))
}

async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageClients])?;
    let given = body.object(SHAPE)?;
    let name = given.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| ApiError::bad("Unexpected name \"null\" for ClientScope"))?;
    check_letters(name)?;
    check_protocol(json::text(&given, "protocol"))?;
    check_name(&admin.realm, name, "")?;
    let mut doc = given.clone();
    let id = json::text(&given, "id").map_or_else(crate::random::uuid, str::to_owned);
    if admin.realm.client_scopes.iter().any(|s| s.id == id) {
        return Err(ApiError::duplicate());
    }
    doc.insert("id".into(), json!(id));
    let scope = merged(None, &doc)?;
    let mut tx = admin.app.db.begin().await?;
    grants::require_mappers(&mut tx, &admin, &[], &scope.protocol_mappers).await?;
    save_scope(&mut tx, &admin.realm.id, &scope).await?;
    let path = format!("client-scopes/{}", answer::segment(&id));
    let told = Value::Object(given);
    record(&mut tx, &admin, Operation::Create, KIND, &path, Some(&told)).await?;
    tx.commit().await?;
    answer::uncached(answer::created(&admin, &path))
}

async fn update(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(LIST)?;
    find(&admin.realm, &id, UNKNOWN)?;
    admin.require(&[Right::ManageClients])?;
    let given = body.object(SHAPE)?;
    if let Some(name) = given.get("name").and_then(Value::as_str) {
        check_name(&admin.realm, name, &id)?;
    }
    if given.get("protocol").is_some_and(|p| !p.is_null()) {
        check_protocol(json::text(&given, "protocol"))?;
    }
    let mut tx = admin.app.db.begin().await?;
    let known = latest_scope(&mut tx, &admin, &id).await?;
    let changed = merged(Some(&known), &given)?;
    save_scope(&mut tx, &admin.realm.id, &changed).await?;
    if changed.name != known.name {
        rename(&mut tx, &admin.realm, &known.name, &changed.name).await?;
    }
    let told = Value::Object(given);
    let path = format!("client-scopes/{id}");
    record(&mut tx, &admin, Operation::Update, KIND, &path, Some(&told)).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(LIST)?;
    let known = find(&admin.realm, &id, UNKNOWN)?.clone();
    admin.require(&[Right::ManageClients])?;
    let mut tx = admin.app.db.begin().await?;
    part::remove(&mut tx, &admin.realm.id, Kind::ClientScope, &id).await?;
    default_client_scopes::take_away(&mut tx, &admin.realm, &known.name).await?;
    client_scope_use::remove(&mut tx, &admin.realm.id, &known.name).await?;
    record(
        &mut tx,
        &admin,
        Operation::Delete,
        KIND,
        &format!("client-scopes/{id}"),
        None,
    )
    .await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

/// The letters of a scope token, RFC 6749 §3.3.
fn check_letters(name: &str) -> Result<(), ApiError> {
    let plain = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(ApiError::bad(&format!("Unexpected name \"{name}\" for ClientScope")));
    }
    Ok(())
}

pub(super) fn check_name(realm: &Realm, name: &str, own_id: &str) -> Result<(), ApiError> {
    check_letters(name)?;
    match realm.client_scope(name) {
        Some(other) if other.id != own_id => Err(ApiError::conflict(&format!("Client Scope {name} already exists"))),
        _ => Ok(()),
    }
}

pub(super) fn check_protocol(protocol: Option<&str>) -> Result<(), ApiError> {
    match protocol {
        Some("openid-connect" | "saml") => Ok(()),
        _ => Err(ApiError::bad("Unexpected protocol")),
    }
}

/// A scope with what was sent over what it was. Attributes are set one by one.
pub(super) fn merged(known: Option<&ClientScope>, given: &Doc) -> Result<ClientScope, ApiError> {
    let mut doc = match known.map(serde_json::to_value).transpose()? {
        Some(Value::Object(doc)) => doc,
        _ => Doc::new(),
    };
    for member in ["id", "name", "description", "protocol"] {
        if let Some(value) = given.get(member).filter(|v| !v.is_null())
            && (member != "id" || known.is_none())
        {
            doc.insert(member.into(), value.clone());
        }
    }
    if let Some(mut attributes) = given.get("attributes").and_then(Value::as_object).cloned() {
        let kept = doc.entry("attributes").or_insert_with(|| json!({}));
        secret_settings::keep(kept.as_object(), &mut attributes);
        for (key, value) in &attributes {
            match (kept.as_object_mut(), value.as_str()) {
                (Some(kept), Some(text)) if !text.is_empty() => {
                    kept.insert(key.clone(), json!(text));
                }
                (Some(kept), _) => {
                    kept.shift_remove(key);
                }
                _ => {}
            }
        }
    }
    if known.is_none()
        && let Some(mappers) = given.get("protocolMappers").and_then(Value::as_array)
    {
        let all = mappers.iter().filter_map(Value::as_object);
        let id = |m: &Doc| json::text(m, "id").map_or_else(crate::random::uuid, str::to_owned);
        let all: Vec<Value> = all.map(|m| protocol_mappers::stored(m, &id(m)).into()).collect();
        doc.insert("protocolMappers".into(), all.into());
    }
    Ok(serde_json::from_value(Value::Object(doc))?)
}

/// Clients and the realm name their scopes, so that they must follow a new name.
async fn rename(tx: &mut Tx, realm: &Realm, from: &str, to: &str) -> Result<(), ApiError> {
    if default_client_scopes::LISTS
        .iter()
        .any(|list| realm.texts(list).contains(&from))
    {
        realm::change(tx, &realm.id, |doc| {
            for list in default_client_scopes::LISTS {
                let names = doc.get_mut(list).and_then(Value::as_array_mut);
                for name in names.into_iter().flatten().filter(|n| *n == from) {
                    *name = json!(to);
                }
            }
        })
        .await?;
    }
    client_scope_use::rename(tx, &realm.id, from, to).await?;
    Ok(())
}
