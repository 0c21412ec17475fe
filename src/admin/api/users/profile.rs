//! The user profile of a realm.

use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};

use super::{SEE, find, profile_rules};
use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::profile::config::{DEFAULT, PROVIDER_TYPE, SETTING};
use crate::profile::{self, Context};
use crate::store::json::Doc;
use crate::store::part::{self, Kind};
use crate::store::realm::Realm;
use crate::store::user::Attributes;

/// Who may know how users are described.
const KNOW: &[Right] = &[
    Right::ViewRealm,
    Right::ManageRealm,
    Right::ViewUsers,
    Right::ManageUsers,
    Right::QueryUsers,
];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/users/profile", get(read).put(write))
        .route("/realms/{realm}/users/profile/metadata", get(metadata))
        .route("/realms/{realm}/users/{id}/unmanagedAttributes", get(unmanaged))
}

/// The profile as it was written, or the default.
fn shown(realm: &Realm) -> Result<Value, ApiError> {
    let stored = realm.components_of(PROVIDER_TYPE).find_map(|c| c.first(SETTING));
    if let Some(config) = stored.and_then(|text| serde_json::from_str(text).ok()) {
        return Ok(config);
    }
    let mut config = serde_json::to_value(&*DEFAULT)?;
    for attribute in config["attributes"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        attribute.retain(|_, value| *value != json!({}));
    }
    Ok(config)
}

async fn read(admin: Admin) -> Answer {
    admin.require(KNOW)?;
    answer::json_plain(&shown(&admin.realm)?)
}

async fn metadata(admin: Admin) -> Answer {
    admin.require(KNOW)?;
    answer::json_plain(&profile::metadata(&admin.realm, Context::UserApi))
}

/// Replaces the profile; nothing (or `null`) gives the default back.
async fn write(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let config = if body.is_empty() {
        None
    } else {
        Some(completed(body.object("UPConfig")?))
    };
    if let Some(config) = &config {
        let errors = profile_rules::broken(&admin.realm, config);
        if !errors.is_empty() {
            return Err(ApiError::bad(&format!("[{}]", errors.join(", "))));
        }
    }
    let known = admin.realm.components_of(PROVIDER_TYPE).next();
    let id = known.map_or_else(crate::random::uuid, |c| c.id.clone());
    let mut tx = admin.app.db.begin().await?;
    match &config {
        Some(config) => {
            let component = component(&admin.realm, &id, config);
            part::put(&mut tx, &admin.realm.id, Kind::Component, &id, "", &component).await?;
        }
        None => {
            part::remove(&mut tx, &admin.realm.id, Kind::Component, &id).await?;
        }
    }
    let sent = config.map(Value::Object);
    record(
        &mut tx,
        &admin,
        Operation::Update,
        "USER_PROFILE",
        "users/profile",
        sent.as_ref(),
    )
    .await?;
    tx.commit().await?;
    let now = crate::store::realm::by_id(&admin.app.db, &admin.realm.id).await?;
    let text = shown(&now.unwrap_or(admin.realm))?.to_string();
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// What was sent with the members that Keycloak always has.
fn completed(mut config: Doc) -> Doc {
    for attribute in config
        .get_mut("attributes")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let Some(attribute) = attribute.as_object_mut() else {
            continue;
        };
        if !attribute.contains_key("multivalued") {
            let default = attribute.remove("defaultValue");
            attribute.insert("multivalued".into(), json!(false));
            if let Some(default) = default {
                attribute.insert("defaultValue".into(), default);
            }
        }
    }
    if !config.contains_key("groups") {
        let policy = config.remove("unmanagedAttributePolicy");
        config.insert("groups".into(), json!([]));
        if let Some(policy) = policy {
            config.insert("unmanagedAttributePolicy".into(), policy);
        }
    }
    config
}

fn component(realm: &Realm, id: &str, config: &Doc) -> Doc {
    let text = Value::Object(config.clone()).to_string();
    let component = json!({
        "id": id, "providerId": "declarative-user-profile", "providerType": PROVIDER_TYPE, "parentId": realm.id,
        "config": { SETTING: [text] }
    });
    component.as_object().cloned().unwrap_or_default()
}

/// The attributes of a user that the profile does not name.
async fn unmanaged(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    let config = profile::config::of(&admin.realm);
    let others = user
        .attributes
        .iter()
        .filter(|(name, _)| config.attribute(name).is_none() && !profile::is_internal(name));
    answer::json(&others.map(|(n, v)| (n.clone(), v.clone())).collect::<Attributes>())
}
