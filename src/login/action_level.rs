//! The level of authentication that somebody has to reach to change what they sign in with: that of the credential itself. Who
//! knows only the first proof could replace the second otherwise. Keycloak's rules.

use std::collections::BTreeMap;

use super::session::FlowKind;
use super::steps::conditions::credential_type;
use super::{Turn, flow, loa};
use crate::error::Error;
use crate::otp::{device, recovery};
use crate::passkey;
use crate::required_actions::{CONFIGURE_TOTP, DELETE_CREDENTIAL, RECOVERY_CODES};
use crate::store::client::Client;
use crate::store::credential;
use crate::store::realm::{Execution, Flow, Realm};

/// The levels at which flows ask for types of credentials.
type Levels = BTreeMap<&'static str, i64>;

fn asks_for(step: &Execution) -> Option<&'static str> {
    match step.authenticator.as_deref()? {
        "auth-username-password-form" => Some("password"),
        other => credential_type(other),
    }
}

/// Collects what a flow asks for. A condition counts from where it stands to the end of its flow.
fn collect(realm: &Realm, flow: &Flow, mut level: i64, found: &mut Levels) {
    for execution in flow.executions.iter().filter(|e| e.requirement != "DISABLED") {
        let inner = execution.flow_id.as_deref().and_then(|id| realm.flow(id));
        if let Some(inner) = inner.filter(|f| f.id != flow.id) {
            collect(realm, inner, level, found);
        } else if loa::is_level(execution) {
            level = loa::level_of(realm, execution).0.unwrap_or(level);
        } else if let Some(kind) = asks_for(execution) {
            found.insert(kind, level);
        }
    }
}

fn levels(realm: &Realm, flow: Option<&Flow>) -> Levels {
    let mut found = Levels::new();
    if let Some(flow) = flow {
        collect(realm, flow, loa::NONE, &mut found);
    }
    found
}

/// The level that the action asked for (`kc_action`) needs of a user in a flow: the highest that they have a credential for,
/// up to that of the credential that it makes or removes.
///
/// # Errors
///
/// Those of the database.
pub async fn of_action(turn: &Turn, user_id: &str, kind: FlowKind) -> Result<i64, Error> {
    let Some(asked) = turn.session.request.kc_action.as_deref() else {
        return Ok(loa::NONE);
    };
    let (alias, parameter) = asked.split_once(':').unwrap_or((asked, ""));
    let levels = levels(&turn.realm, flow::bound(&turn.realm, &turn.client, kind));
    if levels.is_empty() {
        return Ok(loa::NONE);
    }
    let owned = credential::of_user(&turn.app.db, user_id).await?;
    let changed = match alias {
        CONFIGURE_TOTP => Some(device::TYPE),
        RECOVERY_CODES => Some(recovery::TYPE),
        DELETE_CREDENTIAL => owned.iter().find(|c| c.id == parameter).map(|c| c.kind.as_str()),
        other => passkey::Kind::of_action(other).map(passkey::Kind::credential_type),
    };
    let Some(most) = changed.and_then(|kind| levels.get(kind)) else {
        return Ok(loa::NONE);
    };
    let reachable = owned.iter().filter_map(|c| levels.get(c.kind.as_str()));
    Ok(reachable
        .filter(|level| *level <= most)
        .max()
        .copied()
        .unwrap_or(loa::NONE))
}

/// Whether somebody who has come this far may do the action that is asked for. Who registers has only what they set up just
/// now.
///
/// # Errors
///
/// Those of the database.
pub async fn suffices(turn: &Turn, user_id: &str) -> Result<bool, Error> {
    if turn.session.flow == FlowKind::Registration {
        return Ok(true);
    }
    Ok(loa::present(turn) >= of_action(turn, user_id, FlowKind::Browser).await?)
}

/// The level that removing a credential of a type needs: the one at which people are asked for it when they sign in, to this
/// client or in general.
pub fn to_remove(realm: &Realm, client: &Client, kind: &str) -> i64 {
    let general = realm.text("browserFlow").and_then(|alias| realm.flow_by_alias(alias));
    let flows = [flow::bound(realm, client, FlowKind::Browser), general];
    let needed = flows.map(|flow| levels(realm, flow).get(kind).copied().unwrap_or(loa::NONE));
    needed.into_iter().max().unwrap_or(loa::NONE)
}

/// Why a credential is not removed, in Keycloak's words.
pub fn too_low(kind: &str) -> String {
    format!("Insufficient level of authentication for removing credential of type '{kind}'.")
}
