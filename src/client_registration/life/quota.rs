//! How many clients one token, owner, address or realm may have registered (contract 5).

use super::super::Request;
use super::super::access::Access;
use super::super::refusal::{Refusal, Stop};
use crate::error::Error;
use crate::store::client_life::{self, Filter};
use crate::store::json;
use crate::store::realm::Realm;
use crate::store::{Query, Tx, limit};

/// By whom a client is registered, as far as quotas count.
pub(in crate::client_registration) struct By<'a> {
    pub token: Option<&'a str>,
    pub owner: Option<&'a str>,
    pub address: Option<&'a str>,
}

impl<'a> By<'a> {
    fn filters(&self) -> [(&'static str, Option<Filter<'a>>); 4] {
        let none = || Filter {
            registered: true,
            ..Filter::default()
        };
        let token = self.token.map(|id| Filter {
            token_id: Some(id),
            ..none()
        });
        let owner = self.owner.map(|id| Filter {
            owner: Some(id),
            ..none()
        });
        let address = self.address.map(|ip| Filter {
            ip_address: Some(ip),
            ..none()
        });
        [
            ("token", token),
            ("owner", owner),
            ("address", address),
            ("realm", Some(none())),
        ]
    }
}

/// A realm's limit.
fn most(realm: &Realm, of: &str) -> Option<i64> {
    let set = realm.attribute(&format!("clientRegistration.quota.{of}"));
    set.and_then(|n| n.parse::<i64>().ok())
}

/// Judges that there is one client more, in the transaction that adds it.
///
/// # Errors
///
/// [`Stop::Refused`] with the quota that is full.
pub(in crate::client_registration) async fn judge(tx: &mut Tx, request: &Request<'_>) -> Result<(), Stop> {
    let realm = request.realm;
    let (token, owner) = match &request.access {
        Access::Initial { token, .. } => (Some(token.id.as_str()), json::text(&token.doc, "owner")),
        Access::Bearer(rights) => (None, Some(rights.user_id.as_str())),
        Access::Anonymous | Access::Registration { .. } => (None, None),
    };
    let address = request.caller.ip.to_string();
    let by = By {
        token,
        owner,
        address: Some(&address),
    };
    if by
        .filters()
        .iter()
        .any(|(of, filter)| filter.is_some() && most(realm, of).is_some())
    {
        // One registration after the other: those that are counted at once would all find room for one more.
        limit::take_turn(tx, &realm.id, "client-quota").await?;
    }
    match full(tx, realm, &by).await? {
        None => Ok(()),
        Some(refusal) => Err(refusal.into()),
    }
}

/// The quota that has no room for one client more, as it is now.
///
/// # Errors
///
/// Those of the database.
pub(in crate::client_registration) async fn full(
    mut q: impl Query,
    realm: &Realm,
    by: &By<'_>,
) -> Result<Option<Refusal>, Error> {
    for (of, filter) in by.filters() {
        let (Some(most), Some(filter)) = (most(realm, of), filter) else {
            continue;
        };
        if client_life::count_to(q.again(), &realm.id, &filter, most.max(0)).await? >= most {
            return Ok(Some(Refusal::Quota { of, most }));
        }
    }
    Ok(None)
}
