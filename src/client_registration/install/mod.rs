//! `install`: `keycloak.json`, the file that programs read which once had an adapter of Keycloak's.

pub mod api;

use serde_json::json;

use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// Whether a client scope of the realm, whoever has it, names the client as an audience.
fn is_audience(realm: &Realm, client: &Client) -> bool {
    let mappers = realm.client_scopes.iter().flat_map(|scope| &scope.protocol_mappers);
    let mut audiences = mappers.filter(|mapper| mapper.protocol_mapper == "oidc-audience-mapper");
    audiences.any(|mapper| mapper.config.get("included.client.audience") == Some(&client.client_id))
}

/// The file of a client. `base`: scheme, authority and prefix of this server; `secret`: for those who may see it.
pub fn keycloak_json(realm: &Realm, base: &str, client: &Client, secret: Option<&str>) -> Doc {
    let mut doc = Doc::new();
    doc.insert("realm".into(), json!(realm.name));
    if client.flag("bearerOnly") {
        doc.insert("bearer-only".into(), json!(true));
    }
    doc.insert("auth-server-url".into(), json!(format!("{base}/")));
    let ssl = realm.text("sslRequired").unwrap_or("external");
    doc.insert("ssl-required".into(), json!(ssl));
    doc.insert("resource".into(), json!(client.client_id));
    if client.public() {
        doc.insert("public-client".into(), json!(true));
    } else if let Some(secret) = secret {
        doc.insert("credentials".into(), json!({ "secret": secret }));
    }
    let has_roles = realm.roles.of(&client.id).next().is_some();
    if has_roles || is_audience(realm, client) {
        doc.insert("verify-token-audience".into(), json!(true));
    }
    if has_roles {
        doc.insert("use-resource-role-mappings".into(), json!(true));
    }
    doc.insert("confidential-port".into(), json!(0));
    doc
}
