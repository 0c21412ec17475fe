//! Whose roles an address speaks of: the realm's, or those of a client.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::super::auth::{Admin, addressed};
use super::super::clients::is_internal;
use super::super::error::ApiError;
use super::right;
use crate::app::App;
use crate::store::client;
use crate::store::role::Role;

/// The realm or client whose roles are meant, and which role if one is named.
pub struct RoleHolder {
    pub admin: Admin,
    /// Empty for the realm.
    pub client_uuid: String,
    /// The client is one whose roles nobody may change.
    internal: bool,
    role: String,
    /// The other client of the address, if there is one.
    pub other: String,
}

impl FromRequestParts<App> for RoleHolder {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let (admin, address) = addressed(parts, app).await?;
        let take = |name: &str| address.get(name).to_owned();
        let mut holder = Self {
            internal: false,
            client_uuid: take("client"),
            role: take("role"),
            other: take("other"),
            admin,
        };
        let check = async {
            if !holder.client_uuid.is_empty() {
                holder.require_view()?;
                let found = client::by_id(&app.db, &holder.admin.realm.id, &holder.client_uuid).await?;
                let found = found.ok_or_else(|| ApiError::not_found("Could not find client"))?;
                return Ok(is_internal(&holder.admin.realm, &found));
            }
            Ok::<_, ApiError>(false)
        };
        holder.internal = check.await.map_err(IntoResponse::into_response)?;
        Ok(holder)
    }
}

impl RoleHolder {
    /// Goes on if the caller may see the roles.
    ///
    /// # Errors
    ///
    /// 403.
    pub fn require_view(&self) -> Result<(), ApiError> {
        self.admin.require(right(&self.client_uuid, false))
    }

    /// Goes on if the caller may change the roles.
    ///
    /// # Errors
    ///
    /// 403.
    pub fn require_manage(&self) -> Result<(), ApiError> {
        if self.internal {
            return Err(ApiError::forbidden());
        }
        self.admin.require(right(&self.client_uuid, true))
    }

    /// The role that the address names.
    ///
    /// # Errors
    ///
    /// 404.
    pub fn role(&self) -> Result<Arc<Role>, ApiError> {
        let found = self.admin.realm.roles.by_name(&self.client_uuid, &self.role);
        found.cloned().ok_or_else(|| ApiError::not_found("Could not find role"))
    }

    /// The kind of resource in admin events.
    pub fn kind(&self) -> &'static str {
        if self.client_uuid.is_empty() {
            "REALM_ROLE"
        } else {
            "CLIENT_ROLE"
        }
    }

    /// The path of a role, below the realm.
    pub fn path(&self, role: &str) -> String {
        if self.client_uuid.is_empty() {
            format!("roles/{role}")
        } else {
            format!("clients/{}/roles/{role}", self.client_uuid)
        }
    }
}
