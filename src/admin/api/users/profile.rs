//! The user profile of a realm.

use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};

use super::{SEE, find};
use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::json::Body;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::profile::{self, Context, Place, Unmanaged};
use crate::store::Tx;
use crate::store::json::{Doc, text};
use crate::store::part::{self, Kind};
use crate::store::realm;
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
        .route("/realms/{realm}/users/profile", get(read).put(update))
        .route("/realms/{realm}/users/profile/metadata", get(metadata))
        .route("/realms/{realm}/users/{id}/unmanagedAttributes", get(unmanaged))
}

async fn read(admin: Admin) -> Answer {
    admin.require(KNOW)?;
    answer::json_plain(&profile::config::document(&admin.realm))
}

async fn metadata(admin: Admin) -> Answer {
    admin.require(KNOW)?;
    answer::json_plain(&profile::metadata(&admin.realm, &Place::of(Context::UserApi)))
}

/// Replaces the profile; without one, the default is back.
async fn update(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let wanted = if body.is_empty() {
        None
    } else {
        Some(in_order(&body.object("UPConfig")?))
    };
    if let Some(wanted) = &wanted {
        check(&admin, wanted)?;
    }
    replace(&admin, wanted).await?;
    let realm = realm::by_id(&admin.app.db, &admin.realm.id).await?;
    let shown = profile::config::document(realm.as_ref().unwrap_or(&admin.realm));
    let text = serde_json::to_string(&shown)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// Whether a profile can be kept.
///
/// # Errors
///
/// 400 with all that is wrong with it.
pub(in crate::admin::api) fn check(admin: &Admin, wanted: &Doc) -> Result<(), ApiError> {
    let errors = profile::faults(&admin.realm, wanted);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::bad(&format!("[{}]", errors.join(", "))))
    }
}

/// Keeps a profile that was checked; none: the default is back.
///
/// # Errors
///
/// Those of the database.
pub(in crate::admin::api) async fn replace(admin: &Admin, wanted: Option<Doc>) -> Result<(), ApiError> {
    let told = wanted.map(|w| Value::Object(in_order(&w)));
    let mut tx = admin.app.db.begin().await?;
    store(&mut tx, admin, told.as_ref()).await?;
    let kind = "USER_PROFILE";
    record(&mut tx, admin, Operation::Update, kind, "users/profile", told.as_ref()).await?;
    tx.commit().await?;
    Ok(())
}

/// Puts a profile into the realm's component, which a realm that never changed it has not.
async fn store(tx: &mut Tx, admin: &Admin, profile: Option<&Value>) -> Result<(), ApiError> {
    let realm_id = &admin.realm.id;
    if !realm::lock(tx, realm_id).await? {
        return Err(ApiError::not_found("Realm not found."));
    }
    let there = part::of_kind(&mut *tx, realm_id, Kind::Component).await?;
    let mut component = there
        .into_iter()
        .map(|p| p.doc)
        .find(|doc| text(doc, "providerType") == Some(profile::config::PROVIDER_TYPE))
        .unwrap_or_else(|| {
            let new = json!({
                "id": crate::random::uuid(), "providerId": "declarative-user-profile",
                "providerType": profile::config::PROVIDER_TYPE, "parentId": realm_id
            });
            new.as_object().cloned().unwrap_or_default()
        });
    let settings = component.entry("config").or_insert_with(|| json!({}));
    if let Value::Object(settings) = settings {
        settings.remove(profile::config::SETTING);
        if let Some(profile) = profile {
            settings.insert(profile::config::SETTING.into(), json!([profile.to_string()]));
        }
    }
    let own = |key: &str| text(&component, key).unwrap_or_default().to_owned();
    Ok(part::put(tx, realm_id, Kind::Component, &own("id"), &own("name"), &component).await?)
}

/// A profile with its members where Keycloak has them, and without those that say nothing.
fn in_order(given: &Doc) -> Doc {
    const ATTRIBUTE: [&str; 10] = [
        "name",
        "displayName",
        "validations",
        "annotations",
        "required",
        "permissions",
        "selector",
        "group",
        "multivalued",
        "defaultValue",
    ];
    let said = |doc: &Doc, key: &str| doc.get(key).filter(|v| !v.is_null()).cloned();
    let mut ordered = Doc::new();
    if let Some(Value::Array(attributes)) = given.get("attributes") {
        let all = attributes.iter().filter_map(Value::as_object).map(|attribute| {
            let members = ATTRIBUTE.iter().filter_map(|key| {
                let default = (*key == "multivalued").then(|| json!(false));
                Some(((*key).to_owned(), said(attribute, key).or(default)?))
            });
            Value::Object(members.collect())
        });
        ordered.insert("attributes".into(), all.collect());
    }
    ordered.insert("groups".into(), said(given, "groups").unwrap_or_else(|| json!([])));
    if let Some(policy) = said(given, "unmanagedAttributePolicy") {
        ordered.insert("unmanagedAttributePolicy".into(), policy);
    }
    ordered
}

/// The attributes of a user that the profile does not name, where the realm has any.
async fn unmanaged(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    let config = profile::config::of(&admin.realm);
    let has_any = config.unmanaged != Unmanaged::Disabled;
    let others = user
        .attributes
        .iter()
        .filter(|(name, _)| has_any && config.attribute(name).is_none() && !profile::is_internal(name));
    answer::json(&others.map(|(n, v)| (n.clone(), v.clone())).collect::<Attributes>())
}
