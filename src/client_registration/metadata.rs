//! From what was sent to a client, and from a client to what is answered. The mapping itself is
//! `vestibule_oauth::client_metadata`; here the realm adds its part.

use serde_json::{Value, json};
use vestibule_oauth::client_metadata::{self, AuthMethod, Issued, Metadata, apply};

use super::approval::Status;
use super::asked::Form;
use super::descriptor;
use super::policy::give_scope;
use super::refusal::Refusal;
use crate::caller::Caller;
use crate::client_secret;
use crate::oidc::tokens::mappers::pairwise;
use crate::service_account;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// Takes out the scopes that the realm does not have, so that a name that is given a meaning later gives nobody anything.
/// Keycloak refuses them where a policy lists scopes; programs of today send such names without caring. Who asks for such
/// names only has asked for no scope, and is not given the realm's instead.
pub(super) fn keep_known_scopes(realm: &Realm, metadata: &mut Metadata) {
    if realm.attribute("clientRegistration.scopes.spontaneous") == Some("allow") {
        return;
    }
    if let Some(asked) = &mut metadata.scope {
        asked.retain(|name| name == "openid" || realm.client_scope(name).is_some());
    }
}

/// The attribute with the scopes that a client named and the realm does not have, where registrants may invent some. They may be
/// asked for and give nothing, also when the realm has scopes of these names one day.
pub const INVENTED: &str = "oidc.registration.scope";

/// Takes the scopes that the realm does not have out of those that were just asked for, and keeps their names apart.
fn set_apart(realm: &Realm, metadata: &Metadata, doc: &mut Doc) {
    if metadata.scope.is_none() {
        return;
    }
    let Some(Value::Array(optional)) = doc.get_mut("optionalClientScopes") else {
        return;
    };
    let mut invented = Vec::new();
    optional.retain(|name| {
        let name = name.as_str().unwrap_or_default();
        let is_there = realm.client_scope(name).is_some();
        if !is_there {
            invented.push(name.to_owned());
        }
        is_there
    });
    if let Some(Value::Object(attributes)) = doc.get_mut("attributes") {
        match invented.is_empty() {
            true => attributes.shift_remove(INVENTED),
            false => attributes.insert(INVENTED.into(), json!(invented.join(" "))),
        };
    }
}

/// A new client of this metadata, as Keycloak makes them.
pub(super) fn new_client(realm: &Realm, metadata: &Metadata) -> Doc {
    let start = json!({
        "surrogateAuthRequired": false, "enabled": true, "alwaysDisplayInConsole": false,
        "clientAuthenticatorType": "client-secret", "redirectUris": [], "webOrigins": [], "notBefore": 0,
        "bearerOnly": false, "consentRequired": false, "standardFlowEnabled": true, "implicitFlowEnabled": false,
        "directAccessGrantsEnabled": false, "serviceAccountsEnabled": false, "publicClient": false,
        "frontchannelLogout": false, "protocol": "openid-connect", "attributes": { "realm_client": "false" },
        "authenticationFlowBindingOverrides": {}, "fullScopeAllowed": true, "nodeReRegistrationTimeout": -1
    });
    let mut doc = start.as_object().cloned().unwrap_or_default();
    apply(metadata, &mut doc, true);
    set_apart(realm, metadata, &mut doc);
    for (list, of_realm) in [
        ("defaultClientScopes", "defaultDefaultClientScopes"),
        ("optionalClientScopes", "defaultOptionalClientScopes"),
    ] {
        doc.entry(list)
            .or_insert_with(|| json!(scopes_of_protocol(realm, of_realm, false)));
    }
    give_scopes(realm, &mut doc);
    complete(realm, &mut doc);
    doc
}

/// Those of a list of the realm that are of this protocol: SAML has scopes of its own.
pub(super) fn scopes_of_protocol<'a>(realm: &'a Realm, list: &str, saml: bool) -> Vec<&'a str> {
    let mut names = realm.texts(list);
    names.retain(|name| {
        realm
            .client_scope(name)
            .is_some_and(|scope| (scope.protocol == "saml") == saml)
    });
    names
}

/// Checks the members whose meaning is the realm's.
///
/// # Errors
///
/// `default_acr_values` that no level of authentication stands for.
pub(super) fn check_levels(realm: &Realm, doc: &Doc) -> Result<(), Refusal> {
    let asked = json::attribute(doc, "default.acr.values").unwrap_or_default();
    let mapped: Doc = json::attribute(doc, "acr.loa.map")
        .or_else(|| realm.attribute("acr.loa.map"))
        .and_then(|map| serde_json::from_str(map).ok())
        .unwrap_or_default();
    let in_flow = |value: &str| {
        let mut levels = realm
            .authenticator_configs
            .iter()
            .filter_map(|c| c.config.get("loa-condition-level"));
        levels.any(|level| level == value)
    };
    let known = |value: &str| mapped.contains_key(value) || in_flow(value);
    if asked.split("##").all(|value| value.is_empty() || known(value)) {
        return Ok(());
    }
    Err(Refusal::metadata(
        "Default ACR values need to contain values specified in the ACR-To-Loa mapping or number levels from set realm \
         browser flow",
    ))
}

/// The client with the changes of this metadata.
pub(super) fn changed_client(realm: &Realm, client: &Client, metadata: &Metadata) -> Doc {
    let mut doc = client.doc.clone();
    apply(metadata, &mut doc, false);
    set_apart(realm, metadata, &mut doc);
    complete(realm, &mut doc);
    doc
}

/// Gives the scopes that every registered client of the realm is to have.
fn give_scopes(realm: &Realm, doc: &mut Doc) {
    let names = realm.listed("clientRegistration.scopes.default");
    for name in names.filter(|name| realm.client_scope(name).is_some()) {
        give_scope(doc, name);
    }
}

/// Checks that a client does not come to have a grant that nobody can use here.
///
/// # Errors
///
/// Backchannel authentication (CIBA): there is nobody whom this server could send to ask the person.
pub(super) fn check_grants(before: Option<&Doc>, doc: &Doc) -> Result<(), Refusal> {
    let has = |doc: &Doc| json::attribute(doc, "oidc.ciba.grant.enabled") == Some("true");
    if has(doc) && !before.is_some_and(has) {
        return Err(Refusal::metadata(
            "grant_types: urn:openid:params:grant-type:ciba is not offered by this server",
        ));
    }
    Ok(())
}

/// What needs the realm or randomness: the scope of service accounts, and id and salt of a new mapper.
pub(super) fn complete(realm: &Realm, doc: &mut Doc) {
    if json::flag(doc, "serviceAccountsEnabled") {
        service_account::give_scope(realm, doc);
    }
    let mut mappers = match doc.get_mut("protocolMappers") {
        Some(Value::Array(mappers)) => std::mem::take(mappers),
        _ => return,
    };
    for mapper in mappers.iter_mut().filter_map(Value::as_object_mut) {
        mapper.entry("id").or_insert_with(|| json!(crate::random::uuid()));
        let is_pairwise = json::text(mapper, "protocolMapper") == Some(pairwise::PROVIDER);
        let config = mapper.get_mut("config").and_then(Value::as_object_mut);
        if let Some(config) = config.filter(|_| is_pairwise) {
            pairwise::give_salt(realm, doc, config);
        }
    }
    doc.insert("protocolMappers".into(), Value::Array(mappers));
}

/// Whether a client of this kind has a secret.
pub(super) fn has_secret(doc: &Doc) -> bool {
    AuthMethod::of_client(doc).is_some_and(AuthMethod::has_secret)
}

/// Notes when the secret was made, where Keycloak does.
pub(super) fn note_secret(doc: &mut Doc, now_seconds: i64) {
    if let Some(Value::Object(attributes)) = doc.get_mut("attributes") {
        attributes.insert("client.secret.creation.time".into(), json!(now_seconds.to_string()));
    }
}

/// Whether the secret that is kept will not do for the client as it becomes: its value is needed and was not kept.
pub(super) fn needs_new_secret(client: &Client, doc: &Doc) -> bool {
    let unreadable = client_secret::kept(doc) == client_secret::Kept::Recoverable && client.secrets.sealed.is_none();
    has_secret(doc) && (unreadable || !client_secret::exists(&client.secrets))
}

/// What a registrant is told beside the client itself.
#[derive(Default)]
pub(super) struct Told<'a> {
    pub secret: Option<&'a str>,
    /// Epoch seconds; on registration only.
    pub issued_at: Option<i64>,
    pub token: Option<&'a str>,
    /// Where something waits for approval, or was refused.
    pub status: Option<&'a Status>,
}

/// A client as rules, hooks and people judge it: its metadata, without secrets. Only one that is there has an id. Its `scope` has
/// all that it gets beside what every client of the realm gets; in answers there are the optional ones only, as Keycloak's.
pub(super) fn described(realm: &Realm, doc: &Doc, client_id: Option<&str>) -> Doc {
    let issued = Issued {
        client_id: client_id.unwrap_or_default(),
        ..Issued::default()
    };
    let mut metadata = client_metadata::describe(doc, &issued);
    if client_id.is_none() {
        metadata.shift_remove("client_id");
    }
    let usual = realm.texts("defaultDefaultClientScopes");
    let more = json::texts(doc, "defaultClientScopes").into_iter();
    let more: Vec<&str> = more
        .filter(|name| !usual.contains(name) && *name != service_account::SCOPE)
        .collect();
    if !more.is_empty() {
        let told = json::text(&metadata, "scope").unwrap_or_default();
        let scope = format!("{told} {}", more.join(" "));
        metadata.insert("scope".into(), json!(scope.trim()));
    }
    metadata
}

/// The answer to a registration, a read or an update.
pub(super) fn answer(realm: &Realm, caller: &Caller, client: &Client, told: &Told<'_>) -> Doc {
    let address = address(realm, caller, Form::OpenId, &client.client_id);
    client_metadata::describe(
        &client.doc,
        &Issued {
            client_id: &client.client_id,
            client_secret: told.secret,
            client_secret_expires_at: client_secret::end(client).unwrap_or(0),
            client_id_issued_at: told.issued_at,
            registration_client_uri: Some(&address),
            registration_access_token: told.token,
        },
    )
}

/// Where a client manages itself: at the address it registered by.
pub(super) fn address(realm: &Realm, caller: &Caller, form: Form, client_id: &str) -> String {
    let (id, form) = (percent_encoded(client_id), form.as_str());
    format!(
        "{}/realms/{}/clients-registrations/{form}/{id}",
        caller.base, realm.name
    )
}

/// A `client_id` as one segment of a path. Ours are UUIDs; administrators may choose anything.
fn percent_encoded(id: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let encode = |b: u8| {
        if plain(b) {
            char::from(b).to_string()
        } else {
            format!("%{b:02X}")
        }
    };
    id.bytes().map(encode).collect()
}

/// What a description of a client means, for the Admin API's converter: OpenID Connect metadata or Keycloak's own
/// representation, or the descriptor of a SAML service provider. `None` if it is none of them.
pub fn describe_as_client(body: &[u8]) -> Option<Doc> {
    if body.trim_ascii_start().starts_with(b"<") {
        return descriptor::client(body);
    }
    let object = client_metadata::read_object(body).ok()?;
    if !object.contains_key("redirect_uris") {
        return object.contains_key("clientId").then_some(object);
    }
    let metadata = Metadata::from_object(&object).ok()?;
    let mut doc = Doc::new();
    apply(&metadata, &mut doc, true);
    // Not of the description: what a realm would add.
    doc.shift_remove("webOrigins");
    doc.shift_remove("defaultClientScopes");
    if metadata.client_id.is_some() {
        doc.insert("clientId".into(), json!(metadata.client_id));
    }
    Some(doc)
}
