//! `ClientRepresentation`: its members in Keycloak's order, its defaults, what of it is ours alone.

use serde_json::{Value, json};

use crate::secret_settings;
use crate::store::client::{Client, Standing};
use crate::store::json::{self as documents, Doc};
use crate::store::realm::{ClientScope, Realm};

/// The members in their order; `id` and `clientId` come before them, `access` after.
const ORDER: &[&str] = &[
    "name",
    "description",
    "type",
    "rootUrl",
    "adminUrl",
    "baseUrl",
    "surrogateAuthRequired",
    "enabled",
    "alwaysDisplayInConsole",
    "clientAuthenticatorType",
    "secret",
    "registrationAccessToken",
    "defaultRoles",
    "redirectUris",
    "webOrigins",
    "notBefore",
    "bearerOnly",
    "consentRequired",
    "standardFlowEnabled",
    "implicitFlowEnabled",
    "directAccessGrantsEnabled",
    "serviceAccountsEnabled",
    "authorizationServicesEnabled",
    "publicClient",
    "frontchannelLogout",
    "protocol",
    "attributes",
    "authenticationFlowBindingOverrides",
    "fullScopeAllowed",
    "nodeReRegistrationTimeout",
    "registeredNodes",
    "protocolMappers",
    "defaultClientScopes",
    "optionalClientScopes",
];

/// What a bare client is.
fn default_of(member: &str) -> Option<Value> {
    Some(match member {
        "enabled" | "standardFlowEnabled" | "fullScopeAllowed" => json!(true),
        "surrogateAuthRequired"
        | "alwaysDisplayInConsole"
        | "bearerOnly"
        | "consentRequired"
        | "implicitFlowEnabled"
        | "directAccessGrantsEnabled"
        | "serviceAccountsEnabled"
        | "publicClient"
        | "frontchannelLogout" => json!(false),
        "clientAuthenticatorType" => json!("client-secret"),
        "protocol" => json!("openid-connect"),
        "notBefore" => json!(0),
        "nodeReRegistrationTimeout" => json!(-1),
        "redirectUris" | "webOrigins" => json!([]),
        "attributes" | "authenticationFlowBindingOverrides" => json!({}),
        _ => return None,
    })
}

/// Puts the members that a client must have but were not given.
pub fn fill_defaults(doc: &mut Doc) {
    for member in ORDER {
        if !doc.contains_key(*member)
            && let Some(mut value) = default_of(member)
        {
            if *member == "fullScopeAllowed" {
                // Where people are asked, only what was mapped is handed on, as in Keycloak.
                value = json!(!documents::flag(doc, "consentRequired"));
            }
            doc.insert((*member).to_owned(), value);
        }
    }
}

/// A client as it is shown. `secret`: only where the caller may see it; attributes that are secrets are masked, scopes that are
/// gone are left out.
pub fn full(realm: &Realm, client: &Client, secret: Option<&str>) -> Doc {
    let mut shown = Doc::new();
    shown.insert("id".into(), json!(client.id));
    shown.insert("clientId".into(), json!(client.client_id));
    for member in ORDER {
        let value = match *member {
            "secret" => secret.map(|s| json!(s)),
            // Keycloak has no word for what waits for approval; it cannot be used.
            "enabled" if client.standing != Standing::Live => Some(json!(false)),
            "defaultClientScopes" | "optionalClientScopes" => Some(scopes(realm, client, member)),
            "protocolMappers" => client.doc.get(*member).filter(|v| *v != &json!([])).cloned(),
            // Those that hold the roles of a realm's administrators speak none.
            "protocol" if holds_a_realm(realm, client) => client.doc.get(*member).cloned(),
            _ => client
                .doc
                .get(*member)
                .filter(|v| !v.is_null())
                .cloned()
                .or_else(|| default_of(member)),
        };
        if let Some(value) = value {
            shown.insert((*member).to_owned(), value);
        }
    }
    if let Some(Value::Object(attributes)) = shown.get_mut("attributes") {
        secret_settings::mask(attributes);
    }
    shown
}

/// Whether a client of `master` stands for a realm.
fn holds_a_realm(realm: &Realm, client: &Client) -> bool {
    realm.name == "master" && client.attribute("realm_client") == Some("true") && client.client_id.ends_with("-realm")
}

fn scopes(realm: &Realm, client: &Client, member: &str) -> Value {
    scopes_of(realm, client, member)
        .into_iter()
        .map(|s| s.name.as_str())
        .collect()
}

/// The scopes of one of the client's lists that the realm has, for the client's protocol.
pub fn scopes_of<'a>(realm: &'a Realm, client: &Client, member: &str) -> Vec<&'a ClientScope> {
    let protocol = client.text("protocol").unwrap_or("openid-connect");
    let found = client
        .texts(member)
        .into_iter()
        .filter_map(|name| realm.client_scope(name));
    found.filter(|s| s.protocol == protocol).collect()
}

/// Says what the caller may do with the client.
pub fn with_access(mut doc: Doc, manage: bool) -> Doc {
    let access = json!({ "view": true, "configure": manage, "manage": manage });
    doc.insert("access".into(), access);
    doc
}
