//! The end of a way that began with a link and that no application waits for: a page that says what was done. Nobody is
//! signed in by it, because the one who set the account up need not be the one who opened the mail.

use super::web::Link;
use crate::error::Error;
use crate::login::{Turn, session};
use crate::page::Caching;
use crate::page::Response;
use crate::theme::pages::Info;

/// The note that says that there is such an end, and what it says.
pub const NOTE: &str = "ends_here";

/// What the last page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The address is proved; with a new password, the account is updated.
    AddressVerified,
    /// The account is updated.
    AccountUpdated,
    /// So it is, because an administrator asked for it: nobody waits, unless the link says where it leads.
    Asked,
}

/// Plans such an end for a tab.
pub fn plan(turn: &mut Turn, ending: Ending) {
    let text = match ending {
        Ending::AddressVerified => "verified",
        Ending::AccountUpdated => "updated",
        Ending::Asked => "asked",
    };
    turn.session.set_note(NOTE, text);
}

/// The last page, where one is planned: `login::finish` asks first.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn page(turn: &mut Turn) -> Result<Option<Response>, Error> {
    let Some(planned) = turn.session.note(NOTE).map(str::to_owned) else {
        return Ok(None);
    };
    let mut tx = turn.app.db.begin().await?;
    session::drop(&mut tx, &turn.session, turn.app.now()).await?;
    tx.commit().await?;
    let only_verified = planned == "verified" && turn.session.note("updated").is_none();
    let (header, message) = if only_verified {
        ("emailVerifiedMessageHeader", "emailVerifiedMessage")
    } else {
        ("accountUpdatedTitle", "accountUpdatedMessage")
    };
    let page_redirect_uri = turn.session.request.redirect_uri.clone();
    let mut draft = turn.notice();
    draft.caching = Caching::NoStore;
    let header = draft.text(header, &[]);
    let page = Info {
        message_header: Some(header),
        skip_link: planned == "asked" && page_redirect_uri.is_empty(),
        page_redirect_uri,
        ..Info::default()
    };
    draft.info(message, &[], &page).map(Some)
}

/// The page of a link whose address is proved already.
pub(super) fn already_verified(link: &Link) -> Result<Response, Error> {
    let draft = link.draft();
    let header = draft.text("emailVerifiedAlreadyMessageHeader", &[]);
    let page = Info {
        message_header: Some(header),
        ..Info::default()
    };
    draft.info("emailVerifiedAlreadyMessage", &[], &page)
}

/// Ends the tab that had asked for the mail: it does not go on by what was proved in another browser.
pub(super) async fn drop_original(link: &Link) -> Result<(), Error> {
    let mut ids = link.text("oasid").split('.');
    let (Some(root_id), Some(tab_id)) = (ids.next(), ids.next()) else {
        return Ok(());
    };
    if let Some(tab) = session::by_id(&link.app, &link.realm, root_id, tab_id).await? {
        let mut tx = link.app.db.begin().await?;
        session::drop(&mut tx, &tab, link.app.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}
