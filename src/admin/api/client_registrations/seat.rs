//! Who sits before what waits: an administrator, or somebody who decides at a stage and has no role beside.

use super::super::auth::{Admin, Right};
use super::super::clients::VIEW;
use super::super::error::ApiError;
use crate::approval::{Person, Settings};
use crate::client_registration::approval::{KIND, PREFIX};
use crate::store::approval as rows;

/// Programs of this server's own, which speak for the whole person.
const OWN: [&str; 2] = ["security-admin-console", "admin-cli"];

/// Somebody who may look at registrations.
pub(super) struct Seat {
    pub admin: Admin,
    pub person: Person,
    /// Else only what waits for them.
    pub sees_all: bool,
}

impl Seat {
    /// Finds out who it is.
    ///
    /// # Errors
    ///
    /// 403 for whoever neither sees clients nor decides at any stage.
    pub(super) async fn take(admin: Admin) -> Result<Self, ApiError> {
        let (app, realm, who) = (&admin.app, &admin.realm, &admin.who);
        let manages = admin.has(Right::ManageClients);
        let mut person = Person::of(app, realm, &who.home, &who.user, admin.caller.ip, manages).await?;
        person.client_uuid = Some(who.client.id.clone());
        if !who.client.flag("fullScopeAllowed") && !OWN.contains(&who.client.client_id.as_str()) {
            person = person.through(|role| who.holds(role));
        }
        let sees_all = admin.has_any(VIEW);
        if !sees_all {
            let mut stages = Settings::of(realm, PREFIX).stages;
            stages.extend(rows::waiting(&app.db, &realm.id, KIND).await?);
            if person.fitting(app, realm, stages).await?.is_empty() {
                return Err(ApiError::forbidden());
            }
        }
        Ok(Self {
            admin,
            person,
            sees_all,
        })
    }
}
