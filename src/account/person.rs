//! Who calls about their own account, and what they may do there.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};

use crate::admin::api::error::ApiError;
use crate::admin::api::json::Body;
use crate::admin::api::query::Query;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::events;
use crate::login::loa;
use crate::oidc::bearer::{self, Bearer};
use crate::oidc::userinfo;
use crate::profile::{Context, Place};
use crate::store::client;
use crate::store::event::Event;
use crate::store::json;
use crate::store::realm::Realm;
use crate::store::user::User;

/// The client whose roles are the rights at the account, and which tokens must be meant for.
pub const CLIENT: &str = "account";

/// A right: a role of the client `account`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    ManageAccount,
    ManageConsent,
    ViewApplications,
    ViewConsent,
    ViewGroups,
    ViewProfile,
}

impl Right {
    /// The name of the role.
    pub fn role(self) -> &'static str {
        match self {
            Self::ManageAccount => "manage-account",
            Self::ManageConsent => "manage-consent",
            Self::ViewApplications => "view-applications",
            Self::ViewConsent => "view-consent",
            Self::ViewGroups => "view-groups",
            Self::ViewProfile => "view-profile",
        }
    }
}

/// A request of somebody about their own account.
pub struct Person {
    pub app: App,
    pub caller: Caller,
    pub realm: Arc<Realm>,
    pub query: Query,
    pub user: User,
    /// The client that the token was issued to.
    pub client: Arc<client::Client>,
    /// How well they proved themselves, as the token says.
    acr: Option<String>,
    /// What the token is for, as it says.
    scope: Option<String>,
    /// The session of the token.
    pub session_id: String,
    body: Bytes,
    /// Roles of the client `account` that the token has and the person still holds.
    roles: HashSet<String>,
}

/// What a request brings before it is known whose it is.
pub struct Asked {
    pub app: App,
    pub caller: Caller,
    pub realm: Arc<Realm>,
    pub headers: HeaderMap,
    pub query: Query,
    pub body: Bytes,
}

impl Person {
    /// Whose the token is; also the client that it was issued to.
    ///
    /// # Errors
    ///
    /// 401 for a token that is not good, not of a person, or not meant for the account.
    pub async fn of(asked: Asked) -> Result<(Self, Arc<client::Client>), ApiError> {
        let Asked {
            app,
            caller,
            realm,
            headers,
            query,
            body,
        } = asked;
        let token = bearer::of_headers(&headers).ok_or_else(ApiError::unauthorized)?;
        let known = bearer::verify(&app, &caller, &realm, token).await?;
        let known = known.map_err(|_| ApiError::unauthorized())?;
        if known.user.service_client.is_some() {
            return Err(ApiError::unauthorized());
        }
        let session = known.session_id().map(str::to_owned);
        let session_id = session.ok_or_else(ApiError::unauthorized)?;
        let roles = roles(&app, &realm, &known).await?;
        let roles = roles.ok_or_else(ApiError::unauthorized)?;
        let person = Self {
            app,
            caller,
            realm,
            query,
            user: known.user,
            client: Arc::clone(&known.client),
            acr: json::text(&known.claims, "acr").map(str::to_owned),
            scope: json::text(&known.claims, "scope").map(str::to_owned),
            session_id,
            body,
            roles,
        };
        Ok((person, known.client))
    }

    /// Goes on if they have one of these rights.
    ///
    /// # Errors
    ///
    /// 403.
    pub fn require(&self, one_of: &[Right]) -> Result<(), ApiError> {
        if one_of.iter().any(|right| self.roles.contains(right.role())) {
            Ok(())
        } else {
            Err(ApiError::forbidden())
        }
    }

    /// The level of authentication that the token tells of.
    ///
    /// # Errors
    ///
    /// 403 if it tells of none.
    pub fn level(&self) -> Result<i64, ApiError> {
        let refused = |text: &str| ApiError::error(StatusCode::FORBIDDEN, text);
        let acr = self.acr.as_deref().ok_or_else(|| refused("No LoA on the token"))?;
        loa::of_acr(&self.realm, &self.client, acr).ok_or_else(|| refused("Unsupported acr on the token"))
    }

    /// Where they fill in their profile: for what the token is for.
    pub fn place(&self) -> Place {
        Place::asked(&self.realm, Context::Account, Some(&self.client), self.scope.as_deref())
    }

    /// What was sent.
    pub fn body(&self) -> Body {
        Body::from(self.body.clone())
    }

    /// An event of a type, as Keycloak tells of what people do here.
    pub fn event(&self, kind: &str) -> Event {
        let mut event = Event::new(kind);
        self.sign(&mut event);
        event
    }

    /// Records a refusal, and gives it back.
    pub async fn refuse(&self, kind: &str, code: &str, reason: &str, refused: ApiError) -> ApiError {
        let mut event = events::refusal(kind, code).detail("reason", reason);
        self.sign(&mut event);
        events::record_alone(&self.app, &self.realm, &event).await;
        refused
    }

    fn sign(&self, event: &mut Event) {
        event.client_id = Some(CLIENT.to_owned());
        event.user_id = Some(self.user.id.clone());
        event.ip_address = Some(self.caller.ip.to_string());
    }
}

/// The names of the roles of client `account`; none at all for a token that is not meant for it. A token that does not say
/// (a lightweight one) is taken for what it would say now.
async fn roles(app: &App, realm: &Arc<Realm>, known: &Bearer) -> Result<Option<HashSet<String>>, Error> {
    let Some(holder) = client::by_client_id(&app.db, &realm.id, CLIENT).await? else {
        return Ok(None);
    };
    let said = known.client_roles(CLIENT);
    let says = known.claims.contains_key("aud") && !said.is_empty();
    let mut names: HashSet<String> = if says {
        said.into_iter().map(str::to_owned).collect()
    } else {
        let context = userinfo::context(app, realm, known).await?;
        let all = realm.roles.of(&holder.id);
        let passed = all.filter(|role| context.passes_role(&holder.id, &role.name));
        passed.map(|role| role.name.clone()).collect()
    };
    let meant = if says {
        known.audiences().contains(&CLIENT)
    } else {
        !names.is_empty()
    };
    // What was taken away since counts no more.
    let held = known.roles(app, realm).await?;
    names.retain(|name| {
        let role = realm.roles.by_name(&holder.id, name);
        role.is_some_and(|role| held.contains(&role.id))
    });
    Ok(meant.then_some(names))
}
