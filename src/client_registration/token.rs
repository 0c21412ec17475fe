//! Initial and registration access tokens: JWTs in Keycloak's form, which only this server reads.
//!
//! `exp` 0 means never, as in Keycloak. RFC 7591 §1.2, RFC 7592 §1.3.

use serde_json::{Value, json};
use vestibule_jose::digest::{b64url, sha256};
use vestibule_jose::jwt;

use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// `typ` of a token that lets somebody register applications.
pub const INITIAL: &str = "InitialAccessToken";
/// `typ` of a token that lets an application manage its own registration.
pub const REGISTRATION: &str = "RegistrationAccessToken";

/// Under which policies a registration stays for life: as it was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Nobody vouched for it.
    Anonymous,
    /// An initial access token or an administrator did.
    Authenticated,
}

impl Auth {
    /// The value of `registration_auth`, and the `subType` of the policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Authenticated => "authenticated",
        }
    }

    /// What a token or a row says. Whatever is not understood gets the stricter policies.
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            Some("authenticated") => Self::Authenticated,
            _ => Self::Anonymous,
        }
    }
}

/// The token of a row of `initial_access`. `expires`: epoch seconds, or 0 for never. `origins`: from where pages of
/// browsers may use it; the claim is absent when there are none.
///
/// # Errors
///
/// [`Error::Key`] if the realm has no key to sign with.
pub fn initial(
    app: &App,
    realm: &Realm,
    caller: &Caller,
    id: &str,
    expires: i64,
    origins: &[String],
) -> Result<String, Error> {
    let issuer = caller.issuer(&realm.name);
    let mut claims = json!({
        "exp": expires, "iat": app.now_seconds(), "jti": id, "iss": issuer, "aud": issuer, "typ": INITIAL
    });
    if !origins.is_empty() {
        claims["allowed-origins"] = json!(origins);
    }
    sign(realm, &claims)
}

/// A new registration access token, and the hash of its `jti` for `Secrets::rat_hash`. `origins`: `None` leaves the claim
/// out, as Keycloak does for tokens that an administrator mints.
///
/// # Errors
///
/// [`Error::Key`] if the realm has no key to sign with.
pub fn registration(
    app: &App,
    realm: &Realm,
    caller: &Caller,
    auth: Auth,
    origins: Option<&[String]>,
) -> Result<(String, String), Error> {
    let (jti, issuer) = (crate::random::uuid(), caller.issuer(&realm.name));
    let mut claims = json!({
        "exp": 0, "iat": app.now_seconds(), "jti": jti, "iss": issuer, "aud": issuer, "typ": REGISTRATION,
        "registration_auth": auth.as_str()
    });
    if let Some(origins) = origins {
        claims["allowed-origins"] = json!(origins);
    }
    Ok((sign(realm, &claims)?, hash(&jti)))
}

/// What is kept of a `jti`.
pub fn hash(jti: &str) -> String {
    b64url(&sha256(jti.as_bytes()))
}

fn sign(realm: &Realm, claims: &Value) -> Result<String, Error> {
    jwt::encode(realm.keys.internal()?, "JWT", claims).map_err(|e| Error::Key(e.to_string()))
}

/// A token that this realm signed for itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Own {
    /// For something else, as a refresh token.
    Other,
    /// Somebody may register. `id` of the row; `origins` of the claim.
    Initial { id: String, origins: Vec<String> },
    /// An application manages itself.
    Registration {
        jti_hash: String,
        auth: Auth,
        /// As claimed; `None`: not at all.
        origins: Option<Vec<String>>,
    },
}

/// The `typ` claim of a token, before anything of it is believed: it says who has to check the rest.
pub fn claimed_type(token: &str) -> Option<String> {
    let parsed = jwt::decode(token).ok()?;
    Some(parsed.unverified_claims().get("typ")?.as_str()?.to_owned())
}

/// The pages that a token of this realm names, however old it is, and whatever else is wrong with it: enough to let a page
/// read why it is refused, and for nothing more.
pub fn origins(realm: &Realm, token: &str) -> Option<Vec<String>> {
    let parsed = jwt::decode(token).ok()?;
    let key = realm.keys.verifying(parsed.kid()?, parsed.alg())?;
    let claims: Doc = parsed.verify(&key.verifier()).ok()?;
    Some(named_origins(&claims).unwrap_or_default())
}

fn named_origins(claims: &Doc) -> Option<Vec<String>> {
    let named = claims.get("allowed-origins")?.as_array()?.iter();
    Some(named.filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Checks a token of ours: signature by a key of this realm, issuer, time. `None` if it is not good.
pub fn verify(app: &App, realm: &Realm, caller: &Caller, token: &str) -> Option<Own> {
    let parsed = jwt::decode(token).ok()?;
    let alg = parsed.alg();
    let key = realm
        .keys
        .verifying(parsed.kid()?, alg)
        .filter(|_| alg.is_symmetric())?;
    let claims: Doc = parsed.verify(&key.verifier()).ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let expires = claims.get("exp").and_then(Value::as_i64)?;
    if !caller.is_issuer(app, &realm.name, text("iss")?) || (expires != 0 && app.now_seconds() >= expires) {
        return None;
    }
    let origins = named_origins(&claims);
    let jti = text("jti")?;
    match text("typ")? {
        INITIAL => Some(Own::Initial {
            id: jti.to_owned(),
            origins: origins.unwrap_or_default(),
        }),
        REGISTRATION => Some(Own::Registration {
            jti_hash: hash(jti),
            auth: Auth::parse(text("registration_auth")),
            origins,
        }),
        _ => Some(Own::Other),
    }
}
