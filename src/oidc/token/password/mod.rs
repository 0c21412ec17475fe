//! `password`: the resource owner's credentials, for applications that cannot show a page. RFC 6749 section 4.3.
//!
//! The realm's direct grant flow decides who it is.

mod person;

use serde_json::Value;
use vestibule_oauth::error::Refusal;

use super::request::{Request, invalid_grant};
use super::{answer, place};
use crate::events;
use crate::oidc::door::Stop;
use crate::oidc::tokens::context::Context;
use crate::oidc::tokens::make::{self, Grant, Wanted};
use crate::oidc::tokens::resource::Resources;
use crate::oidc::tokens::scope::Scopes;
use crate::profile::{self, Place};
use crate::required_actions;
use crate::store::event::Event;
use crate::store::json::Doc;
use crate::store::user::User;

/// Answers a request with this grant.
pub(super) async fn grant(request: &Request) -> Result<Value, Stop> {
    let client = &request.client;
    let early = request.event.clone().detail("auth_method", "oauth_credentials");
    if !client.flag("directAccessGrantsEnabled") {
        let text = "Client not allowed for direct access grants";
        let refused = Refusal::new(400, "unauthorized_client", text);
        return Err(request.refuse_as(early, refused, "not_allowed", Some(text)).await);
    }
    if client.flag("consentRequired") {
        let text = "Client requires user consent";
        let refused = Refusal::new(400, "invalid_client", text);
        return Err(request.refuse_as(early, refused, "consent_denied", Some(text)).await);
    }
    let scopes = request.scopes(&early).await?;
    let event = request.event.clone().detail("auth_method", "openid-connect");
    let user = person::find(request, &event).await?;
    issue(request, event, scopes, user).await
}

/// The tokens of somebody whom this very request has registered or proved: as by this grant, without a password asked again.
pub(super) async fn registered(request: &Request, user: User) -> Result<Value, Stop> {
    let event = request.event.clone().detail("auth_method", "openid-connect");
    let scopes = request.scopes(&event).await?;
    issue(request, event, scopes, user).await
}

async fn issue(request: &Request, event: Event, scopes: Scopes, user: User) -> Result<Value, Stop> {
    let (app, realm, client) = (&request.app, &request.realm, &request.client);
    let event = event.detail("username", user.username.as_str());
    fully_set_up(request, &event, &scopes, &user).await?;
    let resources = Resources::all(request.resources(&event, []).await?.asked);
    let mut place = place::new(request, &user.id, Doc::new());
    let user_id = user.id.clone();
    let notes = place.session.notes.clone();
    let context = Context::load(app, realm, client, user, scopes, notes, Doc::new()).await?;
    if place::wants_offline(&context) {
        place::allow_offline(request, &event, &context).await?;
        // Nobody is signed in anywhere: only the offline session stays.
        place = place::offline(request, &place);
    }
    let wanted = Wanted {
        grant: Grant::Password,
        place: Some(&place),
        nonce: None,
        chain: realm.flag("revokeRefreshToken").then(|| (crate::random::uuid(), 0)),
        refresh: client.attribute("use.refresh.tokens") != Some("false"),
        refresh_scope: None,
        bound: &request.bound,
        resources: &resources,
        audience: &[],
    };
    let issued = make::make(app, &request.caller, &context, &wanted).await?;
    let mut event = answer::told(&event, &issued);
    event.user_id = Some(user_id);
    event.session_id = Some(place.session.id.clone());
    let mut tx = app.db.begin().await?;
    place::keep(&mut tx, &place).await?;
    events::record(&mut tx, realm, &event, app.now()).await?;
    tx.commit().await?;
    Ok(answer::body(realm, client, &issued, Some(&place.session.id)))
}

/// Nobody gets tokens while something is asked of them that only a page can do. What the realm asks for since then is put on
/// the user, as at any sign-in. An action that is switched off stops a user who has it, as in Keycloak; one that the realm
/// does not know stops nobody.
async fn fully_set_up(request: &Request, event: &Event, scopes: &Scopes, user: &User) -> Result<(), Stop> {
    let (app, realm) = (&request.app, &request.realm);
    let due = required_actions::due(app, realm, user).await?;
    let place = Place::scoped(realm, profile::Context::UpdateProfile, scopes);
    let known = due.iter().any(|alias| realm.required_action(alias).is_some());
    if !known && !required_actions::is_profile_wanting(realm, &place, user) {
        return Ok(());
    }
    let text = "Account is not fully set up";
    Err(request
        .refuse_as(
            event.clone(),
            invalid_grant(text),
            "resolve_required_actions",
            Some(text),
        )
        .await)
}
