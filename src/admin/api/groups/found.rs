//! The group that an address names.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::super::auth::{Address, Admin, Right, addressed};
use super::super::error::ApiError;
use crate::app::App;
use crate::store::group::{self, Group};
use crate::store::organization_group;

/// Who may see groups and their members.
pub const VIEW: &[Right] = &[Right::ViewUsers, Right::ManageUsers];
/// Who may list them, if only to see none.
pub const LIST: &[Right] = &[Right::ViewUsers, Right::ManageUsers, Right::QueryGroups];

/// A group that the caller may see.
pub struct Found {
    pub admin: Admin,
    pub group: Group,
    address: Address,
}

impl FromRequestParts<App> for Found {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let (admin, address) = addressed(parts, app).await?;
        let find = async {
            admin.require(LIST)?;
            let found = group::by_id(&app.db, &admin.realm.id, address.get("group")).await?;
            let Some(group) = found else {
                if organization_group::is_in_realm(&app.db, &admin.realm.id, address.get("group")).await? {
                    let text = "Cannot manage organization related group via non Organization API.";
                    return Err(ApiError::bad(text));
                }
                return Err(ApiError::not_found("Could not find group by id"));
            };
            admin.require(VIEW)?;
            Ok(Self { admin, group, address })
        };
        find.await.map_err(|e: ApiError| e.into_response())
    }
}

impl Found {
    /// Another part of the address.
    pub fn param(&self, name: &str) -> &str {
        self.address.get(name)
    }

    /// Goes on if the caller may change groups.
    ///
    /// # Errors
    ///
    /// 403.
    pub fn require_manage(&self) -> Result<(), ApiError> {
        self.admin.require(&[Right::ManageUsers])
    }

    /// A path below the group, as admin events have it.
    pub fn path(&self, below: &str) -> String {
        format!("groups/{}{below}", self.group.id)
    }
}
