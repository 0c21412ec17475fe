//! The groups of a user.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, put};
use serde_json::{Value, json};

use super::{CHANGE, SEE, find};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::query::Query;
use crate::admin::api::record::{Operation, record_with};
use crate::admin::api::{grants, representation};
use crate::app::App;
use crate::store::group::{self, Group};
use crate::store::organization_group;
use crate::store::user::User;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/users/{id}/groups", get(list))
        .route("/realms/{realm}/users/{id}/groups/count", get(count))
        .route("/realms/{realm}/users/{id}/groups/{group}", put(join).delete(leave))
}

async fn matching(admin: &Admin, user_id: &str, query: &Query) -> Result<Vec<Group>, ApiError> {
    let mut groups = group::of_user(&admin.app.db, user_id).await?;
    if let Some(search) = query.text("search").map(str::to_lowercase) {
        groups.retain(|g| g.name.to_lowercase().contains(&search));
    }
    Ok(groups)
}

async fn list(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    let page = query.page(i64::from(i32::MAX))?;
    let brief = query.flag("briefRepresentation") != Some(false);
    let groups = matching(&admin, &user.id, &query).await?;
    let mut shown = Vec::new();
    for g in groups.iter().skip(page.first as usize).take(page.max as usize) {
        shown.push(if brief {
            representation::group::brief(&admin.app, &admin.realm, g).await?
        } else {
            representation::group::full(&admin.app, &admin.realm, g).await?
        });
    }
    answer::json(&shown)
}

async fn count(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    answer::json(&json!({ "count": matching(&admin, &user.id, &query).await?.len() }))
}

async fn group_of(admin: &Admin, id: &str) -> Result<Group, ApiError> {
    let found = group::by_id(&admin.app.db, &admin.realm.id, id).await?;
    let Some(found) = found else {
        if organization_group::is_in_realm(&admin.app.db, &admin.realm.id, id).await? {
            let text = "Cannot access organization related group via non Organization API.";
            return Err(ApiError::bad(text));
        }
        return Err(ApiError::not_found("Group not found"));
    };
    Ok(found)
}

/// Whose membership it is, as the event tells it.
fn who(user: &User) -> Vec<(&'static str, &str)> {
    let email = user.email.as_deref().map(|email| ("email", email));
    [("username", user.username.as_str())]
        .into_iter()
        .chain(email)
        .collect()
}

async fn join(admin: Admin, Path((_, id, group_id)): Path<(String, String, String)>) -> Answer {
    let user = find(&admin, &id, CHANGE).await?;
    let joined = group_of(&admin, &group_id).await?;
    let shown = representation::group::full(&admin.app, &admin.realm, &joined).await?;
    let mut tx = admin.app.db.begin().await?;
    grants::require_groups(&mut tx, &admin, &[&joined.id]).await?;
    group::join(&mut tx, &user.id, &joined.id).await?;
    let path = format!("users/{id}/groups/{group_id}");
    let (of, shown) = (("GROUP_MEMBERSHIP", path.as_str()), Value::Object(shown));
    record_with(&mut tx, &admin, Operation::Create, of, Some(&shown), &who(&user)).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

async fn leave(admin: Admin, Path((_, id, group_id)): Path<(String, String, String)>) -> Answer {
    let user = find(&admin, &id, CHANGE).await?;
    let left = group_of(&admin, &group_id).await?;
    let shown = representation::group::full(&admin.app, &admin.realm, &left).await?;
    let mut tx = admin.app.db.begin().await?;
    group::leave(&mut tx, &user.id, &left.id).await?;
    let path = format!("users/{id}/groups/{group_id}");
    let (of, shown) = (("GROUP_MEMBERSHIP", path.as_str()), Value::Object(shown));
    record_with(&mut tx, &admin, Operation::Delete, of, Some(&shown), &who(&user)).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
