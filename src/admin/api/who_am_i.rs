//! Who is signed in at Keycloak's own Admin Console.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::answer;
use super::auth::Administrator;
use super::error::{Answer, ApiError};
use super::query::Query;
use crate::app::App;
use crate::store::realm::{self, Realm};
use crate::store::user::User;

/// The client of the console.
const CONSOLE: &str = "security-admin-console";

/// The address that the console asks first.
pub fn routes() -> Router<App> {
    Router::new().route("/{realm}/console/whoami", get(whoami))
}

async fn whoami(
    axum::extract::State(app): axum::extract::State<App>,
    Path(name): Path<String>,
    query: Query,
    who: Result<Administrator, Response>,
) -> Result<Response, Response> {
    let told = tell(&app, &name, &query, who).await?;
    told.map_err(axum::response::IntoResponse::into_response)
}

async fn tell(app: &App, name: &str, query: &Query, who: Result<Administrator, Response>) -> Result<Answer, Response> {
    let found = match realm::by_name(&app.db, name).await {
        Ok(found) => found,
        Err(e) => return Ok(Err(e.into())),
    };
    let Some(realm) = found else {
        let text = "Realm not found.  Did you type in a bad URL?";
        return Ok(Err(ApiError::not_found(text)));
    };
    Ok(answer_for(&realm, query, who?).await)
}

async fn answer_for(realm: &Realm, query: &Query, who: Administrator) -> Answer {
    if who.home.id != realm.id {
        return Err(ApiError::unauthorized());
    }
    if who.client.client_id != CONSOLE {
        let text = format!(
            "Token issued for an application that is not the admin console: {}",
            who.client.client_id
        );
        return Err(ApiError::error(StatusCode::FORBIDDEN, &text));
    }
    let master = who.home.name == "master";
    // Only who comes from `master` administers another realm.
    let asked = query.text("currentRealm").filter(|name| master && !name.is_empty());
    let current = match asked {
        Some(name) => realm::by_name(&who.app.db, name).await?,
        None => Some(who.home.clone()),
    };
    let current = current.ok_or_else(|| ApiError::not_found("Realm not found"))?;
    let mut roles = who.roles_on(&current).await?;
    if who.has_master_role("admin") {
        roles.push("admin");
    }
    let access: Map<String, Value> = [(current.name.clone(), json!(roles))].into_iter().collect();
    answer::json(&json!({
        "userId": who.user.id, "realm": who.home.name, "displayName": display_name(&who.user),
        "locale": locale(&who.home, &who.user), "temporary": temporary(&who.user),
        "createRealm": who.has_master_role("create-realm"), "realm_access": access
    }))
}

/// The first and last name, else the username.
fn display_name(user: &User) -> String {
    let names = [user.first_name.as_deref(), user.last_name.as_deref()];
    let names: Vec<&str> = names.into_iter().flatten().filter(|n| !n.is_empty()).collect();
    if names.is_empty() {
        user.username.clone()
    } else {
        names.join(" ")
    }
}

fn attribute<'a>(user: &'a User, name: &str) -> Option<&'a str> {
    user.attributes.get(name)?.first().map(String::as_str)
}

fn temporary(user: &User) -> bool {
    attribute(user, "is_temporary_admin") == Some("true")
}

fn locale<'a>(realm: &'a Realm, user: &'a User) -> &'a str {
    if !realm.flag("internationalizationEnabled") {
        return "en";
    }
    let offered = realm.texts("supportedLocales");
    let own = attribute(user, "locale").filter(|l| offered.contains(l));
    own.or(realm.text("defaultLocale")).unwrap_or("en")
}
