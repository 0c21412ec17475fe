//! Users of a realm.

mod attack_detection;
mod consents;
pub(in crate::admin::api) mod create;
mod credentials;
mod federated;
mod groups;
mod impersonation;
pub(in crate::admin::api) mod list;
mod mails;
pub(in crate::admin::api) mod profile;
mod role_mappings;
pub(in crate::admin::api) mod sent;
mod sessions;
mod update;

use axum::Router;
use axum::routing::get;

use super::auth::{Admin, Right};
use super::error::ApiError;
use crate::app::App;
use crate::store::user::{self, User};

/// Who sees users.
const SEE: &[Right] = &[Right::ViewUsers, Right::ManageUsers];

/// Who finds users, even if not all of them.
const FIND: &[Right] = &[Right::ViewUsers, Right::ManageUsers, Right::QueryUsers];

/// Who changes users.
const CHANGE: &[Right] = &[Right::ManageUsers];

/// The addresses below `users`, and those of attack detection.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/users", get(list::list).post(create::create))
        .route("/realms/{realm}/users/count", get(list::count))
        .route(
            "/realms/{realm}/users/{id}",
            get(list::read).put(update::update).delete(update::remove),
        )
        .merge(attack_detection::routes())
        .merge(consents::routes())
        .merge(credentials::routes())
        .merge(federated::routes())
        .merge(groups::routes())
        .merge(impersonation::routes())
        .merge(mails::routes())
        .merge(profile::routes())
        .merge(role_mappings::routes())
        .merge(sessions::routes())
}

/// The user of an address, for those who have one of these rights. Who may not even look for users is not told whether
/// there is such a user.
async fn find(admin: &Admin, id: &str, rights: &[Right]) -> Result<User, ApiError> {
    let found = user::by_id(&admin.app.db, &admin.realm.id, id).await?;
    let Some(found) = found else {
        admin.require(FIND)?;
        return Err(ApiError::not_found("User not found"));
    };
    admin.require(rights)?;
    Ok(found)
}
