//! How many clients one token, owner, address or realm may have registered (contract 5).

use super::super::Request;
use super::super::access::Access;
use super::super::refusal::{Refusal, Stop};
use crate::store::client_life::{self, Filter};
use crate::store::json;
use crate::store::{Tx, limit};

/// Judges that there is one client more, in the transaction that adds it.
///
/// # Errors
///
/// [`Stop::Refused`] with the quota that is full.
pub(in crate::client_registration) async fn judge(tx: &mut Tx, request: &Request<'_>) -> Result<(), Stop> {
    let realm = request.realm;
    let most = |of: &str| {
        let set = realm.attribute(&format!("clientRegistration.quota.{of}"));
        set.and_then(|n| n.parse::<i64>().ok())
    };
    let (token, owner) = match &request.access {
        Access::Initial { token, .. } => (Some(token.id.as_str()), json::text(&token.doc, "owner")),
        Access::Bearer(rights) => (None, Some(rights.user_id.as_str())),
        Access::Anonymous | Access::Registration { .. } => (None, None),
    };
    let address = request.caller.ip.to_string();
    let none = || Filter {
        registered: true,
        ..Filter::default()
    };
    let quotas = [
        (
            "token",
            token.map(|id| Filter {
                token_id: Some(id),
                ..none()
            }),
        ),
        (
            "owner",
            owner.map(|id| Filter {
                owner: Some(id),
                ..none()
            }),
        ),
        (
            "address",
            Some(Filter {
                ip_address: Some(&address),
                ..none()
            }),
        ),
        ("realm", Some(none())),
    ];
    let mut in_turn = false;
    for (of, filter) in quotas {
        let (Some(most), Some(filter)) = (most(of), filter) else {
            continue;
        };
        if !in_turn {
            // One registration after the other: those that are counted at once would all find room for one more.
            limit::take_turn(tx, &realm.id, "client-quota").await?;
            in_turn = true;
        }
        if client_life::count_to(&mut *tx, &realm.id, &filter, most.max(0)).await? >= most {
            return Err(Refusal::Quota { of, most }.into());
        }
    }
    Ok(())
}
