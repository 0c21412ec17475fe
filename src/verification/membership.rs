//! The link by which a user joins an organization: they are asked first.

use serde_json::json;

use super::end::Ending;
use super::opened::{Ask, Opened, confirm};
use super::web::{Fault, Link, same_browser};
use crate::error::Error;
use crate::events;
use crate::login::session;
use crate::organization::{self, Invited, Standing};
use crate::page::{self, Response, StatusCode};
use crate::store::event::Event;
use crate::store::organization::Organization;
use crate::store::user::User;
use crate::theme::pages::Info;

/// Opens the link of somebody who is a user.
pub(super) async fn open(link: Link, user: User) -> Result<Response, Error> {
    let invited = match organization::standing(&link.app, &link.realm, &link.claims, Some(&user)).await? {
        Standing::Open(invited) => *invited,
        Standing::Stale => return link.refuse(&Fault("staleInviteOrgLink", "invalid_token")).await,
        Standing::Disabled => return link.refuse(&Fault("orgDisabledMessage", "org_disabled")).await,
        Standing::Member(of) => return already(&link, &user, &of).await,
    };
    match same_browser(link.own_tab().await?, &link) {
        Opened::Confirmed(turn) => join(&link, *turn, &user, &invited).await,
        Opened::Here(_) | Opened::Elsewhere => {
            let name = invited.organization.name.clone();
            confirm(link, Ending::AccountUpdated, Ask::Organization(name)).await
        }
    }
}

fn event(link: &Link, user: &User, kind: &str) -> Event {
    let mut event = Event::new(kind);
    event.client_id = Some(link.client.client_id.clone());
    event.ip_address = Some(link.visitor.caller.ip.to_string());
    event.user_id = Some(user.id.clone());
    event
        .detail("action", link.text("typ"))
        .detail("username", &*user.username)
        .detail("org_id", link.text("org_id"))
}

async fn already(link: &Link, user: &User, of: &Organization) -> Result<Response, Error> {
    let mut told = event(link, user, "INVITE_ORG_ERROR");
    told.error = Some("user_org_member_already".to_owned());
    events::record_alone(&link.app, &link.realm, &told).await;
    link.draft()
        .error(StatusCode::BAD_REQUEST, "orgMemberAlready", &[json!(of.name)])
}

/// Makes the user a member, and leads them to where the organization wants them. Nobody is signed in by it.
async fn join(link: &Link, turn: crate::login::Turn, user: &User, invited: &Invited) -> Result<Response, Error> {
    let now = link.app.now();
    let mut tx = link.app.db.begin().await?;
    if !organization::accept(&mut tx, &invited.reference(), &user.id, false).await? {
        drop(tx);
        return link.refuse(&Fault("staleInviteOrgLink", "invalid_token")).await;
    }
    session::drop(&mut tx, &turn.session, now).await?;
    let told = invited.event(event(link, user, "INVITE_ORG"));
    events::record(&mut tx, &link.realm, &told, now).await?;
    tx.commit().await?;
    if let Some(address) = invited.redirect_url() {
        return Ok(page::redirect(&link.realm, address, &[]));
    }
    let draft = link.draft();
    let page = Info {
        message_header: Some(draft.text("accountUpdatedTitle", &[])),
        ..Info::default()
    };
    draft.info("accountUpdatedMessage", &[], &page)
}
