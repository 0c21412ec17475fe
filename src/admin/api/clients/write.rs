//! From what an administrator sent to the client as it is kept.

use std::collections::HashSet;

use serde_json::{Value, json};
use vestibule_oauth::web_origin;

use super::super::auth::Admin;
use super::super::error::ApiError;
use super::super::grants;
use super::super::representation::client as shown;
use crate::app::App;
use crate::client_policy::Judge;
use crate::client_secret::{self, Kept};
use crate::secret_settings;
use crate::secret_settings::MASK;
use crate::service_account::{self, Ensured};
use crate::store::Tx;
use crate::store::client::{Client, Secrets, Source, Standing};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// Members that are written as they are.
const PLAIN: &[&str] = &[
    "name",
    "description",
    "rootUrl",
    "adminUrl",
    "baseUrl",
    "surrogateAuthRequired",
    "enabled",
    "alwaysDisplayInConsole",
    "clientAuthenticatorType",
    "redirectUris",
    "webOrigins",
    "notBefore",
    "bearerOnly",
    "consentRequired",
    "standardFlowEnabled",
    "implicitFlowEnabled",
    "directAccessGrantsEnabled",
    "serviceAccountsEnabled",
    "publicClient",
    "frontchannelLogout",
    "protocol",
    "fullScopeAllowed",
    "nodeReRegistrationTimeout",
    "registeredNodes",
];

/// What a back-channel logout says and ends, where nothing is said of it.
const LOGOUT: [(&str, &str); 2] = [
    ("backchannel.logout.session.required", "true"),
    ("backchannel.logout.revoke.offline.tokens", "false"),
];

/// What was sent for a new client, and what Keycloak takes for granted where `protocol` is named as `openid-connect`: the client
/// is public and may sign people in by their password, unless it says otherwise, and its addresses are those below `rootUrl`.
pub fn with_usual(given: &Doc) -> Doc {
    let mut all = given.clone();
    if json::text(given, "protocol") != Some("openid-connect") {
        return all;
    }
    let is_said = |member: &str| given.get(member).is_some_and(|v| !v.is_null());
    let attributes = all.entry("attributes").or_insert_with(|| json!({}));
    if attributes.is_null() {
        *attributes = json!({});
    }
    if let Value::Object(attributes) = attributes {
        for (name, usual) in LOGOUT {
            attributes.entry(name).or_insert_with(|| json!(usual));
        }
    }
    if !is_said("publicClient") {
        all.insert("publicClient".into(), json!(true));
    }
    if !is_said("directAccessGrantsEnabled") {
        all.insert("directAccessGrantsEnabled".into(), json!(true));
    }
    if let Some(root) = json::text(given, "rootUrl") {
        if json::texts(given, "redirectUris").is_empty() {
            let below = format!("{}/*", root.trim_end_matches('/'));
            all.insert(
                "webOrigins".into(),
                json!(web_origin::of_redirect_uris(&[below.as_str()])),
            );
            all.insert("redirectUris".into(), json!([below]));
        }
        if !is_said("adminUrl") {
            all.insert("adminUrl".into(), json!(root));
        }
    }
    all
}

/// Goes on if the flows that a client is to have instead of the realm's are there; an empty id means none.
///
/// # Errors
///
/// 400 that names the first other one.
pub fn check_flows(realm: &Realm, given: &Doc) -> Result<(), ApiError> {
    const MEMBER: &str = "authenticationFlowBindingOverrides";
    let overrides = given.get(MEMBER).and_then(Value::as_object);
    for (binding, id) in overrides.into_iter().flatten() {
        let id = id.as_str().unwrap_or_default();
        if !id.is_empty() && realm.flow(id).is_none() {
            return Err(ApiError::bad(&format!(
                "{MEMBER}: there is no authentication flow with the id {id:?} for {binding:?}"
            )));
        }
    }
    Ok(())
}

/// A new client. Without a `clientId` its id is its name; without either both are made up.
/// `judge`: whoever makes it, where the realm's client policies are to judge that.
///
/// # Errors
///
/// What client policies refuse; [`crate::error::Error::Key`] if a secret cannot be sealed.
pub fn create(app: &App, realm: &Realm, judge: Option<&Judge<'_>>, given: &Doc) -> Result<Client, ApiError> {
    let id = json::text(given, "id").map_or_else(crate::random::uuid, str::to_owned);
    let client_id = match json::text(given, "clientId") {
        Some(name) => name.to_owned(),
        None => json::text(given, "id").map_or_else(crate::random::uuid, str::to_owned),
    };
    let saml = json::text(given, "protocol") == Some("saml");
    let mut doc = Doc::new();
    let first = json!({ "realm_client": "false", (client_secret::RECOVERABLE): "true" });
    doc.insert("attributes".into(), if saml { json!({}) } else { first });
    merge(realm, &mut doc, given);
    if given.get("webOrigins").is_none_or(Value::is_null) {
        let origins = web_origin::of_redirect_uris(&json::texts(given, "redirectUris"));
        doc.insert("webOrigins".into(), json!(origins));
    }
    shown::fill_defaults(&mut doc);
    scopes(realm, &mut doc, given);
    if json::flag(&doc, "serviceAccountsEnabled") {
        service_account::give_scope(realm, &mut doc);
    }
    if let Some(judge) = judge {
        judge.change(None, given.contains_key("clientAuthenticatorType"), &mut doc)?;
    }
    let mut new = Client {
        id,
        realm_id: realm.id.clone(),
        client_id,
        doc,
        secrets: Secrets::default(),
        created: app.now(),
        standing: Standing::Live,
        source: Source::Admin,
        life: crate::store::client::Life::default(),
    };
    if !new.public() {
        match json::text(given, "secret") {
            Some(chosen) => client_secret::choose(app, &mut new.secrets, &new.id, chosen)?,
            None => make_secret(app, &mut new)?,
        }
    }
    client_secret::take_private_keys(app, &mut new)?;
    Ok(new)
}

/// The client with what was sent over what it was; what was not sent stays.
///
/// # Errors
///
/// As [`create`].
pub fn update(
    app: &App,
    realm: &Realm,
    judge: Option<&Judge<'_>>,
    known: &Client,
    given: &Doc,
) -> Result<Client, ApiError> {
    let mut changed = known.clone();
    let was_enabled = known.doc.get("enabled").cloned();
    if let Some(name) = json::text(given, "clientId") {
        name.clone_into(&mut changed.client_id);
    }
    merge(realm, &mut changed.doc, given);
    let unsaid = given.get("webOrigins").is_none_or(Value::is_null);
    if unsaid && json::texts(&changed.doc, "webOrigins").is_empty() {
        let origins = web_origin::of_redirect_uris(&json::texts(&changed.doc, "redirectUris"));
        changed.doc.insert("webOrigins".into(), json!(origins));
    }
    if let Some(enabled) = was_enabled.filter(|_| known.standing != Standing::Live) {
        // Shown as disabled while it waits for approval: sent back, that says nothing.
        changed.doc.insert("enabled".into(), enabled);
    }
    let (on, was_on) = (
        changed.flag("serviceAccountsEnabled"),
        known.flag("serviceAccountsEnabled"),
    );
    if on && !was_on {
        service_account::give_scope(realm, &mut changed.doc);
    } else if was_on && !on {
        service_account::take_scope(&mut changed.doc);
    }
    if let Some(judge) = judge {
        let named = given.contains_key("clientAuthenticatorType");
        judge.change(Some(known), named, &mut changed.doc)?;
    }
    secret(app, realm, known, &mut changed, given)?;
    client_secret::take_private_keys(app, &mut changed)?;
    Ok(changed)
}

/// A chosen secret is taken unless it is the one there is, or the stars that stand for it.
fn secret(app: &App, realm: &Realm, known: &Client, changed: &mut Client, given: &Doc) -> Result<(), ApiError> {
    match json::text(given, "secret").filter(|s| *s != MASK) {
        Some(chosen) if !changed.public() && !client_secret::matches(app, known, chosen)? => {
            client_secret::forget_previous(changed);
            client_secret::choose(app, &mut changed.secrets, &changed.id, chosen)?;
        }
        _ if known.public() && !changed.public() && !client_secret::exists(&changed.secrets) => {
            make_secret(app, changed)?;
        }
        // Of the one that there is only a hash is kept, which is no key.
        _ if !changed.public() && client_secret::is_key(&changed.doc) && changed.secrets.sealed.is_none() => {
            client_secret::rotate(app, realm, changed)?;
        }
        _ => {}
    }
    if client_secret::kept(&changed.doc) == Kept::Hashed && changed.secrets.hash.is_some() {
        changed.secrets.sealed = None;
    }
    Ok(())
}

fn make_secret(app: &App, client: &mut Client) -> Result<(), ApiError> {
    client_secret::make(app, &mut client.secrets, &client.id, &client.doc)?;
    client_secret::stamp(&mut client.doc, app.now_seconds());
    Ok(())
}

/// Makes the service account follow its switch and the client's name.
///
/// # Errors
///
/// 409 where a person has its name; those of the database.
pub async fn service_account(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    client: &Client,
    was_on: bool,
) -> Result<(), ApiError> {
    if client.standing != Standing::Live {
        // It gets one when it is approved.
        return Ok(());
    }
    if client.flag("serviceAccountsEnabled") {
        match service_account::ensure(tx, app, realm, client).await? {
            Ensured::Yes(_) => {}
            Ensured::NameTaken => return Err(ApiError::duplicate()),
        }
    } else if was_on {
        service_account::remove(tx, realm, &client.id).await?;
    }
    Ok(())
}

fn merge(realm: &Realm, doc: &mut Doc, given: &Doc) {
    for member in PLAIN {
        if let Some(value) = given.get(*member).filter(|v| !v.is_null()) {
            doc.insert((*member).to_owned(), value.clone());
        }
    }
    for set in ["redirectUris", "webOrigins"] {
        if let Some(Value::Array(all)) = doc.get_mut(set) {
            let mut once = HashSet::with_capacity(all.len());
            let mut is_new = |text: &str| !text.is_empty() && once.insert(text.to_owned());
            all.retain(|uri| uri.as_str().is_some_and(&mut is_new));
        }
    }
    if let Some(direct) = given.get("directGrantsOnly").and_then(Value::as_bool) {
        doc.insert("standardFlowEnabled".into(), json!(!direct));
        doc.insert("directAccessGrantsEnabled".into(), json!(direct));
    }
    merge_map(doc, given, "attributes");
    merge_map(doc, given, "authenticationFlowBindingOverrides");
    if let Some(Value::Object(overrides)) = doc.get_mut("authenticationFlowBindingOverrides") {
        overrides.retain(|_, id| id.as_str().is_some_and(|id| realm.flow(id).is_some()));
    }
    if let Some(mappers) = given.get("protocolMappers").and_then(Value::as_array) {
        let known = doc
            .get("protocolMappers")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let all = mappers.iter().filter_map(Value::as_object);
        let all: Vec<Value> = all.map(|m| Value::Object(with_id(m, &known))).collect();
        doc.insert("protocolMappers".into(), all.into());
    }
}

/// Entries of a map are set one by one; an empty one is taken away.
fn merge_map(doc: &mut Doc, given: &Doc, member: &str) {
    let Some(mut entries) = given.get(member).and_then(Value::as_object).cloned() else {
        return;
    };
    let map = doc.entry(member).or_insert_with(|| json!({}));
    if let Value::Object(map) = map {
        secret_settings::keep(Some(map), &mut entries);
        for (key, value) in &entries {
            // The one says which clients hold the roles of administrators, and only the server makes those; the other is a
            // secret in clear.
            if key == "realm_client" && value == "true" || key == client_secret::ROTATED {
                continue;
            }
            match value.as_str() {
                None | Some("") => map.shift_remove(key),
                Some(text) => map.insert(key.clone(), json!(text)),
            };
        }
    }
}

/// A mapper with the id that it was sent with, or has under its name already, or a new one.
fn with_id(mapper: &Doc, known: &[Value]) -> Doc {
    let same_name = known.iter().find(|k| k.get("name") == mapper.get("name"));
    let id = json::text(mapper, "id").map(str::to_owned);
    let id = id.or_else(|| same_name.and_then(|k| k["id"].as_str().map(str::to_owned)));
    super::super::protocol_mappers::stored(mapper, &id.unwrap_or_else(crate::random::uuid))
}

/// The scopes of a new client: those it names as far as there are such, or the realm's for its protocol.
fn scopes(realm: &Realm, doc: &mut Doc, given: &Doc) {
    let (default, optional) = ("defaultClientScopes", "optionalClientScopes");
    let named = |member: &str| given.get(member).is_some_and(Value::is_array);
    let protocol = json::text(doc, "protocol").unwrap_or_default().to_owned();
    let fitting = |name: &&str| realm.client_scope(name).is_some_and(|s| s.protocol == protocol);
    for (member, of_realm) in [
        (default, "defaultDefaultClientScopes"),
        (optional, "defaultOptionalClientScopes"),
    ] {
        let names: Vec<&str> = if named(default) || named(optional) {
            let names = json::texts(given, member).into_iter();
            names.filter(|n| realm.client_scope(n).is_some()).collect()
        } else {
            realm.texts(of_realm).into_iter().filter(fitting).collect()
        };
        doc.insert(member.to_owned(), json!(names));
    }
}

/// What an admin event tells of a change: what was sent, with the id of what was made.
pub(super) fn told(created: Option<&Client>, given: &Doc) -> Value {
    let mut told = Doc::new();
    if let Some(client) = created {
        told.insert("id".into(), json!(client.id));
        told.insert("clientId".into(), json!(client.client_id));
    }
    for (key, value) in given.iter().filter(|(_, v)| !v.is_null()) {
        told.entry(key.clone()).or_insert_with(|| value.clone());
    }
    Value::Object(told)
}

/// Goes on if the caller may let the client have its protocol mappers.
///
/// # Errors
///
/// 403; those of the database.
pub(super) async fn require_mappers(
    tx: &mut Tx,
    admin: &Admin,
    before: Option<&Client>,
    after: &Client,
) -> Result<(), ApiError> {
    let before = before.map(Client::mappers).transpose()?.unwrap_or_default();
    grants::require_mappers(tx, admin, &before, &after.mappers()?).await
}
