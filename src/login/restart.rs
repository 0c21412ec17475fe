//! `KC_RESTART`: the authorization request, sealed in a cookie, to begin again when the tab is lost.

use serde::{Deserialize, Serialize};
use vestibule_jose::digest::{b64url, b64url_decode};

use super::cookies::{self, Age};
use super::request::AuthRequest;
use crate::app::App;
use crate::error::Error;
use crate::store::realm::Realm;
use crate::visitor::Visitor;

const PURPOSE: &str = "restart-cookie";

/// What is needed to begin again.
#[derive(Serialize, Deserialize)]
pub struct Restart {
    pub client_id: String,
    pub request: AuthRequest,
}

/// The cookie, or nothing if the request is too long for one (browsers refuse more than 4 KiB).
///
/// # Errors
///
/// [`Error::Key`] if it cannot be sealed.
pub fn cookie(
    app: &App,
    visitor: &Visitor,
    realm: &Realm,
    client_id: &str,
    request: &AuthRequest,
) -> Result<Option<String>, Error> {
    let restart = Restart {
        client_id: client_id.to_owned(),
        request: request.clone(),
    };
    let sealed = app.db.seal(PURPOSE, &realm.id, &serde_json::to_vec(&restart)?)?;
    let value = b64url(&sealed);
    let fits = value.len() <= 3800;
    Ok(fits.then(|| cookies::set(&visitor.caller, &realm.name, cookies::RESTART, &value, Age::Session)))
}

/// Reads the cookie of a browser; nothing if there is none or it is not ours.
pub fn read(app: &App, visitor: &Visitor, realm: &Realm) -> Option<Restart> {
    let sealed = b64url_decode(visitor.cookie(cookies::RESTART)?).ok()?;
    let plain = app.db.open_sealed(PURPOSE, &realm.id, &sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}
