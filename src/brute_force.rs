//! Keycloak's brute force detection: failed sign-ins of a user are counted, and too many of them keep everybody out for a while
//! or for good.
//!
//! The count is a row of the database, changed under its lock: however many guesses come at once, on however many nodes, they
//! are decided one after the other, and what comes after the lockout is refused, right or wrong.

use crate::app::App;
use crate::clock;
use crate::error::Error;
use crate::events;
use crate::store::Tx;
use crate::store::event::Event;
use crate::store::login_failure::{self, LoginFailure};
use crate::store::realm::Realm;
use crate::store::user::{self, User};

/// The attribute that says why a user is disabled, and its value after too many failures.
const REASON: &str = "disabledReason";
const PERMANENT: &str = "permanentLockout";

/// How long a row that counts nothing is kept.
const KEPT_MS: i64 = 3_600_000;

/// Whether somebody may try to sign in as a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// They may.
    Open,
    /// Not now.
    Temporary,
    /// Not until an administrator enables the user.
    Permanent,
}

impl Lock {
    /// Keycloak's error code in the event of an attempt that the lock refused; `None`: it did not.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Open => None,
            Self::Temporary => Some("user_temporarily_disabled"),
            Self::Permanent => Some("user_disabled"),
        }
    }
}

/// With what somebody failed or succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    Password,
    /// A one-time code, after the password was right.
    Otp,
    RecoveryCode,
    Passkey,
}

fn is_on(realm: &Realm) -> bool {
    realm.flag("bruteForceProtected")
}

/// Whether a user was disabled because of too many failures.
pub fn is_locked_for_good(user: &User) -> bool {
    let reasons = user.attributes.get(REASON);
    !user.enabled && reasons.is_some_and(|all| all.iter().any(|r| r == PERMANENT))
}

/// Whether somebody may try to sign in as a user now.
///
/// # Errors
///
/// Those of the database.
pub async fn lock(app: &App, realm: &Realm, user: &User) -> Result<Lock, Error> {
    if !is_on(realm) {
        return Ok(Lock::Open);
    }
    if is_locked_for_good(user) {
        return Ok(Lock::Permanent);
    }
    let known = login_failure::of_user(&app.db, &realm.id, &user.id).await?;
    Ok(known.map_or(Lock::Open, |known| lock_of(realm, &known, app.now())))
}

/// The same in a transaction, in which the answer stays: whoever else counts for this user waits until it ends.
///
/// # Errors
///
/// Those of the database.
pub async fn lock_in(tx: &mut Tx, realm: &Realm, user_id: &str, now: i64) -> Result<Lock, Error> {
    if !is_on(realm) {
        return Ok(Lock::Open);
    }
    let known = login_failure::of_user_locked(tx, &realm.id, user_id).await?;
    let user = user::by_id(&mut *tx, &realm.id, user_id).await?;
    if user.is_some_and(|user| is_locked_for_good(&user)) {
        return Ok(Lock::Permanent);
    }
    Ok(lock_of(realm, &known, now))
}

fn lock_of(realm: &Realm, known: &LoginFailure, now: i64) -> Lock {
    if realm.flag("permanentLockout") && known.lockouts > realm.number("maxTemporaryLockouts") {
        Lock::Permanent
    } else if now / 1000 < known.not_before {
        Lock::Temporary
    } else {
        Lock::Open
    }
}

/// Decides about an attempt whose proof has been looked at: a wrong one counts, and neither counts nor helps while the user is
/// locked. Look at the proof first, so that an attempt takes as long whatever the state of the user is.
///
/// # Errors
///
/// Those of the database.
pub async fn decide(
    app: &App,
    realm: &Realm,
    user: &User,
    address: &str,
    how: Means,
    right: bool,
) -> Result<Lock, Error> {
    if !is_on(realm) {
        return Ok(Lock::Open);
    }
    let for_good = is_locked_for_good(user);
    if right || for_good {
        let locked = lock(app, realm, user).await?;
        if locked != Lock::Open {
            nobody(app, realm, &user.username).await?;
        }
        return Ok(locked);
    }
    let now = app.now();
    let mut tx = app.db.begin().await?;
    if user::by_id(&mut tx, &realm.id, &user.id).await?.is_none() {
        return Ok(Lock::Open);
    }
    let mut known = login_failure::of_user_locked(&mut tx, &realm.id, &user.id).await?;
    let locked = lock_of(realm, &known, now);
    if locked != Lock::Open {
        // Written all the same: nobody learns by the time that there is a lock, and so a user.
        tx.commit().await?;
        return Ok(locked);
    }
    let effect = count(realm, &mut known, address, how, now);
    login_failure::put(&mut tx, &realm.id, &user.id, &known).await?;
    if effect.temporary {
        let until = clock::iso(known.not_before.saturating_mul(1000));
        let event = event("USER_DISABLED_BY_TEMPORARY_LOCKOUT", user, &known)
            .detail("not_before", until.trim_end_matches('Z'))
            .detail("num_failures", known.failures.to_string());
        events::record(&mut tx, realm, &event, now).await?;
    }
    if effect.permanent {
        lock_for_good(&mut tx, realm, user, &known, now).await?;
    }
    tx.commit().await?;
    Ok(Lock::Open)
}

/// The work of counting a failure where none is counted, so that nobody can tell by the time: the name is nobody's, or its user is
/// locked.
///
/// # Errors
///
/// Those of the database.
pub async fn nobody(app: &App, realm: &Realm, name: &str) -> Result<(), Error> {
    if !is_on(realm) {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    user::by_id(&mut tx, &realm.id, "").await?;
    login_failure::touch(&mut tx, &realm.id, name, app.now() + KEPT_MS).await?;
    tx.commit().await
}

/// What a failure leads to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Effect {
    temporary: bool,
    permanent: bool,
}

/// Counts a failure, as Keycloak does.
fn count(realm: &Realm, known: &mut LoginFailure, address: &str, how: Means, now: i64) -> Effect {
    let (permanent, most_temporary) = (realm.flag("permanentLockout"), realm.number("maxTemporaryLockouts"));
    let waits = !permanent || most_temporary != 0;
    let since = if known.last_failure > 0 {
        now - known.last_failure
    } else {
        0
    };
    if waits && since > realm.number("maxDeltaTimeSeconds").saturating_mul(1000) {
        let secondary = known.secondary;
        *known = LoginFailure {
            secondary,
            ..LoginFailure::default()
        };
    }
    known.last_address = Some(address.to_owned());
    known.last_failure = now;
    known.failures += 1;

    let factor = realm.number("failureFactor").max(1);
    let step = realm.number("waitIncrementSeconds");
    let mut wait = match realm.text("bruteForceStrategy") {
        _ if !waits => 0,
        Some("LINEAR") => step.saturating_mul(1 + known.failures - factor),
        _ => step.saturating_mul(known.failures / factor),
    };
    let quick = wait <= 0 && since > 0 && since < realm.number("quickLoginCheckMilliSeconds");
    if quick {
        wait = realm.number("minimumQuickLoginWaitSeconds");
    }
    let mut effect = Effect::default();
    if wait > 0 {
        if waits {
            wait = wait.min(realm.number("maxFailureWaitSeconds"));
        }
        if !quick {
            known.lockouts += 1;
        }
        if quick || !permanent || known.lockouts <= most_temporary {
            known.not_before = (now / 1000).saturating_add(wait).min(i64::from(i32::MAX));
            effect.temporary = true;
        }
    }
    if how == Means::Otp {
        known.secondary += 1;
        let most = realm.number("maxSecondaryAuthFailures");
        effect.permanent |= most > 0 && known.secondary > most;
    }
    effect.permanent |=
        permanent && (known.lockouts > most_temporary || most_temporary == 0 && known.failures >= factor);
    effect
}

fn event(kind: &str, user: &User, known: &LoginFailure) -> Event {
    let mut event = Event::new(kind).detail("reason", "brute_force_attack detected");
    event.user_id = Some(user.id.clone());
    event.ip_address.clone_from(&known.last_address);
    event
}

async fn lock_for_good(tx: &mut Tx, realm: &Realm, user: &User, known: &LoginFailure, now: i64) -> Result<(), Error> {
    let changed = user::change(tx, realm, &user.id, |user| {
        user.enabled = false;
        user.attributes.insert(REASON.to_owned(), vec![PERMANENT.to_owned()]);
    });
    let Ok(user) = changed.await? else {
        return Ok(());
    };
    let event =
        event("USER_DISABLED_BY_PERMANENT_LOCKOUT", &user, known).detail("num_failures", known.failures.to_string());
    events::record(tx, realm, &event, now).await
}

/// Somebody has signed in: the count begins anew. That of wrong one-time codes only if there was a right one.
///
/// # Errors
///
/// Those of the database.
pub async fn succeeded(app: &App, realm: &Realm, user_id: &str, with_otp: bool) -> Result<(), Error> {
    if !is_on(realm) {
        return Ok(());
    }
    let Some(known) = login_failure::of_user(&app.db, &realm.id, user_id).await? else {
        return Ok(());
    };
    let mut tx = app.db.begin().await?;
    if with_otp || known.secondary == 0 {
        login_failure::remove(&mut tx, &realm.id, user_id).await?;
    } else {
        let left = LoginFailure {
            secondary: known.secondary,
            ..LoginFailure::default()
        };
        login_failure::put(&mut tx, &realm.id, user_id, &left).await?;
    }
    tx.commit().await
}

/// An administrator enables a user: nothing is left of a lockout. `None`: there is no such user any more.
///
/// # Errors
///
/// Those of the database.
pub async fn lift(tx: &mut Tx, realm_id: &str, user_id: &str) -> Result<Option<User>, Error> {
    // The failures first, as where they are counted: else each would wait for the other.
    login_failure::remove(tx, realm_id, user_id).await?;
    let mut user = user::latest(tx, realm_id, user_id).await?;
    if let Some(user) = &mut user {
        user.attributes.remove(REASON);
    }
    Ok(user)
}

/// What administrators see of a user's failures.
pub struct Status {
    pub known: LoginFailure,
    pub disabled: bool,
    /// Epoch seconds; [`i64::MAX`]: for good.
    pub not_before: i64,
}

/// The failures of a user, and what they led to. Nobody's are none.
///
/// # Errors
///
/// Those of the database.
pub async fn status(app: &App, realm: &Realm, user_id: &str) -> Result<Status, Error> {
    let mut known = LoginFailure::default();
    let mut locked = Lock::Open;
    if is_on(realm) {
        let stored = login_failure::of_user(&app.db, &realm.id, user_id).await?;
        known = stored.unwrap_or_default();
        locked = match user::by_id(&app.db, &realm.id, user_id).await? {
            Some(user) if is_locked_for_good(&user) => Lock::Permanent,
            _ => lock_of(realm, &known, app.now()),
        };
    }
    let not_before = if locked == Lock::Permanent {
        i64::MAX
    } else {
        known.not_before
    };
    Ok(Status {
        known,
        disabled: locked != Lock::Open,
        not_before,
    })
}
