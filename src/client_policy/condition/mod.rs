//! Conditions: whether a policy is meant for this client, this caller, this request.

mod client;
mod request;
mod updater;

use super::at::{At, Event};
use super::config::Config;

/// What a condition says. One that cannot tell abstains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vote {
    Yes,
    No,
    Abstain,
}

impl Vote {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Abstain => Self::Abstain,
        }
    }
}

/// Asks a condition. One that we do not know holds: a realm must not be laxer than its administrator believes.
pub(super) fn vote(id: &str, config: Config<'_>, at: &At<'_>) -> Vote {
    let vote = match id {
        "any-client" => Vote::Yes,
        "client-roles" => client::roles(config, at),
        "client-attributes" => client::attributes(config, at),
        // These know the client, and with it where refusals are sent, which is not certain yet. The two above do not wait,
        // in Keycloak.
        "client-access-type" | "client-type" | "client-scopes" | "grant-type" | "acr-condition"
            if matches!(at.event, Event::PreAuthorization(_)) =>
        {
            Vote::Abstain
        }
        "client-type" => client::protocol(config, at),
        "client-access-type" => client::access_type(config, at),
        "client-scopes" => request::scopes(config, at),
        "grant-type" => request::grant_type(config, at),
        "acr-condition" => request::acr(config, at),
        "identity-provider-alias" => request::provider(config, at),
        "client-updater-context" => updater::context(config, at),
        "client-updater-source-host" => updater::host(config, at),
        "client-updater-source-groups" => updater::groups(config, at),
        "client-updater-source-roles" => updater::roles(config, at),
        // Whatever it would be negated to.
        _ => return Vote::Yes,
    };
    if config.flag("is-negative-logic") {
        vote.negated()
    } else {
        vote
    }
}
