//! `max-clients`: a realm has no more than so many, whoever made them.

use super::{Judgement, Objection};
use crate::error::Error;
use crate::store::realm::Component;
use crate::store::{Tx, client_registration, limit};

/// Keycloak's default.
const DEFAULT: i64 = 200;

pub(super) async fn judge(component: &Component, tx: &mut Tx, realm_id: &str) -> Result<Judgement, Error> {
    // Only administrators write this setting, and the Admin API takes numbers only.
    let max = component
        .first("max-clients")
        .and_then(|n| n.trim().parse().ok())
        .unwrap_or(DEFAULT);
    // One registration after the other: those that are counted at once would all find room for one more.
    limit::take_turn(tx, realm_id, "max-clients").await?;
    if client_registration::count_up_to(tx, realm_id, max).await? < max {
        return Ok(Ok(()));
    }
    let text = format!("It's allowed to have max {max} clients per realm");
    Ok(Err(Objection::new(text)))
}
