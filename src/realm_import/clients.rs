//! Clients of an import, with their secrets.

use serde_json::{Value, json};

use super::overwritten::Overwritten;
use super::{Known, Refused, id_of, parts, registration, required, texts};
use crate::admin::api::representation::client::fill_defaults;
use crate::app::App;
use crate::client_policy::Judge;
use crate::client_secret::{self, RECOVERABLE};
use crate::secret_settings::MASK;
use crate::service_account;
use crate::store::Tx;
use crate::store::client::{self, Client, Secrets, Source, Standing};
use crate::store::json::{Doc, attribute, flag, text};
use crate::store::realm::Realm;
use vestibule_oauth::web_origin;

/// A realm that is there, into which an administrator imports.
pub(super) struct Into<'a> {
    pub realm: &'a Realm,
    /// Who does it, for the realm's client policies.
    pub judge: &'a Judge<'a>,
    /// Where links to this server begin.
    pub base: &'a str,
    /// The client whose place the new one takes.
    pub over: Option<&'a Overwritten>,
}

/// Adds a client; the realm may have been made with it, then the document's takes its place. Returns its id.
pub(super) async fn add(
    tx: &mut Tx,
    app: &App,
    known: &mut Known,
    into: Option<&Into<'_>>,
    sent: &Doc,
) -> Result<String, Refused> {
    let over = into.and_then(|into| into.over);
    let client_id = required(sent, "clientId", "Client ID")?;
    let mut doc = sent.clone();
    for own in [
        "id",
        "clientId",
        "secret",
        "registrationAccessToken",
        "access",
        "defaultRoles",
    ] {
        doc.shift_remove(own);
    }
    parts::without_null(&mut doc, "attributes");
    parts::without_null(&mut doc, "authenticationFlowBindingOverrides");
    doc.retain(|_, value| !value.is_null());
    parts::mappers(&mut doc);
    origins(&mut doc, sent);
    settle(&mut doc);
    marker(known, client_id, &mut doc);
    scopes(tx, known, &mut doc, sent).await?;
    if let Some(into) = into {
        let judged = into
            .judge
            .change(None, sent.contains_key("clientAuthenticatorType"), &mut doc);
        judged.map_err(|refused| Refused::Policy(Box::new(refused)))?;
    }
    let mut new = Client {
        id: match over.and_then(Overwritten::id) {
            Some(kept) => kept.to_owned(),
            None => id_of(sent),
        },
        realm_id: known.realm_id.clone(),
        client_id: client_id.to_owned(),
        doc,
        secrets: Secrets::default(),
        created: app.now(),
        standing: Standing::Live,
        source: Source::Admin,
        life: crate::store::client::Life::default(),
    };
    match over.filter(|_| text(sent, "secret") == Some(MASK) && !new.public()) {
        Some(over) => over.keep_secret(app, &mut new)?,
        None => secret(app, &mut new, sent)?,
    }
    client_secret::take_rotated(app, &mut new)?;
    client_secret::take_private_keys(app, &mut new)?;
    let mut restored = registration::restore(&mut new)?;
    // Before it is added: the names of those that administrators made are taken from all others.
    new.source = Source::parse(restored.registration.as_ref().map(|known| known.source.as_str()));
    if let (Some(into), Some(over)) = (into, over) {
        over.carry_over(app, into.realm, into.base, &mut new, &mut restored);
    }
    if !client::add(tx, &new).await? {
        return Err(Refused::Conflict(format!(
            "The id of the client {client_id}, or its name, is taken"
        )));
    }
    if let Some(registered) = &restored.registration {
        crate::store::client_registration::add(tx, registered).await?;
    }
    if let Some(waits) = &restored.approval {
        crate::store::approval::put(tx, waits).await?;
    }
    let id = new.id.clone();
    if let Some(over) = over {
        over.recognise(tx, &id).await?;
    }
    if new.standing == Standing::Live && new.flag("serviceAccountsEnabled") {
        known.wants_service_account(new);
    }
    Ok(id)
}

/// Members that a client must have. One that was made before logout had addresses of its own may go where it may log in.
fn settle(doc: &mut Doc) {
    fill_defaults(doc);
    if let Some(Value::Object(attributes)) = doc.get_mut("attributes") {
        attributes
            .entry("post.logout.redirect.uris")
            .or_insert_with(|| json!("+"));
        attributes.entry("realm_client").or_insert_with(|| json!("false"));
    }
}

/// The pages of a client come from where it leads people, unless it says from where.
fn origins(doc: &mut Doc, sent: &Doc) {
    if !sent.get("webOrigins").is_some_and(Value::is_array) {
        let leads: Vec<&str> = texts(sent, "redirectUris").collect();
        doc.insert("webOrigins".into(), json!(web_origin::of_redirect_uris(&leads)));
    }
}

/// The mark of a client that holds the roles of a realm's administrators: a document gives it only for realms that are there or
/// come with it. Else whoever has those roles would administer a realm to come.
fn marker(known: &Known, client_id: &str, doc: &mut Doc) {
    let Some(holder) = client_id.strip_suffix("-realm") else {
        return;
    };
    if !known.administers.iter().any(|name| name == holder)
        && let Some(Value::Object(attributes)) = doc.get_mut("attributes")
        && attributes.get("realm_client").is_some_and(|v| v == "true")
    {
        attributes.insert("realm_client".into(), json!("false"));
    }
}

/// The scopes that are named, or those that the realm gives to every client.
async fn scopes(tx: &mut Tx, known: &mut Known, doc: &mut Doc, sent: &Doc) -> Result<(), Refused> {
    let (default, optional) = ("defaultClientScopes", "optionalClientScopes");
    if sent.get(default).is_some_and(Value::is_array) || sent.get(optional).is_some_and(Value::is_array) {
        for list in [default, optional] {
            let names: Vec<&str> = texts(sent, list).collect();
            let scopes = known.scopes(tx).await?;
            let there: Vec<&str> = names
                .into_iter()
                .filter(|n| scopes.iter().any(|s| s.name == *n))
                .collect();
            doc.insert(list.into(), json!(there));
        }
        return Ok(());
    }
    let protocol = text(doc, "protocol").unwrap_or_default().to_owned();
    let (mut of_all, optional_of_all) = known.scopes_of_realm(tx, &protocol).await?;
    let has_scope = known.scopes(tx).await?.iter().any(|s| s.name == service_account::SCOPE);
    if flag(doc, "serviceAccountsEnabled") && has_scope {
        of_all.push(service_account::SCOPE.to_owned());
    }
    doc.insert(default.into(), json!(of_all));
    doc.insert(optional.into(), json!(optional_of_all));
    Ok(())
}

/// Takes the secret that was sent, or what one of our own exports kept of it; else a confidential client gets a new one.
fn secret(app: &App, client: &mut Client, sent: &Doc) -> Result<(), Refused> {
    let hash = attribute(sent, registration::SECRET_HASH).map(str::to_owned);
    if let Some(Value::Object(attributes)) = client.doc.get_mut("attributes") {
        attributes.shift_remove(registration::SECRET_HASH);
    }
    let chosen = text(sent, "secret").filter(|s| *s != MASK);
    if chosen.is_none()
        && let Some(hash) = hash
    {
        client.secrets.hash = Some(hash);
        return Ok(());
    }
    let needs_one = !client.public() && !client.flag("bearerOnly");
    if chosen.is_none() && !needs_one {
        return Ok(());
    }
    if let Some(Value::Object(attributes)) = client.doc.get_mut("attributes") {
        attributes.insert(RECOVERABLE.into(), json!("true"));
    }
    match chosen {
        Some(chosen) => client_secret::choose(app, &mut client.secrets, &client.id, chosen)?,
        None => {
            client_secret::make(app, &mut client.secrets, &client.id, &client.doc)?;
            client_secret::stamp(&mut client.doc, app.now_seconds());
        }
    }
    Ok(())
}
