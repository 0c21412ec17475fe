//! The realm's client policies at the endpoints: one call, one event when they refuse.

use vestibule_oauth::params::Params;

use super::door::Stop;
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy::{self, Asked, Effects};
use crate::events;
use crate::store::client::Client;
use crate::store::event::Event;
use crate::store::realm::Realm;

/// Judges what a client asks for. `told`: what the event says so far; a refusal is recorded as its error.
///
/// # Errors
///
/// The refusal, in Keycloak's words; those of the database.
pub async fn judge(
    app: &App,
    realm: &Realm,
    client: &Client,
    event: client_policy::Event<'_>,
    told: &Event,
) -> Result<Effects, Stop> {
    match client_policy::judge(app, realm, client, event).await {
        Ok(effects) => Ok(effects),
        Err(client_policy::Stop::Failed(failed)) => Err(Stop::Failed(failed)),
        Err(client_policy::Stop::Refused(refused)) => {
            events::record_alone(app, realm, &refusal(told, &refused)).await;
            Err(Stop::Refused(refused.refusal()))
        }
    }
}

/// What a caller sent, for policies; what else is known is added by the door.
pub fn asked<'a>(app: &App, caller: &Caller, issuer: &'a str, params: &'a Params) -> Asked<'a> {
    Asked {
        certificate: caller.proofs.certificate.is_some(),
        dpop: caller.proofs.dpop.is_some(),
        ..Asked::of(params, issuer, app.now_seconds())
    }
}

/// The event of a refusal.
pub fn refusal(told: &Event, refused: &client_policy::Refused) -> Event {
    let mut event = told.clone();
    event.kind = format!("{}_ERROR", event.kind);
    event.error = Some(refused.code.to_owned());
    let details = refused.details().into_iter();
    details.fold(event, |event, (name, value)| event.detail(name, value))
}
