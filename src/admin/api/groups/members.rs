//! Who is in a group.

use super::super::answer;
use super::super::error::Answer;
use super::super::query::Query;
use super::super::representation::user;
use super::Found;
use crate::store::group;

pub(super) async fn list(found: Found, query: Query) -> Answer {
    let (admin, page) = (&found.admin, query.page(100)?);
    let users = group::members(&admin.app.db, &admin.realm.id, &found.group.id, page.first, page.max).await?;
    let brief = query.flag("briefRepresentation") == Some(true);
    answer::json(&user::list(&admin.app, &users, brief).await?)
}
