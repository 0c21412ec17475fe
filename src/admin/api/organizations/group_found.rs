//! The group of an organization that an address names.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::super::error::ApiError;
use super::found::{Found, VIEW};
use crate::app::App;
use crate::store::group::Group;
use crate::store::organization_group;

/// There is no such group, or none any more.
pub(super) fn missing() -> ApiError {
    ApiError::message(StatusCode::NOT_FOUND, "Group does not exist")
}

/// A group that the caller may see.
pub struct GroupFound {
    pub of: Found,
    pub group: Group,
}

impl FromRequestParts<App> for GroupFound {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let of = Found::from_request_parts(parts, app).await?;
        let find = async {
            of.require(VIEW)?;
            let id = of.param("group");
            let found = organization_group::by_id(&app.db, &of.organization.id, id).await?;
            found.ok_or_else(missing)
        };
        match find.await {
            Ok(group) => Ok(Self { of, group }),
            Err(e) => Err(e.into_response()),
        }
    }
}

impl GroupFound {
    /// A path below the group, as admin events have it.
    pub fn path(&self, below: &str) -> String {
        self.of.path(&format!("/groups/{}{below}", self.group.id))
    }
}
