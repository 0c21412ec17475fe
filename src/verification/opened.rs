//! What a link does, by its kind and by the browser in which it is opened.

use serde_json::{Value, json};

use super::web::{Fault, Link, same_browser};
use super::{TabRef, end, tokens};
use crate::error::Error;
use crate::login::actions::{self, End};
use crate::login::request::AuthRequest;
use crate::login::session::{self, FlowKind, Stage};
use crate::login::{Turn, flow, proceed};
use crate::page::Response;
use crate::recovery;
use crate::registration::{proof, waiting, web::NOTE};
use crate::required_actions::{self, once, update_password, verify_email};
use crate::store::json as docs;
use crate::store::registration;
use crate::store::user::User;
use crate::theme::pages::Info;

/// Seconds in which a browser other than the one that asked confirms.
const CONFIRM_SECONDS: i64 = 300;

/// In which browser a link is opened.
pub(super) enum Opened {
    /// The one that asked for the mail, whose tab still waits.
    Here(Box<Turn>),
    /// Another, whose owner has confirmed.
    Confirmed(Box<Turn>),
    /// Another.
    Elsewhere,
}

/// A tab for a browser that had none: at its end there is a page, and no way on into an application.
async fn fresh_tab(link: &Link, flow: FlowKind, end: end::Ending) -> Result<Turn, Error> {
    let redirect_uri = link.text("reduri").to_owned();
    let request = AuthRequest {
        redirect_uri,
        response_type: "code".to_owned(),
        ..AuthRequest::default()
    };
    let session = session::open(&link.app, &link.visitor, &link.realm, &link.client, request, flow).await?;
    let mut turn = link.turn(session);
    end::plan(&mut turn, end);
    Ok(turn)
}

/// Asks the owner of a browser to confirm: a page with the way on, which is good in this browser only.
pub(super) async fn confirm(link: Link, end: end::Ending, ask: Ask) -> Result<Response, Error> {
    let mut turn = fresh_tab(&link, FlowKind::Browser, end).await?;
    session::save(&link.app, &mut turn.session).await?;
    let tab = TabRef::of(&link.visitor.caller, &link.client, &turn.session);
    let mut claims = link.claims.clone();
    once::Token::of(&link.claims).keep(&mut claims);
    for own in ["exp", "iat", "jti", "nonce", "iss", "aud", "typ"] {
        claims.remove(own);
    }
    if let Some(first) = claims.insert("asid".into(), json!(tab.encoded())) {
        claims.insert("oasid".into(), first);
    }
    claims.insert("confirmed".into(), Value::Bool(true));
    let kind = link.text("typ").to_owned();
    let action_uri = tokens::link(
        &link.app,
        &link.visitor.caller,
        &link.realm,
        &kind,
        CONFIRM_SECONDS,
        &claims,
        Some(&tab),
    )?;
    let mut draft = link.draft();
    draft.set_cookies.extend(turn.session.set_cookies);
    match ask {
        Ask::Address => {
            let header = draft.text("confirmEmailAddressVerificationHeader", &[]);
            let page = Info {
                message_header: Some(header),
                action_uri,
                ..Info::default()
            };
            let new = docs::text(&link.claims, "newEmail");
            let address = new.unwrap_or_else(|| link.text("eml")).to_owned();
            draft.info("confirmEmailAddressVerification", &[json!(address)], &page)
        }
        Ask::Organization(name) => {
            let name = [json!(name)];
            let page = Info {
                message_header: Some(draft.text("organization.confirm-membership.title", &name)),
                action_uri,
                ..Info::default()
            };
            draft.info("organization.confirm-membership", &name, &page)
        }
        Ask::Actions(aliases) => {
            let words = |alias: &String| draft.text(&format!("requiredAction.{alias}"), &[]);
            let required_actions = aliases.iter().map(words).collect();
            let header = draft.text("confirmExecutionOfActions", &[]);
            let page = Info {
                message_header: Some(header),
                required_actions,
                action_uri,
                ..Info::default()
            };
            draft.info("confirmExecutionOfActions", &[], &page)
        }
    }
}

pub(super) enum Ask {
    Address,
    /// To join an organization of this name.
    Organization(String),
    Actions(Vec<String>),
}

/// The link of a registration that waits.
pub(super) async fn registration(link: Link) -> Result<Response, Error> {
    let now = link.app.now();
    let row = registration::by_id(&link.app.db, &link.realm.id, link.text("sub"), now).await?;
    let Some(row) = row.filter(|r| r.email == link.text("eml")) else {
        return link.refuse(&Fault("staleEmailVerificationLink", "expired_code")).await;
    };
    if row.account_id.is_some() {
        return end::already_verified(&link);
    }
    let root_id = session::root_of(&link.visitor, &link.realm);
    let registered_here = waiting::is_of_browser(&row, root_id.as_deref());
    let (mut turn, how) = match same_browser(link.own_tab().await?, &link) {
        Opened::Here(turn) if registered_here => (*turn, "same"),
        // The tab is over, the browser is the same.
        Opened::Elsewhere if registered_here => (
            fresh_tab(&link, FlowKind::Registration, end::Ending::AddressVerified).await?,
            "same",
        ),
        Opened::Confirmed(turn) => (*turn, "elsewhere"),
        Opened::Here(_) | Opened::Elsewhere => return confirm(link, end::Ending::AddressVerified, Ask::Address).await,
    };
    if how == "elsewhere" {
        end::drop_original(&link).await?;
    }
    turn.session.flow = FlowKind::Registration;
    turn.session.stage = Stage::Actions;
    turn.session.execution = Some("VERIFY_EMAIL".to_owned());
    turn.session.set_note(NOTE, &*row.id);
    turn.session.set_note(proof::PROVED, how);
    proof::run(turn, None).await
}

/// The link of a user who is to prove an address.
pub(super) async fn address(link: Link, user: User) -> Result<Response, Error> {
    if user.email_verified {
        return end::already_verified(&link);
    }
    match same_browser(link.own_tab().await?, &link) {
        Opened::Here(turn) if turn.session.user_id.as_deref() == Some(&user.id) => {
            let mut turn = *turn;
            let user = match verify_email::prove(&mut turn, &user, "link").await? {
                Ok(user) => user,
                Err(refused) => return Ok(refused),
            };
            actions::done(turn, user, "VERIFY_EMAIL", End::Done).await
        }
        Opened::Confirmed(turn) => {
            let mut turn = *turn;
            turn.session.user_id = Some(user.id.clone());
            let user = match verify_email::prove(&mut turn, &user, "link").await? {
                Ok(user) => user,
                Err(refused) => return Ok(refused),
            };
            end::drop_original(&link).await?;
            proceed(turn, user).await
        }
        Opened::Here(_) | Opened::Elsewhere => {
            // Who was asked by an administrator waits nowhere.
            let ending = if link.text("asid").is_empty() {
                end::Ending::Asked
            } else {
                end::Ending::AddressVerified
            };
            confirm(link, ending, Ask::Address).await
        }
    }
}

/// The link of a user who forgot a password. Nothing is changed before the new one is sent.
pub(super) async fn reset(link: Link, user: User) -> Result<Response, Error> {
    let mut turn = match same_browser(link.own_tab().await?, &link) {
        Opened::Here(turn) | Opened::Confirmed(turn) if turn.session.flow == FlowKind::ResetCredentials => *turn,
        _ => fresh_tab(&link, FlowKind::ResetCredentials, end::Ending::AccountUpdated).await?,
    };
    turn.session.user_id = Some(user.id.clone());
    turn.session.set_note("username", &*user.username);
    turn.session.set_note(recovery::PROVED, &*user.id);
    turn.session.set_note(update_password::PROVED_ADDRESS, link.text("eml"));
    required_actions::stamp::remember(&mut turn, &user).await?;
    flow::run(turn, None).await
}

/// The link by which an administrator asks for actions: each is done once.
pub(super) async fn actions(link: Link, user: User) -> Result<Response, Error> {
    let token = once::Token::of(&link.claims);
    let listed = link.claims.get("rqac").and_then(Value::as_array);
    let mut aliases = Vec::new();
    for alias in listed.into_iter().flatten().filter_map(Value::as_str) {
        if token.is_left(&link.app.db, &link.realm, alias).await? {
            aliases.push(alias.to_owned());
        }
    }
    if aliases.is_empty() {
        return link.refuse(&Fault("expiredActionMessage", "expired_code")).await;
    }
    let Opened::Confirmed(turn) = same_browser(link.own_tab().await?, &link) else {
        return confirm(link, end::Ending::Asked, Ask::Actions(aliases)).await;
    };
    let mut turn = *turn;
    turn.session.user_id = Some(user.id.clone());
    turn.session.set_note("username", &*user.username);
    // Who opens the mail has its address.
    let user = if user.email_verified {
        user
    } else {
        match verify_email::prove(&mut turn, &user, "link").await? {
            Ok(user) => user,
            Err(refused) => return Ok(refused),
        }
    };
    token.remember(&mut turn);
    required_actions::want(&mut turn, &aliases);
    proceed(turn, user).await
}
