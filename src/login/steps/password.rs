//! Whether a password is right: the same work for whoever is asked about.

use crate::app::App;
use crate::error::Error;
use crate::password::{LONGEST, Recipe, Verdict, policy};
use crate::store::credential::{self, Credential};
use crate::store::realm::Realm;
use crate::store::user::User;

/// What a password proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Right,
    Wrong,
}

/// Compares a password with a user's. For nobody, or for a user without one, it takes as long. A hash made otherwise
/// than the realm has them made now is replaced.
///
/// # Errors
///
/// Those of the database; [`Error::Busy`] if too many passwords wait.
pub async fn check(app: &App, realm: &Realm, user: Option<&User>, password: &str) -> Result<Proof, Error> {
    // Too long for anybody's: still the work of one.
    let (fits, password) = (password.len() <= LONGEST, beginning(password));
    let recipe = policy::of(realm).recipe();
    let stored = match user {
        Some(user) => credential::password(&app.db, &user.id).await?,
        None => None,
    };
    let Some(stored) = stored else {
        app.hasher.burn(password, recipe).await?;
        return Ok(Proof::Wrong);
    };
    match app.hasher.verify_as_long(password, &stored, recipe).await? {
        _ if !fits => Ok(Proof::Wrong),
        Verdict::Wrong => Ok(Proof::Wrong),
        Verdict::Right => Ok(Proof::Right),
        Verdict::RightButOld => {
            renew(app, stored, password, recipe).await?;
            Ok(Proof::Right)
        }
    }
}

/// The part of a password that is looked at.
fn beginning(password: &str) -> &str {
    let cut = (0..=LONGEST).rev().find_map(|end| password.get(..end));
    if password.len() <= LONGEST {
        password
    } else {
        cut.unwrap_or_default()
    }
}

/// Whoever chose another password meanwhile keeps that one.
async fn renew(app: &App, old: Credential, password: &str, recipe: Recipe) -> Result<(), Error> {
    let new = app.hasher.hash(password, recipe).await?;
    let mut tx = app.db.begin().await?;
    credential::swap(&mut tx, &old, &new.secret_data, &new.credential_data).await?;
    tx.commit().await
}
