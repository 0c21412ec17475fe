//! Clients: listed, made, changed, removed. What belongs to one is in the files beside this.

mod certificates;
mod evaluate;
mod found;
mod installation;
pub mod listed;
mod nodes;
pub mod registration;
mod scopes;
mod secret;
pub mod sector;
mod sessions;
pub mod validate;
pub mod write;

pub use found::{Found, LIST, VIEW, is_internal, latest, manageable};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use serde_json::{Value, json};

use super::answer;
use super::auth::{Admin, Right};
use super::error::{Answer, ApiError};
use super::json::Body;
use super::query::Query;
use super::record::{Operation, record};
use super::representation::client as shown;
use crate::app::App;
use crate::client_policy::{self, Judge, Source, Updater};
use crate::client_registration::{approval, cimd};
use crate::error::Error;
use crate::service_account;
use crate::store::client::{self, Client};
use crate::store::client_registration::{self, Registration};
use crate::store::json::Doc;

/// The addresses of clients.
pub fn routes() -> Router<App> {
    let one = "/realms/{realm}/clients/{client}";
    Router::new()
        .route("/realms/{realm}/clients", get(list).post(create))
        .route("/realms/{realm}/clients/bulk", post(registration::bulk))
        .route("/realms/{realm}/clients/count", get(listed::count))
        .route(one, get(read).put(update).delete(remove))
        .route(&format!("{one}/client-secret"), get(secret::read).post(secret::renew))
        .route(
            &format!("{one}/client-secret/rotated"),
            get(secret::rotated).delete(secret::forget_rotated),
        )
        .route(
            &format!("{one}/registration-access-token"),
            post(secret::registration_access_token),
        )
        .route(&format!("{one}/service-account-user"), get(service_account_user))
        .route(&format!("{one}/default-client-scopes"), get(scopes::defaults))
        .route(&format!("{one}/optional-client-scopes"), get(scopes::optionals))
        .route(
            &format!("{one}/default-client-scopes/{{scope}}"),
            put(scopes::add_default).delete(scopes::remove_default),
        )
        .route(
            &format!("{one}/optional-client-scopes/{{scope}}"),
            put(scopes::add_optional).delete(scopes::remove_optional),
        )
        .merge(below(one))
        .route(
            &format!("{one}/management/permissions"),
            get(feature_off).put(feature_off),
        )
}

/// What is read and done below one client.
fn below(one: &str) -> Router<App> {
    let at = |path: &str| format!("{one}/{path}");
    Router::new()
        .route(&at("registration"), get(registration::read))
        .route(&at("session-count"), get(sessions::count))
        .route(&at("offline-session-count"), get(sessions::count_offline))
        .route(&at("user-sessions"), get(sessions::list))
        .route(&at("offline-sessions"), get(sessions::list_offline))
        .route(&at("nodes"), post(nodes::add))
        .route(&at("nodes/{node}"), delete(nodes::remove))
        .route(&at("test-nodes-available"), get(nodes::test))
        .route(&at("push-revocation"), post(nodes::push_revocation))
        .route(&at("installation/providers/{provider}"), get(installation::read))
        .route(&at("certificates/{of}"), get(certificates::read))
        .route(&at("certificates/{of}/generate"), post(certificates::generate))
        .route(&at("certificates/{of}/upload"), post(certificates::upload))
        .route(&at("certificates/{of}/upload-certificate"), post(certificates::upload))
        .route(&at("certificates/{of}/download"), post(certificates::download))
        .route(
            &at("certificates/{of}/generate-and-download"),
            post(certificates::download),
        )
        .route(&at("evaluate-scopes/protocol-mappers"), get(evaluate::protocol_mappers))
        .route(
            &at("evaluate-scopes/generate-example-access-token"),
            get(evaluate::access_token),
        )
        .route(
            &at("evaluate-scopes/generate-example-id-token"),
            get(evaluate::id_token),
        )
        .route(
            &at("evaluate-scopes/generate-example-userinfo"),
            get(evaluate::user_info),
        )
        .route(&at("evaluate-scopes/generate-example-saml-response"), get(feature_off))
        .route(
            &at("evaluate-scopes/scope-mappings/{container}/granted"),
            get(evaluate::granted),
        )
        .route(
            &at("evaluate-scopes/scope-mappings/{container}/not-granted"),
            get(evaluate::not_granted),
        )
}

/// Fine-grained permissions of the first version are off, as in Keycloak; and there are no answers of SAML.
async fn feature_off(_: Found) -> ApiError {
    ApiError::feature_off()
}

/// A client as this caller may see it. Its secret is only for those who may change it, and only where it can be read back.
///
/// # Errors
///
/// [`Error::Key`] if the secret was sealed with another key.
pub fn describe(admin: &Admin, client: &Client) -> Result<Doc, Error> {
    let manage = manageable(admin, client);
    let secret = if manage {
        secret::visible(&admin.app, client)?
    } else {
        None
    };
    let doc = shown::full(&admin.realm, client, secret.as_deref());
    Ok(shown::with_access(doc, manage))
}

async fn list(admin: Admin, query: Query) -> Answer {
    admin.require(LIST)?;
    let page = query.page(i64::MAX)?;
    if !admin.has_any(VIEW) {
        return answer::json(&Vec::<Value>::new());
    }
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    if listed::is_asked(&query) {
        return listed::list(&admin, &query).await;
    }
    let client_id = query.text("clientId").filter(|c| !c.is_empty());
    let wanted = attribute_query(&query)?;
    let found: Vec<Client> = match (client_id, query.flag("search")) {
        (Some(name), Some(true)) => client::search(db, realm_id, name, page.first, page.max).await?,
        (Some(name), _) => client::read_by_client_id(db, realm_id, name)
            .await?
            .into_iter()
            .collect(),
        (None, _) => client::search(db, realm_id, "", page.first, page.max).await?,
    };
    let matching = found
        .iter()
        .filter(|c| wanted.iter().all(|(k, v)| c.attribute(k) == Some(v)));
    let shown: Vec<Doc> = matching.map(|c| describe(&admin, c)).collect::<Result<_, _>>()?;
    answer::json(&shown)
}

/// `q=name:value`. Keycloak lets nobody search for attributes that no index was made for.
fn attribute_query(query: &Query) -> Result<Vec<(String, String)>, ApiError> {
    const SEARCHABLE: &[&str] = &["saml_idp_initiated_sso_url_name", "saml.artifact.binding.identifier"];
    let words = query.text("q").unwrap_or_default().split_whitespace();
    let pairs: Vec<(String, String)> = words
        .filter_map(|w| w.split_once(':'))
        .map(|(k, v)| (k.trim_matches('"').to_owned(), v.trim_matches('"').to_owned()))
        .collect();
    let refused: Vec<&str> = pairs
        .iter()
        .map(|p| p.0.as_str())
        .filter(|k| !SEARCHABLE.contains(k))
        .collect();
    if refused.is_empty() {
        return Ok(pairs);
    }
    let text = format!("Attributes [{}] not allowed for search", refused.join(", "));
    Err(ApiError::described(StatusCode::BAD_REQUEST, "invalid_request", &text))
}

async fn create(admin: Admin, body: Body) -> Answer {
    admin.require(&[Right::ManageClients])?;
    let given = body.object("ClientRepresentation")?;
    validate::created(&admin.app, &admin.realm.doc, &given)?;
    write::check_flows(&admin.realm, &given)?;
    sector::check_client(&admin.app, &given, None).await?;
    let judge = judge(&admin).await?;
    let new = write::create(&admin.app, &admin.realm, Some(&judge), &write::with_usual(&given))?;
    let (db, realm_id) = (&admin.app.db, &admin.realm.id);
    if client::read_by_client_id(db, realm_id, &new.client_id).await?.is_some() {
        return Err(ApiError::conflict(&format!("Client {} already exists", new.client_id)));
    }
    let mut tx = db.begin().await?;
    write::require_mappers(&mut tx, &admin, None, &new).await?;
    if !client::add(&mut tx, &new).await? {
        return Err(ApiError::duplicate());
    }
    write::service_account(&mut tx, &admin.app, &admin.realm, &new, false).await?;
    let registration = Registration {
        owner: Some(admin.who.user.id.clone()),
        ip_address: Some(admin.caller.ip.to_string()),
        ..Registration::new(&new, "admin")
    };
    client_registration::add(&mut tx, &registration).await?;
    let path = format!("clients/{}", answer::segment(&new.id));
    let told = write::told(Some(&new), &given);
    record(&mut tx, &admin, Operation::Create, "CLIENT", &path, Some(&told)).await?;
    tx.commit().await?;
    answer::created(&admin, &path)
}

/// The administrator, as client policies see them.
pub(super) async fn judge(admin: &Admin) -> Result<Judge<'_>, Error> {
    let updater = Updater {
        source: Source::User,
        caller: &admin.caller,
        user_id: Some(&admin.who.user.id),
    };
    client_policy::judge_of(&admin.app, &admin.realm, updater).await
}

async fn read(found: Found) -> Answer {
    client_policy::look(&found.admin.realm, &found.client)?;
    answer::json(&describe(&found.admin, &found.client)?)
}

async fn update(found: Found, body: Body) -> Answer {
    found.require_manage()?;
    let given = body.object("ClientRepresentation")?;
    let admin = &found.admin;
    validate::changed(&admin.app, &admin.realm.doc, &given, &found.client)?;
    write::check_flows(&admin.realm, &given)?;
    sector::check_client(&admin.app, &given, Some(&found.client)).await?;
    let judge = judge(admin).await?;
    let mut tx = admin.app.db.begin().await?;
    let known = found.latest(&mut tx).await?;
    let changed = write::update(&admin.app, &admin.realm, Some(&judge), &known, &given)?;
    write::require_mappers(&mut tx, admin, Some(&known), &changed).await?;
    let other = client::read_by_client_id(&mut tx, &admin.realm.id, &changed.client_id).await?;
    if other.is_some_and(|o| o.id != changed.id) {
        return Err(ApiError::duplicate());
    }
    client::update(&mut tx, &changed).await?;
    let (app, base) = (&admin.app, &admin.caller.base);
    approval::ask_if_changed(&mut tx, app, &admin.realm, base, (&known, &changed)).await?;
    write::service_account(
        &mut tx,
        &admin.app,
        &admin.realm,
        &changed,
        known.flag("serviceAccountsEnabled"),
    )
    .await?;
    let told = write::told(None, &given);
    record(
        &mut tx,
        admin,
        Operation::Update,
        "CLIENT",
        &found.path(""),
        Some(&told),
    )
    .await?;
    tx.commit().await?;
    answer::nothing()
}

async fn remove(found: Found) -> Answer {
    found.require_manage()?;
    let (admin, client) = (&found.admin, &found.client);
    client_policy::look(&admin.realm, client)?;
    let mut tx = admin.app.db.begin().await?;
    service_account::remove(&mut tx, &admin.realm, &client.id).await?;
    client::remove(&mut tx, &admin.realm.id, &client.id).await?;
    cimd::deleted(&mut tx, &admin.realm, client).await?;
    let told = json!({ "id": client.id, "clientId": client.client_id });
    record(
        &mut tx,
        admin,
        Operation::Delete,
        "CLIENT",
        &found.path(""),
        Some(&told),
    )
    .await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}

async fn service_account_user(found: Found) -> Answer {
    let (admin, client) = (&found.admin, &found.client);
    let user = if client.flag("serviceAccountsEnabled") {
        crate::store::user::service_account(&admin.app.db, &admin.realm.id, &client.id).await?
    } else {
        None
    };
    let Some(user) = user else {
        let text = format!("Service account not enabled for the client '{}'", client.client_id);
        return Err(ApiError::error(StatusCode::BAD_REQUEST, &text));
    };
    answer::json(&super::representation::user::member(&admin.app, &user, false).await?)
}
