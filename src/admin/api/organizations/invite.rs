//! People are invited, by mail.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};

use super::super::answer;
use super::super::error::{Answer, ApiError};
use super::super::query::Query;
use super::super::record::{Operation, record};
use super::super::upload::Upload;
use super::found::{CHANGE, Found};
use super::invitations::{KIND, named, told};
use crate::mail::{self, Sending, Settings};
use crate::organization::invite::{self, Invitee};
use crate::profile::address;
use crate::store::organization_invitation::{self, Invitation};
use crate::store::organization_member;
use crate::store::user::{self, User, normal};
use crate::store::{Tx, client};

/// What a form sends; what is no form has nothing in it.
struct Sent(Vec<(String, String)>);

impl Sent {
    /// Reads a form in either of the ways in which programs send one: Keycloak's own JavaScript client sends parts.
    async fn read(request: Request) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            return Ok(Self(Upload::read(request).await?.texts));
        }
        let is_form = kind.starts_with("application/x-www-form-urlencoded");
        let body = Bytes::from_request(request, &()).await;
        let body = body.map_err(|_| ApiError::bad("Could not read the form"))?;
        let pairs = url::form_urlencoded::parse(if is_form { &body } else { b"" });
        Ok(Self(pairs.into_owned().collect()))
    }

    fn text(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.trim().to_owned()).filter(|v| !v.is_empty())
    }
}

fn of_user(user: User) -> Invitee {
    Invitee {
        email: user.email.clone().unwrap_or_default(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        user: Some(user),
    }
}

/// The application through which newcomers register: the one that was asked for, if it is there, or the account pages.
async fn through(found: &Found, query: &Query) -> Result<String, ApiError> {
    let admin = &found.admin;
    if let Some(wanted) = query.text("client_id") {
        let known = client::by_client_id(&admin.app.db, &admin.realm.id, wanted).await?;
        if known.is_some_and(|c| c.enabled()) {
            return Ok(wanted.to_owned());
        }
    }
    Ok("account".to_owned())
}

/// Keeps an invitation and queues its mail. `taken`: what to say where its address has one already.
async fn send(
    mut tx: Tx,
    found: &Found,
    (invitation, mail): &(Invitation, mail::Envelope),
    below: &str,
    taken: ApiError,
) -> Answer {
    let admin = &found.admin;
    let pending = organization_invitation::by_email(&mut tx, &found.organization.id, &invitation.email).await?;
    if let Some(old) = pending.filter(|old| old.expires <= admin.app.now()) {
        organization_invitation::remove(&mut tx, &found.organization.id, &old.id).await?;
    }
    if !organization_invitation::add(&mut tx, invitation).await? {
        return Err(taken);
    }
    mail::queue(
        &mut tx,
        &admin.app,
        &admin.realm,
        mail,
        admin.caller.ip,
        Sending::Wanted,
    )
    .await?;
    let path = found.path(below);
    record(&mut tx, admin, Operation::Action, KIND, &path, Some(&told(invitation))).await?;
    tx.commit().await?;
    answer::nothing()
}

/// Goes on where mail can be sent at all: in development the inbox is a way.
fn require_mail(found: &Found) -> Result<(), ApiError> {
    let admin = &found.admin;
    if admin.app.config.dev || Settings::of(&admin.realm).is_some() {
        return Ok(());
    }
    let text = "Failed to send invite email";
    Err(ApiError::message(StatusCode::INTERNAL_SERVER_ERROR, text))
}

fn require_enabled(found: &Found) -> Result<(), ApiError> {
    if found.organization.enabled {
        Ok(())
    } else {
        Err(ApiError::bad("Organization is disabled"))
    }
}

/// Invites an address. Whoever has an account under it is asked to join; others are asked to register.
pub(super) async fn newcomer(found: Found, query: Query, request: Request) -> Answer {
    found.require(CHANGE)?;
    let sent = Sent::read(request).await?;
    let email = sent
        .text("email")
        .ok_or_else(|| ApiError::bad("Email is required to invite a member"))?;
    if !address::is_valid(&email, None) {
        return Err(ApiError::bad("Invalid email format"));
    }
    require_enabled(&found)?;
    let admin = &found.admin;
    let email = normal(&email);
    let pending = organization_invitation::by_email(&admin.app.db, &found.organization.id, &email).await?;
    if pending.is_some_and(|p| p.expires > admin.app.now()) {
        return Err(ApiError::conflict("User already has a pending invitation"));
    }
    let known = user::by_email(&admin.app.db, &admin.realm.id, &email).await?;
    if let Some(user) = &known
        && organization_member::managed(&admin.app.db, &found.organization.id, &user.id)
            .await?
            .is_some()
    {
        return Err(ApiError::conflict("User already a member of the organization"));
    }
    let invitee = known.map_or_else(
        || Invitee {
            email,
            first_name: sent.text("firstName"),
            last_name: sent.text("lastName"),
            user: None,
        },
        of_user,
    );
    require_mail(&found)?;
    let client_id = through(&found, &query).await?;
    let (app, caller, realm) = (&admin.app, &admin.caller, &admin.realm);
    let made = invite::write(app, caller, realm, &found.organization, &invitee, &client_id)?;
    let taken = ApiError::conflict("User already has a pending invitation");
    send(found.begin().await?, &found, &made, "/members/invite-user", taken).await
}

/// Invites a user.
pub(super) async fn user(found: Found, request: Request) -> Answer {
    found.require(CHANGE)?;
    let id = Sent::read(request).await?.text("id").ok_or_else(|| {
        let text = "To invite a member you need to provide the user id";
        ApiError::error(StatusCode::BAD_REQUEST, text)
    })?;
    let admin = &found.admin;
    let user = user::by_id(&admin.app.db, &admin.realm.id, &id).await?;
    let user = user.ok_or_else(|| ApiError::bad("User does not exist"))?;
    if user.email.is_none() {
        return Err(ApiError::bad("User does not have an email address"));
    }
    require_enabled(&found)?;
    require_mail(&found)?;
    let (app, caller, realm) = (&admin.app, &admin.caller, &admin.realm);
    let made = invite::write(app, caller, realm, &found.organization, &of_user(user), "account")?;
    let below = "/members/invite-existing-user";
    send(found.begin().await?, &found, &made, below, ApiError::duplicate()).await
}

/// Sends an invitation again, as a new one: the old link is void.
pub(super) async fn again(found: Found) -> Answer {
    let old = named(&found).await?;
    require_enabled(&found)?;
    require_mail(&found)?;
    let admin = &found.admin;
    let known = user::by_email(&admin.app.db, &admin.realm.id, &old.email).await?;
    let invitee = known.map_or_else(
        || Invitee {
            email: old.email.clone(),
            first_name: old.first_name.clone(),
            last_name: old.last_name.clone(),
            user: None,
        },
        of_user,
    );
    let (app, caller, realm) = (&admin.app, &admin.caller, &admin.realm);
    let made = invite::write(app, caller, realm, &found.organization, &invitee, "account")?;
    let mut tx = found.begin().await?;
    organization_invitation::remove(&mut tx, &found.organization.id, &old.id).await?;
    let below = format!("/invitations/{}/resend", old.id);
    send(tx, &found, &made, &below, ApiError::duplicate()).await
}
