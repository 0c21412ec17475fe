//! Organizations: who is invited into one, and how they come in.
//!
//! ```text
//! admin/api/organizations -> invite    the invitation and its mail: ONE transaction
//! authorize ?token=       -> door      a newcomer's link begins with registration
//! verification            -> standing  a user's link asks them first
//!                         -> accept    the membership; the invitation is used up
//! ```

pub mod claims;
pub mod door;
pub mod invite;
pub mod scope;

use crate::app::App;
use crate::error::Error;
use crate::store::event::Event;
use crate::store::json::{Doc, text};
use crate::store::organization::{self, Organization};
use crate::store::organization_invitation::{self, Invitation};
use crate::store::organization_member;
use crate::store::realm::Realm;
use crate::store::user::User;
use crate::store::{Db, Tx};

/// The claim of a link that names the invitation; `jti` changes with every page that a link leads through.
const INVITATION: &str = "inv";
/// The claim that names the organization, Keycloak's.
const ORGANIZATION: &str = "org_id";

/// An invitation that is good.
#[derive(Debug, Clone)]
pub struct Invited {
    pub organization: Organization,
    pub invitation: Invitation,
}

/// How it stands with the invitation of a link.
pub enum Standing {
    /// It is good.
    Open(Box<Invited>),
    /// It was used, taken back, replaced by another, or is over.
    Stale,
    /// The organization takes nobody at this time.
    Disabled,
    /// The user is a member of this organization.
    Member(Organization),
}

/// Looks at the invitation that the claims of a link name. `user`: for whom it is, if they are one.
///
/// # Errors
///
/// Those of the database.
pub async fn standing(app: &App, realm: &Realm, claims: &Doc, user: Option<&User>) -> Result<Standing, Error> {
    let named = |claim: &str| text(claims, claim).unwrap_or_default();
    if !realm.flag("organizationsEnabled") {
        return Ok(Standing::Stale);
    }
    let found = organization::by_id(&app.db, &realm.id, named(ORGANIZATION)).await?;
    let Some(organization) = found else {
        return Ok(Standing::Stale);
    };
    if !organization.enabled {
        return Ok(Standing::Disabled);
    }
    if let Some(user) = user
        && organization_member::managed(&app.db, &organization.id, &user.id)
            .await?
            .is_some()
    {
        return Ok(Standing::Member(organization));
    }
    let invited = by_id(&app.db, organization, named(INVITATION), app.now()).await?;
    let invited = invited.filter(|i| i.invitation.email == named("eml"));
    Ok(invited.map_or(Standing::Stale, |i| Standing::Open(Box::new(i))))
}

async fn by_id(db: &Db, organization: Organization, id: &str, now: i64) -> Result<Option<Invited>, Error> {
    let found = organization_invitation::by_id(db, &organization.id, id).await?;
    Ok(found.filter(|i| i.expires > now).map(|invitation| Invited {
        organization,
        invitation,
    }))
}

/// The invitation that a registration came with, as it stands now.
///
/// # Errors
///
/// Those of the database.
pub async fn again(app: &App, realm: &Realm, reference: &str) -> Result<Option<Invited>, Error> {
    let Some((organization_id, id)) = reference.split_once('/') else {
        return Ok(None);
    };
    let found = organization::by_id(&app.db, &realm.id, organization_id).await?;
    match found.filter(|o| o.enabled && realm.flag("organizationsEnabled")) {
        Some(organization) => by_id(&app.db, organization, id, app.now()).await,
        None => Ok(None),
    }
}

impl Invited {
    /// How a tab, or a registration that waits, refers to it.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.organization.id, self.invitation.id)
    }

    /// Where people go who have joined.
    pub fn redirect_url(&self) -> Option<&str> {
        text(&self.organization.doc, "redirectUrl")
    }

    /// An event with what tells of it.
    pub fn event(&self, base: Event) -> Event {
        base.detail("org_id", &*self.organization.id)
            .detail("email", &*self.invitation.email)
    }
}

/// Makes somebody a member, and uses the invitation up. `managed`: the account came to be for the organization, and goes
/// with it. `false`: somebody else was faster, or it was taken back.
///
/// # Errors
///
/// Those of the database.
pub async fn accept(tx: &mut Tx, reference: &str, user_id: &str, managed: bool) -> Result<bool, Error> {
    let Some((organization_id, id)) = reference.split_once('/') else {
        return Ok(false);
    };
    if !organization::lock(tx, organization_id).await?
        || !organization_invitation::remove(tx, organization_id, id).await?
    {
        return Ok(false);
    }
    organization_member::add(tx, organization_id, user_id, managed).await?;
    organization_member::suspend(tx, organization_id).await?;
    Ok(true)
}
