//! `reset-credential-email`: a mail with a link for whoever has the account, and the same answer for everybody.

use vestibule_jose::digest::b64url;

use crate::error::Error;
use crate::events;
use crate::login::flow::{self, Context, Outcome};
use crate::login::session::{self, FlowKind};
use crate::login::{Turn, record};
use crate::mail::{self, Sending};
use crate::recovery::PROVED;
use crate::registration::waiting;
use crate::store::event::Event;
use crate::store::user::User;
use crate::theme::pages::Severity;
use crate::verification::{self, TabRef};

/// The note that the mail was sent: looking at the page again sends no other.
const MAILED: &str = "recovery_mailed";

/// Succeeds once the link was opened; before, sends it.
///
/// # Errors
///
/// Those of the database, of mails and of pages.
pub async fn run(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let proved = context.turn.session.note(PROVED).map(str::to_owned);
    if let Some(user) = context.user.as_ref()
        && proved.as_deref() == Some(&user.id)
    {
        return Ok(Outcome::Success);
    }
    let (user, execution) = (context.user.take(), context.execution.id.clone());
    // This tab waits for the link and names nobody until it comes.
    let turn = &mut *context.turn;
    turn.session.user_id = None;
    if turn.session.note(MAILED).is_none() {
        send(turn, user.as_ref(), &execution).await?;
        turn.session.set_note(MAILED, "true");
    }
    session::save(&turn.app, &mut turn.session).await?;
    let answer = Box::pin(flow::run(sign_in_page(turn), None)).await?;
    Ok(Outcome::Challenge(answer))
}

/// The sign-in page that follows is a tab of its own, so that the first one can still be found by the link.
fn sign_in_page(turn: &mut Turn) -> Turn {
    let mut next = turn.clone();
    next.session.tab_id = b64url(&crate::random::bytes::<8>());
    next.session.begin_again(FlowKind::Browser);
    next.session.forward(Severity::Success, "emailSentMessage");
    turn.session.set_cookies.clear();
    next
}

/// The mail, or for nobody the same work without one. A registration that still waits gets its own mail again.
async fn send(turn: &Turn, user: Option<&User>, execution: &str) -> Result<(), Error> {
    let (app, realm, caller) = (&turn.app, &turn.realm, &turn.visitor.caller);
    let typed = turn.session.note("username").unwrap_or_default();
    let (receiver, refused) = match user {
        None => (None, Some("user_not_found")),
        Some(user) if !user.enabled => (None, Some("user_disabled")),
        Some(user) if user.email.is_none() => (None, Some("invalid_email")),
        Some(user) => (Some(user), None),
    };
    let nobody = User {
        id: crate::random::uuid(),
        email: Some("nobody@example.invalid".into()),
        ..User::default()
    };
    let tab = TabRef::of(caller, &turn.client, &turn.session);
    let written = receiver.unwrap_or(&nobody);
    let mail = verification::reset_mail(app, caller, realm, written, &tab, execution).await?;
    let mut event = match refused {
        None => record::event(turn, "SEND_RESET_PASSWORD").detail("email", written.email.clone().unwrap_or_default()),
        Some(code) => record::refusal(turn, "RESET_PASSWORD", code),
    };
    event.user_id = user.map(|u| u.id.clone());
    let sending = if receiver.is_some() {
        Sending::Wanted
    } else {
        Sending::Feigned
    };
    let mut tx = app.db.begin().await?;
    mail::queue(&mut tx, app, realm, &mail, caller.ip, sending).await?;
    events::record(&mut tx, realm, &event, app.now()).await?;
    tx.commit().await?;
    remind(turn, typed);
    Ok(())
}

/// A registration that waits under that name gets its mail again; nobody waits for it here, so nobody can tell.
fn remind(turn: &Turn, typed: &str) {
    let (turn, typed) = (turn.clone(), typed.to_owned());
    tokio::spawn(async move {
        let reminded = waiting::remind(&turn.app, &turn.visitor.caller, &turn.realm, &typed).await;
        if let Err(e) = reminded {
            tracing::warn!("a registration could not be reminded: {e}");
        }
    });
}

/// The event of a recovery that succeeded.
pub fn recovered(turn: &Turn) -> Event {
    record::event(turn, "RESET_PASSWORD")
}
