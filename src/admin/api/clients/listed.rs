//! Clients by how they came to be and when they were used (contract 5), each with its `registration`.

use std::collections::HashMap;

use super::super::answer;
use super::super::auth::Admin;
use super::super::error::{Answer, ApiError};
use super::super::query::Query;
use super::{LIST, VIEW, describe, registration};
use crate::error::Error;
use crate::store::client::Client;
use crate::store::client_life::{self, Filter};
use crate::store::client_list;
use crate::store::client_registration::Registration;
use crate::store::json::Doc;

/// The parameters that ask for such a list; `search` goes with them.
const ASKING: &[&str] = &["registered", "stale", "source", "owner", "tokenId", "ipAddress", "id"];

/// Whether the list of clients is one of these.
pub(super) fn is_asked(query: &Query) -> bool {
    ASKING
        .iter()
        .any(|name| query.text(name).is_some_and(|value| !value.is_empty()))
}

fn filter<'a>(admin: &Admin, query: &'a Query) -> Result<Filter<'a>, ApiError> {
    let text = |name: &str| query.text(name).filter(|value| !value.is_empty());
    let quiet = query
        .number("stale")?
        .map(|seconds| admin.app.now() - seconds.max(0) * 1000);
    Ok(Filter {
        search: text("search"),
        source: text("source"),
        token_id: text("tokenId"),
        owner: text("owner"),
        ip_address: text("ipAddress"),
        quiet_since: quiet,
        registered: query.flag("registered") == Some(true),
        ids: query.texts("id").into_iter().map(str::to_owned).collect(),
        ..Filter::default()
    })
}

/// `GET clients?registered=true`, `?stale=SECONDS`, ...: the newest first, or those first that were quiet for longest.
pub(super) async fn list(admin: &Admin, query: &Query) -> Answer {
    let page = query.page(i64::MAX)?;
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    let found = client_life::list(db, realm_id, &filter(admin, query)?, page.first, page.max).await?;
    answer::json(&with_clients(admin, &found).await?)
}

/// `GET clients/count`: how many the same list has, counted no further than `max`.
pub(super) async fn count(admin: Admin, query: Query) -> Answer {
    admin.require(LIST)?;
    if !admin.has_any(VIEW) {
        return answer::json(&0);
    }
    let most = query.page(i64::MAX)?.max;
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    answer::json(&client_life::count_to(db, realm_id, &filter(&admin, &query)?, most).await?)
}

/// The clients of registrations, in their order.
///
/// # Errors
///
/// Those of the database.
pub async fn with_clients(admin: &Admin, all: &[Registration]) -> Result<Vec<Doc>, Error> {
    let ids: Vec<String> = all.iter().map(|known| known.client_uuid.clone()).collect();
    let found = client_list::of_ids(&admin.app.db, &admin.realm.id, &ids).await?;
    let found: HashMap<&str, &Client> = found.iter().map(|client| (client.id.as_str(), client)).collect();
    let mut shown = Vec::new();
    for known in all {
        if let Some(client) = found.get(known.client_uuid.as_str()) {
            let mut doc = describe(admin, client)?;
            doc.insert(
                "registration".into(),
                registration::shown(&admin.realm, known, admin.app.now()).into(),
            );
            shown.push(doc);
        }
    }
    Ok(shown)
}
