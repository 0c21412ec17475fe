//! Which roles a user has.

use crate::app::App;
use crate::error::Error;
use crate::store::realm::Realm;
use crate::store::role::{self, Held};

/// All roles that a user has: directly, through groups and the groups above, and within those.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(app: &App, realm: &Realm, user_id: &str) -> Result<Held, Error> {
    let direct = role::of_user_and_groups(&app.db, user_id).await?;
    Ok(Held::new(&realm.roles, direct))
}
