//! `webauthn-authenticator`, `webauthn-authenticator-passwordless`: a passkey after the password, or instead of it; and the
//! same beside the form that asks for a name.

use serde_json::json;
use vestibule_jose::digest::b64url;
use vestibule_oauth::params::Params;

use super::otp::not_set_up;
use crate::clock;
use crate::error::Error;
use crate::events;
use crate::login::flow::{self, Context, Outcome};
use crate::login::session::FlowKind;
use crate::login::{Turn, record};
use crate::page::StatusCode;
use crate::passkey::proof::{self, Fault, Proved};
use crate::passkey::{Kind, Passkey, Policy, challenge, stored};
use crate::store::user::User;
use crate::theme::pages::{Authenticator, Authenticators, Severity, Transports, WebauthnAuthenticate, WebauthnError};

/// Shows the page, or takes the answer of an authenticator.
///
/// # Errors
///
/// Those of the database and of the page.
pub async fn run(context: &mut Context<'_>, kind: Kind) -> Result<Outcome, Error> {
    let own = match &context.user {
        Some(user) => stored::of_user(&context.turn.app.db, &user.id, kind).await?,
        None => Vec::new(),
    };
    let named = context.user.is_some() || flow::is_named(context.turn);
    if own.is_empty() && (named || kind == Kind::SecondFactor) {
        if context.execution.requirement != "REQUIRED" {
            return Ok(Outcome::Attempted);
        }
        if context.user.is_some() && is_proved(context.turn) {
            return Ok(not_set_up(context, kind.action()));
        }
        // Whoever this is has proved nothing: nobody sets anything up here, and nobody learns who has a passkey.
    }
    let Some(form) = context.form.filter(|form| is_answer(form)) else {
        return page(context, kind).await;
    };
    match take(context, kind, form).await? {
        Ok(()) => Ok(Outcome::Success),
        Err(fault) => error_page(context, &fault),
    }
}

/// Whether an authenticator's answer was sent, or that there is none.
pub fn is_answer(form: &Params) -> bool {
    form.has("authenticatorData") || form.has("error")
}

/// Whether who signs in has proved anything yet.
fn is_proved(turn: &Turn) -> bool {
    flow::anything_used(turn) || turn.session.note("sso").is_some() || turn.session.flow != FlowKind::Browser
}

/// Takes the answer. Who has proved themselves is the context's user from then on.
///
/// # Errors
///
/// Those of the database.
pub async fn take(context: &mut Context<'_>, kind: Kind, form: &Params) -> Result<Result<(), Fault>, Error> {
    let turn = &mut *context.turn;
    turn.session.tell("credential_type", kind.credential_type());
    let named = kind == Kind::SecondFactor || flow::is_named(turn);
    let proved = proof::take(turn, context.user.as_ref(), named, kind, form).await?;
    Ok(match proved {
        Ok(Proved {
            user,
            credential_id,
            verification_asked,
        }) => {
            let asked = verification_asked.to_string();
            turn.session
                .tell("web_authn_authenticator_user_verification_checked", asked);
            turn.session.tell("public_key_credential_id", credential_id);
            if context.user.is_none() {
                turn.session.set_note("username", &*user.username);
            }
            flow::used(turn, kind.credential_type());
            context.user = Some(user);
            Ok(())
        }
        Err(fault) => {
            let sent = form.get("credentialId").unwrap_or_default();
            let event = refusal(turn, context.user.as_ref(), &fault, sent);
            events::record_alone(&turn.app, &turn.realm, &event).await;
            Err(fault)
        }
    })
}

/// The message of a fault.
pub fn message(fault: &Fault) -> &'static str {
    match fault {
        Fault::Browser(_) => "webauthn-error-api-get",
        Fault::OtherUser(_) => "webauthn-error-different-user",
        Fault::Wrong(_) => "webauthn-error-auth-verification",
        Fault::Unknown(_) | Fault::Locked(_) => "webauthn-error-user-not-found",
    }
}

fn refusal(turn: &Turn, known: Option<&User>, fault: &Fault, credential_id: &str) -> crate::store::event::Event {
    let code = match fault {
        Fault::Browser(_) => "not_allowed",
        Fault::OtherUser(_) => "different_user_authenticated",
        Fault::Wrong(_) => "invalid_user_credentials",
        Fault::Unknown(_) => "user_not_found",
        Fault::Locked(code) => code,
    };
    let event = record::refusal(turn, record::kind(turn.session.flow), code);
    let mut event = event.detail("web_authn_authentication_error", message(fault));
    event.details.shift_remove("username");
    event.user_id = None;
    match fault {
        Fault::Browser(words) => event.detail("web_authn_authentication_error_detail", &**words),
        Fault::Wrong(why) => event.detail("web_authn_authentication_error_detail", why.to_string()),
        Fault::OtherUser(other) => event
            .detail("first_authenticated_user_id", known.map_or("", |user| user.id.as_str()))
            .detail("web_authn_authenticated_user_id", &**other),
        Fault::Unknown(id) => event
            .detail("web_authn_authenticated_user_id", &**id)
            .detail("public_key_credential_id", crate::passkey::plain(credential_id)),
        Fault::Locked(_) => event,
    }
}

/// What a page needs to ask for a passkey; `shown`: with those that the person has.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if the realm has no key.
pub async fn asked(context: &mut Context<'_>, kind: Kind) -> Result<WebauthnAuthenticate, Error> {
    let user = context.user.clone();
    let turn = &mut *context.turn;
    let challenge = challenge::show(turn);
    let own = match &user {
        Some(user) => stored::of_user(&turn.app.db, &user.id, kind).await?,
        None => Vec::new(),
    };
    let named = user.is_some() || flow::is_named(turn) || kind == Kind::SecondFactor;
    let mut listed: Vec<Authenticator> = own.iter().map(represent).collect();
    if listed.is_empty() && named {
        listed.push(nobodys(turn)?);
    }
    let policy = Policy::of(&turn.realm, &turn.visitor.caller, kind);
    Ok(WebauthnAuthenticate {
        challenge,
        rp_id: policy.rp_id().to_owned(),
        create_timeout: policy.timeout(),
        is_user_identified: named,
        user_verification: policy.user_verification().to_owned(),
        should_display_authenticators: kind == Kind::SecondFactor && user.is_some() && is_proved(turn),
        authenticators: Authenticators { authenticators: listed },
        mediation: policy.mediation().to_owned(),
        authenticator_attachment: policy.attachment().to_owned(),
    })
}

/// What the list says of a transport.
fn spoken(transport: &str) -> Option<&'static str> {
    let known = ["usb", "nfc", "internal"];
    match transport {
        "ble" => Some("bluetooth"),
        other => known.into_iter().find(|name| *name == other),
    }
}

fn represent(passkey: &Passkey) -> Authenticator {
    let credential = &passkey.credential;
    let transports = passkey.transports();
    Authenticator {
        credential_id: b64url(&passkey.id()),
        label: credential.label.clone().unwrap_or_default(),
        created_at: clock::iso(credential.created),
        transports: Transports {
            display_name_properties: transports.into_iter().filter_map(spoken).collect(),
        },
    }
}

/// A passkey that there is not, for a name that has none: the same each time.
fn nobodys(turn: &Turn) -> Result<Authenticator, Error> {
    let name = turn.session.note("username").unwrap_or_default().to_lowercase();
    let sealed = turn
        .realm
        .keys
        .internal()?
        .sign(format!("passkey of {name}").as_bytes());
    let sealed = sealed.map_err(|e| Error::Key(e.to_string()))?;
    Ok(Authenticator {
        credential_id: b64url(&sealed[..32.min(sealed.len())]),
        ..Authenticator::default()
    })
}

async fn page(context: &mut Context<'_>, kind: Kind) -> Result<Outcome, Error> {
    let page = asked(context, kind).await?;
    let user = context.user.clone();
    let turn = &mut *context.turn;
    let name = turn.session.note("username").map(str::to_owned);
    let mut draft = turn.draft(user.as_ref());
    if let Some(name) = name.filter(|_| page.is_user_identified) {
        draft.attempted(&name);
    }
    Ok(Outcome::Challenge(draft.answer(StatusCode::OK, &page)?))
}

fn error_page(context: &mut Context<'_>, fault: &Fault) -> Result<Outcome, Error> {
    let user = context.user.clone();
    let execution = context.execution.id.clone();
    let turn = &mut *context.turn;
    let name = turn.session.note("username").map(str::to_owned);
    let mut draft = turn.draft(user.as_ref());
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        draft.attempted(&name);
    }
    draft.message(Severity::Error, message(fault), &[json!("")]);
    Ok(Outcome::Challenge(
        draft.answer(StatusCode::OK, &WebauthnError { execution })?,
    ))
}
