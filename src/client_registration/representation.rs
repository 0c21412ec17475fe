//! Keycloak's own form of a registration: a `ClientRepresentation`. A registrant reaches no more with it than with OpenID
//! Connect metadata (rule R1); Keycloak lets a token holder set nearly everything.

use serde_json::{Value, json};
use vestibule_oauth::client_metadata::{Issued, Metadata, describe, is_registrable_attribute};
use vestibule_oauth::error::{Refusal as Fault, RegistrationError};
use vestibule_oauth::web_origin;

use super::metadata;
use crate::secret_settings::{MASK, is_secret};
use crate::store::client::{Client, Standing};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// Members that a registrant may set.
const MEMBERS: [&str; 16] = [
    "name",
    "description",
    "baseUrl",
    "clientAuthenticatorType",
    "redirectUris",
    "webOrigins",
    "standardFlowEnabled",
    "implicitFlowEnabled",
    "directAccessGrantsEnabled",
    "serviceAccountsEnabled",
    "publicClient",
    "frontchannelLogout",
    "protocol",
    "attributes",
    "defaultClientScopes",
    "optionalClientScopes",
];

/// The ways to authenticate that a registrant may choose: those that metadata has a name for.
const AUTHENTICATORS: [&str; 5] = [
    "client-secret",
    "client-secret-jwt",
    "client-jwt",
    "client-x509",
    "none",
];

/// Members that come with an answer and mean nothing when they are sent back.
const TOLD: [&str; 6] = [
    "id",
    "clientId",
    "secret",
    "registrationAccessToken",
    "access",
    "defaultRoles",
];

/// Whether the name of a certificate is a regular expression.
const PATTERN: &str = "x509.allow.regex.pattern.comparison";

fn refuse(text: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::registration(RegistrationError::InvalidClientMetadata, text)
}

/// What a registrant gets who asks for nothing.
pub(super) fn bare(realm: &Realm) -> Doc {
    let mut doc = metadata::new_client(realm, &Metadata::default());
    doc.insert("attributes".into(), json!({ "realm_client": "false" }));
    doc
}

pub(super) fn new_client(realm: &Realm, sent: &Doc) -> Doc {
    finished(realm, None, bare(realm), sent)
}

pub(super) fn changed_client(realm: &Realm, client: &Client, sent: &Doc) -> Doc {
    let mut sent = sent.clone();
    if client.standing != Standing::Live {
        // Shown as disabled while it waits for approval: sent back, that says nothing.
        sent.shift_remove("enabled");
    }
    finished(realm, Some(&client.doc), client.doc.clone(), &sent)
}

/// Lays what was sent over a client; of `attributes` each by itself, an empty text takes one away, as in Keycloak.
fn finished(realm: &Realm, before: Option<&Doc>, mut doc: Doc, sent: &Doc) -> Doc {
    for (name, value) in sent
        .iter()
        .filter(|(name, value)| !value.is_null() && !TOLD.contains(&name.as_str()))
    {
        match (doc.get_mut(name), value) {
            (Some(Value::Object(kept)), Value::Object(sent)) if name == "attributes" => {
                for (name, value) in sent.iter().filter(|(name, value)| !(is_secret(name) && *value == MASK)) {
                    if value.as_str().is_none_or(str::is_empty) {
                        kept.shift_remove(name);
                    } else {
                        kept.insert(name.clone(), value.clone());
                    }
                }
            }
            _ => {
                doc.insert(name.clone(), value.clone());
            }
        }
    }
    // A secret-less client needs PKCE, whatever it says.
    if json::flag(&doc, "publicClient")
        && json::attribute(&doc, "pkce.code.challenge.method").is_none()
        && let Some(Value::Object(attributes)) = doc.get_mut("attributes")
    {
        attributes.insert("pkce.code.challenge.method".into(), json!("S256"));
    }
    // A name that a registrant gives is that name, never a pattern.
    let names_certificate = sent
        .get("attributes")
        .and_then(Value::as_object)
        .is_some_and(|sent| sent.contains_key("x509.subjectdn"));
    if names_certificate && let Some(Value::Object(attributes)) = doc.get_mut("attributes") {
        attributes.entry(PATTERN.to_owned()).or_insert_with(|| json!("false"));
    }
    for list in ["defaultClientScopes", "optionalClientScopes"] {
        let had = before.map(|doc| json::texts(doc, list)).unwrap_or_default();
        if let Some(Value::Array(names)) = doc.get_mut(list) {
            // A name that is given a meaning later gives nobody anything.
            names.retain(|name| {
                let name = name.as_str().unwrap_or_default();
                had.contains(&name) || realm.client_scope(name).is_some()
            });
        }
    }
    metadata::complete(realm, &mut doc);
    doc
}

/// Refuses by name what is an administrator's to set, and values that the metadata form would refuse.
pub(super) fn check_bounds(before: &Doc, wanted: &Doc) -> Result<(), Fault> {
    for (name, value) in wanted {
        let own = MEMBERS.contains(&name.as_str());
        // These a registrant may only make stricter.
        let stricter = (name == "consentRequired" && value == true) || (name == "fullScopeAllowed" && value == false);
        let was = before.get(name);
        // Programs send what is empty without meaning anything; where something is, it would take that away.
        let idle = is_nothing(value) && was.is_none_or(is_nothing);
        if !own && !stricter && was != Some(value) && !idle {
            return Err(refuse(format!("{name} may be set by an administrator only")));
        }
    }
    check_attributes(before, wanted)?;
    let method = json::text(wanted, "clientAuthenticatorType");
    if method != json::text(before, "clientAuthenticatorType") && method.is_some_and(|m| !AUTHENTICATORS.contains(&m)) {
        let known = AUTHENTICATORS.join(", ");
        return Err(refuse(format!("clientAuthenticatorType must be one of {known}")));
    }
    if !super::asked::is_openid(wanted) {
        return Err(refuse("protocol must be openid-connect"));
    }
    let described = describe(wanted, &Issued::default());
    let read = Metadata::from_object(&without_empty_id(described))?;
    let redirects = read.redirect_uris.unwrap_or_default();
    let sound = |origin: &&str| {
        *origin == "+"
            || web_origin::of_redirect_uris(&redirects).iter().any(|one| one == origin)
            || json::texts(before, "webOrigins").contains(origin)
    };
    match json::texts(wanted, "webOrigins").iter().find(|origin| !sound(origin)) {
        Some(_) => Err(refuse("webOrigins must be +, or origins of the redirect URIs")),
        None => Ok(()),
    }
}

/// An attribute that is not the registrant's is neither set nor changed nor taken away.
fn check_attributes(before: &Doc, wanted: &Doc) -> Result<(), Fault> {
    let (was, will) = (attributes(before), attributes(wanted));
    let names = was.keys().chain(will.keys());
    if let Some(name) = names
        .filter(|name| was.get(*name) != will.get(*name))
        .find(|name| !is_registrable_attribute(name))
    {
        return Err(refuse(format!("attributes.{name} may be set by an administrator only")));
    }
    let is_pattern = |all: &Doc| all.get(PATTERN).is_some_and(|value| value != "false");
    if is_pattern(&will) && !is_pattern(&was) {
        return Err(refuse(format!(
            "attributes.{PATTERN} may be set by an administrator only"
        )));
    }
    match json::attribute(wanted, "pkce.code.challenge.method") {
        None | Some("S256" | "plain") => Ok(()),
        Some(_) => Err(refuse("The attribute pkce.code.challenge.method must be S256 or plain")),
    }
}

fn attributes(doc: &Doc) -> Doc {
    let all = doc.get("attributes").and_then(Value::as_object);
    all.cloned().unwrap_or_default()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn without_empty_id(mut described: Doc) -> Doc {
    described.shift_remove("client_id");
    described
}
