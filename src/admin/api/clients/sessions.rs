//! Who is signed in at a client.

use serde_json::json;

use super::super::answer;
use super::super::error::Answer;
use super::super::query::Query;
use super::super::representation::session as shown;
use super::Found;
use crate::store::session;

pub(super) async fn count(found: Found) -> Answer {
    counted(&found, false).await
}

pub(super) async fn count_offline(found: Found) -> Answer {
    counted(&found, true).await
}

async fn counted(found: &Found, offline: bool) -> Answer {
    let count = session::count_of_client(&found.admin.app.db, &found.client.id, offline).await?;
    answer::json(&json!({ "count": count }))
}

pub(super) async fn list(found: Found, query: Query) -> Answer {
    listed(&found, &query, false).await
}

pub(super) async fn list_offline(found: Found, query: Query) -> Answer {
    listed(&found, &query, true).await
}

async fn listed(found: &Found, query: &Query, offline: bool) -> Answer {
    let (admin, page) = (&found.admin, query.page(100)?);
    let sessions = session::of_client(&admin.app.db, &found.client.id, offline, page.first, page.max).await?;
    answer::json(&shown::list(&admin.app, &admin.realm, &sessions, Some(&found.client.id)).await?)
}
