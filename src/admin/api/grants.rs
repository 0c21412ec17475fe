//! Nobody hands out more than they have: roles that administer can be given only by those who hold them.

use super::auth::{Admin, Right};
use super::error::ApiError;
use crate::store::client;

/// Goes on if the caller may give these roles of the administered realm to somebody, or put them into others.
///
/// # Errors
///
/// 403; those of the database.
pub async fn require(admin: &Admin, role_ids: &[&str]) -> Result<(), ApiError> {
    for id in admin.realm.roles.expand(role_ids.iter().copied()) {
        let Some(role) = admin.realm.roles.by_id(&id) else {
            continue;
        };
        let allowed = if role.client_uuid.is_empty() {
            let of_master = admin.realm.name == "master" && matches!(role.name.as_str(), "admin" | "create-realm");
            !of_master || admin.who.holds(&id)
        } else {
            match client::by_id(&admin.app.db, &admin.realm.id, &role.client_uuid).await? {
                Some(c) if admin.realm.name == "master" => !c.client_id.ends_with("-realm") || admin.who.holds(&id),
                Some(c) if c.client_id == "realm-management" => {
                    let right = Right::ALL.into_iter().find(|r| r.role() == role.name);
                    right.is_none_or(|right| admin.has(right))
                }
                _ => true,
            }
        };
        if !allowed {
            return Err(ApiError::forbidden());
        }
    }
    Ok(())
}
