//! Who administers, and what they may do.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::app::App;
use crate::caller::Caller;
use crate::oidc::bearer;
use crate::oidc::tokens::resource;
use crate::privilege::{self, Passed};
use crate::store::client::{self, Client};
use crate::store::realm::{self, Realm};
use crate::store::user::User;

/// A role that administers a realm: of the client `realm-management` there, and of `REALM-realm` in `master`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    CreateClient,
    /// Ours (contract 4): creates users and nothing else.
    CreateUsers,
    Impersonation,
    ManageAuthorization,
    ManageClients,
    ManageEvents,
    ManageIdentityProviders,
    ManageOrganizations,
    ManageRealm,
    /// Ours (contract 4).
    ManageRegistrations,
    ManageUsers,
    QueryClients,
    QueryGroups,
    QueryOrganizations,
    QueryRealms,
    QueryUsers,
    ViewAuthorization,
    ViewClients,
    ViewEvents,
    ViewIdentityProviders,
    ViewOrganizations,
    ViewRealm,
    /// Ours (contract 4).
    ViewRegistrations,
    ViewUsers,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::CreateClient,
        Self::CreateUsers,
        Self::Impersonation,
        Self::ManageAuthorization,
        Self::ManageClients,
        Self::ManageEvents,
        Self::ManageIdentityProviders,
        Self::ManageOrganizations,
        Self::ManageRealm,
        Self::ManageRegistrations,
        Self::ManageUsers,
        Self::QueryClients,
        Self::QueryGroups,
        Self::QueryOrganizations,
        Self::QueryRealms,
        Self::QueryUsers,
        Self::ViewAuthorization,
        Self::ViewClients,
        Self::ViewEvents,
        Self::ViewIdentityProviders,
        Self::ViewOrganizations,
        Self::ViewRealm,
        Self::ViewRegistrations,
        Self::ViewUsers,
    ];

    /// Whether who has it may know that the realm is there: not who only impersonates or makes users.
    pub fn shows_realm(self) -> bool {
        !matches!(self, Self::Impersonation | Self::CreateUsers)
    }

    /// The name of the role.
    pub fn role(self) -> &'static str {
        match self {
            Self::CreateClient => "create-client",
            Self::CreateUsers => "create-users",
            Self::Impersonation => "impersonation",
            Self::ManageAuthorization => "manage-authorization",
            Self::ManageClients => "manage-clients",
            Self::ManageEvents => "manage-events",
            Self::ManageIdentityProviders => "manage-identity-providers",
            Self::ManageOrganizations => "manage-organizations",
            Self::ManageRealm => "manage-realm",
            Self::ManageRegistrations => "manage-registrations",
            Self::ManageUsers => "manage-users",
            Self::QueryClients => "query-clients",
            Self::QueryGroups => "query-groups",
            Self::QueryOrganizations => "query-organizations",
            Self::QueryRealms => "query-realms",
            Self::QueryUsers => "query-users",
            Self::ViewAuthorization => "view-authorization",
            Self::ViewClients => "view-clients",
            Self::ViewEvents => "view-events",
            Self::ViewIdentityProviders => "view-identity-providers",
            Self::ViewOrganizations => "view-organizations",
            Self::ViewRealm => "view-realm",
            Self::ViewRegistrations => "view-registrations",
            Self::ViewUsers => "view-users",
        }
    }
}

/// Whoever holds a token that is good at the Admin API, before it is said for which realm.
pub struct Administrator {
    pub app: App,
    pub caller: Caller,
    /// The realm that issued the token.
    pub home: Arc<Realm>,
    /// The client that it was issued to.
    pub client: Arc<Client>,
    pub user: User,
    /// The session that the token belongs to; service accounts have none.
    pub session: Option<String>,
    /// Their roles as they are now, as far as the client passes them on.
    roles: Passed,
}

impl Administrator {
    /// Whether they hold a role, by its id.
    pub fn holds(&self, role_id: &str) -> bool {
        self.roles.contains(role_id)
    }

    /// Whether a realm role of `master`, as `create-realm`, is there.
    pub fn has_master_role(&self, name: &str) -> bool {
        let found = self.home.roles.by_name("", name);
        self.home.name == "master" && found.is_some_and(|r| self.roles.contains(&r.id))
    }

    /// The rights on a realm; none where it is another than the token's and that is not `master`.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn rights_on(&self, realm: &Realm) -> Result<HashSet<Right>, ApiError> {
        let holder = self.holder_on(&realm.id, &realm.name).await?;
        let has = |right: &Right| holder.as_ref().is_some_and(|holder| self.has_of(holder, *right));
        Ok(Right::ALL.into_iter().filter(has).collect())
    }

    /// Whether one of these rights on a realm is there.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn has_on(
        &self,
        realm_id: &str,
        realm_name: &str,
        one_of: impl IntoIterator<Item = Right>,
    ) -> Result<bool, ApiError> {
        let holder = self.holder_on(realm_id, realm_name).await?;
        Ok(holder.is_some_and(|holder| one_of.into_iter().any(|right| self.has_of(&holder, right))))
    }

    /// Whether they may know that a realm is there.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn knows_of(&self, realm_id: &str, realm_name: &str) -> Result<bool, ApiError> {
        let shows = Right::ALL.into_iter().filter(|right| right.shows_realm());
        self.has_on(realm_id, realm_name, shows).await
    }

    fn has_of(&self, holder: &Client, right: Right) -> bool {
        let found = self.home.roles.by_name(&holder.id, right.role());
        found.is_some_and(|r| self.roles.contains(&r.id))
    }

    /// The names of all roles that they have of those from which the rights on a realm come.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn roles_on(&self, realm: &Realm) -> Result<Vec<&str>, ApiError> {
        let Some(holder) = self.holder_on(&realm.id, &realm.name).await? else {
            return Ok(Vec::new());
        };
        let all = self.home.roles.of(&holder.id);
        let held = all.filter(|r| self.roles.contains(&r.id));
        Ok(held.map(|r| r.name.as_str()).collect())
    }

    /// The client whose roles are the rights on a realm.
    async fn holder_on(&self, realm_id: &str, realm_name: &str) -> Result<Option<Arc<Client>>, ApiError> {
        let name = if self.home.name == "master" {
            format!("{realm_name}-realm")
        } else if self.home.id == realm_id {
            "realm-management".to_owned()
        } else {
            return Ok(None);
        };
        Ok(client::by_client_id(&self.app.db, &self.home.id, &name).await?)
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let token = bearer::of_headers(&parts.headers).map(str::to_owned);
        let token = token.ok_or_else(|| ApiError::unauthorized().into_response())?;
        let who = identify(app.clone(), caller, token)
            .await
            .map_err(IntoResponse::into_response)?;
        super::cors::admit(parts, &who.client);
        Ok(who)
    }
}

async fn identify(app: App, caller: Caller, token: String) -> Result<Administrator, ApiError> {
    let name = bearer::realm_name(&token).ok_or_else(ApiError::unauthorized)?;
    let home = realm::by_name(&app.db, &name)
        .await?
        .ok_or_else(ApiError::unauthorized)?;
    let bearer = bearer::verify(&app, &caller, &home, &token).await?;
    let bearer = bearer.map_err(|_| ApiError::unauthorized())?;
    if resource::is_for_others(&home, &bearer.claims) {
        return Err(ApiError::unauthorized());
    }
    let held = bearer.roles(&app, &home).await?;
    let roles = privilege::passed_on(&app, &home, &bearer.client, &bearer.user, held).await?;
    Ok(Administrator {
        app,
        caller,
        home,
        session: bearer.session_id().map(str::to_owned),
        client: bearer.client,
        user: bearer.user,
        roles,
    })
}

/// Whoever administers the realm that the address names.
pub struct Admin {
    pub app: App,
    pub caller: Caller,
    /// The realm that is administered.
    pub realm: Arc<Realm>,
    /// Who it is.
    pub who: Administrator,
    rights: HashSet<Right>,
}

impl Admin {
    /// Who administers a realm, with their rights there.
    ///
    /// # Errors
    ///
    /// 403 for a token of a third realm; those of the database.
    pub async fn of(who: Administrator, realm: Arc<Realm>) -> Result<Self, ApiError> {
        if who.home.name != "master" && who.home.id != realm.id {
            return Err(ApiError::forbidden());
        }
        let rights = who.rights_on(&realm).await?;
        Ok(Self {
            app: who.app.clone(),
            caller: who.caller.clone(),
            realm,
            who,
            rights,
        })
    }

    /// Whether they have a right on the realm.
    pub fn has(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// Whether they have one of these rights.
    pub fn has_any(&self, rights: &[Right]) -> bool {
        rights.iter().any(|r| self.rights.contains(r))
    }

    /// Whether they have any right on the realm at all.
    pub fn has_some(&self) -> bool {
        !self.rights.is_empty()
    }

    /// Whether they have a right by which they know of the realm.
    pub fn knows_realm(&self) -> bool {
        self.rights.iter().copied().any(Right::shows_realm)
    }

    /// Goes on if they have one of these rights.
    ///
    /// # Errors
    ///
    /// 403.
    pub fn require(&self, one_of: &[Right]) -> Result<(), ApiError> {
        if self.has_any(one_of) {
            Ok(())
        } else {
            Err(ApiError::forbidden())
        }
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        Ok(addressed(parts, app).await?.0)
    }
}

/// The parts of an address, by their names.
pub struct Address(HashMap<String, String>);

impl Address {
    /// A part, or `""`.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// A part, if the address has it.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Who administers the realm of an address, and the address: where everything begins that is looked up by it.
///
/// # Errors
///
/// The answer to whoever may not: 401, 403, or 404 if there is no such realm.
pub async fn addressed(parts: &mut Parts, app: &App) -> Result<(Admin, Address), Response> {
    let who = Administrator::from_request_parts(parts, app).await?;
    let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
    let address = Address(path.map(|p| p.0).unwrap_or_default());
    let find = async {
        let found = realm::by_name(&app.db, address.get("realm")).await?;
        Admin::of(who, found.ok_or_else(|| ApiError::not_found("Realm not found."))?).await
    };
    match find.await {
        Ok(admin) => Ok((admin, address)),
        Err(e) => Err(e.into_response()),
    }
}
