//! What an application publishes of itself (section 4 of the draft).

use serde_json::{Value, json};
use vestibule_jose::digest::{b64url, sha256};
use vestibule_oauth::client_metadata::read_object;

use super::Refused;
use crate::app::App;
use crate::client_registration::asked::{Asked, Form};
use crate::client_registration::statement;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// Members that would be a secret, or belong to one.
const SECRET: [&str; 2] = ["client_secret", "client_secret_expires_at"];

/// Ways to authenticate by what both sides know: there is no way to agree on it.
const SHARED: [&str; 3] = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];

/// What an application can do here: people are sent to it, and it may stay signed in.
const GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];

/// A document that was read and understood.
pub(super) struct Document {
    pub asked: Asked,
    /// Tells one version from another.
    pub digest: String,
    /// Who issued its software statement.
    pub issuer: Option<String>,
}

/// Fetches and reads the document at an address, or uses what was fetched lately.
pub(super) async fn read(app: &App, realm: &Realm, address: &str) -> Result<Document, Refused> {
    let bytes = app.egress.document(address).await;
    let bytes = bytes.map_err(|refused| Refused::new(format!("it could not be fetched: {refused}")))?;
    let read = understand(app, realm, address, &bytes).await;
    if read.is_err() {
        app.egress.distrust(address);
    }
    read
}

async fn understand(app: &App, realm: &Realm, address: &str, bytes: &[u8]) -> Result<Document, Refused> {
    let mut object = read_object(bytes).map_err(|_| Refused::new("it is not a JSON object"))?;
    let digest = b64url(&sha256(Value::Object(object.clone()).to_string().as_bytes()));
    if json::text(&object, "client_id") != Some(address) {
        return Err(Refused::new("its client_id is not its own address"));
    }
    if SECRET.iter().any(|name| object.contains_key(*name)) {
        return Err(Refused::new("it must not hold a client_secret"));
    }
    object.shift_remove("client_id");
    let laid = statement::lay_over(app, realm, None, &object).await;
    let (mut object, issuer) = laid.map_err(|refusal| Refused::of(&refusal))?.into_parts();
    settle(&mut object)?;
    let asked = Asked::parse(Form::OpenId, realm, &object).map_err(|fault| Refused::new(fault.description))?;
    Ok(Document { asked, digest, issuer })
}

/// Leaves what there can be, and says what is usual where the document does not.
fn settle(object: &mut Doc) -> Result<(), Refused> {
    let method = match object.get("token_endpoint_auth_method") {
        Some(Value::String(method)) => method.as_str(),
        _ if can_sign(object) => "private_key_jwt",
        _ => "none",
    };
    if SHARED.contains(&method) {
        return Err(Refused::new(format!(
            "token_endpoint_auth_method {method} needs a secret that nobody can be given"
        )));
    }
    let method = json!(method);
    object.insert("token_endpoint_auth_method".into(), method);
    if json::texts(object, "redirect_uris").is_empty() {
        return Err(Refused::new("it has no redirect_uris"));
    }
    if let Some(Value::Array(grants)) = object.get_mut("grant_types") {
        grants.retain(|grant| grant.as_str().is_some_and(|grant| GRANTS.contains(&grant)));
        if !grants.contains(&json!(GRANTS[0])) {
            return Err(Refused::new("its grant_types lack authorization_code"));
        }
    }
    object.insert("response_types".into(), json!(["code"]));
    Ok(())
}

/// Whether it offers to sign, among other ways, and publishes keys (`OpenID` Connect Relying Party Metadata Choices).
fn can_sign(object: &Doc) -> bool {
    let offered = json::texts(object, "token_endpoint_auth_methods_supported").contains(&"private_key_jwt");
    offered && (object.contains_key("jwks") || object.contains_key("jwks_uri"))
}
