//! Refresh tokens: signed with the realm's HS512 key, so that only this server reads them.

use serde_json::{Value, json};
use vestibule_jose::jwt;

use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::bound::Bound;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// What a refresh token says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refresh {
    pub jti: String,
    /// The user, as the client knows them.
    pub sub: String,
    /// The client that it was issued to.
    pub azp: String,
    /// The session.
    pub sid: String,
    /// All scopes, also those that tokens do not name.
    pub scope: String,
    /// `typ` is `Offline`.
    pub offline: bool,
    /// Epoch seconds; an offline token may have none.
    pub exp: Option<i64>,
    pub iat: i64,
    /// The chain of rotation and the place in it, where the realm revokes refresh tokens.
    pub chain: Option<(String, i64)>,
    /// Audiences of its access tokens.
    pub audience: Vec<String>,
    /// The clients that its access tokens are for and no others, where it came of an exchange for these; empty: any.
    pub only: Vec<String>,
    /// The APIs that its access tokens may be for and no others (RFC 8707); empty: any.
    pub resources: Vec<String>,
    /// To what it is bound.
    pub bound: Bound,
}

/// Why a refresh token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Not a refresh token of this realm.
    Invalid,
    /// Its time is over.
    Expired,
    /// Issued before the realm's `notBefore`.
    Stale,
}

impl Refused {
    /// Keycloak's text.
    pub fn description(self) -> &'static str {
        match self {
            Self::Invalid => "Invalid refresh token",
            Self::Expired => "Token is not active",
            Self::Stale => "Stale token",
        }
    }
}

/// Signs a refresh token.
///
/// # Errors
///
/// [`Error::Key`] if the realm has no key for it.
pub fn sign(caller: &Caller, realm: &Realm, t: &Refresh) -> Result<String, Error> {
    let issuer = caller.issuer(&realm.name);
    let mut claims = Doc::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            claims.insert(name.to_owned(), value);
        }
    };
    put("exp", json!(t.exp));
    put("iat", json!(t.iat));
    put("jti", json!(t.jti));
    put("iss", json!(issuer));
    put("aud", json!(issuer));
    put("sub", json!(t.sub));
    put("typ", json!(if t.offline { "Offline" } else { "Refresh" }));
    put("azp", json!(t.azp));
    put("sid", json!(t.sid));
    put("scope", json!(t.scope));
    put("reuse_id", json!(t.chain.as_ref().map(|(id, _)| id)));
    put("reuse_generation", json!(t.chain.as_ref().map(|(_, n)| n)));
    put(
        "aud_x",
        super::audience::claim(t.audience.clone()).unwrap_or(Value::Null),
    );
    if !t.only.is_empty() {
        put("aud_only", json!(t.only));
    }
    if !t.resources.is_empty() {
        put("resource", json!(t.resources));
    }
    put("cnf", t.bound.cnf());
    put("prov", json!("default"));
    jwt::encode(realm.keys.internal()?, "JWT", &claims).map_err(|e| Error::Key(e.to_string()))
}

/// Reads a refresh token of a realm: signature, issuer (with or without the prefix), type and time.
///
/// # Errors
///
/// [`Refused`], whose text goes to the client.
pub fn read(app: &App, caller: &Caller, realm: &Realm, token: &str) -> Result<Refresh, Refused> {
    let parsed = jwt::decode(token).map_err(|_| Refused::Invalid)?;
    let key = parsed
        .kid()
        .and_then(|kid| realm.keys.verifying(kid, parsed.alg()))
        .filter(|key| key.alg().is_symmetric())
        .ok_or(Refused::Invalid)?;
    let claims = parsed.verify(&key.verifier()).map_err(|_| Refused::Invalid)?;
    let text = |name: &str| json::text(&claims, name).unwrap_or_default().to_owned();
    let offline = match text("typ").as_str() {
        "Refresh" => false,
        "Offline" => true,
        _ => return Err(Refused::Invalid),
    };
    if !caller.is_issuer(app, &realm.name, &text("iss")) {
        return Err(Refused::Invalid);
    }
    let exp = match claims.get("exp") {
        None if offline => None,
        Some(value) => Some(value.as_i64().ok_or(Refused::Invalid)?),
        None => return Err(Refused::Invalid),
    };
    let iat = claims.get("iat").and_then(Value::as_i64).ok_or(Refused::Invalid)?;
    if exp.is_some_and(|exp| exp <= app.now_seconds()) {
        return Err(Refused::Expired);
    }
    if iat < realm.number("notBefore") {
        return Err(Refused::Stale);
    }
    let texts = |name: &str| json::texts(&claims, name).into_iter().map(str::to_owned).collect();
    let chain = json::text(&claims, "reuse_id").map(|id| (id.to_owned(), json::number(&claims, "reuse_generation")));
    let audience = match claims.get("aud_x") {
        Some(Value::String(one)) => vec![one.clone()],
        _ => texts("aud_x"),
    };
    Ok(Refresh {
        jti: text("jti"),
        sub: text("sub"),
        azp: text("azp"),
        sid: text("sid"),
        scope: text("scope"),
        offline,
        exp,
        iat,
        chain,
        audience,
        only: texts("aud_only"),
        resources: texts("resource"),
        bound: Bound::of(&claims).ok_or(Refused::Invalid)?,
    })
}
