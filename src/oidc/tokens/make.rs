//! Signs the tokens of a grant.

use std::sync::Arc;

use serde_json::{Value, json};
use vestibule_jose::{Alg, SigningKey, digest, jwt};

use super::claims::Claims;
use super::context::Context;
use super::encrypted::{self, What};
use super::id::{self, Beside};
use super::mappers::{self, Target};
use super::refresh::{self, Refresh};
use super::resource::Resources;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::bound::Bound;
use crate::oidc::session as sessions;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::session::{ClientSession, UserSession};
use crate::{client_secret, realm_setup};

/// By which grant a token came to be: the third part of the prefix of its `jti`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    Code,
    Device,
    /// No code: the token comes from the authorization endpoint.
    Implicit,
    Refresh,
    Password,
    ClientCredentials,
    Exchange,
    /// None: an example for an administrator, or beside a code.
    None,
}

impl Grant {
    fn code(self) -> &'static str {
        match self {
            Self::Code => "ac",
            Self::Device => "dg",
            Self::Refresh => "rt",
            Self::Password => "ro",
            Self::ClientCredentials => "cc",
            Self::Exchange => "te",
            Self::Implicit | Self::None => "na",
        }
    }
}

/// The session that tokens belong to, and the client's part in it.
pub struct Place {
    pub session: UserSession,
    pub part: ClientSession,
}

/// What is to be made.
pub struct Wanted<'a> {
    pub grant: Grant,
    /// None for service accounts.
    pub place: Option<&'a Place>,
    pub nonce: Option<&'a str>,
    /// The chain of rotation and the place in it of the new refresh token.
    pub chain: Option<(String, i64)>,
    /// Whether there is to be a refresh token.
    pub refresh: bool,
    /// The scope of the refresh token, where it is wider than that of the access token.
    pub refresh_scope: Option<&'a str>,
    /// To what the tokens are bound.
    pub bound: &'a Bound,
    /// The APIs that the tokens are for.
    pub resources: &'a Resources,
    /// Those to whom the access token is to be confined of whom mappers name; empty: to all of them.
    pub audience: &'a [String],
}

/// Tokens, and what the answer and the event say of them.
pub struct Issued {
    pub access_token: String,
    pub access_id: String,
    /// Seconds.
    pub expires_in: i64,
    pub refresh: Option<IssuedRefresh>,
    pub id_token: Option<String>,
    pub scope: String,
    /// `token_type`.
    pub kind: &'static str,
    /// What mappers add to the answer.
    pub beside: Doc,
}

/// A refresh token.
pub struct IssuedRefresh {
    pub token: String,
    pub id: String,
    pub offline: bool,
    /// Seconds; 0 if it never expires.
    pub expires_in: i64,
}

/// Makes an access token and, as wanted, an ID token and a refresh token.
///
/// # Errors
///
/// [`Error::Key`] if a key is missing or fails; those of the database.
pub async fn make(app: &App, caller: &Caller, context: &Context, wanted: &Wanted<'_>) -> Result<Issued, Error> {
    let client = &context.client;
    let realm = &context.realm;
    let access = access_claims(app, caller, context, wanted);
    let (exp, iat, access_id, scope) = (access.exp, access.iat, access.jti.clone(), access.scope.clone());
    let typ = header_type(client);
    let alg = algorithm(realm, client, "access.token.signed.response.alg");
    let access_audience = access.claims.audience().to_vec();
    let access_token = sign(app, realm, client, alg, Signer::Realm, typ, &access.claims.finish()).await?;
    let id_token = if context.scopes.openid {
        let mut claims = id_claims(caller, context, wanted, Beside::Access, exp, iat);
        let alg = algorithm(realm, client, ID_ALGORITHM);
        claims.set("at_hash", digest::at_hash(alg, &access_token));
        Some(signed_id(app, context, claims).await?)
    } else {
        None
    };
    let refresh = match wanted.place.filter(|_| wanted.refresh) {
        Some(place) => Some(refresh_token(app, caller, context, wanted, place, access_audience)?),
        None => None,
    };
    Ok(Issued {
        access_token,
        access_id,
        expires_in: exp - iat,
        refresh,
        id_token,
        scope,
        kind: wanted.bound.of_access().kind(),
        beside: mappers::of_answer(context),
    })
}

/// The client's attribute with the algorithm of its ID tokens.
pub const ID_ALGORITHM: &str = "id.token.signed.response.alg";

/// An ID token without an access token beside it.
///
/// # Errors
///
/// As [`make`].
pub async fn id_token(
    app: &App,
    caller: &Caller,
    context: &Context,
    wanted: &Wanted<'_>,
    exp: i64,
    iat: i64,
) -> Result<String, Error> {
    signed_id(
        app,
        context,
        id_claims(caller, context, wanted, Beside::Access, exp, iat),
    )
    .await
}

async fn signed_id(app: &App, context: &Context, claims: Claims) -> Result<String, Error> {
    let (realm, client) = (&context.realm, &context.client);
    let alg = algorithm(realm, client, ID_ALGORITHM);
    let signed = sign(app, realm, client, alg, Signer::Client, "JWT", &claims.finish()).await?;
    encrypted::wrap(app, client, What::Id, signed, "JWT").await
}

/// The claims of an access token before they are signed.
pub struct Access {
    pub claims: Claims,
    /// The scopes that it has in the end.
    pub scope: String,
    pub jti: String,
    pub exp: i64,
    pub iat: i64,
}

fn lightweight(client: &Client) -> bool {
    client.attribute("client.use.lightweight.access.token.enabled") == Some("true")
}

/// `at+jwt` where the client asks for RFC 9068.
fn header_type(client: &Client) -> &'static str {
    if client.attribute("access.token.header.type.rfc9068") == Some("true") {
        "at+jwt"
    } else {
        "JWT"
    }
}

/// The claims of an access token.
pub fn access_claims(app: &App, caller: &Caller, context: &Context, wanted: &Wanted<'_>) -> Access {
    let resources = &wanted.resources.asked;
    let narrowed = (!resources.is_empty()).then(|| context.narrowed(resources));
    let context = narrowed.as_ref().unwrap_or(context);
    let (realm, client) = (&context.realm, &context.client);
    let iat = app.now_seconds();
    let own = json::written(client.attribute("access.token.lifespan")).filter(|n| *n != 0);
    let lifespan = match own {
        Some(n) if n > 0 => n,
        Some(_) => realm.number("ssoSessionMaxLifespan"),
        None if wanted.grant == Grant::Implicit => realm.number("accessTokenLifespanForImplicitFlow"),
        None => realm.number("accessTokenLifespan"),
    };
    let latest = wanted
        .place
        .and_then(|p| sessions::part_latest(realm, client, &p.session, p.part.started));
    let exp = latest.map_or(iat + lifespan, |latest| (iat + lifespan).min(latest / 1000));
    let light = lightweight(client);
    let kind = match wanted.place {
        None => "tr",
        Some(place) if place.session.offline => "of",
        Some(_) => "on",
    };
    let jti = format!(
        "{kind}{}{}:{}",
        if light { "lt" } else { "rt" },
        wanted.grant.code(),
        crate::random::uuid()
    );
    let mut claims = Claims::default();
    claims.set("exp", exp);
    claims.set("iat", iat);
    claims.set("jti", jti.as_str());
    claims.set("iss", caller.issuer(&realm.name));
    let bound = wanted.bound.of_access();
    claims.set("typ", bound.kind());
    claims.set("azp", client.client_id.as_str());
    claims.set("sid", sid(wanted));
    claims.set("scope", context.scopes.claim(&context.realm));
    if wanted.grant == Grant::ClientCredentials {
        // Whatever mappers say: there is no session to look the account up in.
        claims.set("sub", context.user.id.as_str());
    }
    if header_type(client) == "at+jwt" {
        claims.set("client_id", client.client_id.as_str());
    }
    claims.set("cnf", bound.cnf());
    let target = if light { Target::Lightweight } else { Target::Access };
    mappers::apply(context, target, &mut claims);
    if !resources.is_empty() {
        // For nobody else, whatever mappers add.
        claims.set_audience(resources.clone());
    }
    if !wanted.audience.is_empty() {
        let kept = claims.audience().iter().filter(|name| wanted.audience.contains(name));
        let kept = kept.cloned().collect();
        claims.set_audience(kept);
    }
    Access {
        claims,
        scope: context.scopes.claim(realm),
        jti,
        exp,
        iat,
    }
}

fn sid(wanted: &Wanted<'_>) -> Value {
    wanted.place.map_or(Value::Null, |p| json!(p.session.id))
}

/// The claims of an ID token but `at_hash`.
pub fn id_claims(
    caller: &Caller,
    context: &Context,
    wanted: &Wanted<'_>,
    beside: Beside,
    exp: i64,
    iat: i64,
) -> Claims {
    let mut claims = detached_claims(caller, context, wanted, exp, iat);
    mappers::apply(context, Target::Id, &mut claims);
    id::confine(context, beside, &mut claims);
    claims
}

/// Those of an ID token that only signs the answer around it: nothing of the person but who they are.
pub fn detached_claims(caller: &Caller, context: &Context, wanted: &Wanted<'_>, exp: i64, iat: i64) -> Claims {
    let client_id = context.client.client_id.as_str();
    let mut claims = Claims::default();
    claims.set("exp", exp);
    claims.set("iat", iat);
    id::mark(context, &mut claims);
    claims.set("iss", caller.issuer(&context.realm.name));
    claims.add_audience(client_id);
    claims.set("sub", context.user.id.as_str());
    claims.set("azp", client_id);
    claims.set("nonce", wanted.nonce.map_or(Value::Null, |nonce| json!(nonce)));
    claims.set("sid", sid(wanted));
    mappers::pairwise_subject(context, &mut claims);
    claims
}

fn refresh_token(
    app: &App,
    caller: &Caller,
    context: &Context,
    wanted: &Wanted<'_>,
    place: &Place,
    audience: Vec<String>,
) -> Result<IssuedRefresh, Error> {
    let (realm, client, session) = (&context.realm, &context.client, &place.session);
    let iat = app.now_seconds();
    let ends = sessions::part_expires(realm, client, session, place.part.started, app.now()) / 1000;
    let bounded = !session.offline || sessions::part_latest(realm, client, session, place.part.started).is_some();
    let exp = bounded.then_some(ends);
    let token = Refresh {
        jti: crate::random::uuid(),
        sub: mappers::subject_for(client, &context.user.id),
        azp: client.client_id.clone(),
        sid: session.id.clone(),
        scope: wanted
            .refresh_scope
            .map_or_else(|| context.scopes.all(&context.realm), str::to_owned),
        offline: session.offline,
        exp,
        iat,
        chain: wanted.chain.clone(),
        audience,
        only: wanted.audience.to_vec(),
        resources: wanted.resources.granted.clone(),
        // As Keycloak: a client with a secret or key of its own proves itself with that.
        bound: Bound {
            jkt: wanted.bound.jkt.clone().filter(|_| client.public()),
            x5t: wanted.bound.x5t.clone(),
            only_refresh: false,
        },
    };
    Ok(IssuedRefresh {
        token: refresh::sign(caller, realm, &token)?,
        id: token.jti,
        offline: session.offline,
        expires_in: exp.map_or(0, |exp| exp - iat),
    })
}

/// The algorithm that a client wants, else the realm's.
pub fn algorithm(realm: &Realm, client: &Client, attribute: &str) -> Alg {
    let named = client.attribute(attribute).and_then(Alg::parse);
    named
        .or_else(|| realm.text("defaultSignatureAlgorithm").and_then(Alg::parse))
        .unwrap_or(Alg::RS256)
}

/// Whose secret signs where the algorithm is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// The realm's: only this server reads the token.
    Realm,
    /// The client's, so that the client can check it (OpenID Connect Core section 10.1).
    Client,
}

/// Signs claims.
///
/// # Errors
///
/// [`Error::Key`] if a key is missing or fails; those of the database.
pub async fn sign(
    app: &App,
    realm: &Arc<Realm>,
    client: &Client,
    alg: Alg,
    signer: Signer,
    typ: &str,
    claims: &Doc,
) -> Result<String, Error> {
    let failed = |e: vestibule_jose::Error| Error::Key(e.to_string());
    if alg.is_symmetric()
        && signer == Signer::Client
        && let Some(secret) = client_secret::reveal(app, client)?
        && let Ok(key) = SigningKey::from_secret(alg, "", &secret)
    {
        return jwt::encode(&key, typ, claims).map_err(failed);
    }
    if let Some(key) = realm.keys.signing(alg) {
        return jwt::encode(key, typ, claims).map_err(failed);
    }
    let realm = realm_setup::ensure_signing_key(app, realm, alg).await?;
    let key = realm.keys.signing(alg);
    let key = key.ok_or_else(|| Error::Key(format!("the realm has no active {alg} key")))?;
    jwt::encode(key, typ, claims).map_err(failed)
}
