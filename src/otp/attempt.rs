//! A code that somebody sends to prove themselves, and the lock that failures lead to.

use super::device;
use crate::app::App;
use crate::brute_force::{self, Lock, Means};
use crate::error::Error;
use crate::store::realm::Realm;
use crate::store::user::User;

/// Keycloak's code for a wrong code.
const WRONG: &str = "invalid_user_credentials";

/// Takes a code of the device that somebody chose, or of the first; `Some`: Keycloak's code of why it does not count. The lock is
/// asked first: a code is not used up where nobody may sign in.
///
/// # Errors
///
/// Those of the database.
pub async fn refusal(
    app: &App,
    realm: &Realm,
    user: &User,
    address: &str,
    (chosen, typed): (Option<&str>, &str),
) -> Result<Option<&'static str>, Error> {
    let lock = brute_force::lock(app, realm, user).await?;
    if lock != Lock::Open {
        return Ok(lock.code());
    }
    let right = device::is_right(app, realm, &user.id, chosen, typed).await?;
    let lock = brute_force::decide(app, realm, user, address, Means::Otp, right).await?;
    Ok(lock.code().or((!right).then_some(WRONG)))
}
