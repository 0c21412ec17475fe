//! A registration is read, changed, given up. RFC 7592.

use std::borrow::Cow;

use serde_json::Value;
use vestibule_oauth::client_metadata::check;

use super::access::Access;
use super::approval::{self, Change, Status, Verdict};
use super::asked::{Asked, Form};
use super::audit::{self, Act};
use super::metadata;
use super::policy::{Candidate, Policies};
use super::refusal::{Refusal, Stop};
use super::register::have_account;
use super::statement::{self, Laid};
use super::token::{self, Auth};
use super::{Request, addresses, cimd, hook, is_about_json, life, names, sector, terms};
use crate::client_policy::{self, Effects, Judge};
use crate::error::Error;
use crate::store::client::{self, Client, Standing, VERIFIED};
use crate::store::json::{self, Doc};
use crate::store::{Tx, approval as rows, client_registration};
use crate::{client_secret, events, service_account};

/// Clients without which a realm does not work.
pub const BUILT_IN: [&str; 6] = [
    "account",
    "account-console",
    "admin-cli",
    "broker",
    "realm-management",
    "security-admin-console",
];

/// How often an update begins anew because of others.
const TRIES: usize = 3;

/// A client, and what its registrant is told of it.
pub(super) struct Managed {
    pub client: Client,
    /// Only where a new one was made.
    pub secret: Option<String>,
    /// The registration access token to use from now on.
    pub token: Option<String>,
    /// Where something waits for approval, or was refused.
    pub status: Option<Status>,
}

/// Reads a registration. The secret is not told again.
///
/// # Errors
///
/// [`Stop::Refused`] if the caller may not.
pub(super) async fn read(request: &Request<'_>, client_id: &str) -> Result<Managed, Stop> {
    let (client, ..) = held(request, client_id, Act::Read).await?;
    client_policy::look(request.realm, &client)?;
    let mut shown = None;
    if let Access::Registration { token, jti_hash, .. } = &request.access {
        shown = Some(token.as_str());
        let reached = client.secrets.rat_hash.as_ref() == Some(jti_hash);
        if reached && client.secrets.previous_rat_hash.is_some() {
            let mut tx = request.app.db.begin().await?;
            client_registration::forget_previous_token(&mut tx, &client.id, jti_hash).await?;
            tx.commit().await?;
        }
    }
    events::record_alone(request.app, request.realm, &audit::done(request, Act::Read, client_id)).await;
    let token = shown.map(str::to_owned);
    let waits = rows::read(&request.app.db, &request.realm.id, &client.id).await?;
    Ok(Managed {
        status: approval::status(&client, waits.as_ref(), request.app.now()),
        client,
        secret: None,
        token,
    })
}

/// Changes a registration: what is sent replaces what is there, what is not sent stays, as in Keycloak; a member that is
/// `null` goes. A registration access token is replaced; it stays good until the new one is used.
///
/// # Errors
///
/// [`Stop::Refused`] with what to change.
pub(super) async fn update(request: &Request<'_>, client_id: &str, sent: &Doc) -> Result<Managed, Stop> {
    // Whoever decides on the client at the same moment was first: then it is another one that is changed.
    for _ in 0..TRIES {
        match try_to_update(request, client_id, sent).await {
            Err(Stop::Refused(Refusal::Meanwhile)) => {}
            done => return done,
        }
    }
    Err(Refusal::Meanwhile.into())
}

async fn try_to_update(request: &Request<'_>, client_id: &str, sent: &Doc) -> Result<Managed, Stop> {
    if let Err(fault) = Asked::parse_change(request.form, request.realm, sent)
        && is_about_json(&fault)
    {
        return Err(fault.into());
    }
    let (client, auth, bound) = held(request, client_id, Act::Update).await?;
    let sent = &*over_what_waits(request, &client, sent).await?;
    let laid = match request.form {
        Form::OpenId => statement::lay_over(request.app, request.realm, Some(&client), sent).await?,
        _ => {
            statement::check_without(request.realm, Some(&client))?;
            Laid::none(sent)
        }
    };
    let asked = Asked::parse_change(request.form, request.realm, &laid.sent);
    let policies = request.policies(auth).and_named(&terms::policies(&bound))?;
    let asked = asked?;
    if asked.client_id().is_some_and(|sent| sent != client_id) {
        return Err(Refusal::metadata("Client Identifier modified").into());
    }
    // Once before the transaction, because what others publish is fetched in between, and once for certain within it.
    let judge = request.judge().await?;
    let (mut wanted, _) = change(request, auth, &bound, &judge, &client, &asked)?;
    let said = hook::ask(request, &wanted, None, Some(&client)).await?;
    let mut asked = asked;
    let mut sent = laid.sent.clone();
    if let Some(more) = hook::with(request, &laid.sent, &said)? {
        let again = Asked::parse_change(request.form, request.realm, &more).map_err(Refusal::from);
        match again.and_then(|asked| Ok((change(request, auth, &bound, &judge, &client, &asked)?, asked))) {
            Ok(((changed, _), with_more)) => (wanted, asked, sent) = (changed, with_more, Cow::Owned(more)),
            Err(refusal) => hook::nonsense(request, &refusal)?,
        }
    }
    sector::check(request.app, &wanted).await?;
    names::check_others(request, Some(&client.doc), &wanted).await?;
    let before = client;
    let mut verdict = approval::verdict(request, &said, &wanted, Some(&before))?;
    let change_of = (before.standing == Standing::Live).then(|| Change {
        sent: &sent,
        issuer: laid.issuer(),
    });
    let waiting = match verdict {
        Verdict::Approve => None,
        Verdict::Queue => Some(approval::ask(request, &in_place_of(&before, &wanted), change_of).await?),
    };

    let mut tx = request.app.db.begin().await?;
    let (mut client, auth) = find_again(&mut tx, request, &before, Act::Update).await?;
    let (wanted, effects) = change(request, auth, &bound, &judge, &client, &asked)?;
    if client.doc != before.doc || client.standing != before.standing {
        // Somebody changed it, or decided, in between.
        verdict = approval::verdict(request, &said, &wanted, Some(&client))?;
        if (verdict == Verdict::Queue) != waiting.is_some() || client.standing != before.standing {
            return Err(Refusal::Meanwhile.into());
        }
    }
    let rat = match &request.access {
        Access::Registration { token, .. } if effects.keeps_registration_token => Some(token.clone()),
        _ => rotate(request, &mut client, auth)?,
    };
    if let (Some(waiting), Standing::Live) = (&waiting, client.standing) {
        client::update(&mut tx, &client).await?;
        waiting.keep(&mut tx, request).await?;
        tx.commit().await?;
        return Ok(Managed {
            client,
            secret: None,
            token: rat,
            status: Some(Status::update_pending()),
        });
    }
    let mut wanted = wanted;
    laid.mark(&mut wanted);
    let secret = apply(&mut tx, request, &policies, &mut client, wanted).await?;
    let by_itself = matches!(request.access, Access::Registration { .. });
    match (&waiting, client.standing) {
        (Some(waiting), _) => waiting.keep(&mut tx, request).await?,
        (None, Standing::Live) => approval::withdraw_change(&mut tx, &client).await?,
        // Nobody needs to be asked any more.
        (None, Standing::Pending) if by_itself => {
            let made = client_registration::of_client(&mut tx, &request.realm.id, &client.id).await?;
            rows::remove(&mut tx, &request.realm.id, &client.id).await?;
            approval::begin(&mut tx, request, &policies, &mut client, made.as_ref()).await?;
        }
        (None, _) => {}
    }
    let event = audit::done(request, Act::Update, client_id);
    events::record(&mut tx, request.realm, &event, request.app.now()).await?;
    if before.standing == Standing::Live {
        hook::after(&mut tx, request, &client, Some(&before.doc)).await?;
    }
    tx.commit().await?;
    Ok(Managed {
        status: Some(Status::pending()).filter(|_| client.standing == Standing::Pending),
        client,
        secret,
        token: rat,
    })
}

/// What is sent, over the change that waits already: who asks for one thing more still asks for the other. To have none of it,
/// what is in force is sent back.
async fn over_what_waits<'a>(request: &Request<'_>, client: &Client, sent: &'a Doc) -> Result<Cow<'a, Doc>, Error> {
    if client.standing != Standing::Live {
        return Ok(Cow::Borrowed(sent));
    }
    let row = rows::read(&request.app.db, &request.realm.id, &client.id).await?;
    let row = row.filter(|row| row.is_change && row.waiting().is_some());
    let Some(mut all) = row.and_then(|row| approval::sent_before(&row, request.form)) else {
        return Ok(Cow::Borrowed(sent));
    };
    all.extend(sent.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(Cow::Owned(all))
}

/// A client that is not in force yet, as it would wait from now on.
pub(super) fn in_place_of(client: &Client, wanted: &Doc) -> Client {
    let mut client = client.clone();
    if client.standing != Standing::Live {
        client.doc.clone_from(wanted);
    }
    client
}

/// Makes a client what it is to be from now on. A new secret is returned. One that waits for approval has no account yet.
pub(super) async fn apply(
    tx: &mut Tx,
    request: &Request<'_>,
    policies: &Policies<'_>,
    client: &mut Client,
    wanted: Doc,
) -> Result<Option<String>, Stop> {
    let was_on = client.flag("serviceAccountsEnabled");
    client.doc = wanted;
    let secret = change_secret(request, client, policies.secret_lifetime())?;
    client::update(tx, client).await?;
    keep_account(tx, request, client, was_on, policies).await?;
    Ok(secret)
}

/// Gives a client its service account or takes it, as the client has become. One that begins to act for itself gets the roles
/// of the policies.
pub(super) async fn keep_account(
    tx: &mut Tx,
    request: &Request<'_>,
    client: &mut Client,
    was_on: bool,
    policies: &Policies<'_>,
) -> Result<(), Stop> {
    if client.standing == Standing::Live && client.flag("serviceAccountsEnabled") {
        // Given once: what an administrator takes away comes not back by leaving the grant and asking for it again.
        let gives = !was_on && terms::give_roles(&mut *tx, client).await?;
        let roles = if gives { policies.roles() } else { Vec::new() };
        return have_account(tx, request, client, &roles).await;
    }
    service_account::remove(tx, request.realm, &client.id).await?;
    Ok(())
}

/// Removes a client; its secret, tokens and service account are dead at once.
///
/// # Errors
///
/// [`Stop::Refused`] if the caller may not.
pub(super) async fn delete(request: &Request<'_>, client_id: &str) -> Result<(), Stop> {
    let (client, ..) = held(request, client_id, Act::Delete).await?;
    client_policy::look(request.realm, &client)?;
    if BUILT_IN.contains(&client_id) || client.attribute("realm_client") == Some("true") {
        return Err(Refusal::BuiltIn.into());
    }
    let mut tx = request.app.db.begin().await?;
    let (client, _) = find_again(&mut tx, request, &client, Act::Delete).await?;
    client::remove(&mut tx, &request.realm.id, &client.id).await?;
    cimd::deleted(&mut tx, request.realm, &client).await?;
    let event = audit::done(request, Act::Delete, client_id);
    events::record(&mut tx, request.realm, &event, request.app.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// A client that the caller may do this with, from where they call; with the policies' kind and what binds it for life.
///
/// # Errors
///
/// [`Stop::Refused`] if they may not.
pub(super) async fn held(request: &Request<'_>, client_id: &str, act: Act) -> Result<(Client, Auth, Doc), Stop> {
    let found = find(request, client_id).await?;
    let (client, auth) = authorize(request, found, act)?;
    if client.standing != Standing::Live && matches!(request.access, Access::Registration { .. }) {
        let waits = rows::read(&request.app.db, &request.realm.id, &client.id).await?;
        if !approval::is_kept(waits.as_ref(), request.app.now()) {
            return Err(Refusal::Token(not_authorized(act)).into());
        }
    }
    let bound = terms::of_client(request, &client).await?;
    let (policies, named) = (request.policies(auth), terms::policies(&bound));
    let policies = match act {
        // Nobody knows any more what a policy that was deleted let a client become. To be looked at, given up or given a new
        // secret, it becomes nothing: those that are left decide, so that its owner is not locked out for good.
        Act::Read | Act::Delete | Act::Renew => policies.and_remaining(&named),
        _ => policies.and_named(&named)?,
    };
    policies.check_sender(request.caller.ip).await?;
    Ok((client, auth, bound))
}

/// The client as the database has it: a token that was replaced on another node must not be good here for a moment longer.
async fn find(request: &Request<'_>, client_id: &str) -> Result<Option<Client>, Error> {
    match client::read_by_client_id(&request.app.db, &request.realm.id, client_id).await? {
        Some(known) if life::is_over(request.app, request.realm, &known).await? => Ok(None),
        known => Ok(known),
    }
}

/// The client once more, in a transaction in which nobody else changes it.
pub(super) async fn find_again(
    tx: &mut Tx,
    request: &Request<'_>,
    known: &Client,
    act: Act,
) -> Result<(Client, Auth), Stop> {
    client_registration::lock(tx, &known.realm_id, &known.id).await?;
    let found = client::read(&mut *tx, &known.realm_id, &known.id).await?;
    Ok(authorize(request, found, act)?)
}

fn not_authorized(act: Act) -> &'static str {
    if act == Act::Read {
        "Not authorized to view client. Not valid token or client credentials provided."
    } else {
        "Not authorized to update client. Maybe missing token or bad token type."
    }
}

/// Whether the caller may do this with the client, and under which policies it then is. Whoever holds no token for it
/// learns not even whether it is there.
fn authorize(request: &Request<'_>, found: Option<Client>, act: Act) -> Result<(Client, Auth), Refusal> {
    let refused = not_authorized(act);
    match &request.access {
        Access::Bearer(rights) if rights.manage || (act == Act::Read && rights.view) => found
            .map(|client| (client, Auth::Authenticated))
            .ok_or(Refusal::ClientNotFound),
        Access::Bearer(_) => Err(Refusal::Forbidden),
        Access::Registration { jti_hash, auth, .. } => {
            let is_own = |client: &Client| {
                let kept = [&client.secrets.rat_hash, &client.secrets.previous_rat_hash];
                // What an administrator disabled is dead, and does not bring itself back (rule R9). What was refused is told so.
                let alive = json::flag(&client.doc, "enabled")
                    && (client.standing != Standing::Refused || matches!(act, Act::Read | Act::Delete));
                alive && kept.into_iter().flatten().any(|hash| hash == jti_hash)
            };
            let client = found.filter(is_own).ok_or(Refusal::Token(refused))?;
            Ok((client, *auth))
        }
        Access::Initial { .. } if act == Act::Read => Err(Refusal::Token("Not initial access token allowed")),
        Access::Initial { .. } | Access::Anonymous => Err(Refusal::Token(refused)),
    }
}

/// The client as it would become, if all rules let it.
pub(super) fn change(
    request: &Request<'_>,
    auth: Auth,
    bound: &Doc,
    judge: &Judge<'_>,
    client: &Client,
    asked: &Asked,
) -> Result<(Doc, Effects), Refusal> {
    let mut doc = asked.changed_client(request.realm, client);
    let effects = judge.change(Some(client), asked.names_authenticator(), &mut doc)?;
    let policies = request.policies(auth).and_named(&terms::policies(bound))?;
    policies.reshape(&mut doc);
    terms::check_change(bound, &policies, &client.doc, &mut doc)?;
    policies.judge(&Candidate {
        doc: &doc,
        before: Some(&client.doc),
        scopes_given: false,
        response_types: asked.response_types(),
    })?;
    asked.check_bounds(&client.doc, &doc)?;
    check(&doc)?;
    metadata::check_levels(request.realm, &doc)?;
    addresses::check(request.app, Some(&client.doc), &doc)?;
    metadata::check_grants(Some(&client.doc), &doc)?;
    names::judge(request, Some(&client.doc), &doc)?;
    unvouch(&client.doc, &mut doc);
    Ok((doc, effects))
}

/// What an administrator vouched for was the application as it was shown, in any language: a new face or another address to
/// which people are sent is not vouched for.
pub(super) fn unvouch(before: &Doc, doc: &mut Doc) {
    let face = |doc: &Doc| {
        let own = ["name", "description", "baseUrl", "redirectUris"].map(|member| doc.get(member).cloned());
        let attributes = doc.get("attributes").and_then(Value::as_object).into_iter().flatten();
        let of_pages = attributes.filter(|(name, _)| {
            name.contains('#')
                || matches!(
                    name.as_str(),
                    "logoUri" | "policyUri" | "tosUri" | "post.logout.redirect.uris"
                )
        });
        let mut of_pages: Vec<(String, Value)> = of_pages.map(|(name, text)| (name.clone(), text.clone())).collect();
        of_pages.sort_by(|one, other| one.0.cmp(&other.0));
        (own, of_pages)
    };
    if face(before) != face(doc)
        && let Some(Value::Object(attributes)) = doc.get_mut("attributes")
    {
        attributes.shift_remove(VERIFIED);
    }
}

/// Gives, takes or leaves the secret, as the client's method has it now. A new one is returned.
fn change_secret(request: &Request<'_>, client: &mut Client, lifetime: Option<i64>) -> Result<Option<String>, Error> {
    if !metadata::has_secret(&client.doc) {
        client_secret::remove(&mut client.secrets);
        return Ok(None);
    }
    let kept = client_secret::kept(&client.doc);
    if metadata::needs_new_secret(client, &client.doc) || client_secret::is_too_short(request.app, client)? {
        // Of one that was there the overlap holds: the answer may get lost.
        let made = client_secret::rotate(request.app, request.realm, client)?;
        metadata::note_secret(&mut client.doc, request.app.now_seconds());
        client_secret::limit(&mut client.doc, request.app.now_seconds(), lifetime);
        return Ok(Some(made));
    }
    if kept == client_secret::Kept::Hashed && client.secrets.hash.is_some() {
        client.secrets.sealed = None;
    }
    Ok(None)
}

/// Replaces the registration access token, if that is what the caller came with.
fn rotate(request: &Request<'_>, client: &mut Client, auth: Auth) -> Result<Option<String>, Error> {
    let Access::Registration { jti_hash, origins, .. } = &request.access else {
        return Ok(None);
    };
    let origins = origins.clone().unwrap_or_default();
    let (rat, hash) = token::registration(request.app, request.realm, request.caller, auth, Some(&origins))?;
    client.secrets.previous_rat_hash = Some(jti_hash.clone());
    client.secrets.rat_hash = Some(hash);
    client.secrets.rat_auth = Some(auth.as_str().to_owned());
    Ok(Some(rat))
}
