//! `id_token_hint`: an ID token of ours, expired or not.

use serde_json::Value;
use vestibule_jose::jwt;

use crate::app::App;
use crate::store::realm::Realm;
use crate::visitor::Visitor;

/// What an ID token says of who it was made for.
pub struct Hint {
    pub client_id: String,
    pub sub: String,
    pub sid: String,
}

/// Reads a hint; nothing if it is not an ID token that this realm signed. Its age does not matter: it says who asks, and
/// opens nothing.
pub fn read(app: &App, visitor: &Visitor, realm: &Realm, token: &str) -> Option<Hint> {
    let parsed = jwt::decode(token).ok()?;
    let key = realm.keys.verifying(parsed.kid()?, parsed.alg())?.verifier();
    let claims = parsed.verify(&key).ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let ours = text("typ") == Some("ID") && visitor.caller.is_issuer(app, &realm.name, text("iss")?);
    ours.then_some(())?;
    Some(Hint {
        client_id: text("azp")?.to_owned(),
        sub: text("sub").unwrap_or_default().to_owned(),
        sid: text("sid").unwrap_or_default().to_owned(),
    })
}
