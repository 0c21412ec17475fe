//! A user's accounts at identity providers.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::person::{Person, Right};
use crate::admin::api::answer;
use crate::admin::api::error::{Answer, ApiError};
use crate::events;
use crate::store::credential;
use crate::store::federated_identity::{self, FederatedIdentity};
use crate::store::identity_provider::{self, IdentityProvider, Search};

/// Kinds of providers where people are rather than work.
const SOCIAL: &[&str] = &[
    "bitbucket",
    "facebook",
    "github",
    "gitlab",
    "google",
    "instagram",
    "linkedin-openid-connect",
    "microsoft",
    "openshift-v4",
    "paypal",
    "stackoverflow",
    "twitter",
];

/// `GET linked-accounts`: the realm's providers, with the user's names there.
pub async fn list(person: &Person) -> Answer {
    person.require(&[Right::ViewProfile, Right::ManageAccount])?;
    let page = person.query.page(i64::from(i32::MAX))?;
    let wanted = person.query.flag("linked");
    let search = Search {
        alias: person.query.text("search").map(|text| format!("*{text}*")),
        ..Search::default()
    };
    let (db, realm_id) = (&person.app.db, &person.realm.id);
    let links = federated_identity::of_user(db, realm_id, &person.user.id).await?;
    let all = identity_provider::page(db, realm_id, &search, 0, i64::from(i32::MAX)).await?;
    let shown: Vec<Value> = all
        .iter()
        .map(|p| (p, links.iter().find(|l| l.provider == p.alias)))
        .filter(|(p, link)| link.is_some() || p.doc.get("enabled") != Some(&json!(false)))
        .filter(|(_, link)| wanted.is_none_or(|wanted| wanted == link.is_some()))
        .skip(page.first as usize)
        .take(page.max as usize)
        .map(|(p, link)| represent(p, link))
        .collect();
    answer::json_plain(&shown)
}

fn represent(p: &IdentityProvider, link: Option<&FederatedIdentity>) -> Value {
    let name = p
        .doc
        .get("displayName")
        .and_then(Value::as_str)
        .filter(|n| !n.is_empty());
    let mut shown = json!({
        "connected": link.is_some(), "providerAlias": p.alias, "providerName": p.alias,
        "displayName": name.unwrap_or(&p.alias)
    });
    if let Some(username) = link.and_then(|l| l.username.as_ref()) {
        shown["linkedUsername"] = json!(username);
    }
    shown["social"] = json!(SOCIAL.contains(&p.provider_id.as_str()));
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
    let (db, realm_id) = (&person.app.db, &person.realm.id);
    if identity_provider::by_alias(db, realm_id, alias).await?.is_none() {
        return Err(ApiError::bad("identityProviderNotFoundMessage"));
    }
    let links = federated_identity::of_user(db, realm_id, &person.user.id).await?;
    let Some(gone) = links.iter().find(|l| l.provider == alias) else {
        return Err(ApiError::bad("This identity is not active anymore."));
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
