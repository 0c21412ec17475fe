//! The same software registers once more (`clientRegistration.duplicate`, contract 5): with the same initial access token, or
//! for the same owner, it is given the client that it has.

use std::collections::BTreeMap;

use serde_json::Value;
use vestibule_jose::digest::{b64url, sha256};

use super::access::Access;
use super::approval::{self, Verdict};
use super::asked::{Asked, Form};
use super::audit::{self, Act};
use super::manage::{change, keep_account};
use super::policy::{Candidate, Policies};
use super::refusal::{Refusal, Stop};
use super::register::{Registered, used_up};
use super::statement::{self, Laid};
use super::token::{self, Auth};
use super::{Request, hook, life, metadata, sector, terms};
use crate::client_secret;
use crate::error::Error;
use crate::events;
use crate::rules::hook::Said;
use crate::store::client::{self, Client, Standing};
use crate::store::client_registration;
use crate::store::initial_access;
use crate::store::json::{self, Doc};
use crate::store::{Query, Tx, limit};

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

/// Gives a client what it would be given if it were new, under its own name. What it was given before stays good for a while.
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
    let (app, realm, auth) = (request.app, request.realm, Auth::Authenticated);
    // Where it was made only a moment ago, writers see it first.
    let mut tx = app.db.begin().await?;
    let client = client::read(&mut tx, &realm.id, client_uuid).await?.ok_or_else(gone)?;
    if life::is_over(app, realm, &client).await? {
        return Err(gone().into());
    }
    let bound = client_registration::of_client(&mut tx, &realm.id, client_uuid).await?;
    let bound = bound.map(|registration| registration.terms).unwrap_or_default();
    drop(tx);
    // What was signed of this client goes on to hold.
    let laid = &statement::lay_over(app, realm, Some(&client), &laid.sent).await?;
    let asked = &Asked::parse(request.form, realm, &laid.sent)?;
    let judge = request.judge().await?;
    let (mut wanted, _) = change(request, auth, &bound, &judge, &client, asked)?;
    if client.standing != Standing::Live {
        return Err(Refusal::metadata("This software is registered as a client that waits for approval").into());
    }
    let said = hook::ask(request, &wanted, None, Some(&client)).await?;
    let mut more = None;
    if let Some(sent) = hook::with(request, &laid.sent, &said)? {
        let with_more = Asked::parse(request.form, realm, &sent).map_err(Refusal::from);
        match with_more.and_then(|asked| Ok((change(request, auth, &bound, &judge, &client, &asked)?, asked))) {
            Ok(((changed, _), with_more)) => (wanted, more) = (changed, Some(with_more)),
            Err(refusal) => hook::nonsense(request, &refusal)?,
        }
    }
    let asked = more.as_ref().unwrap_or(asked);
    sector::check(app, &wanted).await?;
    approved(request, &said, &wanted, &client)?;

    let mut tx = app.db.begin().await?;
    check_token(&mut tx, request).await?;
    client_registration::lock(&mut tx, &realm.id, client_uuid).await?;
    let mut client = client::read(&mut tx, &realm.id, client_uuid).await?.ok_or_else(gone)?;
    if !client.enabled() {
        return Err(Refusal::metadata("This software is registered as a client that was disabled").into());
    }
    let (mut wanted, _) = change(request, auth, &bound, &judge, &client, asked)?;
    approved(request, &said, &wanted, &client)?;
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
    let before = std::mem::replace(&mut client.doc, wanted);
    laid.mark(&mut client.doc);
    let secret = new_secret(request, &mut client, policies.secret_lifetime())?;
    let origins = match &request.access {
        Access::Bearer(_) => &[],
        access => access.origins(),
    };
    let (rat, hash) = token::registration(app, realm, request.caller, auth, Some(origins))?;
    client.secrets.previous_rat_hash = client.secrets.rat_hash.replace(hash);
    client.secrets.rat_auth = Some(auth.as_str().to_owned());
    client::update(&mut tx, &client).await?;
    // A change that waited was to what it was before.
    approval::withdraw_change(&mut tx, &client).await?;
    keep_account(&mut tx, request, &mut client, was_on, policies).await?;
    let event = audit::done(request, Act::Update, &client.client_id);
    events::record(&mut tx, realm, &event, app.now()).await?;
    hook::after(&mut tx, request, &client, Some(&before)).await?;
    tx.commit().await?;
    Ok(Registered {
        client,
        secret,
        token: rat,
        again: true,
        status: None,
    })
}

/// What needs somebody's yes is no matter of registering once more.
fn approved(request: &Request<'_>, said: &Said, wanted: &Doc, client: &Client) -> Result<(), Stop> {
    match approval::verdict(request, said, wanted, Some(client))? {
        Verdict::Approve => Ok(()),
        Verdict::Queue => Err(Refusal::metadata(
            "This software is registered, and what has changed needs approval: change it at its registration_client_uri",
        )
        .into()),
    }
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
