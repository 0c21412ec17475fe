//! Components: key providers, client registration policies, the user profile and whatever an import brought.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::component_settings::{self as settings, KEYS};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::own_key;
use super::query::Query;
use super::record::{Operation, record};
use super::references;
use super::server_info;
use crate::app::App;
use crate::client_registration::{self, By, policy};
use crate::realm_setup;
use crate::secret_settings::MASK;
use crate::store::json::{self, Doc};
use crate::store::part::{self, Kind};
use crate::store::realm::Component;
use crate::store::{Tx, initial_access, key};

const SHAPE: &str = "ComponentRepresentation";
const KIND: &str = "COMPONENT";
const VIEW: &[Right] = &[Right::ViewRealm, Right::ManageRealm];

/// The addresses of components.
pub fn routes() -> Router<App> {
    let base = "/realms/{realm}/components";
    Router::new()
        .route(base, get(list).post(create))
        .route(&format!("{base}/{{id}}"), get(read).put(update).delete(remove))
        .route(&format!("{base}/{{id}}/sub-component-types"), get(sub_types))
        .route(
            "/realms/{realm}/client-registration-policy/providers",
            get(policy_providers),
        )
        .route("/realms/{realm}/client-registration-policy/evaluate", post(evaluate))
}

/// What the policies would say to a registration (contract 5). Changes nothing.
async fn evaluate(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ViewClients, Right::ManageClients])?;
    let given = body.object("ClientRegistrationEvaluation")?;
    let Some(Value::Object(metadata)) = given.get("metadata") else {
        return Err(ApiError::bad("metadata must be an object"));
    };
    let (app, realm) = (&admin.app, &admin.realm);
    let token = match json::text(&given, "tokenId") {
        None => None,
        Some(id) => {
            let found = initial_access::by_id(&app.db, &realm.id, id).await?;
            Some(found.ok_or_else(|| ApiError::bad("There is no such initial access token"))?)
        }
    };
    let by = match (&token, json::text(&given, "subType")) {
        (Some(token), _) => By::Token(token),
        (None, Some("authenticated")) => By::Authenticated,
        (None, None | Some("anonymous")) => By::Anonymous,
        (None, Some(_)) => return Err(ApiError::bad("subType must be anonymous or authenticated")),
    };
    answer::json(&client_registration::evaluate(app, realm, &admin.caller, &by, metadata).await?)
}

async fn policy_providers(admin: Admin) -> Answer {
    admin.require(VIEW)?;
    answer::json(&policy::providers(&admin.realm))
}

/// A component as it is shown: what is secret in it is masked.
fn shown(component: &Component) -> Value {
    let mut doc = Doc::new();
    let mut put = |name: &str, value: Option<&String>| {
        if let Some(value) = value {
            doc.insert(name.into(), json!(value));
        }
    };
    put("id", Some(&component.id));
    put("name", component.name.as_ref());
    put("providerId", Some(&component.provider_id));
    put("providerType", Some(&component.provider_type));
    put("parentId", component.parent_id.as_ref());
    put("subType", component.sub_type.as_ref());
    let config: Doc = component
        .config
        .iter()
        .map(|(name, values)| {
            let hidden = settings::is_secret(component, name);
            let values = if hidden { json!([MASK]) } else { json!(values) };
            (name.clone(), values)
        })
        .collect();
    doc.insert("config".into(), config.into());
    Value::Object(doc)
}

async fn list(admin: Admin, query: Query) -> Answer {
    admin.require(VIEW)?;
    let wanted = |name: &str, value: Option<&str>| query.text(name).is_none_or(|w| w.is_empty() || Some(w) == value);
    let found = admin.realm.components.iter().filter(|c| {
        wanted("type", Some(&c.provider_type))
            && wanted("name", c.name.as_deref())
            && wanted("parent", c.parent_id.as_deref().or(Some(&admin.realm.id)))
    });
    answer::json(&found.map(shown).collect::<Vec<_>>())
}

fn find<'a>(admin: &'a Admin, id: &str) -> Result<&'a Component, ApiError> {
    let found = admin.realm.components.iter().find(|c| c.id == id);
    found.ok_or_else(|| ApiError::not_found("Could not find component"))
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    answer::json(&shown(find(&admin, &id)?))
}

async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let given = body.object(SHAPE)?;
    let mut new = Component {
        id: json::text(&given, "id").map_or_else(crate::random::uuid, str::to_owned),
        name: None,
        provider_id: String::new(),
        provider_type: String::new(),
        parent_id: Some(admin.realm.id.clone()),
        sub_type: None,
        config: std::collections::BTreeMap::new(),
    };
    settings::merge(&mut new, &given);
    settings::check(&new)?;
    references::check_policy(&admin.app, &admin.realm, None, &new).await?;
    settings::fill(&mut new);
    if admin.realm.components.iter().any(|c| c.id == new.id) {
        return Err(ApiError::duplicate());
    }
    let made = if own_key::is_brought(&new) {
        Some(own_key::read(&admin.app, &admin.realm, &mut new)?)
    } else if new.provider_type == KEYS {
        realm_setup::provider_key(&admin.app, &admin.realm.name, &new).await?
    } else {
        None
    };
    let mut tx = admin.app.db.begin().await?;
    save(&mut tx, &admin, &new).await?;
    if let Some(made) = &made {
        key::add(&mut tx, &admin.app.db, &admin.realm.id, made).await?;
    }
    let path = format!("components/{}", answer::segment(&new.id));
    record(
        &mut tx,
        &admin,
        Operation::Create,
        KIND,
        &path,
        Some(&told(&new, given)),
    )
    .await?;
    tx.commit().await?;
    answer::created(&admin, &path)
}

async fn update(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let known = find(&admin, &id)?.clone();
    let given = body.object(SHAPE)?;
    // Keycloak fails without them.
    for member in ["providerId", "providerType"] {
        if json::text(&given, member).is_none() {
            return Err(ApiError::bad(&format!("'{member}' is required")));
        }
    }
    let known = own_key::whole(&admin.realm, &known)?;
    let mut changed = known.clone();
    settings::merge(&mut changed, &given);
    settings::check(&changed)?;
    references::check_policy(&admin.app, &admin.realm, Some(&known), &changed).await?;
    let brought = own_key::is_brought(&changed);
    let own = brought
        .then(|| own_key::read(&admin.app, &admin.realm, &mut changed))
        .transpose()?;
    let renewed = if brought {
        own_key::is_changed(&known, &changed)
    } else {
        changed.provider_type == KEYS && settings::needs_new_key(&known, &changed)
    };
    let made = if own.is_some() {
        own.filter(|_| renewed)
    } else if renewed {
        realm_setup::provider_key(&admin.app, &admin.realm.name, &changed).await?
    } else {
        None
    };
    let mut tx = admin.app.db.begin().await?;
    save(&mut tx, &admin, &changed).await?;
    if renewed {
        key::remove_of_component(&mut tx, &admin.realm.id, &id).await?;
    }
    if let Some(made) = &made {
        key::add(&mut tx, &admin.app.db, &admin.realm.id, made).await?;
    }
    let path = format!("components/{id}");
    record(
        &mut tx,
        &admin,
        Operation::Update,
        KIND,
        &path,
        Some(&told(&changed, given)),
    )
    .await?;
    tx.commit().await?;
    answer::nothing()
}

/// What an admin event tells: what was sent, with secrets masked.
fn told(component: &Component, mut given: Doc) -> Value {
    if let Some(Value::Object(config)) = given.get_mut("config") {
        for (name, values) in config {
            if settings::is_secret(component, name) {
                *values = json!([MASK]);
            }
        }
    }
    Value::Object(given)
}

async fn save(tx: &mut Tx, admin: &Admin, component: &Component) -> Result<(), ApiError> {
    let Value::Object(doc) = serde_json::to_value(component)? else {
        return Err(ApiError::bad("A component is an object"));
    };
    let name = component.name.as_deref().unwrap_or_default();
    part::put(tx, &admin.realm.id, Kind::Component, &component.id, name, &doc).await?;
    Ok(())
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let known = find(&admin, &id)?;
    let mut tx = admin.app.db.begin().await?;
    part::remove(&mut tx, &admin.realm.id, Kind::Component, &id).await?;
    if known.provider_type == KEYS {
        key::remove_of_component(&mut tx, &admin.realm.id, &id).await?;
    }
    record(
        &mut tx,
        &admin,
        Operation::Delete,
        KIND,
        &format!("components/{id}"),
        None,
    )
    .await?;
    tx.commit().await?;
    answer::nothing()
}

async fn sub_types(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    admin.require(VIEW)?;
    find(&admin, &id).map_err(|_| ApiError::not_found("Could not find parent component"))?;
    let Some(wanted) = query.text("type") else {
        return Err(ApiError::error(StatusCode::BAD_REQUEST, "must specify a subtype"));
    };
    if wanted == policy::TYPE {
        return policy_providers(admin).await;
    }
    answer::json(&server_info::component_types(wanted))
}
