//! Nobody hands out more than they have: roles that administer can be given only by those who hold them.

use super::auth::{Admin, Right};
use super::error::ApiError;
use crate::privilege::{self, Says};
use crate::store::db::Query;
use crate::store::realm::ProtocolMapper;
use crate::store::role::{self, Role, Roles};
use crate::store::{Tx, role_member};

/// Goes on if the caller may give these roles of the administered realm to somebody, or put them into others.
///
/// # Errors
///
/// 403; those of the database.
pub async fn require(admin: &Admin, role_ids: &[&str]) -> Result<(), ApiError> {
    check(&admin.app.db, admin, &admin.realm.roles, role_ids).await
}

/// As [`require`], for roles as they are in an open transaction, which may have made them.
///
/// # Errors
///
/// 403; those of the database.
pub async fn require_in(tx: &mut Tx, admin: &Admin, role_ids: &[&str]) -> Result<(), ApiError> {
    if role_ids.is_empty() {
        return Ok(());
    }
    let roles = role::within(&mut *tx, &admin.realm.id, role_ids).await?;
    check(tx, admin, &roles, role_ids).await
}

/// Goes on if the caller may give the roles that come with these groups and the groups above them.
///
/// # Errors
///
/// 403; those of the database.
pub async fn require_groups(tx: &mut Tx, admin: &Admin, group_ids: &[&str]) -> Result<(), ApiError> {
    let mut ids = Vec::new();
    for group_id in group_ids {
        ids.extend(role_member::through_group(&mut *tx, group_id).await?);
    }
    require_in(tx, admin, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// Goes on if the caller may give a role of the realm itself another name: what one may do goes by names.
///
/// # Errors
///
/// 403.
pub fn require_rename(admin: &Admin, known: &Role, name: &str) -> Result<(), ApiError> {
    let administers = |name: &str| privilege::is_of_installation(&admin.realm.name, name);
    let concerned = known.client_uuid.is_empty() && known.name != name;
    if concerned && (administers(&known.name) || administers(name)) && !admin.who.holds(&known.id) {
        return Err(ApiError::forbidden());
    }
    Ok(())
}

/// Goes on if the caller may let a client or client scope have these protocol mappers, of which `before` are there already: who
/// manages clients must not make tokens say that somebody has a role that administers.
///
/// # Errors
///
/// 403; those of the database.
pub async fn require_mappers(
    tx: &mut Tx,
    admin: &Admin,
    before: &[ProtocolMapper],
    after: &[ProtocolMapper],
) -> Result<(), ApiError> {
    for mapper in after.iter().filter(|mapper| !before.contains(mapper)) {
        let allowed = match privilege::said_by(mapper) {
            None => true,
            Some(_) if is_full(admin) => true,
            Some(Says::Anything) => false,
            Some(Says::Role(role)) => may_say(tx, admin, role).await?,
        };
        if !allowed {
            return Err(ApiError::forbidden());
        }
    }
    Ok(())
}

/// Whether the caller administers the realm whole.
fn is_full(admin: &Admin) -> bool {
    // What is not part of `realm-admin`.
    let extra = |right: &Right| *right == Right::CreateUsers;
    Right::ALL.iter().all(|right| extra(right) || admin.has(*right))
}

async fn may_say(tx: &mut Tx, admin: &Admin, role: &str) -> Result<bool, ApiError> {
    if let Some((_, name)) = privilege::held_by(&admin.realm.name, role) {
        let right = Right::ALL.into_iter().find(|right| right.role() == name);
        return Ok(admin.realm.name != "master" && right.is_some_and(|right| admin.has(right)));
    }
    match admin.realm.roles.by_name("", role) {
        Some(found) => Ok(check(tx, admin, &admin.realm.roles, &[&found.id]).await.is_ok()),
        None => Ok(!privilege::is_of_installation(&admin.realm.name, role)),
    }
}

async fn check(q: impl Query, admin: &Admin, roles: &Roles, ids: &[&str]) -> Result<(), ApiError> {
    // What is not known cannot be judged.
    if ids.iter().any(|id| roles.by_id(id).is_none()) {
        return Err(ApiError::forbidden());
    }
    for role in privilege::among(q, &admin.realm, roles, ids).await? {
        let allowed = if admin.realm.name == "master" {
            admin.who.holds(&role.id)
        } else {
            let right = Right::ALL.into_iter().find(|r| r.role() == role.name);
            right.is_none_or(|right| admin.has(right))
        };
        if !allowed {
            return Err(ApiError::forbidden());
        }
    }
    Ok(())
}
