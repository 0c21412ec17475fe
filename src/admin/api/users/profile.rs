//! The user profile of a realm.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;

use super::{SEE, find};
use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::Answer;
use crate::app::App;
use crate::profile::{self, Context};
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
        .route("/realms/{realm}/users/profile", get(read))
        .route("/realms/{realm}/users/profile/metadata", get(metadata))
        .route("/realms/{realm}/users/{id}/unmanagedAttributes", get(unmanaged))
}

async fn read(admin: Admin) -> Answer {
    admin.require(KNOW)?;
    answer::json(&profile::config::of(&admin.realm))
}

async fn metadata(admin: Admin) -> Answer {
    admin.require(KNOW)?;
    answer::json(&profile::metadata(&admin.realm, Context::UserApi))
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
