//! Access tokens that are presented to this server: whose they are, and whether they are still good.

use std::sync::{Arc, LazyLock};

use axum::http::{HeaderMap, header};
use moka::sync::Cache;
use serde_json::Value;
use vestibule_jose::digest::sha256;
use vestibule_jose::{Alg, jwt};

use super::{bound, session as sessions, token_roles};
use crate::app::App;
use crate::caller::Caller;
use crate::client_registration::life;
use crate::error::Error;
use crate::oidc::tokens::id;
use crate::store::client::{self, Client};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::role::Held;
use crate::store::session::{ClientSession, UserSession};
use crate::store::user::User;
use crate::store::{revoked, session, user};

/// An access token that is good at this moment.
pub struct Bearer {
    pub claims: Arc<Doc>,
    /// The person, or the service account.
    pub user: User,
    /// The client that it was issued to.
    pub client: Arc<Client>,
    /// Absent in tokens of service accounts.
    pub session: Option<UserSession>,
    /// The client's part in the session.
    pub part: Option<ClientSession>,
}

/// Why a bearer token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerRefused {
    /// Not an access token of this realm, too old, or revoked.
    Invalid,
    /// Its session is over, or the client's part in it.
    SessionNotFound,
    ClientNotFound,
    ClientDisabled,
    UserNotFound,
    UserDisabled,
    /// It is bound to a key or a certificate that whoever presents it has not proved.
    NotTheirs,
}

impl BearerRefused {
    /// Keycloak's text at the userinfo endpoint.
    pub fn description(self) -> &'static str {
        match self {
            Self::Invalid => "Token verification failed",
            Self::SessionNotFound => "user_session_not_found",
            Self::ClientNotFound => "Client not found",
            Self::ClientDisabled => "Client disabled",
            Self::UserNotFound => "User not found",
            Self::UserDisabled => "User disabled",
            Self::NotTheirs => "DPoP proof and token binding verification failed",
        }
    }
}

impl Bearer {
    /// The id of the session, if it has one.
    pub fn session_id(&self) -> Option<&str> {
        self.session.as_ref().map(|s| s.id.as_str())
    }

    /// Whether the scope names this one.
    pub fn has_scope(&self, name: &str) -> bool {
        json::text(&self.claims, "scope").is_some_and(|s| vestibule_oauth::scope::contains(s, name))
    }

    /// The audiences.
    pub fn audiences(&self) -> Vec<&str> {
        super::tokens::audience::of(&self.claims)
    }

    /// All roles that the caller has now, whatever the token says: administrators' tokens may be lightweight,
    /// and a role that was taken away counts no more.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn roles(&self, app: &App, realm: &Realm) -> Result<Held, Error> {
        token_roles::of_user(app, realm, &self.user.id).await
    }

    /// The names of realm roles in the token.
    pub fn realm_roles(&self) -> Vec<&str> {
        names(self.claims.get("realm_access"))
    }

    /// The names of a client's roles in the token.
    pub fn client_roles(&self, client_id: &str) -> Vec<&str> {
        names(self.claims.get("resource_access").and_then(|r| r.get(client_id)))
    }
}

fn names(access: Option<&Value>) -> Vec<&str> {
    access
        .and_then(|a| a.get("roles")?.as_array())
        .map_or_else(Vec::new, |a| a.iter().filter_map(Value::as_str).collect())
}

/// The token of an `Authorization` header, of the schemes `Bearer` and `DPoP`.
pub fn of_headers(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop"))
        .then(|| token.trim())
        .filter(|t| !t.is_empty())
}

/// The name of the realm that a token says it is of. Nothing is checked yet.
pub fn realm_name(token: &str) -> Option<String> {
    let parsed = jwt::decode(token).ok()?;
    let issuer = json::text(parsed.unverified_claims(), "iss")?;
    issuer.rsplit_once("/realms/").map(|(_, name)| name.to_owned())
}

/// A token whose signature was found good.
struct Seen {
    kid: String,
    alg: Alg,
    claims: Arc<Doc>,
}

/// Tokens that were seen, by the SHA-256 of realm and token. What may change (the key's state, revocation, session, user,
/// client) is looked at every time.
static SEEN: LazyLock<Cache<[u8; 32], Arc<Seen>>> = LazyLock::new(|| Cache::new(10_000));

fn seen(realm: &Realm, token: &str) -> Option<Arc<Doc>> {
    let hash = sha256(format!("{} {token}", realm.id).as_bytes());
    if let Some(known) = SEEN.get(&hash) {
        let good = realm.keys.verifying(&known.kid, known.alg).is_some();
        return good.then(|| Arc::clone(&known.claims));
    }
    let parsed = jwt::decode(token).ok()?;
    let (kid, alg) = (parsed.kid()?.to_owned(), parsed.alg());
    let signer = realm.keys.verifying(&kid, alg)?;
    let claims = Arc::new(parsed.verify(&signer.verifier()).ok()?);
    let found = Seen {
        kid,
        alg,
        claims: Arc::clone(&claims),
    };
    SEEN.insert(hash, Arc::new(found));
    Some(claims)
}

/// The claims of a token of one of these types (`typ`): signature, issuer, type and time are right. The signature is checked
/// once per token and node.
pub fn read(app: &App, caller: &Caller, realm: &Realm, token: &str, types: &[&str]) -> Option<Arc<Doc>> {
    let claims = seen(realm, token)?;
    let now = app.now_seconds();
    let number = |name: &str| match claims.get(name) {
        None => Some(None),
        // A claim of another type is not an absent one.
        Some(value) => value.as_i64().map(Some),
    };
    let kind = id::kind(&claims)?;
    let (expires, issued, begins) = (number("exp")?, number("iat")??, number("nbf")?);
    // Only offline tokens may live for ever.
    let in_time =
        expires.map_or(kind == "Offline", |expires| expires > now) && begins.is_none_or(|begins| begins <= now);
    let right_kind = types.contains(&kind);
    let ours = caller.is_issuer(app, &realm.name, json::text(&claims, "iss")?);
    (in_time && right_kind && ours && issued >= realm.number("notBefore")).then_some(claims)
}

/// Whether a token of one of these types is the realm's own, and good but for its age.
pub fn is_over(app: &App, caller: &Caller, realm: &Realm, token: &str, types: &[&str]) -> bool {
    let Some(claims) = seen(realm, token) else {
        return false;
    };
    let text = |name: &str| json::text(&claims, name);
    id::kind(&claims).is_some_and(|kind| types.contains(&kind))
        && text("iss").is_some_and(|iss| caller.is_issuer(app, &realm.name, iss))
        && json::number(&claims, "exp") <= app.now_seconds()
}

/// Accepts an access token of a realm, or says why not: signature, time, issuer, type, revocation, session, client, user, and
/// that it is the caller's own, where it is bound.
///
/// # Errors
///
/// Those of the database.
pub async fn verify(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    token: &str,
) -> Result<Result<Bearer, BearerRefused>, Error> {
    let known = match verify_types(app, caller, realm, token, &bound::ACCESS).await? {
        Ok(known) => known,
        refused => return Ok(refused),
    };
    Ok(if bound::is_theirs(app, caller, realm, &known.claims, token).await? {
        Ok(known)
    } else {
        Err(BearerRefused::NotTheirs)
    })
}

/// The same for tokens of other types, of which introspection and revocation know.
///
/// # Errors
///
/// Those of the database.
pub async fn verify_types(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    token: &str,
    types: &[&str],
) -> Result<Result<Bearer, BearerRefused>, Error> {
    let Some(claims) = read(app, caller, realm, token, types) else {
        return Ok(Err(BearerRefused::Invalid));
    };
    let text = |name: &str| json::text(&claims, name).unwrap_or_default();
    if !realm.enabled() || revoked::contains(&app.db, text("jti")).await? {
        return Ok(Err(BearerRefused::Invalid));
    }
    let Some(client) = client::by_client_id(&app.db, &realm.id, text("azp")).await? else {
        return Ok(Err(BearerRefused::ClientNotFound));
    };
    if !client.enabled() {
        return Ok(Err(BearerRefused::ClientDisabled));
    }
    if life::is_over(app, realm, &client).await? {
        return Ok(Err(BearerRefused::ClientNotFound));
    }
    let issued = json::number(&claims, "iat");
    if issued < json::number(&client.doc, "notBefore") {
        return Ok(Err(BearerRefused::Invalid));
    }
    let found = match json::text(&claims, "sid") {
        Some(sid) => match live_session(app, realm, &client, sid, &kinds(&claims)).await? {
            None => return Ok(Err(BearerRefused::SessionNotFound)),
            found => found,
        },
        None => None,
    };
    let (session, part) = found.unzip();
    // Not by `sub`: a lightweight token has none, and a pairwise one is another id.
    let found_user = match &session {
        Some(session) => user::by_id(&app.db, &realm.id, &session.user_id).await?,
        None => user::service_account(&app.db, &realm.id, &client.id).await?,
    };
    let Some(user) = found_user else {
        return Ok(Err(BearerRefused::UserNotFound));
    };
    if !user.enabled {
        return Ok(Err(BearerRefused::UserDisabled));
    }
    if issued < user.not_before {
        return Ok(Err(BearerRefused::Invalid));
    }
    if session.is_none() && !client.flag("serviceAccountsEnabled") {
        // Only service accounts have tokens without a session.
        return Ok(Err(BearerRefused::UserNotFound));
    }
    Ok(Ok(Bearer {
        claims,
        user,
        client,
        session,
        part,
    }))
}

/// Whether the session of a token is an offline one; an ID token does not say.
fn kinds(claims: &Doc) -> Vec<bool> {
    let text = |name: &str| json::text(claims, name).unwrap_or_default();
    match id::kind(claims).unwrap_or_default() {
        "Offline" => vec![true],
        "Refresh" => vec![false],
        id::TYPE => vec![false, true],
        _ => vec![text("jti").starts_with("of")],
    }
}

async fn live_session(
    app: &App,
    realm: &Realm,
    client: &Client,
    sid: &str,
    kinds: &[bool],
) -> Result<Option<(UserSession, ClientSession)>, Error> {
    for &offline in kinds {
        let found = session::with_part(&app.db, &realm.id, sid, offline, &client.id).await?;
        if let Some((session, part)) = found
            && sessions::part_is_active(realm, client, &session, &part, app.now())
        {
            return Ok(Some((session, part)));
        }
    }
    Ok(None)
}
