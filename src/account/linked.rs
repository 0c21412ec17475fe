//! A user's accounts at identity providers.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::person::{Person, Right};
use crate::admin::api::answer;
use crate::admin::api::error::{Answer, ApiError};
use crate::events;
use crate::store::credential;
use crate::store::federated_identity::{self, FederatedIdentity};

/// `GET linked-accounts`
pub async fn list(person: &Person) -> Answer {
    person.require(&[Right::ViewProfile, Right::ManageAccount])?;
    let page = person.query.page(i64::from(i32::MAX))?;
    let wanted = person.query.flag("linked");
    let search = person.query.text("search").map(str::to_lowercase);
    let links = federated_identity::of_user(&person.app.db, &person.user.id).await?;
    let found = links
        .iter()
        .filter(|l| search.as_ref().is_none_or(|s| l.provider.to_lowercase().contains(s)))
        .filter(|_| wanted != Some(false));
    let shown: Vec<Value> = found
        .skip(page.first as usize)
        .take(page.max as usize)
        .map(represent)
        .collect();
    answer::json_plain(&shown)
}

fn represent(link: &FederatedIdentity) -> Value {
    let mut shown = json!({
        "connected": true, "providerAlias": link.provider, "providerName": link.provider, "displayName": link.provider,
        "social": false
    });
    if let Some(username) = &link.username {
        shown["linkedUsername"] = json!(username);
    }
    shown
}

/// `GET linked-accounts/ALIAS` began to link once.
pub fn link(person: &Person) -> Answer {
    person.require(&[Right::ManageAccount])?;
    let text = "Legacy client-initiated account linking is disabled. Use AIA with kc_action=idp_link instead.";
    Err(ApiError::message(StatusCode::NOT_FOUND, text))
}

/// `DELETE linked-accounts/ALIAS`, unless nothing would be left to sign in with.
pub async fn remove(person: &Person, alias: &str) -> Answer {
    person.require(&[Right::ManageAccount])?;
    let links = federated_identity::of_user(&person.app.db, &person.user.id).await?;
    let Some(gone) = links.iter().find(|l| l.provider == alias) else {
        return Err(ApiError::bad("identityProviderNotFoundMessage"));
    };
    let has_password = credential::password(&person.app.db, &person.user.id).await?.is_some();
    if links.len() == 1 && !has_password {
        return Err(ApiError::bad(
            "You can't remove last federated identity as you don't have a password.",
        ));
    }
    let mut event = person.event("REMOVE_FEDERATED_IDENTITY");
    event = event
        .detail("username", person.user.username.as_str())
        .detail("identity_provider", alias);
    if let Some(username) = &gone.username {
        event = event.detail("identity_provider_identity", username.as_str());
    }
    let mut tx = person.app.db.begin().await?;
    federated_identity::remove(&mut tx, &person.user.id, alias).await?;
    events::record(&mut tx, &person.realm, &event, person.app.now()).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
