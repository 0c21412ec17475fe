//! Client policies and the profiles they use: kept and checked.

use std::collections::HashSet;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::authentication::catalog;
use super::error::{Answer, ApiError};
use super::json::Body;
use super::query::Query;
use super::server_info;
use crate::app::App;
use crate::store::json::{self, Doc};
use crate::store::realm;

const VIEW: &[Right] = &[Right::ViewRealm, Right::ManageRealm];
const EXECUTORS: &str = "org.keycloak.services.clientpolicy.executor.ClientPolicyExecutorProvider";
const CONDITIONS: &str = "org.keycloak.services.clientpolicy.condition.ClientPolicyConditionProvider";

/// The addresses of client policies.
pub fn routes() -> Router<App> {
    Router::new()
        .route(
            "/realms/{realm}/client-policies/profiles",
            get(profiles).put(put_profiles),
        )
        .route(
            "/realms/{realm}/client-policies/policies",
            get(policies).put(put_policies),
        )
        .route("/realms/{realm}/client-types", get(super::roles::no_permissions))
}

/// What a realm keeps under a member, each entry with its members in Keycloak's order.
fn kept(admin: &Admin, document: &str, list: &str, order: &[&str]) -> Vec<Value> {
    let all = admin
        .realm
        .doc
        .get(document)
        .and_then(|d| d.get(list))
        .and_then(Value::as_array);
    let ordered = |entry: &Value| {
        let members = order
            .iter()
            .filter_map(|m| Some(((*m).to_owned(), entry.get(*m)?.clone())));
        members.filter(|(_, v)| !v.is_null()).collect::<Doc>().into()
    };
    all.map_or_else(Vec::new, |all| all.iter().map(ordered).collect())
}

async fn profiles(admin: Admin, query: Query) -> Answer {
    admin.require(VIEW)?;
    let mut told = Doc::new();
    let all = kept(
        &admin,
        "clientProfiles",
        "profiles",
        &["name", "description", "executors"],
    );
    told.insert("profiles".into(), json!(all));
    if query.flag("include-global-profiles") == Some(true) {
        told.insert("globalProfiles".into(), catalog::global_profiles().clone());
    }
    answer::json(&told)
}

async fn policies(admin: Admin, query: Query) -> Answer {
    admin.require(VIEW)?;
    let mut told = Doc::new();
    let order = ["name", "description", "enabled", "mode", "conditions", "profiles"];
    told.insert(
        "policies".into(),
        json!(kept(&admin, "clientPolicies", "policies", &order)),
    );
    if query.flag("include-global-policies") == Some(true) {
        told.insert("globalPolicies".into(), json!([]));
    }
    answer::json(&told)
}

fn entries<'a>(given: &'a Doc, list: &str) -> impl Iterator<Item = &'a Doc> {
    let all = given.get(list).and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_object)
}

fn is_global(name: &str) -> bool {
    let all = catalog::global_profiles().as_array();
    all.is_some_and(|all| all.iter().any(|p| p["name"] == name))
}

async fn put_profiles(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let given = body.object("ClientProfilesRepresentation")?;
    let mut seen = HashSet::new();
    for profile in entries(&given, "profiles") {
        let Some(name) = json::text(profile, "name") else {
            return Err(ApiError::bad("client profile without its name not allowed."));
        };
        if is_global(name) {
            let text = format!("Proposed profile name '{name}' is duplicated as a global profile");
            return Err(ApiError::bad(&text));
        }
        if !seen.insert(name) {
            return Err(ApiError::bad("proposed client profile name duplicated."));
        }
        for executor in entries(profile, "executors") {
            let id = json::text(executor, "executor").unwrap_or_default();
            if server_info::component_type(EXECUTORS, id).is_none() {
                let text = "proposed client profile contains the executor, which does not have valid provider, or has \
                            invalid configuration.";
                return Err(ApiError::bad(text));
            }
        }
    }
    keep(&admin, "clientProfiles", "profiles", &given).await
}

async fn put_policies(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let given = body.object("ClientPoliciesRepresentation")?;
    let known = kept(&admin, "clientProfiles", "profiles", &["name"]);
    let mut seen = HashSet::new();
    for policy in entries(&given, "policies") {
        let Some(name) = json::text(policy, "name") else {
            return Err(ApiError::bad("client policy without name not allowed"));
        };
        if !seen.insert(name) {
            return Err(ApiError::bad("proposed client policy name duplicated"));
        }
        if json::text(policy, "mode").is_some_and(|m| !matches!(m, "DEFAULT" | "STRICT")) {
            return Err(ApiError::bad(&format!("Policy {name} has invalid mode")));
        }
        for condition in entries(policy, "conditions") {
            let id = json::text(condition, "condition").unwrap_or_default();
            if server_info::component_type(CONDITIONS, id).is_none() {
                return Err(ApiError::bad(&format!("Policy {name} contains invalid condition {id}")));
            }
        }
        for profile in json::texts(policy, "profiles") {
            if !is_global(profile) && !known.iter().any(|p| p["name"] == profile) {
                return Err(ApiError::bad(&format!(
                    "Policy {name} contains invalid profile {profile}"
                )));
            }
        }
    }
    keep(&admin, "clientPolicies", "policies", &given).await
}

/// Replaces the whole list of the realm.
async fn keep(admin: &Admin, document: &str, list: &str, given: &Doc) -> Answer {
    let all = given
        .get(list)
        .filter(|l| l.is_array())
        .cloned()
        .unwrap_or_else(|| json!([]));
    let mut tx = admin.app.db.begin().await?;
    realm::change(&mut tx, &admin.realm.id, |doc| {
        doc.insert(document.into(), json!({ (list): all }));
    })
    .await?;
    tx.commit().await?;
    answer::nothing()
}
