//! A request for tokens of a client that is known.

use std::borrow::Cow;
use std::sync::Arc;

use vestibule_oauth::error::Refusal;
use vestibule_oauth::params::Params;

use crate::app::App;
use crate::caller::Caller;
use crate::client_policy::{self, Effects};
use crate::events;
use crate::oidc::bound::Bound;
use crate::oidc::door::Stop;
use crate::oidc::policy;
use crate::oidc::tokens::resource::{self, Resources};
use crate::oidc::tokens::scope::{self, Scopes};
use crate::organization;
use crate::store::client::Client;
use crate::store::event::Event;
use crate::store::realm::Realm;

/// A request for tokens. `event` is what the event of it says so far.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) realm: Arc<Realm>,
    pub(super) client: Arc<Client>,
    pub(super) params: Params,
    pub(super) event: Event,
    /// To what its tokens will be bound.
    pub(super) bound: Bound,
}

impl Request {
    /// Refuses, and leaves an event with the code `error` and, where Keycloak has one, the reason.
    pub(super) async fn refuse(&self, refused: Refusal, error: &str, reason: Option<&str>) -> Stop {
        self.refuse_as(self.event.clone(), refused, error, reason).await
    }

    /// The same, with an event that knows more.
    pub(super) async fn refuse_as(
        &self,
        mut event: Event,
        refused: Refusal,
        error: &str,
        reason: Option<&str>,
    ) -> Stop {
        event.kind = format!("{}_ERROR", event.kind);
        event.error = Some(error.to_owned());
        if let Some(reason) = reason {
            // First, as Keycloak has it.
            event.details.shift_insert(0, "reason".into(), reason.into());
        }
        events::record_alone(&self.app, &self.realm, &event).await;
        Stop::Refused(refused)
    }

    /// Asks the realm's client policies. `scope`: the one in effect, where it is not the request's own. The client of the
    /// returned request is set as they want it.
    pub(super) async fn judged(&self, event: &Event, scope: Option<&str>) -> Result<Cow<'_, Self>, Stop> {
        let issuer = self.caller.issuer(&self.realm.name);
        let mut asked = policy::asked(&self.app, &self.caller, &issuer, &self.params);
        asked.scope = scope;
        let grant = self.params.get("grant_type").unwrap_or_default();
        let asked = client_policy::Event::Token(grant, asked);
        let effects = policy::judge(&self.app, &self.realm, &self.client, asked, event).await?;
        if effects == Effects::default() {
            return Ok(Cow::Borrowed(self));
        }
        let mut changed = self.clone();
        changed.bound.only_refresh = effects.binds_only_refresh;
        changed.client = effects.on(changed.client);
        Ok(Cow::Owned(changed))
    }

    /// The scopes that the request asks for.
    pub(super) async fn scopes(&self, event: &Event) -> Result<Scopes, Stop> {
        let requested = self.params.get("scope");
        let resolved = scope::resolve(&self.realm, &self.client, requested);
        let exist = organization::scope::exist(&self.app, &self.realm, requested).await?;
        match resolved {
            Ok(scopes) if exist => Ok(scopes),
            Ok(_) | Err(scope::InvalidScope) => {
                let text = format!("Invalid scopes: {}", requested.unwrap_or_default());
                let refused = Refusal::new(400, "invalid_scope", text.clone());
                Err(self
                    .refuse_as(event.clone(), refused, "invalid_request", Some(&text))
                    .await)
            }
        }
    }
}

impl Request {
    /// The APIs that the tokens are for (RFC 8707), of what was granted before, if it was anything.
    pub(super) async fn resources<'a>(
        &'a self,
        event: &Event,
        granted: impl IntoIterator<Item = &'a str>,
    ) -> Result<Resources, Stop> {
        let asked = self.params.all("resource").filter(|r| !r.is_empty());
        match Resources::of(&self.realm, granted, asked) {
            Ok(resources) => Ok(resources),
            Err(resource::InvalidTarget) => {
                let refused = Refusal::new(400, "invalid_target", resource::TEXT);
                Err(self
                    .refuse_as(event.clone(), refused, "invalid_request", Some(resource::TEXT))
                    .await)
            }
        }
    }
}

/// 400 `invalid_grant`.
pub(super) fn invalid_grant(text: &'static str) -> Refusal {
    Refusal::new(400, "invalid_grant", text)
}
