//! What somebody lets an application have.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::person::{Person, Right};
use crate::admin::api::answer;
use crate::admin::api::error::{Answer, ApiError};
use crate::events;
use crate::store::client::{self, Client};
use crate::store::consent::{self, Consent};
use crate::store::json::text;
use crate::store::realm::{ClientScope, Realm};
use crate::store::session;
use crate::theme::{Kind, Voice};

const CHANGE: &[Right] = &[Right::ManageAccount, Right::ManageConsent];

async fn find(person: &Person, client_id: &str) -> Result<Arc<Client>, ApiError> {
    let found = client::by_client_id(&person.app.db, &person.realm.id, client_id).await?;
    found.ok_or_else(|| ApiError::message(StatusCode::NOT_FOUND, &missing(client_id)))
}

fn missing(client_id: &str) -> String {
    format!("No client with clientId: {client_id} found.")
}

/// The same, with an event of the refusal.
async fn find_for(person: &Person, kind: &str, client_id: &str) -> Result<Arc<Client>, ApiError> {
    match find(person, client_id).await {
        Err(refused @ ApiError::Refused(..)) => Err(person
            .refuse(kind, "client_not_found", &missing(client_id), refused)
            .await),
        found => found,
    }
}

/// `GET applications/CLIENT/consent`: 204 where there is none.
pub async fn read(person: &Person, client_id: &str) -> Answer {
    person.require(&[Right::ManageAccount, Right::ViewConsent, Right::ManageConsent])?;
    let client = find(person, client_id).await?;
    match consent::of(&person.app.db, &person.user.id, &client.id).await? {
        Some(given) => answer::json_plain(&represent(person, &given)),
        None => answer::nothing(),
    }
}

/// The scopes of a consent in the order in which people are shown them.
fn scopes_of<'a>(realm: &'a Realm, given: &Consent) -> Vec<&'a ClientScope> {
    let own = |id: &String| realm.client_scopes.iter().find(|s| s.id == *id);
    let mut all: Vec<&ClientScope> = given.scopes.iter().filter_map(own).collect();
    let order = |s: &ClientScope| s.attributes.get("gui.order").and_then(|o| o.parse::<i64>().ok());
    all.sort_by(|a, b| (order(a).unwrap_or(i64::MAX), &a.name).cmp(&(order(b).unwrap_or(i64::MAX), &b.name)));
    all
}

/// Keycloak's `ConsentRepresentation`.
pub fn represent(person: &Person, given: &Consent) -> Value {
    let voice = Voice {
        theme: person.realm.text("accountTheme").unwrap_or_default().to_owned(),
        locale: "en".to_owned(),
        texts: Arc::default(),
    };
    let scopes: Vec<Value> = scopes_of(&person.realm, given)
        .into_iter()
        .map(|s| {
            let said = s.attributes.get("consent.screen.text").filter(|t| !t.is_empty());
            let name = said.unwrap_or(&s.name);
            let shown = person.app.themes.advanced(&voice, Kind::Login, name);
            // The misspelt member is Keycloak's.
            json!({ "id": s.id, "name": name, "displayText": shown, "displayTest": shown })
        })
        .collect();
    json!({ "grantedScopes": scopes, "createdDate": given.created, "lastUpdatedDate": given.updated })
}

/// `POST` and `PUT applications/CLIENT/consent`: what is granted replaces what was.
pub async fn grant(person: &Person, client_id: &str) -> Answer {
    person.require(CHANGE)?;
    let client = find_for(person, "GRANT_CONSENT", client_id).await?;
    let given = person.body().object("ConsentRepresentation")?;
    let Some(Value::Array(granted)) = given.get("grantedScopes") else {
        return Err(ApiError::bad("grantedScopes is missing"));
    };
    let mut scopes: Vec<&ClientScope> = Vec::new();
    for one in granted.iter().filter_map(Value::as_object) {
        let id = text(one, "id").unwrap_or_default();
        let Some(known) = person.realm.client_scopes.iter().find(|s| s.id == id) else {
            let name = client.text("name").unwrap_or("null");
            let reason = format!("Scope id {id} does not exist for client {name}.");
            let refused = ApiError::bad(&reason);
            return Err(person.refuse("GRANT_CONSENT", "invalid_scope", &reason, refused).await);
        };
        scopes.push(known);
    }
    let before = consent::of(&person.app.db, &person.user.id, &client.id).await?;
    let kind = if before.is_some() {
        "UPDATE_CONSENT"
    } else {
        "GRANT_CONSENT"
    };
    let names: Vec<&str> = scopes.iter().map(|s| s.name.as_str()).collect();
    let mut event = person.event(kind).detail("granted_client", client.client_id.as_str());
    if !names.is_empty() {
        event = event.detail("scope", names.join(" "));
    }
    let ids: Vec<String> = scopes.iter().map(|s| s.id.clone()).collect();
    let mut tx = person.app.db.begin().await?;
    consent::put(&mut tx, &person.user.id, &client.id, &ids, person.app.now()).await?;
    events::record(&mut tx, &person.realm, &event, person.app.now()).await?;
    tx.commit().await?;
    let kept = consent::of(&person.app.db, &person.user.id, &client.id).await?;
    let kept = kept.ok_or_else(|| ApiError::message(StatusCode::NOT_FOUND, &missing(client_id)))?;
    answer::json_plain(&represent(person, &kept))
}

/// `DELETE applications/CLIENT/consent`: its tokens, offline ones too, are void from now on.
pub async fn revoke(person: &Person, client_id: &str) -> Answer {
    person.require(CHANGE)?;
    let client = find_for(person, "REVOKE_GRANT", client_id).await?;
    let event = person
        .event("REVOKE_GRANT")
        .detail("revoked_client", client.client_id.as_str());
    let mut tx = person.app.db.begin().await?;
    consent::remove(&mut tx, &person.user.id, &client.id).await?;
    session::detach_of_user(&mut tx, &person.realm.id, &person.user.id, &client.id).await?;
    events::record(&mut tx, &person.realm, &event, person.app.now()).await?;
    tx.commit().await?;
    answer::nothing()
}
