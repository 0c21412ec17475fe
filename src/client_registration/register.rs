//! A new registration. RFC 7591 §3.

use std::borrow::Cow;

use serde_json::Value;
use vestibule_oauth::client_metadata::check;

use super::access::Access;
use super::approval::{self, Status, Verdict};
use super::asked::{Asked, Form};
use super::audit::{self, Act};
use super::metadata;
use super::policy::{Candidate, Policies};
use super::refusal::{Refusal, Stop};
use super::statement::{self, Laid};
use super::token::{self, Auth};
use super::{
    Mode, Request, addresses, again, descriptor, hook, is_about_json, life, mode, names, representation, sector, terms,
};
use crate::client_policy::Judge;
use crate::client_secret;
use crate::events;
use crate::service_account::{self, Ensured};
use crate::store::Tx;
use crate::store::client::{self, Client, Secrets, Standing};
use crate::store::client_registration::{self, Registration};
use crate::store::initial_access::{self, InitialAccess, Spent};
use crate::store::json::{self, Doc};

/// A client that was just made, and what the registrant is told once.
pub(super) struct Registered {
    pub client: Client,
    pub secret: Option<String>,
    pub token: String,
    /// Where it is not in force yet.
    pub status: Option<Status>,
    /// The same software had it before.
    pub again: bool,
}

/// Makes a client of what was sent.
///
/// # Errors
///
/// [`Stop::Refused`] with what to change; an initial access token is then as good as before.
pub(super) async fn register(request: &Request<'_>, sent: &Doc) -> Result<Registered, Stop> {
    let auth = may_register(request)?;
    let sent = with_defaults(request, sent);
    let laid = lay_over(request, &sent).await?;
    let asked = match Asked::parse(request.form, request.realm, &laid.sent) {
        Err(fault) if is_about_json(&fault) => return Err(fault.into()),
        asked => asked,
    };
    let policies = match &request.access {
        Access::Initial { token, .. } => request.policies(auth).and_named(&terms::policies(&token.doc))?,
        _ => request.policies(auth),
    };
    policies.check_sender(request.caller.ip).await?;
    let asked = asked?;
    let software = again::software(request, &laid.sent);
    if let Some(known) = again::find(&request.app.db, request, software.as_deref()).await?
        && !life::is_gone(request.app, request.realm, &known).await?
    {
        return again::renew(request, &policies, &laid, &asked, &known).await;
    }
    let judge = request.judge().await?;
    let (mut asked, mut doc) = become_client(request, &policies, &judge, asked)?;
    let said = hook::ask(request, &doc, asked.client_id(), None).await?;
    if let Some(more) = hook::with(request, &laid.sent, &said)? {
        let again = Asked::parse(request.form, request.realm, &more).map_err(Refusal::from);
        match again.and_then(|asked| become_client(request, &policies, &judge, asked)) {
            Ok(becomes) => (asked, doc) = becomes,
            Err(refusal) => hook::nonsense(request, &refusal)?,
        }
    }
    sector::check(request.app, &doc).await?;
    names::check_others(request, None, &doc).await?;
    laid.mark(&mut doc);
    let verdict = approval::verdict(request, &said, &doc, None)?;

    let (mut client, secret, rat) = make(request, auth, &policies, asked.client_id(), doc)?;
    if request.form == Form::Saml {
        descriptor::give_key(request.app, &mut client).await?;
    }
    let waiting = match verdict {
        Verdict::Approve => None,
        Verdict::Queue => {
            client.standing = Standing::Pending;
            Some(approval::ask(request, &client, None).await?)
        }
    };
    let mut tx = request.app.db.begin().await?;
    if let Some(known) = again::find_in_turn(&mut tx, request, software.as_deref()).await? {
        drop(tx);
        return again::renew(request, &policies, &laid, &asked, &known).await;
    }
    spend(&mut tx, request).await?;
    policies.judge_number(&mut tx).await??;
    life::quota::judge(&mut tx, request).await?;
    keep(&mut tx, request, &policies, &mut client, software).await?;
    if let Some(waiting) = &waiting {
        waiting.keep(&mut tx, request).await?;
    }
    tx.commit().await?;
    Ok(Registered {
        client,
        secret,
        token: rat,
        status: waiting.map(|_| Status::pending()),
        again: false,
    })
}

/// The client that becomes of what was asked for, if all rules let it.
fn become_client(
    request: &Request<'_>,
    policies: &Policies<'_>,
    judge: &Judge<'_>,
    asked: Asked,
) -> Result<(Asked, Doc), Refusal> {
    if request.form == Form::OpenId && asked.client_id().is_some() {
        return Err(Refusal::metadata("Client Identifier included"));
    }
    if let Some(id) = asked.client_id() {
        names::judge_id(request, id)?;
    }
    let mut doc = asked.new_client(request.realm);
    judge.change(None, asked.names_authenticator(), &mut doc)?;
    policies.shape(&mut doc);
    let nothing = Doc::new();
    let bound = match &request.access {
        Access::Initial { token, .. } => &token.doc,
        _ => &nothing,
    };
    terms::bind(bound, request.realm, policies, &asked, &mut doc)?;
    policies.judge(&Candidate {
        doc: &doc,
        before: None,
        scopes_given: !asked.names_scopes(),
        response_types: asked.response_types(),
    })?;
    if request.form == Form::Saml {
        asked.check_bounds(&doc, &doc)?;
    }
    if request.form == Form::Keycloak {
        let mut bare = representation::bare(request.realm);
        // What a policy sets by itself nobody has asked for. What refuses an empty client has judged the whole one before.
        judge.change(None, asked.names_authenticator(), &mut bare).ok();
        policies.shape(&mut bare);
        asked.check_bounds(&bare, &doc)?;
    }
    check(&doc)?;
    metadata::check_levels(request.realm, &doc)?;
    addresses::check(request.app, None, &doc)?;
    metadata::check_grants(None, &doc)?;
    names::judge(request, None, &doc)?;
    Ok((asked, doc))
}

/// What was sent, with what its software statement says laid over it.
async fn lay_over<'a>(request: &Request<'_>, sent: &'a Doc) -> Result<Laid<'a>, Refusal> {
    if request.form == Form::OpenId {
        return statement::lay_over(request.app, request.realm, None, sent).await;
    }
    statement::check_without(request.realm, None)?;
    Ok(Laid::none(sent))
}

/// What was sent, with the members that the initial access token gives where they are absent.
fn with_defaults<'a>(request: &Request<'_>, sent: &'a Doc) -> Cow<'a, Doc> {
    match &request.access {
        Access::Initial { token, .. } if request.form == Form::OpenId => with_defaults_of(Some(token), sent),
        _ => Cow::Borrowed(sent),
    }
}

/// The same for a token.
pub(super) fn with_defaults_of<'a>(token: Option<&InitialAccess>, sent: &'a Doc) -> Cow<'a, Doc> {
    let Some(defaults) = token.and_then(|token| token.doc.get("defaults")?.as_object()) else {
        return Cow::Borrowed(sent);
    };
    let mut whole = sent.clone();
    for (name, value) in defaults {
        if whole.get(name).is_none_or(Value::is_null) {
            whole.insert(name.clone(), value.clone());
        }
    }
    Cow::Owned(whole)
}

/// Whether the caller may register, and under which policies.
fn may_register(request: &Request<'_>) -> Result<Auth, Refusal> {
    match &request.access {
        Access::Initial { token, .. } if token.remaining == 0 => Err(used_up()),
        Access::Initial { token, .. } if token.expires != 0 && token.expires <= request.app.now() => {
            Err(Refusal::Token("Expired initial access token"))
        }
        Access::Initial { .. } => Ok(Auth::Authenticated),
        Access::Bearer(rights) if rights.create => Ok(Auth::Authenticated),
        Access::Bearer(_) => Err(Refusal::Forbidden),
        // A client's own token says nothing about other clients.
        Access::Anonymous | Access::Registration { .. } if mode(request.realm) == Mode::Required => {
            Err(Refusal::Token("An initial access token is required"))
        }
        Access::Anonymous | Access::Registration { .. } => Ok(Auth::Anonymous),
    }
}

pub(super) fn used_up() -> Refusal {
    Refusal::Token("No remaining count on initial access token")
}

/// The client, its secret if it has one, and its registration access token.
fn make(
    request: &Request<'_>,
    auth: Auth,
    policies: &Policies<'_>,
    client_id: Option<&str>,
    mut doc: Doc,
) -> Result<(Client, Option<String>, String), Stop> {
    let client_id = client_id.filter(|id| !id.is_empty());
    if client_id.is_some_and(|id| id.chars().count() > 255 || id.chars().any(char::is_control)) {
        return Err(Refusal::metadata("clientId must not be longer than 255 characters").into());
    }
    // In master these names belong to the realms, those to come as well.
    if request.realm.name == "master" && client_id.is_some_and(|id| id.ends_with("-realm")) {
        return Err(taken().into());
    }
    let app = request.app;
    let id = crate::random::uuid();
    let mut secrets = Secrets::default();
    let secret = if metadata::has_secret(&doc) {
        metadata::note_secret(&mut doc, app.now_seconds());
        client_secret::limit(&mut doc, app.now_seconds(), policies.secret_lifetime());
        Some(client_secret::make(app, &mut secrets, &id, &doc)?)
    } else {
        None
    };
    let origins = Some(request.access.origins()).filter(|_| !matches!(request.access, Access::Bearer(_)));
    let origins = origins.unwrap_or_default();
    let (rat, rat_hash) = token::registration(app, request.realm, request.caller, auth, Some(origins))?;
    secrets.rat_hash = Some(rat_hash);
    secrets.rat_auth = Some(auth.as_str().to_owned());
    let client = Client {
        client_id: client_id.map_or_else(|| id.clone(), str::to_owned),
        id,
        realm_id: request.realm.id.clone(),
        doc,
        secrets,
        created: app.now(),
        standing: Standing::Live,
        source: request.access.source(),
        life: crate::store::client::Life::default(),
    };
    Ok((client, secret, rat))
}

/// Takes a use of the initial access token, in the transaction of what it is used for.
async fn spend(tx: &mut Tx, request: &Request<'_>) -> Result<(), Stop> {
    let Access::Initial { token, .. } = &request.access else {
        return Ok(());
    };
    match initial_access::spend(tx, &request.realm.id, &token.id, request.app.now()).await? {
        Spent::Yes => Ok(()),
        Spent::UsedUp => Err(used_up().into()),
        Spent::Expired => Err(Refusal::Token("Expired initial access token").into()),
        Spent::Gone => Err(Refusal::Token("Initial Access Token not found").into()),
    }
}

fn taken() -> Refusal {
    Refusal::metadata("Client Identifier in use")
}

/// Makes sure of the service account of a client that acts for itself. One that begins to gets the roles of the policies.
pub(super) async fn have_account(
    tx: &mut Tx,
    request: &Request<'_>,
    client: &mut Client,
    roles: &[&str],
) -> Result<(), Stop> {
    match service_account::ensure(tx, request.app, request.realm, client).await? {
        Ensured::Yes(account) => Ok(super::roles::give(tx, request.realm, client, &account.id, roles).await?),
        // A person has the name that the account would have.
        Ensured::NameTaken => Err(taken().into()),
    }
}

async fn keep(
    tx: &mut Tx,
    request: &Request<'_>,
    policies: &Policies<'_>,
    client: &mut Client,
    software: Option<String>,
) -> Result<(), Stop> {
    let (app, realm) = (request.app, request.realm);
    if !client::add(tx, client).await? {
        return Err(taken().into());
    }
    client_registration::add(tx, &registration(request, client)).await?;
    if let Some(software) = software {
        client_registration::recognise(tx, &client.id, &software).await?;
    }
    if client.standing == Standing::Pending {
        // It exists when it is approved; so does its account, and so says the event.
        return Ok(());
    }
    if client.flag("serviceAccountsEnabled") {
        have_account(tx, request, client, &policies.roles()).await?;
    }
    let mut event = audit::done(request, Act::Register, &client.client_id);
    if let Some(Value::String(software)) = client
        .doc
        .get("attributes")
        .and_then(|a| a.get("oidc.registration.software_id"))
    {
        event = event.detail("software_id", software.as_str());
    }
    events::record(tx, realm, &event, app.now()).await?;
    Ok(hook::after(tx, request, client, None).await?)
}

/// How the client came to be.
fn registration(request: &Request<'_>, client: &Client) -> Registration {
    let (source, token, owner) = match &request.access {
        Access::Initial { token, .. } => {
            let owner = json::text(&token.doc, "owner").map(str::to_owned);
            ("token", Some(token), owner)
        }
        Access::Bearer(rights) => ("user", None, Some(rights.user_id.clone())),
        Access::Anonymous | Access::Registration { .. } => ("anonymous", None, None),
    };
    Registration {
        token_id: token.map(|token| token.id.clone()),
        owner,
        ip_address: Some(request.caller.ip.to_string()),
        terms: terms::at_first(token, client),
        ..Registration::new(client, source)
    }
}
