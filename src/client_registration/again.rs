//! The same software registers once more (`clientRegistration.duplicate`, contract 5): with the same initial access token, or
//! for the same owner, it is given the client that it has.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use vestibule_jose::digest::{b64url, sha256};

use super::access::Access;
use super::approval::{self, Change, Status, Verdict, Waiting};
use super::asked::{Asked, Form};
use super::audit::{self, Act};
use super::manage::{change, in_place_of, keep_account};
use super::policy::{Candidate, Policies};
use super::refusal::{Refusal, Stop};
use super::register::{Registered, used_up};
use super::statement::{self, Laid};
use super::token::{self, Auth};
use super::{Request, hook, life, metadata, names, sector, terms};
use crate::client_secret;
use crate::error::Error;
use crate::events;
use crate::rules::hook::Said;
use crate::store::client::{self, Client, Standing};
use crate::store::client_registration;
use crate::store::initial_access;
use crate::store::json::{self, Doc};
use crate::store::{Query, Tx, approval as rows, limit};

/// Which software this is, for those whom somebody vouches for: by its `software_id`, else by all that it says of itself.
pub(super) fn software(request: &Request<'_>, sent: &Doc) -> Option<String> {
    let vouched = matches!(request.access, Access::Initial { .. } | Access::Bearer(_));
    if !vouched || request.form != Form::OpenId {
        return None;
    }
    let known = match json::text(sent, "software_id") {
        Some(id) => format!("id {id}"),
        None => {
            let sorted: BTreeMap<&String, &Value> = sent.iter().filter(|(_, value)| !value.is_null()).collect();
            format!("metadata {}", serde_json::to_string(&sorted).unwrap_or_default())
        }
    };
    Some(b64url(&sha256(known.as_bytes())))
}

/// Whether the realm recognises software.
fn is_on(request: &Request<'_>) -> bool {
    request.realm.attribute("clientRegistration.duplicate") == Some("same")
}

/// The client that this software has from the same token or owner.
pub(super) async fn find(
    q: impl Query,
    request: &Request<'_>,
    software: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(software) = software.filter(|_| is_on(request)) else {
        return Ok(None);
    };
    let (token, owner) = match &request.access {
        Access::Initial { token, .. } => (Some(token.id.as_str()), json::text(&token.doc, "owner")),
        Access::Bearer(rights) => (None, Some(rights.user_id.as_str())),
        Access::Anonymous | Access::Registration { .. } => return Ok(None),
    };
    client_registration::of_software(q, &request.realm.id, software, token, owner).await
}

/// The same, when nobody else registers this software until the transaction ends.
pub(super) async fn find_in_turn(
    tx: &mut Tx,
    request: &Request<'_>,
    software: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(software) = software.filter(|_| is_on(request)) else {
        return Ok(None);
    };
    limit::take_turn(tx, &request.realm.id, &format!("software {software}")).await?;
    find(tx, request, Some(software)).await
}

/// How often it begins anew because of others.
const TRIES: usize = 3;

/// Gives a client what it would be given if it were new, under its own name. What it was given before stays good for a while.
/// One that waits for approval goes on to wait; a change that somebody must agree to waits for them.
pub(super) async fn renew(
    request: &Request<'_>,
    policies: &Policies<'_>,
    laid: &Laid<'_>,
    asked: &Asked,
    client_uuid: &str,
) -> Result<Registered, Stop> {
    if asked.client_id().is_some() {
        return Err(Refusal::metadata("Client Identifier included").into());
    }
    for _ in 0..TRIES {
        match try_to_renew(request, policies, laid, client_uuid).await {
            Err(Stop::Refused(Refusal::Meanwhile)) => {}
            done => return done,
        }
    }
    Err(Refusal::Meanwhile.into())
}

async fn try_to_renew(
    request: &Request<'_>,
    policies: &Policies<'_>,
    laid: &Laid<'_>,
    client_uuid: &str,
) -> Result<Registered, Stop> {
    let (app, realm, auth) = (request.app, request.realm, Auth::Authenticated);
    // Where it was made only a moment ago, writers see it first.
    let mut tx = app.db.begin().await?;
    let before = client::read(&mut tx, &realm.id, client_uuid).await?.ok_or_else(gone)?;
    let bound = client_registration::of_client(&mut tx, &realm.id, client_uuid).await?;
    let bound = bound.map(|registration| registration.terms).unwrap_or_default();
    drop(tx);
    if life::is_over(app, realm, &before).await? {
        return Err(gone().into());
    }
    // What was signed of this client goes on to hold.
    let laid = &statement::lay_over(app, realm, Some(&before), &laid.sent).await?;
    let mut asked = Asked::parse(request.form, realm, &laid.sent)?;
    let mut sent = laid.sent.clone();
    let judge = request.judge().await?;
    let (mut wanted, _) = change(request, auth, &bound, &judge, &before, &asked)?;
    let said = hook::ask(request, &wanted, None, Some(&before)).await?;
    if let Some(more) = hook::with(request, &laid.sent, &said)? {
        let with_more = Asked::parse(request.form, realm, &more).map_err(Refusal::from);
        match with_more.and_then(|asked| Ok((change(request, auth, &bound, &judge, &before, &asked)?, asked))) {
            Ok(((changed, _), with_more)) => (wanted, asked, sent) = (changed, with_more, Cow::Owned(more)),
            Err(refusal) => hook::nonsense(request, &refusal)?,
        }
    }
    sector::check(app, &wanted).await?;
    names::check_others(request, Some(&before.doc), &wanted).await?;
    let waiting = waiting(request, &said, &wanted, &before, (&sent, laid)).await?;

    let mut tx = app.db.begin().await?;
    check_token(&mut tx, request).await?;
    client_registration::lock(&mut tx, &realm.id, client_uuid).await?;
    let mut client = client::read(&mut tx, &realm.id, client_uuid).await?.ok_or_else(gone)?;
    if !client.flag("enabled") {
        return Err(Refusal::metadata("This software is registered as a client that was disabled").into());
    }
    let (mut wanted, _) = change(request, auth, &bound, &judge, &client, &asked)?;
    if client.doc != before.doc || client.standing != before.standing {
        // Somebody changed it, or decided, in between.
        let queued = approval::verdict(request, &said, &wanted, Some(&client))? == Verdict::Queue;
        if queued != waiting.is_some() || client.standing != before.standing {
            return Err(Refusal::Meanwhile.into());
        }
    }
    // And by what binds whoever calls now.
    if let Access::Initial { token, .. } = &request.access {
        terms::check_change(&token.doc, policies, &client.doc, &mut wanted)?;
    }
    policies.judge(&Candidate {
        doc: &wanted,
        before: Some(&client.doc),
        scopes_given: false,
        response_types: asked.response_types(),
    })?;
    let was_on = client.flag("serviceAccountsEnabled");
    let is_live = client.standing == Standing::Live;
    // What is in force stays so until somebody agrees.
    let comes_later = is_live && waiting.is_some();
    laid.mark(&mut wanted);
    let changes = client.doc != wanted;
    if !comes_later {
        client.doc = wanted;
    }
    let secret = new_secret(request, &mut client, policies.secret_lifetime())?;
    let origins = match &request.access {
        Access::Bearer(_) => &[],
        access => access.origins(),
    };
    let (rat, hash) = token::registration(app, realm, request.caller, auth, Some(origins))?;
    client.secrets.previous_rat_hash = client.secrets.rat_hash.replace(hash);
    client.secrets.rat_auth = Some(auth.as_str().to_owned());
    client::update(&mut tx, &client).await?;
    match &waiting {
        // Those who decide on the same as before go on where they are.
        Some(_) if !is_live && !changes && is_asked(&mut tx, request, &client).await? => {}
        Some(waiting) => waiting.keep(&mut tx, request).await?,
        // A change that waited was to what it was before.
        None => approval::withdraw_change(&mut tx, &client).await?,
    }
    if !comes_later {
        keep_account(&mut tx, request, &mut client, was_on, policies).await?;
    }
    let act = if comes_later { Act::Renew } else { Act::Update };
    let event = audit::done(request, act, &client.client_id);
    events::record(&mut tx, realm, &event, app.now()).await?;
    if is_live && !comes_later {
        hook::after(&mut tx, request, &client, Some(&before.doc)).await?;
    }
    tx.commit().await?;
    let status = match (is_live, comes_later) {
        (false, _) => Some(Status::pending()),
        (true, true) => Some(Status::update_pending()),
        (true, false) => None,
    };
    Ok(Registered {
        client,
        secret,
        token: rat,
        again: true,
        status,
    })
}

/// What is asked for, where somebody must agree.
async fn waiting(
    request: &Request<'_>,
    said: &Said,
    wanted: &Doc,
    before: &Client,
    (sent, laid): (&Doc, &Laid<'_>),
) -> Result<Option<Waiting>, Stop> {
    if approval::verdict(request, said, wanted, Some(before))? == Verdict::Approve {
        return Ok(None);
    }
    let change_of = (before.standing == Standing::Live).then(|| Change {
        sent,
        issuer: laid.issuer(),
    });
    let asked_for = in_place_of(before, wanted);
    Ok(Some(approval::ask(request, &asked_for, change_of).await?))
}

/// Whether somebody is asked about a client at the moment.
async fn is_asked(tx: &mut Tx, request: &Request<'_>, client: &Client) -> Result<bool, Error> {
    let row = rows::read(&mut *tx, &client.realm_id, &client.id).await?;
    Ok(row.is_some_and(|row| crate::approval::is_open(&row, request.app.now())))
}

/// Nothing is taken of a token for a client that is there. But one that is used up, or gone by now, is good for nothing.
async fn check_token(tx: &mut Tx, request: &Request<'_>) -> Result<(), Stop> {
    let Access::Initial { token, .. } = &request.access else {
        return Ok(());
    };
    let now = request.app.now();
    match initial_access::by_id(&mut *tx, &request.realm.id, &token.id).await? {
        Some(known) if known.remaining == 0 => Err(used_up().into()),
        Some(known) if known.expires == 0 || known.expires > now => Ok(()),
        _ => Err(Refusal::Token("Initial Access Token not found").into()),
    }
}

fn new_secret(request: &Request<'_>, client: &mut Client, lifetime: Option<i64>) -> Result<Option<String>, Error> {
    let (app, now) = (request.app, request.app.now_seconds());
    if !metadata::has_secret(&client.doc) {
        client_secret::remove(&mut client.secrets);
        return Ok(None);
    }
    let made = if client_secret::exists(&client.secrets) {
        client_secret::rotate(app, request.realm, client)?
    } else {
        metadata::note_secret(&mut client.doc, now);
        client_secret::make(app, &mut client.secrets, &client.id, &client.doc)?
    };
    if lifetime.is_some() {
        client_secret::limit(&mut client.doc, now, lifetime);
    }
    Ok(Some(made))
}

fn gone() -> Refusal {
    Refusal::metadata("The client that this software had was removed just now. Try again")
}
