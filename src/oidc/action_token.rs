//! Action tokens: what a link in a mail says, signed with the realm's HS512 key so that only this server reads it.

use serde_json::{Value, json};
use vestibule_jose::jwt;

use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// Why an action token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Not a token of this realm.
    Invalid,
    /// Its time is over. What it says, to tell whom it was for.
    Expired(Doc),
    /// A token of this realm, but of another kind.
    OtherKind,
}

/// Signs an action token of a type such as `verify-email`, good for `seconds`. Claims that `more` has under the same name
/// win; `sub`, `azp`, `asid`, `eml` and the like are the caller's.
///
/// # Errors
///
/// [`Error::Key`] if the realm has no key for it.
pub fn sign(app: &App, caller: &Caller, realm: &Realm, typ: &str, seconds: i64, more: &Doc) -> Result<String, Error> {
    let (now, issuer) = (app.now_seconds(), caller.issuer(&realm.name));
    let own = json!({
        "exp": now + seconds, "iat": now, "jti": crate::random::uuid(), "iss": issuer, "aud": issuer, "sub": null, "typ": typ,
        "nonce": crate::random::uuid()
    });
    let mut claims = own.as_object().cloned().unwrap_or_default();
    for (name, value) in more {
        claims.insert(name.clone(), value.clone());
    }
    claims.retain(|_, value| !value.is_null());
    jwt::encode(realm.keys.internal()?, "JWT", &claims).map_err(|e| Error::Key(e.to_string()))
}

/// Reads an action token of one of the types `types`: signature, issuer (with or without the prefix), type, `exp`.
///
/// # Errors
///
/// [`Refused`], by which the page is chosen.
pub fn verify(app: &App, caller: &Caller, realm: &Realm, types: &[&str], token: &str) -> Result<Doc, Refused> {
    let parsed = jwt::decode(token).map_err(|_| Refused::Invalid)?;
    let key = parsed
        .kid()
        .and_then(|kid| realm.keys.verifying(kid, parsed.alg()))
        .filter(|key| key.alg().is_symmetric())
        .ok_or(Refused::Invalid)?;
    let claims = parsed.verify(&key.verifier()).map_err(|_| Refused::Invalid)?;
    let issuer = json::text(&claims, "iss").unwrap_or_default();
    if !caller.is_issuer(app, &realm.name, issuer) {
        return Err(Refused::Invalid);
    }
    if !json::text(&claims, "typ").is_some_and(|typ| types.contains(&typ)) {
        return Err(Refused::OtherKind);
    }
    // A claim of another type is not an absent one.
    let Some(exp) = claims.get("exp").and_then(Value::as_i64) else {
        return Err(Refused::Invalid);
    };
    if exp <= app.now_seconds() {
        return Err(Refused::Expired(claims));
    }
    Ok(claims)
}
