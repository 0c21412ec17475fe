//! Groups: the tree, one group, its children.

mod defaults;
mod found;
mod members;
mod roles;
mod tree;
mod write;

pub use found::{Found, LIST, VIEW};

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, put};
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::query::Query;
use super::record::{Operation, record};
use super::representation::group as shown;
use crate::app::App;
use crate::store::group;
use crate::store::json::Doc;
use crate::store::realm;

pub(super) const SHAPE: &str = "GroupRepresentation";
const KIND: &str = "GROUP";

/// The addresses of groups.
pub fn routes() -> Router<App> {
    let one = "/realms/{realm}/groups/{group}";
    let router = Router::new()
        .route("/realms/{realm}/groups", get(list).post(create))
        .route("/realms/{realm}/groups/count", get(count))
        .route("/realms/{realm}/group-by-path/{*path}", get(by_path))
        .route("/realms/{realm}/group-by-path", get(no_path))
        .route(one, get(read).put(update).delete(remove))
        .route(&format!("{one}/children"), get(children).post(create_child))
        .route(&format!("{one}/members"), get(members::list))
        .route(
            &format!("{one}/management/permissions"),
            get(no_permissions).put(no_permissions),
        )
        .route(&format!("{one}/role-mappings"), get(roles::all))
        .route("/realms/{realm}/default-groups", get(defaults::list))
        .route(
            "/realms/{realm}/default-groups/{group}",
            put(defaults::add).delete(defaults::remove),
        );
    let mapped = format!("{one}/role-mappings");
    [format!("{mapped}/realm"), format!("{mapped}/clients/{{client}}")]
        .iter()
        .fold(router, |router, list| {
            router
                .route(list, get(roles::assigned).post(roles::add).delete(roles::remove))
                .route(&format!("{list}/available"), get(roles::available))
                .route(&format!("{list}/composite"), get(roles::effective))
        })
}

/// Whether the caller may change groups, as the member `access` says.
fn manages(admin: &Admin) -> bool {
    admin.has(Right::ManageUsers)
}

/// Fine-grained permissions of the first version are off, as in Keycloak.
async fn no_permissions(_: Found) -> ApiError {
    ApiError::feature_off()
}

async fn list(admin: Admin, query: Query) -> Answer {
    admin.require(LIST)?;
    let page = query.page(i64::MAX)?;
    if !admin.has_any(VIEW) {
        return answer::json(&Vec::<Value>::new());
    }
    answer::json(&tree::list(&admin, &query, page).await?)
}

async fn count(admin: Admin, query: Query) -> Answer {
    admin.require(LIST)?;
    let search = query.text("search").unwrap_or_default();
    // What is searched for is counted wherever it is.
    let top = query.flag("top") == Some(true) && search.is_empty();
    let count = group::count(&admin.app.db, &admin.realm.id, search, top).await?;
    answer::json(&json!({ "count": count }))
}

async fn by_path(admin: Admin, Path((_, path)): Path<(String, String)>) -> Answer {
    admin.require(VIEW)?;
    let found = group::by_path(&admin.app.db, &admin.realm.id, &path).await?;
    let found = found.ok_or_else(|| ApiError::not_found("Group path does not exist"))?;
    let doc = shown::full(&admin.app, &admin.realm, &found).await?;
    answer::json(&shown::counted(&admin.app, &admin.realm, doc).await?)
}

async fn no_path(admin: Admin) -> Answer {
    admin.require(VIEW)?;
    Err(ApiError::not_found("Group path does not exist"))
}

async fn read(found: Found) -> Answer {
    let admin = &found.admin;
    let doc = shown::full(&admin.app, &admin.realm, &found.group).await?;
    let doc = shown::counted(&admin.app, &admin.realm, doc).await?;
    answer::json(&shown::with_access(doc, manages(admin)))
}

async fn children(found: Found, query: Query) -> Answer {
    let (admin, page) = (&found.admin, query.page(10)?);
    let search = query.text("search").unwrap_or_default();
    let exact = query.flag("exact") == Some(true);
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    let brief = query.flag("briefRepresentation").unwrap_or(false);
    let counts = query.flag("subGroupsCount").unwrap_or(true);
    let mut all: Vec<Doc> = Vec::new();
    for child in group::children(db, realm_id, &found.group.id, search, exact, page.first, page.max).await? {
        all.push(tree::describe(admin, &child, brief, counts).await?);
    }
    answer::json(&all)
}

async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageUsers])?;
    let given = body.object(SHAPE)?;
    match write::put(&admin, None, &given, "groups").await? {
        write::Put::Made(made) => answer::created(&admin, &format!("groups/{}", answer::segment(&made.id))),
        write::Put::Moved => answer::nothing(),
    }
}

async fn create_child(found: Found, body: Body) -> Answer {
    found.require_manage()?;
    let (admin, given) = (&found.admin, body.object(SHAPE)?);
    match write::put(admin, Some(&found.group), &given, &found.path("/children")).await? {
        write::Put::Made(made) => {
            let doc = shown::full(&admin.app, &admin.realm, &made).await?;
            write::created(admin, &made.id, &shown::with_access(doc, true))
        }
        write::Put::Moved => answer::uncached(answer::nothing()),
    }
}

async fn update(found: Found, body: Body) -> Answer {
    found.require_manage()?;
    write::update(&found, &body.object(SHAPE)?).await?;
    answer::nothing()
}

async fn remove(found: Found) -> Answer {
    found.require_manage()?;
    let (admin, g) = (&found.admin, &found.group);
    let mut tx = admin.app.db.begin().await?;
    // Whatever is moved meanwhile goes with it, or stays.
    realm::lock(&mut tx, &admin.realm.id).await?;
    group::remove(&mut tx, &admin.realm.id, &g.id).await?;
    let told = json!({ "id": g.id, "name": g.name, "subGroups": [] });
    record(&mut tx, admin, Operation::Delete, KIND, &found.path(""), Some(&told)).await?;
    tx.commit().await?;
    answer::nothing()
}
