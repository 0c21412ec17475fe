//! The organization that an address names.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::super::auth::{Address, Admin, Right, addressed};
use super::super::error::ApiError;
use crate::app::App;
use crate::store::Tx;
use crate::store::organization::{self, Organization};

/// Who knows of organizations.
pub(super) const SEE: &[Right] = &[
    Right::ManageRealm,
    Right::ViewOrganizations,
    Right::QueryOrganizations,
    Right::ManageOrganizations,
];
/// Who sees what is in them.
pub(super) const VIEW: &[Right] = &[Right::ManageRealm, Right::ViewOrganizations, Right::ManageOrganizations];
/// Who changes them.
pub(super) const CHANGE: &[Right] = &[Right::ManageRealm, Right::ManageOrganizations];

/// Goes on in a realm that has organizations.
pub(super) fn enabled(admin: &Admin) -> Result<(), ApiError> {
    if admin.realm.flag("organizationsEnabled") {
        Ok(())
    } else {
        let text = "Organizations not enabled for this realm.";
        Err(ApiError::message(StatusCode::NOT_FOUND, text))
    }
}

pub(super) fn not_found() -> ApiError {
    ApiError::message(StatusCode::NOT_FOUND, "Organization not found.")
}

/// An organization that the caller may know of.
pub struct Found {
    pub admin: Admin,
    pub organization: Organization,
    address: Address,
}

impl FromRequestParts<App> for Found {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let (admin, address) = addressed(parts, app).await?;
        let find = async {
            admin.require(SEE)?;
            enabled(&admin)?;
            let found = organization::by_id(&app.db, &admin.realm.id, address.get("organization")).await?;
            let organization = found.ok_or_else(not_found)?;
            Ok(Self {
                admin,
                organization,
                address,
            })
        };
        find.await.map_err(|e: ApiError| e.into_response())
    }
}

impl Found {
    /// Another part of the address.
    pub fn param(&self, name: &str) -> &str {
        self.address.get(name)
    }

    /// Goes on if the caller has one of these rights.
    ///
    /// # Errors
    ///
    /// 403.
    pub fn require(&self, one_of: &[Right]) -> Result<(), ApiError> {
        self.admin.require(one_of)
    }

    /// A path below the organization, as admin events have it.
    pub fn path(&self, below: &str) -> String {
        format!("organizations/{}{below}", self.organization.id)
    }

    /// Begins a transaction in which the organization stays.
    ///
    /// # Errors
    ///
    /// 404 if it is gone; those of the database.
    pub async fn begin(&self) -> Result<Tx, ApiError> {
        let mut tx = self.admin.app.db.begin().await?;
        if organization::lock(&mut tx, &self.organization.id).await? {
            Ok(tx)
        } else {
            Err(not_found())
        }
    }
}
