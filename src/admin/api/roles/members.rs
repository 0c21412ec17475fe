//! Who has a role directly.

use serde_json::{Value, json};

use super::super::answer;
use super::super::auth::Right;
use super::super::error::Answer;
use super::super::query::Query;
use super::super::representation::{group as shown, user};
use super::RoleHolder;
use crate::store::role_member;

pub(super) async fn users(holder: RoleHolder, query: Query) -> Answer {
    holder.require_view()?;
    let (admin, role) = (&holder.admin, holder.role()?);
    admin.require(&[Right::ViewUsers, Right::ManageUsers, Right::QueryUsers])?;
    if !admin.has_any(&[Right::ViewUsers, Right::ManageUsers]) {
        return answer::json(&Vec::<Value>::new());
    }
    let page = query.page(100)?;
    let found = role_member::users(&admin.app.db, &admin.realm.id, &role.id, page.first, page.max).await?;
    let mut all = user::list(&admin.app, &found, query.flag("briefRepresentation") == Some(true)).await?;
    let access = json!({ "manage": admin.has(Right::ManageUsers) });
    for doc in &mut all {
        doc["access"] = access.clone();
    }
    answer::json(&all)
}

pub(super) async fn groups(holder: RoleHolder, query: Query) -> Answer {
    holder.require_view()?;
    let (admin, role) = (&holder.admin, holder.role()?);
    let page = query.page(100)?;
    let brief = query.flag("briefRepresentation").unwrap_or(true);
    let mut all = Vec::new();
    for g in role_member::groups(&admin.app.db, &admin.realm.id, &role.id, page.first, page.max).await? {
        all.push(if brief {
            shown::brief(&admin.app, &admin.realm, &g).await?
        } else {
            shown::full(&admin.app, &admin.realm, &g).await?
        });
    }
    answer::json(&all)
}
