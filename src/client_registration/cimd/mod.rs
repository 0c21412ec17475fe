//! Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document): a `client_id` that is an address on the web,
//! where the application describes itself. Nobody registers it.
//!
//! Until somebody says yes to such an application there is nothing of it in the database: it is made of its document for
//! each request, always with the same id. What they said yes to is kept as a client like others, with the source `cimd`;
//! when the document changes, everybody is asked again (ADR 24).

mod address;
mod document;
mod keep;

pub use keep::Agreed;

use std::sync::Arc;

use serde_json::{Value, json};
use vestibule_jose::digest::sha256;
use vestibule_oauth::client_metadata::check;

use super::access::Access;
use super::asked::Form;
use super::manage::unvouch;
use super::policy::{Candidate, Policies};
use super::refusal::Refusal;
use super::token::Auth;
use super::{Request, addresses, approval, audit, life, metadata, names, sector, statement, terms};
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy::{self, Judge, Source, Updater};
use crate::error::Error;
use crate::rules::Sender;
use crate::store::client::{self, Client, Secrets, Standing};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::{Tx, single_use};
use document::Document;

/// The attribute that marks such a client: the digest of the document that it was made of.
const MARK: &str = "cimd.digest";

/// What keeps a deleted one away, among what may be used once.
const DELETED: &str = "cimd-deleted";

/// Why an application is not let in.
#[derive(Debug)]
pub struct Refused {
    /// For whoever wrote the document.
    pub text: String,
    /// What the event says beside.
    pub details: Vec<(&'static str, String)>,
}

impl Refused {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            details: Vec::new(),
        }
    }

    fn of(refusal: &Refusal) -> Self {
        let text = match refusal {
            Refusal::Metadata(fault) => fault.description.to_string(),
            Refusal::Policy(rejected) => rejected.objection.text.to_string(),
            Refusal::ClientPolicy(refused) => refused.text.to_string(),
            other => other.event_error().to_owned(),
        };
        Self {
            text,
            details: audit::details(refusal),
        }
    }
}

/// Whether a realm takes such applications at all.
pub fn is_on(realm: &Realm) -> bool {
    realm.attribute("clientRegistration.cimd") == Some("on")
}

/// Nobody registers it, so there is nothing that could wait.
const NEEDS_APPROVAL: &str = "the realm wants applications approved: its administrator can register this one";

/// Whether a client is one that describes itself.
pub fn is_document(client: &Client) -> bool {
    client.attribute(MARK).is_some()
}

/// Whether it is what somebody has said yes to already, and no newer version of it.
///
/// # Errors
///
/// Those of the database.
pub async fn is_kept(app: &App, client: &Client) -> Result<bool, Error> {
    let kept = client::by_client_id(&app.db, &client.realm_id, &client.client_id).await?;
    Ok(kept.is_some_and(|kept| version(&kept) == version(client)))
}

/// Which version of its document a client is made of; empty for all others.
pub fn version(client: &Client) -> &str {
    client.attribute(MARK).unwrap_or_default()
}

/// The client of this name: one that the realm has, or one that describes itself, as it does now.
///
/// # Errors
///
/// Those of the database. Why its description cannot be used is in the inner result.
pub async fn find(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    client_id: &str,
) -> Result<Result<Option<Arc<Client>>, Refused>, Error> {
    let known = alive(app, realm, client_id).await?;
    if known.as_ref().is_some_and(|known| took_the_name(realm, known)) {
        return Ok(Err(Refused::new(
            "a client registered itself under its address; an administrator of the realm can delete that one",
        )));
    }
    if known.as_ref().is_some_and(|known| !is_document(known)) || !address::is_meant(client_id) {
        return Ok(Ok(known));
    }
    match admits(app, realm, client_id) {
        Ok(true) => {}
        Ok(false) => return Ok(Ok(None)),
        Err(refused) => return Ok(Err(refused)),
    }
    match &known {
        Some(known) if !known.enabled() => return Ok(Ok(Some(Arc::clone(known)))),
        None if single_use::is_spent(&app.db, &realm.id, DELETED, client_id).await? => return Ok(Ok(None)),
        _ => {}
    }
    let document = match document::read(app, realm, client_id).await {
        Ok(document) => document,
        Err(refused) => return Ok(Err(refused)),
    };
    if known.as_ref().is_some_and(|known| version(known) == document.digest) {
        return Ok(Ok(known));
    }
    if approval::is_wanted(realm) {
        return Ok(Err(Refused::new(NEEDS_APPROVAL)));
    }
    let (request, judge) = (request(app, caller, realm), judge(app, caller, realm).await?);
    match make(&request, &judge, client_id, known.as_deref(), &document) {
        Ok(client) => match looked_up(app, realm, known.as_deref(), &client).await? {
            Ok(()) => Ok(Ok(Some(Arc::new(client)))),
            Err(refusal) => Ok(Err(Refused::of(&refusal))),
        },
        Err(refusal) => Ok(Err(Refused::of(&refusal))),
    }
}

/// What has to be asked of others before a document counts.
async fn looked_up(
    app: &App,
    realm: &Realm,
    known: Option<&Client>,
    client: &Client,
) -> Result<Result<(), Refusal>, Error> {
    match sector::check(app, &client.doc).await {
        Ok(()) => names::others(app, realm, known.map(|known| &known.doc), &client.doc).await,
        refused => Ok(refused),
    }
}

/// The client that calls by this name: what somebody said yes to, else as [`find`]. Of one that is known only the keys are
/// read anew, where it proves itself by them: one that it has put away is good for nothing any more.
///
/// # Errors
///
/// As [`find`].
pub async fn calling(app: &App, caller: &Caller, realm: &Realm, client_id: &str) -> Result<Option<Arc<Client>>, Error> {
    match alive(app, realm, client_id).await? {
        Some(known) if took_the_name(realm, &known) => Ok(None),
        Some(known) if is_document(&known) && !matches!(admits(app, realm, client_id), Ok(true)) => Ok(None),
        Some(known) if is_document(&known) => with_its_keys(app, realm, known).await.map(Some),
        Some(known) => Ok(Some(known)),
        None => Ok(find(app, caller, realm, client_id).await?.unwrap_or_default()),
    }
}

/// Where a client's keys are.
const KEYS: [&str; 4] = ["use.jwks.url", "jwks.url", "use.jwks.string", "jwks.string"];

/// The client with the keys that its document has now, which are kept: what it has put away does not come back while the
/// document cannot be read.
async fn with_its_keys(app: &App, realm: &Realm, known: Arc<Client>) -> Result<Arc<Client>, Error> {
    if known.text("clientAuthenticatorType") != Some("client-jwt") {
        return Ok(known);
    }
    let Ok(document) = document::read(app, realm, &known.client_id).await else {
        return Ok(known);
    };
    let described = document.asked.new_client(realm);
    let has_them = |client: &Client| {
        let same = |name: &str| json::attribute(&client.doc, name) == json::attribute(&described, name);
        KEYS.iter().all(|name| same(name))
    };
    if has_them(&known) {
        return Ok(known);
    }
    let mut tx = app.db.begin().await?;
    let Some(mut client) = client::read(&mut tx, &realm.id, &known.id).await? else {
        return Ok(known);
    };
    if let Some(Value::Object(attributes)) = client.doc.get_mut("attributes") {
        for name in KEYS {
            attributes.shift_remove(name);
            if let Some(value) = json::attribute(&described, name) {
                attributes.insert(name.to_owned(), json!(value));
            }
        }
    }
    client::update(&mut tx, &client).await?;
    tx.commit().await?;
    Ok(Arc::new(client))
}

/// The client of this name that the realm has, unless its time is up.
async fn alive(app: &App, realm: &Realm, client_id: &str) -> Result<Option<Arc<Client>>, Error> {
    match client::by_client_id(&app.db, &realm.id, client_id).await? {
        Some(known) if life::is_over(app, realm, &known).await? => Ok(None),
        known => Ok(known),
    }
}

/// Whether a client has the address of somebody as its name, registered itself under it before the realm took such names, and nobody
/// has vouched for it.
fn took_the_name(realm: &Realm, client: &Client) -> bool {
    is_on(realm) && address::is_meant(&client.client_id) && !is_document(client) && client.unverified()
}

/// An administrator has deleted a client: one that describes itself does not come back by itself.
///
/// # Errors
///
/// Those of the database.
pub async fn deleted(tx: &mut Tx, realm: &Realm, client: &Client) -> Result<(), Error> {
    if is_document(client) {
        single_use::spend(tx, &realm.id, DELETED, &client.client_id, i64::MAX).await?;
    }
    Ok(())
}

/// Whether the realm takes this address.
fn admits(app: &App, realm: &Realm, client_id: &str) -> Result<bool, Refused> {
    if !is_on(realm) {
        return Ok(false);
    }
    if let Some(fault) = address::fault(client_id) {
        return Err(Refused::new(format!("its address cannot be a client_id: {fault}")));
    }
    if !app.egress.takes(client_id) {
        return Err(Refused::new(
            "its address is not a public one that begins with https://",
        ));
    }
    let mut domains = realm.listed("clientRegistration.cimd.domains").peekable();
    if domains.peek().is_some() && !address::is_listed(domains, client_id) {
        return Err(Refused::new("the realm takes no applications of its host"));
    }
    Ok(true)
}

/// Nobody registers it: it is judged as one that came without a token.
fn request<'a>(app: &'a App, caller: &'a Caller, realm: &'a Realm) -> Request<'a> {
    Request {
        app,
        realm,
        caller,
        access: Access::Anonymous,
        form: Form::OpenId,
    }
}

/// The same, as client policies see it.
async fn judge<'a>(app: &App, caller: &'a Caller, realm: &'a Realm) -> Result<Judge<'a>, Error> {
    let updater = Updater {
        source: Source::Anonymous,
        caller,
        user_id: None,
    };
    client_policy::judge_of(app, realm, updater).await
}

/// The policies for those who come without a token. Which hosts are trusted is `clientRegistration.cimd.domains` here.
fn policies<'a>(request: &'a Request<'_>) -> Policies<'a> {
    let sender = Sender {
        source: "cimd",
        ..request.sender()
    };
    Policies::of(request.realm, Auth::Anonymous, true, sender)
}

/// The client that a document describes; `known`: as it is kept.
fn make(
    request: &Request<'_>,
    judge: &Judge<'_>,
    client_id: &str,
    known: Option<&Client>,
    document: &Document,
) -> Result<Client, Refusal> {
    let (realm, policies) = (request.realm, policies(request));
    let mut doc = match known {
        Some(known) => document.asked.changed_client(realm, known),
        None => document.asked.new_client(realm),
    };
    judge.change(known, document.asked.names_authenticator(), &mut doc)?;
    match known {
        Some(_) => policies.reshape(&mut doc),
        None => policies.shape(&mut doc),
    }
    bind(&mut doc, document);
    if document.asked.names_list("optionalClientScopes") {
        terms::leave_out(&Doc::new(), &policies, known.map(|known| &known.doc), &mut doc);
    }
    policies.judge(&Candidate {
        doc: &doc,
        before: known.map(|known| &known.doc),
        scopes_given: known.is_none() && !document.asked.names_scopes(),
        response_types: document.asked.response_types(),
    })?;
    check(&doc)?;
    metadata::check_levels(realm, &doc)?;
    addresses::check(request.app, known.map(|known| &known.doc), &doc)?;
    names::check(request.app, realm, known.map(|known| &known.doc), &doc)?;
    if let Some(known) = known {
        unvouch(&known.doc, &mut doc);
    }
    if let Some(known) = known {
        let mut client = known.clone();
        client.doc = doc;
        return Ok(client);
    }
    Ok(Client {
        id: id(realm, client_id),
        realm_id: realm.id.clone(),
        client_id: client_id.to_owned(),
        doc,
        secrets: Secrets {
            rat_auth: Some(Auth::Anonymous.as_str().to_owned()),
            ..Secrets::default()
        },
        created: request.app.now(),
        standing: Standing::Live,
        source: client::Source::Stranger,
        life: crate::store::client::Life::default(),
    })
}

/// What holds for all of them, whatever the realm's policies say: people are asked, codes are bound to who asked for them, and
/// only roles that were mapped to it are handed on.
fn bind(doc: &mut Doc, document: &Document) {
    doc.insert("consentRequired".into(), json!(true));
    doc.insert("fullScopeAllowed".into(), json!(false));
    if let Some(Value::Object(attributes)) = doc.get_mut("attributes") {
        attributes.insert("pkce.code.challenge.method".into(), json!("S256"));
        attributes.insert(MARK.into(), json!(document.digest));
    }
    statement::mark(doc, document.issuer.as_deref());
}

/// The same id on every node and in every request, kept or not: a UUID made of the realm and the address (RFC 9562, version 8).
fn id(realm: &Realm, client_id: &str) -> String {
    let hash = sha256(format!("{} {client_id}", realm.id).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
