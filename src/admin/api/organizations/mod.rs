//! Organizations: what they are, who is in them, their groups and identity providers.

mod check;
mod domains;
mod found;
mod group_found;
mod group_members;
mod group_roles;
mod groups;
mod identity_providers;
mod invitations;
mod invite;
mod members;
pub(crate) mod representation;
mod write;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post, put};
use serde_json::Value;

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::query::Query;
use super::record::{Operation, record};
use super::search_terms;
use crate::app::App;
use crate::store::organization::{self, Search};
use found::{CHANGE, Found, SEE, VIEW, enabled};
use representation as shown;

const SHAPE: &str = "OrganizationRepresentation";
const KIND: &str = "ORGANIZATION";

/// The addresses below `organizations`.
pub fn routes() -> Router<App> {
    let all = "/realms/{realm}/organizations";
    let one = "/realms/{realm}/organizations/{organization}";
    let router = Router::new()
        .route(all, get(list).post(create))
        .route(&format!("{all}/count"), get(count))
        .route(
            &format!("{all}/members/{{member}}/organizations"),
            get(members::organizations_of_user),
        )
        .route(one, get(read).put(update).delete(remove))
        .route(&format!("{one}/members"), get(members::list).post(members::add))
        .route(&format!("{one}/members/count"), get(members::count))
        .route(&format!("{one}/members/invite-user"), post(invite::newcomer))
        .route(&format!("{one}/members/invite-existing-user"), post(invite::user))
        .route(
            &format!("{one}/members/{{member}}"),
            get(members::read).delete(members::remove),
        )
        .route(
            &format!("{one}/members/{{member}}/organizations"),
            get(members::organizations),
        )
        .route(&format!("{one}/members/{{member}}/groups"), get(members::groups))
        .route(
            &format!("{one}/members/{{member}}/membership-type"),
            put(members::set_type),
        )
        .route(&format!("{one}/invitations"), get(invitations::list))
        .route(
            &format!("{one}/invitations/{{id}}"),
            get(invitations::read).delete(invitations::remove),
        )
        .route(&format!("{one}/invitations/{{id}}/resend"), post(invite::again))
        .route(
            &format!("{one}/identity-providers"),
            get(identity_providers::list).post(identity_providers::link),
        )
        .route(
            &format!("{one}/identity-providers/{{alias}}"),
            get(identity_providers::read)
                .put(identity_providers::update)
                .delete(identity_providers::unlink),
        )
        .route(
            &format!("{one}/identity-providers/{{alias}}/groups"),
            get(identity_providers::groups),
        );
    router.merge(group_routes(one))
}

fn group_routes(one: &str) -> Router<App> {
    let group = format!("{one}/groups/{{group}}");
    let router = Router::new()
        .route(&format!("{one}/groups"), get(groups::list).post(groups::create))
        .route(&format!("{one}/groups/group-by-path/{{*path}}"), get(groups::by_path))
        .route(&group, get(groups::read).put(groups::update).delete(groups::remove))
        .route(
            &format!("{group}/children"),
            get(groups::children).post(groups::create_child),
        )
        .route(&format!("{group}/members"), get(group_members::list))
        .route(
            &format!("{group}/members/{{member}}"),
            put(group_members::join).delete(group_members::leave),
        )
        .route(&format!("{group}/role-mappings"), get(group_roles::all));
    let mapped = format!("{group}/role-mappings");
    [format!("{mapped}/realm"), format!("{mapped}/clients/{{client}}")]
        .iter()
        .fold(router, |router, list| {
            router
                .route(
                    list,
                    get(group_roles::assigned)
                        .post(group_roles::add)
                        .delete(group_roles::remove),
                )
                .route(&format!("{list}/available"), get(group_roles::available))
                .route(&format!("{list}/composite"), get(group_roles::effective))
        })
}

fn wanted(query: &Query) -> Search {
    let text = |name: &str| query.text(name).filter(|t| !t.is_empty()).map(str::to_owned);
    Search {
        text: text("search"),
        exact: query.flag("exact") == Some(true),
        attributes: query.text("q").map(search_terms::attributes).unwrap_or_default(),
        identity_provider: text("identityProvider"),
    }
}

async fn list(admin: Admin, query: Query) -> Answer {
    admin.require(SEE)?;
    enabled(&admin)?;
    let page = query.page(10)?;
    let page = if query.number("max")?.is_some_and(|m| m < 0) {
        super::query::Page { max: i64::MAX, ..page }
    } else {
        page
    };
    if !admin.has_any(VIEW) {
        // Who may only look for organizations sees none of them.
        return answer::json(&Vec::<Value>::new());
    }
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    let brief = query.flag("briefRepresentation") != Some(false);
    let mut all = Vec::new();
    for found in organization::page(db, realm_id, &wanted(&query), page.first, page.max).await? {
        all.push(shown::of(&admin.app, &found, brief).await?);
    }
    answer::json(&all)
}

async fn count(admin: Admin, query: Query) -> Answer {
    admin.require(SEE)?;
    enabled(&admin)?;
    if !admin.has_any(VIEW) {
        return answer::json(&0);
    }
    answer::json(&organization::count(&admin.app.db, &admin.realm.id, &wanted(&query)).await?)
}

async fn read(found: Found) -> Answer {
    found.require(VIEW)?;
    answer::json(&shown::of(&found.admin.app, &found.organization, false).await?)
}

async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(CHANGE)?;
    enabled(&admin)?;
    if body.is_empty() {
        return Err(ApiError::bad("Organization cannot be null."));
    }
    let given = body.object(SHAPE)?;
    let mut tx = admin.app.db.begin().await?;
    let made = write::add(&mut tx, &admin, &given).await?;
    let told = shown::told(&given, Some(&made.id));
    let path = format!("organizations/{}", made.id);
    record(&mut tx, &admin, Operation::Create, KIND, &path, Some(&told)).await?;
    tx.commit().await?;
    answer::created(&admin, &path)
}

async fn update(found: Found, body: Body) -> Answer {
    found.require(CHANGE)?;
    let given = body.object(SHAPE)?;
    let mut tx = found.admin.app.db.begin().await?;
    write::update(&mut tx, &found.admin, &found.organization, &given).await?;
    let told = shown::told(&given, None);
    record(
        &mut tx,
        &found.admin,
        Operation::Update,
        KIND,
        &found.path(""),
        Some(&told),
    )
    .await?;
    tx.commit().await?;
    answer::nothing()
}

async fn remove(found: Found) -> Answer {
    found.require(CHANGE)?;
    let mut tx = found.admin.app.db.begin().await?;
    write::remove(&mut tx, &found.admin, &found.organization.id).await?;
    record(&mut tx, &found.admin, Operation::Delete, KIND, &found.path(""), None).await?;
    tx.commit().await?;
    answer::nothing()
}

/// A user that an address names, if they are a member.
fn no_such_member() -> ApiError {
    ApiError::no_such_path()
}

/// The part of an address that names a member.
type MemberPath = Path<std::collections::HashMap<String, String>>;

/// Rights that see users of the realm, beside those on organizations.
const SEE_USERS: &[Right] = &[Right::ViewUsers, Right::ManageUsers];
/// Rights that look for users.
const FIND_USERS: &[Right] = &[Right::ViewUsers, Right::ManageUsers, Right::QueryUsers];
