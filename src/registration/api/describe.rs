//! `GET` with `Accept: application/json`: what a form of one's own must ask.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Door, Fault};
use super::{known_client, language, may_call};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::oidc::cors;
use crate::password::policy;
use crate::profile::{self, Context, Place};
use crate::registration::{settings, steps};
use crate::store::realm::Realm;
use crate::theme::Kind;

/// Describes the realm's registration, for a client if one is named.
///
/// # Errors
///
/// Those of the database.
pub async fn describe(
    app: &App,
    caller: &Caller,
    realm: &Arc<Realm>,
    headers: &HeaderMap,
    client_id: Option<&str>,
) -> Result<Response, Error> {
    let door = Door {
        app,
        realm,
        locale: language(realm, headers, None),
        headers,
    };
    let client = match known_client(app, realm, client_id).await? {
        Ok(client) => client,
        Err(fault) => return Ok(door.refuse(&fault)),
    };
    if !may_call(app, realm, headers, caller, client.as_deref()).await? {
        return Ok(cors::invalid_origin());
    }
    if !realm.enabled() {
        return Ok(door.refuse(&Fault::Disabled));
    }
    let voice = crate::mail::voice(realm, &door.locale);
    let text = |key: &str, args: &[Value]| app.themes.message(&voice, Kind::Login, key, args);
    let rules: Vec<Value> = policy::of(realm)
        .rules
        .iter()
        .map(|rule| {
            let violation = rule.violation();
            json!({ "id": rule.id(), "value": rule.value(), "message": text(violation.key, &violation.params) })
        })
        .collect();
    let asked = steps::asked(realm);
    let proof = if steps::asks_for_captcha(realm) {
        "recaptcha"
    } else {
        "none"
    };
    let terms = if asked.terms {
        text("termsText", &[])
    } else {
        String::new()
    };
    let place = Place::asked(realm, Context::Registration, client.as_deref(), None);
    let body = json!({
        "registrationAllowed": settings::is_allowed(realm, client.as_deref()),
        "verifyEmail": settings::asks_for_proof(realm),
        "emailAsUsername": realm.flag("registrationEmailAsUsername"),
        "approval": "none",
        "invitation": "optional",
        "passwordRequired": asked.password,
        "profile": profile::metadata(realm, &place),
        "passwordPolicy": rules,
        "proof": { "kind": proof, "siteKey": null, "challenge": null },
        "terms": { "version": realm.attribute("registration.terms").unwrap_or_default(), "text": terms },
        "steps": []
    });
    Ok(door.send(StatusCode::OK, &body))
}
