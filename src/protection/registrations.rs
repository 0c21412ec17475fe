//! `registration.limit.address`, `.subnet`, `.client`, `.email`, `.domain`.

use std::net::IpAddr;

use super::{Limit, Rule, network, per};
use crate::app::App;
use crate::error::Error;
use crate::registration::settings;
use crate::store::Tx;
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::store::user::normal;

const ADDRESS: (&str, Option<Limit>) = ("registration.limit.address", Some(per(300, 3600)));
const SUBNET: (&str, Option<Limit>) = ("registration.limit.subnet", Some(per(3000, 3600)));
const CLIENT: (&str, Option<Limit>) = ("registration.limit.client", None);
const EMAIL: (&str, Option<Limit>) = ("registration.limit.email", Some(per(5, 3600)));
const DOMAIN: (&str, Option<Limit>) = ("registration.limit.domain", None);

/// What one registration counts towards: the realm's limits, and those that its application sets for itself. A
/// `client_id` is a claim, so that the realm's hold whatever is claimed.
fn rules(realm: &Realm, client: Option<&Client>, caller: IpAddr, email: &str) -> Vec<Rule> {
    let email = normal(email);
    let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_owned());
    let values = [
        (ADDRESS, Some(network::of(caller).to_string())),
        (SUBNET, Some(network::around(caller).to_string())),
        (CLIENT, client.map(|c| c.id.clone())),
        (EMAIL, Some(email).filter(|e| !e.is_empty())),
        (DOMAIN, domain),
    ];
    let mut rules = Vec::new();
    for ((key, default), value) in values {
        let Some(value) = value else { continue };
        let mut add = |kind: &str, limit: Limit| {
            rules.push(if key == EMAIL.0 {
                Rule::fair(&realm.id, kind, &value, caller, limit)
            } else {
                Rule::plain(&realm.id, kind, &value, limit)
            });
        };
        if let Some(limit) = Limit::of(realm.attribute(key), default) {
            add(key, limit);
        }
        if let Some(client) = client
            && let Some(limit) = Limit::of(settings::of_client(client, key), None)
        {
            add(&format!("{key} {}", client.id), limit);
        }
    }
    rules
}

/// Whether somebody may try at all: seconds to wait if not. Asked before anything that costs.
///
/// # Errors
///
/// Those of the database.
pub async fn look(
    app: &App,
    realm: &Realm,
    client: Option<&Client>,
    caller: IpAddr,
    email: &str,
) -> Result<Option<i64>, Error> {
    super::foresee(app, &rules(realm, client, caller, email)).await
}

/// Counts a registration in the transaction of its effect; seconds to wait if there were enough.
///
/// # Errors
///
/// Those of the database.
pub async fn spend(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    client: Option<&Client>,
    caller: IpAddr,
    email: &str,
) -> Result<Option<i64>, Error> {
    super::spend(tx, app, &realm.id, &rules(realm, client, caller, email)).await
}
