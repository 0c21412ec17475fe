//! Who registers, or manages a registration: Keycloak's four ways in.

use super::refusal::Refusal;
use super::token::{self, Auth, Own};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::bearer::{self, Bearer};
use crate::oidc::tokens::resource;
use crate::privilege;
use crate::store::client::{self, Source};
use crate::store::initial_access::{self, InitialAccess};
use crate::store::json;
use crate::store::realm::Realm;

/// A caller, as far as their token tells.
pub enum Access {
    /// No token, or one that this endpoint does not look at.
    Anonymous,
    /// An initial access token, which is there; whether it has uses left is decided when one is taken.
    Initial { token: InitialAccess, origins: Vec<String> },
    /// A user or service account of the realm.
    Bearer(Rights),
    /// A registration access token that this realm signed. Of which client, only the client knows.
    Registration {
        token: String,
        jti_hash: String,
        auth: Auth,
        origins: Option<Vec<String>>,
    },
}

/// What a user or service account may do with clients.
pub struct Rights {
    pub user_id: String,
    /// The application that the token was given to.
    pub client_id: String,
    pub create: bool,
    pub view: bool,
    pub manage: bool,
    pub origins: Vec<String>,
}

impl Access {
    /// Under which policies the caller is.
    pub fn auth(&self) -> Auth {
        match self {
            Self::Anonymous => Auth::Anonymous,
            Self::Initial { .. } | Self::Bearer(_) => Auth::Authenticated,
            Self::Registration { auth, .. } => *auth,
        }
    }

    /// How a client comes to be that they register.
    pub fn source(&self) -> Source {
        match self {
            Self::Initial { .. } => Source::Token,
            Self::Bearer(_) => Source::User,
            Self::Anonymous | Self::Registration { .. } => Source::Stranger,
        }
    }

    /// The pages that the token is good for.
    pub fn origins(&self) -> &[String] {
        match self {
            Self::Anonymous => &[],
            Self::Initial { origins, .. } => origins,
            Self::Bearer(rights) => &rights.origins,
            Self::Registration { origins, .. } => origins.as_deref().unwrap_or_default(),
        }
    }
}

/// Looks at the token of a request, `None` if there is none.
///
/// # Errors
///
/// Those of the database.
pub async fn of(
    app: &App,
    realm: &Realm,
    caller: &Caller,
    token: Option<&str>,
) -> Result<Result<Access, Refusal>, Error> {
    let Some(token) = token else {
        return Ok(Ok(Access::Anonymous));
    };
    if token::claimed_type(token).as_deref() == Some("Bearer") {
        return Ok(match bearer::verify(app, caller, realm, token).await? {
            Ok(known) if resource::is_for_others(realm, &known.claims) => Err(Refusal::Token("Failed decode token")),
            Ok(known) => Ok(Access::Bearer(rights(app, realm, &known).await?)),
            Err(_) => Err(Refusal::Token("Failed decode token")),
        });
    }
    match token::verify(app, realm, caller, token) {
        None => Ok(Err(Refusal::Token("Failed decode token"))),
        Some(Own::Other) => Ok(Err(Refusal::Token("Invalid type of token"))),
        Some(Own::Initial { id, origins }) => Ok(match initial_access::by_id(&app.db, &realm.id, &id).await? {
            Some(token) => Ok(Access::Initial { token, origins }),
            None => Err(Refusal::Token("Initial Access Token not found")),
        }),
        Some(Own::Registration {
            jti_hash,
            auth,
            origins,
        }) => Ok(Ok(Access::Registration {
            token: token.to_owned(),
            jti_hash,
            auth,
            origins,
        })),
    }
}

async fn rights(app: &App, realm: &Realm, known: &Bearer) -> Result<Rights, Error> {
    let holder = if realm.name == "master" {
        "master-realm"
    } else {
        "realm-management"
    };
    let holder = client::by_client_id(&app.db, &realm.id, holder).await?;
    let held = known.roles(app, realm).await?;
    let roles = privilege::passed_on(app, realm, &known.client, &known.user, held).await?;
    let has = |name: &str| {
        let found = holder.as_ref().and_then(|h| realm.roles.by_name(&h.id, name));
        found.is_some_and(|role| roles.contains(&role.id))
    };
    let manage = has("manage-clients");
    Ok(Rights {
        user_id: known.user.id.clone(),
        client_id: known.client.client_id.clone(),
        create: manage || has("create-client"),
        view: manage || has("view-clients"),
        manage,
        origins: json::texts(&known.claims, "allowed-origins")
            .into_iter()
            .map(str::to_owned)
            .collect(),
    })
}
