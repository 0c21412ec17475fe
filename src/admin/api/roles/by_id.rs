//! Roles by their ids, whosever they are.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;

use super::super::answer;
use super::super::auth::Admin;
use super::super::clients::is_internal;
use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::super::query::Query;
use super::super::record::Operation;
use super::super::representation::role as shown;
use super::{composites, right};
use crate::app::App;
use crate::store::client;
use crate::store::role::Role;

const KIND: &str = "REALM_ROLE";

pub(super) fn routes() -> Router<App> {
    let base = "/realms/{realm}/roles-by-id/{id}";
    Router::new()
        .route(base, get(read).put(update).delete(remove))
        .route(&format!("{base}/composites"), get(all).post(add).delete(take))
        .route(&format!("{base}/composites/realm"), get(of_realm))
        .route(&format!("{base}/composites/clients/{{client}}"), get(of_client))
        .route(
            &format!("{base}/management/permissions"),
            get(no_permissions).put(no_permissions),
        )
}

/// The role, if the caller may see it, or change it.
async fn find(admin: &Admin, id: &str, manage: bool) -> Result<Arc<Role>, ApiError> {
    let Some(role) = admin.realm.roles.by_id(id) else {
        // Only who may look at some roles is told that there is none.
        if !admin.has_any(right("", false)) {
            admin.require(right("client", false))?;
        }
        return Err(ApiError::not_found("Could not find role with id"));
    };
    admin.require(right(&role.client_uuid, manage))?;
    if manage && !role.client_uuid.is_empty() {
        let holder = client::by_id(&admin.app.db, &admin.realm.id, &role.client_uuid).await?;
        if holder.is_some_and(|c| is_internal(&admin.realm, &c)) {
            return Err(ApiError::forbidden());
        }
    }
    Ok(Arc::clone(role))
}

fn path(id: &str) -> String {
    format!("roles-by-id/{id}")
}

async fn read(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    answer::json(&shown::full(&admin.realm, &*find(&admin, &id, false).await?))
}

async fn no_permissions(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    find(&admin, &id, false).await?;
    Err(ApiError::feature_off())
}

async fn update(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    let role = find(&admin, &id, true).await?;
    super::change(&admin, &role, &body.object("RoleRepresentation")?, KIND, &path(&id)).await
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let role = find(&admin, &id, true).await?;
    super::delete(&admin, &role, KIND, &path(&id), None).await
}

async fn all(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    composites::search(&admin, &*find(&admin, &id, false).await?, &query)
}

async fn of_realm(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    composites::children(&admin, &*find(&admin, &id, false).await?, Some(""))
}

async fn of_client(admin: Admin, Path((_, id, other)): Path<(String, String, String)>) -> Answer {
    let role = find(&admin, &id, false).await?;
    composites::children_of_client(&admin, &role, &other).await
}

async fn add(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    let (role, path) = (find(&admin, &id, true).await?, format!("{}/composites", path(&id)));
    composites::change(&admin, &role, &body, Operation::Create, KIND, &path).await
}

async fn take(admin: Admin, Path((_, id)): Path<(String, String)>, body: Body) -> Answer {
    let (role, path) = (find(&admin, &id, true).await?, format!("{}/composites", path(&id)));
    composites::change(&admin, &role, &body, Operation::Delete, KIND, &path).await
}
