//! The client that an address names.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::super::auth::{Address, Admin, Right, addressed};
use super::super::error::ApiError;
use crate::app::App;
use crate::store::Tx;
use crate::store::client::{self, Client};
use crate::store::client_registration;
use crate::store::realm::Realm;

/// Who may see clients.
pub const VIEW: &[Right] = &[Right::ViewClients, Right::ManageClients];
/// Who may list them, if only to see none.
pub const LIST: &[Right] = &[Right::ViewClients, Right::ManageClients, Right::QueryClients];

/// A client that the caller may see.
pub struct Found {
    pub admin: Admin,
    pub client: Arc<Client>,
    address: Address,
}

impl FromRequestParts<App> for Found {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let (admin, address) = addressed(parts, app).await?;
        let find = async {
            admin.require(LIST)?;
            let found = client::by_id(&app.db, &admin.realm.id, address.get("client")).await?;
            let client = found.ok_or_else(|| ApiError::not_found("Could not find client"))?;
            admin.require(VIEW)?;
            Ok(Self { admin, client, address })
        };
        find.await.map_err(|e: ApiError| e.into_response())
    }
}

/// The client with an id as it is now; it stays so until the transaction ends.
///
/// # Errors
///
/// 404 if it is gone; those of the database.
pub async fn latest(tx: &mut Tx, admin: &Admin, id: &str) -> Result<Client, ApiError> {
    client_registration::lock(tx, &admin.realm.id, id).await?;
    let found = client::read(tx, &admin.realm.id, id).await?;
    found.ok_or_else(|| ApiError::not_found("Could not find client"))
}

/// Whether a client holds the roles of administrators: `realm-management`, and in `master` one for each realm. Nobody may
/// change it.
pub fn is_internal(realm: &Realm, client: &Client) -> bool {
    if realm.name == "master" {
        client.client_id.ends_with("-realm") && client.attribute("realm_client") == Some("true")
    } else {
        client.client_id == "realm-management"
    }
}

/// Whether the caller may change a client.
pub fn manageable(admin: &Admin, client: &Client) -> bool {
    admin.has(Right::ManageClients) && !is_internal(&admin.realm, client)
}

impl Found {
    /// The client as it is now; it stays so until the transaction ends, so that of two changes at once neither is lost.
    ///
    /// # Errors
    ///
    /// 404 if it is gone; those of the database.
    pub async fn latest(&self, tx: &mut Tx) -> Result<Client, ApiError> {
        latest(tx, &self.admin, &self.client.id).await
    }

    /// Another part of the address.
    pub fn param(&self, name: &str) -> &str {
        self.address.get(name)
    }

    /// Whether the caller may change it. The clients that hold the roles of administrators are nobody's to change.
    pub fn manageable(&self) -> bool {
        manageable(&self.admin, &self.client)
    }

    /// Goes on if the caller may change it.
    ///
    /// # Errors
    ///
    /// 403.
    pub fn require_manage(&self) -> Result<(), ApiError> {
        if self.manageable() {
            Ok(())
        } else {
            Err(ApiError::forbidden())
        }
    }

    /// A path below the client, as admin events and addresses have it.
    pub fn path(&self, below: &str) -> String {
        format!("clients/{}{below}", self.client.id)
    }
}
