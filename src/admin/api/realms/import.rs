//! `partialImport`: some things are added to a realm. What programs send that make a whole realm goes the same way.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::post;
use serde_json::Value;

use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::clients;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::grants;
use crate::admin::api::identity_providers;
use crate::admin::api::json::Body;
use crate::admin::api::query::Query;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::realm_export::{self, Extent};
use crate::realm_import::partial::{self, Action, IfExists};
use crate::realm_import::{Refused, texts};
use crate::store::json::Doc;
use crate::store::{Tx, client, group};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/partialImport", post(add))
        .route("/realms/{realm}/partial-export", post(export).get(nothing_here))
}

/// A refusal as the Admin API says it.
pub(super) fn refusal(refused: Refused) -> ApiError {
    match refused {
        Refused::Bad(text) => ApiError::bad(&text),
        Refused::Policy(refused) => (*refused).into(),
        Refused::Conflict(text) => ApiError::conflict(&text),
        Refused::Missing(text) => ApiError::message(StatusCode::PRECONDITION_FAILED, &text),
        Refused::Failed(e) => ApiError::Failed(e),
    }
}

/// The ids of groups that a member names by path, if it is there.
pub(super) async fn groups_at(
    tx: &mut Tx,
    realm_id: &str,
    given: &Doc,
    member: &str,
) -> Result<Option<Vec<String>>, ApiError> {
    if !given.contains_key(member) {
        return Ok(None);
    }
    let mut ids = Vec::new();
    for path in texts(given, member) {
        let found = group::by_path(&mut *tx, realm_id, path).await?;
        ids.push(
            found
                .ok_or_else(|| ApiError::bad(&format!("Group {path} not found")))?
                .id,
        );
    }
    Ok(Some(ids))
}

/// Members of the document; others are passed over, as Keycloak does.
const MEMBERS: &[&str] = &[
    "ifResourceExists",
    "users",
    "clients",
    "groups",
    "identityProviders",
    "identityProviderMappers",
    "roles",
];

/// `POST partialImport`: all or nothing.
async fn add(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let mut given = body.any()?;
    given.retain(|name, _| MEMBERS.contains(&name.as_str()));
    let known = Body::from(axum::body::Bytes::from(serde_json::to_vec(&given)?));
    let mut given = known.object("PartialImportRepresentation")?;
    let policy = match given.shift_remove("ifResourceExists").as_ref().and_then(Value::as_str) {
        Some("SKIP") => IfExists::Skip,
        Some("OVERWRITE") => IfExists::Overwrite,
        _ => IfExists::Fail,
    };
    identity_providers::check_all(Some(&admin.realm), &given)?;
    let users = partial::users(&admin.app, Some(&admin.realm), &mut given).await;
    let users = users.map_err(refusal)?;
    let judge = clients::judge(&admin).await?;
    let by = (&judge, admin.caller.base.as_str());
    let mut tx = admin.app.db.begin().await?;
    let done = partial::add(&mut tx, &admin.app, &admin.realm, &given, users, policy, by).await;
    let done = done.map_err(refusal)?;
    let roles: Vec<&str> = done.given_roles.iter().map(String::as_str).collect();
    grants::require_in(&mut tx, &admin, &roles).await?;
    for made in done
        .outcomes
        .iter()
        .filter(|o| o.kind == "CLIENT" && o.action != Action::Skipped)
    {
        let made = client::read(&mut tx, &admin.realm.id, &made.id).await?;
        let mappers = made.map(|client| client.mappers()).transpose()?;
        grants::require_mappers(&mut tx, &admin, &[], &mappers.unwrap_or_default()).await?;
    }
    for outcome in &done.outcomes {
        let operation = match outcome.action {
            Action::Added => Operation::Create,
            Action::Overwritten => Operation::Update,
            Action::Skipped => continue,
        };
        let sent = Value::Object(outcome.sent.clone());
        record(&mut tx, &admin, operation, "REALM", &outcome.path(), Some(&sent)).await?;
    }
    tx.commit().await?;
    answer::json_plain(&partial::answer(&done.outcomes))
}

/// `POST partial-export`: secrets are masked.
async fn export(admin: Admin, query: Query) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let (clients, groups_and_roles) = (
        query.flag("exportClients") == Some(true),
        query.flag("exportGroupsAndRoles") == Some(true),
    );
    if clients {
        admin.require(&[Right::ViewClients, Right::ManageClients])?;
    }
    if groups_and_roles {
        admin.require(&[Right::ViewUsers, Right::ManageUsers])?;
    }
    let extent = Extent::Part {
        clients,
        groups_and_roles,
    };
    let document = realm_export::document(&admin.app, &admin.realm, extent).await?;
    let text = serde_json::to_string(&document)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

async fn nothing_here(admin: Admin) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    Err(ApiError::no_such_path())
}
