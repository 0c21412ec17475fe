//! Protocol mappers of clients and of client scopes.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::answer;
use super::clients::sector::{self, Addresses};
use super::container::{BASES, Container, Thing};
use super::error::{Answer, ApiError};
use super::grants;
use super::json::Body;
use super::record::{Operation, record};
use super::representation::client_scope as shown;
use super::server_info;
use crate::app::App;
use crate::error::Error;
use crate::oidc::tokens::mappers::effective;
use crate::store::Tx;
use crate::store::json::{self, Doc};
use crate::store::realm::ProtocolMapper;

const SHAPE: &str = "ProtocolMapperRepresentation";
const KIND: &str = "PROTOCOL_MAPPER";

/// The addresses of protocol mappers.
pub fn routes() -> Router<App> {
    BASES.iter().fold(Router::new(), |router, base| {
        let base = format!("{base}/protocol-mappers");
        router
            .route(&format!("{base}/models"), get(list).post(create))
            .route(
                &format!("{base}/models/{{mapper}}"),
                get(read).put(update).delete(remove),
            )
            .route(&format!("{base}/add-models"), post(create_all))
            .route(&format!("{base}/protocol/{{protocol}}"), get(of_protocol))
    })
}

/// A mapper as it is kept: the members we know, with an id. What goes into an ID token goes for userinfo, too, unless it is said
/// otherwise: Keycloak keeps that with it, as it does not what else is [implied](effective::implied).
pub fn stored(given: &Doc, id: &str) -> Doc {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(id));
    for member in ["name", "protocol", "protocolMapper"] {
        doc.insert(member.into(), json!(json::text(given, member).unwrap_or_default()));
    }
    doc.insert("consentRequired".into(), json!(json::flag(given, "consentRequired")));
    let config = given
        .get("config")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let says = |v: &Value| v.as_str().is_some_and(|text| !text.is_empty());
    let mut config: Doc = config.into_iter().filter(|(_, v)| says(v)).collect();
    if let Some(value) = config.get("id.token.claim").cloned() {
        config.entry("userinfo.token.claim").or_insert(value);
    }
    doc.insert("config".into(), Value::Object(config));
    doc
}

fn parse(given: &Doc, id: &str) -> Result<ProtocolMapper, Error> {
    Ok(serde_json::from_value(Value::Object(stored(given, id)))?)
}

/// What makes pairwise subjects has a salt: the one that was there, or a new one.
fn salted(mut mapper: ProtocolMapper, before: Option<&ProtocolMapper>) -> ProtocolMapper {
    const SALT: &str = "pairwiseSubAlgorithmSalt";
    if mapper.protocol_mapper == "oidc-sha256-pairwise-sub-mapper" && !mapper.config.contains_key(SALT) {
        let kept = before.and_then(|before| before.config.get(SALT).cloned());
        mapper
            .config
            .insert(SALT.into(), kept.unwrap_or_else(crate::random::uuid));
    }
    mapper
}

async fn list(container: Container) -> Answer {
    answer::json(&shown::mappers(&effective::all(container.mappers()?)))
}

async fn of_protocol(container: Container) -> Answer {
    let protocol = container.param("protocol");
    let all: Vec<ProtocolMapper> = container
        .mappers()?
        .into_iter()
        .filter(|m| m.protocol == protocol)
        .collect();
    answer::json(&shown::mappers(&effective::all(all)))
}

async fn read(container: Container) -> Answer {
    let found = container
        .mappers()?
        .into_iter()
        .find(|m| m.id == container.param("mapper"));
    answer::json(&shown::mapper(&effective::of(found.ok_or_else(unknown)?)))
}

fn unknown() -> ApiError {
    ApiError::not_found("Model not found")
}

/// Checks a new mapper against those there are and puts it among them.
fn put(all: &mut Vec<ProtocolMapper>, given: &Doc, taken: impl Fn() -> ApiError) -> Result<String, ApiError> {
    let (protocol, provider) = (
        json::text(given, "protocol").unwrap_or_default(),
        json::text(given, "protocolMapper").unwrap_or_default(),
    );
    if !server_info::is_mapper(provider) {
        return Err(ApiError::not_found("ProtocolMapper provider not found"));
    }
    let Some(name) = json::text(given, "name").filter(|_| !protocol.is_empty()) else {
        return Err(ApiError::duplicate());
    };
    if all.iter().any(|m| m.name == name && m.protocol == protocol) {
        return Err(taken());
    }
    let id = json::text(given, "id").map_or_else(crate::random::uuid, str::to_owned);
    if all.iter().any(|m| m.id == id) {
        return Err(ApiError::duplicate());
    }
    all.push(salted(parse(given, &id)?, None));
    Ok(id)
}

/// A client's pairwise subjects need a sector.
async fn check_sector(container: &Container, given: &Doc) -> Result<(), ApiError> {
    let Thing::Client(client) = &container.thing else {
        return Ok(());
    };
    let checked = sector::check_given(&container.admin.app, &Addresses::of(client), given).await;
    checked.map_err(|fault| fault.of_mapper())
}

async fn create(mut container: Container, body: Body) -> Answer {
    container.require_manage()?;
    let given = body.object(SHAPE)?;
    check_sector(&container, &given).await?;
    let mut tx = container.begin().await?;
    let before = container.mappers()?;
    let mut all = before.clone();
    let id = put(&mut all, &given, || {
        ApiError::conflict("Protocol mapper exists with same name")
    })?;
    grants::require_mappers(&mut tx, &container.admin, &before, &all).await?;
    container.set_mappers(all)?;
    let path = container.path(&format!("/protocol-mappers/models/{id}"));
    save(tx, &container, Operation::Create, &path, Some(&told(&given))).await?;
    answer::uncached(answer::created(&container.admin, &path))
}

async fn create_all(mut container: Container, body: Body) -> Answer {
    container.require_manage()?;
    let given = body.list(SHAPE)?;
    for mapper in &given {
        check_sector(&container, mapper).await?;
    }
    let mut tx = container.begin().await?;
    let before = container.mappers()?;
    let mut all = before.clone();
    for mapper in &given {
        let text = "Protocol mapper name must be unique per protocol";
        put(&mut all, mapper, || {
            ApiError::described(StatusCode::CONFLICT, "conflict", text)
        })?;
    }
    grants::require_mappers(&mut tx, &container.admin, &before, &all).await?;
    container.set_mappers(all)?;
    let path = container.path("/protocol-mappers/add-models");
    let told: Value = given.iter().map(told).collect();
    save(tx, &container, Operation::Create, &path, Some(&told)).await?;
    answer::uncached(answer::nothing())
}

async fn update(mut container: Container, body: Body) -> Answer {
    container.require_manage()?;
    let given = body.object(SHAPE)?;
    check_sector(&container, &given).await?;
    let mut tx = container.begin().await?;
    let before = container.mappers()?;
    let mut all = before.clone();
    let id = container.param("mapper").to_owned();
    let known = all.iter().position(|m| m.id == id).ok_or_else(unknown)?;
    if !json::text(&given, "protocolMapper").is_some_and(server_info::is_mapper) {
        return Err(ApiError::not_found("ProtocolMapper provider not found"));
    }
    let mut changed = given.clone();
    // What it is called, and for which protocol it is, stays.
    changed.insert("name".into(), json!(all[known].name));
    changed.insert("protocol".into(), json!(all[known].protocol));
    all[known] = salted(parse(&changed, &id)?, Some(&all[known]));
    grants::require_mappers(&mut tx, &container.admin, &before, &all).await?;
    container.set_mappers(all)?;
    let path = container.path(&format!("/protocol-mappers/models/{id}"));
    save(tx, &container, Operation::Update, &path, Some(&told(&given))).await?;
    answer::uncached(answer::nothing())
}

async fn remove(mut container: Container) -> Answer {
    container.require_manage()?;
    let tx = container.begin().await?;
    let mut all = container.mappers()?;
    let id = container.param("mapper").to_owned();
    let known = all.iter().position(|m| m.id == id).ok_or_else(unknown)?;
    all.remove(known);
    container.set_mappers(all)?;
    let path = container.path(&format!("/protocol-mappers/models/{id}"));
    save(tx, &container, Operation::Delete, &path, None).await?;
    answer::uncached(answer::nothing())
}

async fn save(
    mut tx: Tx,
    container: &Container,
    operation: Operation,
    path: &str,
    told: Option<&Value>,
) -> Result<(), ApiError> {
    container.save(&mut tx).await?;
    record(&mut tx, &container.admin, operation, KIND, path, told).await?;
    tx.commit().await?;
    Ok(())
}

/// What an admin event tells of a mapper.
fn told(given: &Doc) -> Value {
    let mut told = Doc::new();
    for member in ["id", "name", "protocol", "protocolMapper"] {
        if let Some(value) = given.get(member).filter(|v| !v.is_null()) {
            told.insert(member.into(), value.clone());
        }
    }
    told.insert("consentRequired".into(), json!(json::flag(given, "consentRequired")));
    let config = given.get("config").filter(|c| c.is_object()).cloned();
    told.insert("config".into(), config.unwrap_or_else(|| json!({})));
    Value::Object(told)
}
