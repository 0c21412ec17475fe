//! Client policies and the profiles that they apply, as Keycloak keeps and checks them.

mod check;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::query::Query;
use crate::app::App;
use crate::client_policy::GLOBAL;
use crate::store::json::Doc;
use crate::store::realm;

const SEE: &[Right] = &[Right::ViewRealm, Right::ManageRealm];

/// The addresses of policies and profiles.
pub fn routes() -> Router<App> {
    let base = "/realms/{realm}/client-policies";
    Router::new()
        .route(&format!("{base}/profiles"), get(profiles).put(set_profiles))
        .route(&format!("{base}/policies"), get(policies).put(set_policies))
}

/// A list that is kept in a member of the realm's document.
fn kept<'a>(admin: &'a Admin, member: &str, list: &str) -> &'a [Value] {
    let found = admin.realm.doc.get(member).and_then(|d| d.get(list)?.as_array());
    found.map_or(&[], Vec::as_slice)
}

async fn profiles(admin: Admin, query: Query) -> Answer {
    admin.require(SEE)?;
    let mut told = json!({ "profiles": kept(&admin, "clientProfiles", "profiles") });
    if query.flag("include-global-profiles") == Some(true) {
        told["globalProfiles"] = json!(*GLOBAL);
    }
    answer::json(&told)
}

async fn policies(admin: Admin, query: Query) -> Answer {
    admin.require(SEE)?;
    let mut told = json!({ "policies": kept(&admin, "clientPolicies", "policies") });
    if query.flag("include-global-policies") == Some(true) {
        told["globalPolicies"] = json!([]);
    }
    answer::json(&told)
}

async fn set_profiles(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    if body.is_empty() {
        return Err(ApiError::bad("Passing null clientProfiles not allowed"));
    }
    let given = body.object("ClientProfilesRepresentation")?;
    let global = given.get("globalProfiles").and_then(Value::as_array);
    if global.is_some_and(|g| g.iter().any(|p| !GLOBAL.contains(p))) {
        return Err(ApiError::bad("Global profiles cannot be updated"));
    }
    let profiles: Vec<Doc> = list(&given, "profiles").map(check::profile_in_order).collect();
    check::profiles(&profiles, &GLOBAL)?;
    keep(&admin, "clientProfiles", json!({ "profiles": profiles })).await
}

fn list<'a>(given: &'a Doc, key: &str) -> impl Iterator<Item = &'a Doc> {
    let all = given.get(key).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_object)
}

async fn set_policies(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    if body.is_empty() {
        return Err(ApiError::bad("Passing null clientPolicies not allowed"));
    }
    let given = body.object("ClientPoliciesRepresentation")?;
    if list(&given, "globalPolicies").next().is_some() {
        return Err(ApiError::bad("Global policies cannot be updated"));
    }
    let policies: Vec<Doc> = list(&given, "policies").map(check::policy_in_order).collect();
    let own = kept(&admin, "clientProfiles", "profiles").iter();
    let names: Vec<&str> = own.chain(GLOBAL.iter()).filter_map(|p| p["name"].as_str()).collect();
    check::policies(&policies, &names)?;
    keep(&admin, "clientPolicies", json!({ "policies": policies })).await
}

async fn keep(admin: &Admin, member: &str, value: Value) -> Answer {
    let mut tx = admin.app.db.begin().await?;
    let put = |doc: &mut Doc| {
        doc.insert(member.to_owned(), value);
    };
    if !realm::change(&mut tx, &admin.realm.id, put).await? {
        return Err(ApiError::not_found("Realm not found."));
    }
    tx.commit().await?;
    answer::nothing()
}
