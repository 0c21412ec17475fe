//! `max-clients`: a realm has no more than so many, whoever made them.

use super::{Judgement, Objection};
use crate::error::Error;
use crate::store::realm::Component;
use crate::store::{Tx, client_registration, limit};

/// Keycloak's default.
const DEFAULT: i64 = 200;

pub(super) async fn judge(component: &Component, tx: &mut Tx, realm_id: &str) -> Result<Judgement, Error> {
    // One registration after the other: those that are counted at once would all find room for one more.
    limit::take_turn(tx, realm_id, "max-clients").await?;
    let number = client_registration::count_up_to(tx, realm_id, most(component)).await?;
    Ok(full(component, number).map_or(Ok(()), Err))
}

/// Only administrators write this setting, and the Admin API takes numbers only.
fn most(component: &Component) -> i64 {
    let set = component.first("max-clients").and_then(|n| n.trim().parse().ok());
    set.unwrap_or(DEFAULT)
}

/// What there is to say against one more.
pub(super) fn full(component: &Component, number: i64) -> Option<Objection> {
    let max = most(component);
    (number >= max).then(|| {
        Objection::about(
            "clients",
            max,
            format!("It's allowed to have max {max} clients per realm"),
        )
    })
}
