//! What has protocol mappers and scope mappings: a client, or a client scope.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::auth::{Address, Admin, Right, addressed};
use super::clients::{self, LIST, VIEW, is_internal};
use super::error::ApiError;
use crate::app::App;
use crate::client_registration::approval;
use crate::error::Error;
use crate::store::Tx;
use crate::store::client::{self, Client};
use crate::store::part::{self, Kind};
use crate::store::realm::{self, ClientScope, ProtocolMapper};

/// One of the two, as it was when it was asked for.
pub enum Thing {
    Client(Client),
    Scope(ClientScope),
}

/// The client or client scope that an address names, which the caller may see.
pub struct Container {
    pub admin: Admin,
    pub thing: Thing,
    address: Address,
}

/// The addresses under which either is found. `client-templates` is an old name of client scopes.
pub const BASES: &[&str] = &[
    "/realms/{realm}/clients/{client}",
    "/realms/{realm}/client-scopes/{scope}",
    "/realms/{realm}/client-templates/{scope}",
];

impl FromRequestParts<App> for Container {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let (admin, address) = addressed(parts, app).await?;
        let found = async {
            admin.require(LIST)?;
            let thing = find(&admin, &address).await?;
            admin.require(VIEW)?;
            Ok::<_, ApiError>(thing)
        };
        match found.await {
            Ok(thing) => Ok(Self { admin, thing, address }),
            Err(e) => Err(e.into_response()),
        }
    }
}

async fn find(admin: &Admin, address: &Address) -> Result<Thing, ApiError> {
    if let Some(id) = address.find("client") {
        let found = client::by_id(&admin.app.db, &admin.realm.id, id).await?;
        let found = found.ok_or_else(|| ApiError::not_found("Could not find client"))?;
        return Ok(Thing::Client(Client::clone(&found)));
    }
    let id = address.get("scope");
    let found = admin.realm.client_scopes.iter().find(|s| s.id == id);
    let found = found.ok_or_else(|| ApiError::not_found("Could not find client scope"))?;
    Ok(Thing::Scope(found.clone()))
}

impl Container {
    /// Another part of the address.
    pub fn param(&self, name: &str) -> &str {
        self.address.get(name)
    }

    /// Goes on if the caller may change it.
    ///
    /// # Errors
    ///
    /// 403.
    pub fn require_manage(&self) -> Result<(), ApiError> {
        self.admin.require(&[Right::ManageClients])?;
        match &self.thing {
            Thing::Client(c) if is_internal(&self.admin.realm, c) => Err(ApiError::forbidden()),
            _ => Ok(()),
        }
    }

    /// A path below it, as admin events have it.
    pub fn path(&self, below: &str) -> String {
        match &self.thing {
            Thing::Client(c) => format!("clients/{}{below}", c.id),
            Thing::Scope(s) => format!("client-scopes/{}{below}", s.id),
        }
    }

    /// Its mappers.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if those of a client cannot be read.
    pub fn mappers(&self) -> Result<Vec<ProtocolMapper>, Error> {
        match &self.thing {
            Thing::Client(c) => c.mappers(),
            Thing::Scope(s) => Ok(s.protocol_mappers.clone()),
        }
    }

    /// Replaces its mappers.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if they cannot be written.
    pub fn set_mappers(&mut self, all: Vec<ProtocolMapper>) -> Result<(), Error> {
        match &mut self.thing {
            Thing::Client(c) => {
                c.doc.insert("protocolMappers".into(), serde_json::to_value(all)?);
            }
            Thing::Scope(s) => s.protocol_mappers = all,
        }
        Ok(())
    }

    /// The ids of the roles that are mapped to it.
    pub fn scope_roles(&self) -> Vec<String> {
        match &self.thing {
            Thing::Client(c) => c.texts("_scopeRoles").into_iter().map(str::to_owned).collect(),
            Thing::Scope(s) => s.scope_roles.clone(),
        }
    }

    /// Replaces the roles that are mapped to it.
    pub fn set_scope_roles(&mut self, ids: Vec<String>) {
        match &mut self.thing {
            Thing::Client(c) => {
                c.doc.insert("_scopeRoles".into(), json!(ids));
            }
            Thing::Scope(s) => s.scope_roles = ids,
        }
    }

    /// Begins a transaction and reads it anew; it stays so until the end, so that of two changes at once neither is lost.
    ///
    /// # Errors
    ///
    /// 404 if it is gone; those of the database.
    pub async fn begin(&mut self) -> Result<Tx, ApiError> {
        let mut tx = self.admin.app.db.begin().await?;
        self.thing = match &self.thing {
            Thing::Client(c) => Thing::Client(clients::latest(&mut tx, &self.admin, &c.id).await?),
            Thing::Scope(s) => Thing::Scope(latest_scope(&mut tx, &self.admin, &s.id).await?),
        };
        Ok(tx)
    }

    /// Writes it back.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn save(&self, tx: &mut Tx) -> Result<(), Error> {
        match &self.thing {
            Thing::Client(c) => {
                client::update(tx, c).await?;
                let admin = &self.admin;
                approval::ask_again(tx, &admin.app, &admin.realm, &admin.caller.base, c).await
            }
            Thing::Scope(s) => save_scope(tx, &self.admin.realm.id, s).await,
        }
    }
}

/// A client scope as it is now; it stays so until the transaction ends.
///
/// # Errors
///
/// 404 if it is gone; those of the database.
pub async fn latest_scope(tx: &mut Tx, admin: &Admin, id: &str) -> Result<ClientScope, ApiError> {
    realm::latest(tx, &admin.realm.id).await?;
    let found = part::read(tx, &admin.realm.id, Kind::ClientScope, id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("Could not find client scope"))?;
    Ok(serde_json::from_value(Value::Object(found))?)
}

/// Writes a client scope.
///
/// # Errors
///
/// Those of the database.
pub async fn save_scope(tx: &mut Tx, realm_id: &str, scope: &ClientScope) -> Result<(), Error> {
    let Value::Object(doc) = serde_json::to_value(scope)? else {
        return Err(Error::Corrupt("a client scope is no object".into()));
    };
    part::put(tx, realm_id, Kind::ClientScope, &scope.id, &scope.name, &doc).await
}
