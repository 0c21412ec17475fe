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

/// A registration, as far as limits look at it.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub realm: &'a Realm,
    /// The application that was named. It is a claim, so that the realm's limits hold whatever is claimed.
    pub client: Option<&'a Client>,
    pub caller: IpAddr,
    pub email: &'a str,
}

impl Attempt<'_> {
    /// What it counts towards: the realm's limits, and those that its application sets for itself.
    fn rules(&self) -> Vec<Rule> {
        let (realm, client, caller) = (self.realm, self.client, self.caller);
        let email = normal(self.email);
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

    /// Whether it may be made at all: seconds to wait if not. Asked before anything that costs.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn look(&self, app: &App) -> Result<Option<i64>, Error> {
        super::foresee(app, &self.rules()).await
    }

    /// Counts it in the transaction of its effect; seconds to wait if there were enough.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn spend(&self, tx: &mut Tx, app: &App) -> Result<Option<i64>, Error> {
        super::spend(tx, app, &self.realm.id, &self.rules()).await
    }
}
