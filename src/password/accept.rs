//! Choosing a password: what the realm's policy says with all that it asks for, the hash, and what is kept.

use std::cmp::Reverse;

use super::policy::{self, Rule, Violation};
use super::{Hashed, LONGEST, Recipe, Verdict, lists};
use crate::app::App;
use crate::error::Error;
use crate::store::Tx;
use crate::store::credential::{self, Credential};
use crate::store::realm::Realm;
use crate::store::user::User;

/// The type under which old passwords are kept.
const HISTORY: &str = "password-history";

const DAY_MS: i64 = 86_400_000;

/// A password that was accepted and hashed, ready to be stored in a transaction.
pub struct NewPassword {
    hashed: Hashed,
    history: i64,
}

/// Whether a realm accepts a password: the policy with block lists and, for somebody who has one already (`user_id`),
/// the passwords before it.
///
/// # Errors
///
/// Those of the database and of the hash pool; [`Error::Setup`] if a block list cannot be read.
pub async fn accept(
    app: &App,
    realm: &Realm,
    password: &str,
    username: Option<&str>,
    email: Option<&str>,
    user_id: Option<&str>,
) -> Result<Result<(), Violation>, Error> {
    if password.len() > LONGEST {
        return Ok(Err(Rule::MaxLength(LONGEST as i64).violation()));
    }
    if password.contains('\0') {
        return Ok(Err(policy::unprintable()));
    }
    if let Err(violation) = policy::check(realm, password, username, email) {
        return Ok(Err(violation));
    }
    for rule in policy::of(realm).rules {
        let broken = match &rule {
            Rule::Blacklist(file) => lists::is_blocked(app, file, password)?,
            Rule::Breached(file) => lists::is_breached(app, file, password)?,
            Rule::History(n) => was_used(app, user_id, password, Some(*n), None).await?,
            Rule::Age(days) => was_used(app, user_id, password, None, Some(since(app.now(), *days))).await?,
            _ => false,
        };
        if broken {
            return Ok(Err(rule.violation()));
        }
    }
    Ok(Ok(()))
}

/// The instant some days ago.
fn since(now: i64, days: i64) -> i64 {
    now.saturating_sub(days.saturating_mul(DAY_MS))
}

async fn was_used(
    app: &App,
    user_id: Option<&str>,
    password: &str,
    most: Option<i64>,
    since: Option<i64>,
) -> Result<bool, Error> {
    let Some(user_id) = user_id else {
        return Ok(false);
    };
    let mut old: Vec<Credential> = credential::of_user(&app.db, user_id).await?;
    old.retain(|c| c.kind == "password" || c.kind == HISTORY);
    // The present one counts whatever its age.
    old.sort_by_key(|c| (c.kind != "password", Reverse(c.created)));
    for known in old.iter().take(most.map_or(usize::MAX, |n| n.max(0) as usize)) {
        let recent = known.kind == "password" || since.is_none_or(|since| known.created >= since);
        if recent && app.hasher.verify(password, known, Recipe::default()).await? != Verdict::Wrong {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Accepts and hashes a new password of a user. Call it before a transaction begins.
///
/// # Errors
///
/// As [`accept`].
pub async fn prepare(
    app: &App,
    realm: &Realm,
    user: &User,
    password: &str,
) -> Result<Result<NewPassword, Violation>, Error> {
    let (username, email) = (Some(user.username.as_str()), user.email.as_deref());
    if let Err(violation) = accept(app, realm, password, username, email, Some(&user.id)).await? {
        return Ok(Err(violation));
    }
    Ok(Ok(NewPassword::from_hash(realm, hash(app, realm, password).await?)))
}

/// Hashes a password as a realm wants it.
///
/// # Errors
///
/// [`Error::Busy`] if too many hashes wait.
pub async fn hash(app: &App, realm: &Realm, password: &str) -> Result<Hashed, Error> {
    app.hasher.hash(password, policy::of(realm).recipe()).await
}

impl NewPassword {
    /// A hash that was made before, as a registration keeps it.
    pub fn from_hash(realm: &Realm, hashed: Hashed) -> Self {
        Self {
            hashed,
            history: policy::of(realm).remembered(),
        }
    }
}

/// Makes it the user's password; the one before goes to the history as far as the policy keeps one.
///
/// # Errors
///
/// Those of the database.
pub async fn store(tx: &mut Tx, user_id: &str, new: NewPassword, now: i64) -> Result<(), Error> {
    credential::lock(tx, user_id).await?;
    let known = credential::of_user(&mut *tx, user_id).await?;
    let mut history: Vec<Credential> = Vec::new();
    let mut priority = known.iter().map(|c| c.priority.saturating_add(10)).max().unwrap_or(10);
    let (mut id, mut created) = (crate::random::uuid(), now);
    for mut old in known {
        match old.kind.as_str() {
            "password" => {
                priority = old.priority;
                // It is the same credential with another secret. That it is later tells the two apart.
                id.clone_from(&old.id);
                created = now.max(old.created.saturating_add(1));
                credential::remove(tx, user_id, &old.id).await?;
                old.id = crate::random::uuid();
                HISTORY.clone_into(&mut old.kind);
                history.push(old);
            }
            HISTORY => {
                credential::remove(tx, user_id, &old.id).await?;
                history.push(old);
            }
            _ => {}
        }
    }
    history.sort_by_key(|c| Reverse(c.created));
    // The present password is one of the last N.
    for old in history.iter().take((new.history - 1).max(0) as usize) {
        credential::put(tx, user_id, old).await?;
    }
    let password = Credential {
        id,
        kind: "password".into(),
        label: None,
        created,
        priority,
        secret_data: new.hashed.secret_data,
        credential_data: new.hashed.credential_data,
    };
    credential::put(tx, user_id, &password).await
}
