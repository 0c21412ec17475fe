//! Conditions about who makes or changes a client. Of anything else they know nothing.

use super::Vote;
use crate::client_policy::at::{At, Event};
use crate::client_policy::config::Config;
use crate::client_policy::gathered::Gathered;

/// `client-updater-context`: by what right.
pub(super) fn context(config: Config<'_>, at: &At<'_>) -> Vote {
    let Event::Change(change) = at.event else {
        return Vote::Abstain;
    };
    let by = change.updater.source.as_str();
    Vote::of(config.list("update-client-source").contains(&by))
}

/// `client-updater-source-host`: from where.
pub(super) fn host(config: Config<'_>, at: &At<'_>) -> Vote {
    known(at, |updater| {
        config
            .list("trusted-hosts")
            .iter()
            .any(|host| updater.hosts.contains(*host))
    })
}

/// `client-updater-source-groups`: the user is in a group of one of these names.
pub(super) fn groups(config: Config<'_>, at: &At<'_>) -> Vote {
    known(at, |updater| {
        config.list("groups").iter().any(|name| updater.groups.contains(*name))
    })
}

/// `client-updater-source-roles`: the user has one of these roles: of the realm, or `client.role`.
pub(super) fn roles(config: Config<'_>, at: &At<'_>) -> Vote {
    known(at, |updater| {
        config.list("roles").iter().any(|name| updater.roles.contains(*name))
    })
}

fn known(at: &At<'_>, holds: impl Fn(&Gathered) -> bool) -> Vote {
    match at.updater {
        Some(updater) => Vote::of(holds(updater)),
        None => Vote::Abstain,
    }
}
