//! The link of a user who changes the address: the new one counts from now on, and is proved.

use serde_json::{Value, json};

use super::end;
use super::opened::{Ask, Opened, confirm};
use super::web::{Fault, Link, same_browser};
use crate::error::Error;
use crate::events;
use crate::oidc::logout::backchannel;
use crate::page::Response;
use crate::required_actions::update_email::{ALIAS, PENDING};
use crate::store::event::Event;
use crate::store::user::{self, Kept, User};
use crate::theme::pages::Info;

/// Opens the link. Only the browser that asked, or one whose owner confirms, changes anything: mail scanners open links, too,
/// and theirs is not the will of who owns the address.
pub(super) async fn opened(link: Link, user: User) -> Result<Response, Error> {
    let (before, address) = (link.text("oldEmail").to_owned(), link.text("newEmail").to_owned());
    if address.is_empty() || user.email.as_deref().unwrap_or_default() != before {
        return link.refuse(&Fault("staleEmailVerificationLink", "invalid_email")).await;
    }
    if let Opened::Elsewhere = same_browser(link.own_tab().await?, &link) {
        return confirm(link, end::Ending::AddressVerified, Ask::Address).await;
    }
    let now = link.app.now();
    let mut is_same = false;
    let mut tx = link.app.db.begin().await?;
    let changed = user::change_own(&mut tx, &link.realm, &user.id, |user| {
        is_same = user.email.as_deref().unwrap_or_default() == before;
        if link.realm.flag("registrationEmailAsUsername") {
            user.username.clone_from(&address);
        }
        user.email = Some(address.clone());
        user.email_verified = true;
        user.attributes.remove(PENDING);
        user.required_actions.retain(|a| a != ALIAS && a != "VERIFY_EMAIL");
    });
    let fault = match changed.await? {
        Ok(_) if is_same => None,
        Ok(_) => Some(Fault("staleEmailVerificationLink", "invalid_email")),
        Err(Kept::Gone) => Some(Fault("accountDisabledMessage", "user_disabled")),
        Err(_) => Some(Fault("emailExistsMessage", "email_in_use")),
    };
    if let Some(fault) = fault {
        drop(tx);
        return link.refuse(&fault).await;
    }
    if link.claims.get("logoutSessions") == Some(&Value::Bool(true)) {
        backchannel::queue_of_user(&mut tx, &link.app, &link.visitor.caller, &link.realm, &user.id).await?;
        crate::store::session::remove_of_user(&mut tx, &link.realm.id, &user.id).await?;
    }
    let mut event = Event::new("UPDATE_EMAIL")
        .detail("auth_method", "openid-connect")
        .detail("updated_email", &*address)
        .detail("token_id", link.text("jti"))
        .detail("previous_email", before)
        .detail("action", link.text("typ"));
    event.user_id = Some(user.id.clone());
    event.client_id = Some(link.client.client_id.clone());
    event.ip_address = Some(link.visitor.caller.ip.to_string());
    events::record(&mut tx, &link.realm, &event, now).await?;
    tx.commit().await?;
    let draft = link.draft();
    let page = Info {
        message_header: Some(draft.text("emailUpdatedTitle", &[])),
        page_redirect_uri: link.text("reduri").to_owned(),
        ..Info::default()
    };
    draft.info("emailUpdated", &[json!(address)], &page)
}
