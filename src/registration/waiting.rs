//! Registrations that wait for the proof of their address.

use serde_json::Value;
use vestibule_jose::digest::{b64url, constant_time_eq, sha256};

use super::record::kept_details;
use super::ruled::Address;
use super::{INVITATION, ruled, settings, user};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::events;
use crate::mail::{self, Sending};
use crate::organization;
use crate::password::{Hashed, Recipe, Verdict};
use crate::profile::Fields;
use crate::store::client;
use crate::store::credential::Credential;
use crate::store::event::Event;
use crate::store::json::text;
use crate::store::realm::Realm;
use crate::store::registration::{self, Registration};
use crate::store::user::{Kept, User, by_email, normal};
use crate::verification::{self, Code, MOST_ATTEMPTS, TabRef};
use crate::webhook;

/// How an address was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By the link, in the browser that registered.
    SameBrowser,
    /// By the code from the mail, typed where the registration was made.
    TypedCode,
    /// By the link, elsewhere: a password that was sent before is a stranger's for all we know, and does not count.
    Elsewhere,
}

/// What came of a proof.
pub enum Completed {
    /// The user exists.
    User(User),
    /// The user name has been taken meanwhile: another is to be chosen.
    UsernameTaken,
    /// There is nothing to prove any more: it has expired, was proved before, or the address has an owner.
    Gone,
}

/// Whose browser a registration belongs to, as it is kept.
pub fn browser_hash(root_id: &str) -> String {
    b64url(&sha256(root_id.as_bytes()))
}

/// What is kept of a status token.
pub fn token_hash(token: &str) -> String {
    b64url(&sha256(token.as_bytes()))
}

/// Whether a registration was made in the browser with this root.
pub fn is_of_browser(row: &Registration, root_id: Option<&str>) -> bool {
    let hash = root_id.map(browser_hash);
    hash.is_some() && hash == row.browser_hash
}

/// Whether a status token is the one of a registration.
pub fn is_status_token(row: &Registration, token: &str) -> bool {
    let kept = row.status_token_hash.as_deref().unwrap_or_default();
    constant_time_eq(token_hash(token).as_bytes(), kept.as_bytes())
}

/// The address is proved: the user that was promised, under the id that was told, in one transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn complete(app: &App, realm: &Realm, row: &Registration, proof: Proof) -> Result<Completed, Error> {
    if row.address_taken {
        return Ok(Completed::Gone);
    }
    let through = match &row.client_uuid {
        Some(id) => client::by_id(&app.db, &realm.id, id).await?,
        None => None,
    };
    let fields = fields(row);
    let sender = ruled::sender_of(row, through.as_deref());
    let subject = ruled::describe(&row.id, &fields, Address::Proved, &sender);
    let gifts = ruled::assigned(realm, through.as_deref(), &subject, &sender);
    let plan = user::Plan {
        id: row.id.clone(),
        fields,
        password: password(row).filter(|_| proof != Proof::Elsewhere),
        email_verified: true,
        terms_accepted: row.doc.get("termsAccepted") == Some(&Value::Bool(true)),
        gifts: gifts.clone().unwrap_or_default(),
    };
    let now = app.now();
    let mut tx = app.db.begin().await?;
    if !registration::finish(&mut tx, &row.id, now).await? {
        return Ok(Completed::Gone);
    }
    let (kept, new) = user::add(&mut tx, app, realm, through.as_deref(), plan).await?;
    match kept {
        Kept::Yes => {}
        Kept::UsernameTaken | Kept::Gone => return Ok(Completed::UsernameTaken),
        Kept::EmailTaken => {
            drop(tx);
            let mut tx = app.db.begin().await?;
            registration::address_was_taken(&mut tx, &row.id).await?;
            tx.commit().await?;
            return Ok(Completed::Gone);
        }
    }
    // An invitation that was taken back meanwhile makes nobody a member, and the account is theirs all the same.
    let joined = match text(&row.doc, INVITATION) {
        Some(reference) => organization::accept(&mut tx, reference, &new.id, true).await?,
        None => false,
    };
    let kinds = ["REGISTRATION_PROVED", "REGISTER", "INVITE_ORG"];
    for kind in &kinds[..if joined { 3 } else { 2 }] {
        let mut event = Event::new(kind);
        event.client_id = through.as_ref().map(|c| c.client_id.clone());
        event.user_id = Some(new.id.clone());
        event.ip_address.clone_from(&row.ip_address);
        event.details = kept_details(&row.doc);
        if *kind == "REGISTER"
            && let Err(failed) = gifts
        {
            event = event.detail("reason", format!("registration.assign.rule: {failed}"));
        }
        let event = event
            .detail("register_method", &*row.source)
            .detail("email", &*row.email)
            .detail("username", &*new.username);
        events::record(&mut tx, realm, &event, now).await?;
    }
    webhook::after(&mut tx, realm, &ruled::made(&subject, &sender), now).await?;
    tx.commit().await?;
    Ok(Completed::User(new))
}

/// The fields as they were sent.
pub fn fields(row: &Registration) -> Fields {
    row.doc
        .get("fields")
        .and_then(|f| serde_json::from_value(f.clone()).ok())
        .unwrap_or_default()
}

fn password(row: &Registration) -> Option<Hashed> {
    let kept = row.doc.get("password")?;
    let text = |key: &str| kept[key].as_str().map(str::to_owned);
    Some(Hashed {
        secret_data: text("secretData")?,
        credential_data: text("credentialData")?,
    })
}

/// Chooses another user name, where the first was taken meanwhile. The next proof decides.
///
/// # Errors
///
/// Those of the database.
pub async fn rename(app: &App, row: &mut Registration, username: &str) -> Result<(), Error> {
    row.username = normal(username);
    if let Some(Value::Object(fields)) = row.doc.get_mut("fields") {
        fields.insert("username".into(), serde_json::json!([row.username]));
    }
    let mut tx = app.db.begin().await?;
    registration::rename(&mut tx, &row.id, &row.username, &row.doc).await?;
    tx.commit().await
}

/// Whether a typed code is the one from the mail. Each question uses up an attempt.
///
/// # Errors
///
/// Those of the database.
pub async fn is_code(app: &App, row: &Registration, typed: &str) -> Result<bool, Error> {
    let mut tx = app.db.begin().await?;
    let counted = registration::attempt_code(&mut tx, &row.id, MOST_ATTEMPTS).await?;
    tx.commit().await?;
    let right = verification::code_is_right(typed, &row.id, row.code_hash.as_deref());
    let in_time = row.mailed.is_some_and(|at| app.now() < at + verification::LIFETIME_MS);
    Ok(counted && right && in_time && !row.address_taken)
}

/// What came of the wish for another mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// It is on its way, or the limits for the recipient keep it back; nobody is told which.
    Yes,
    /// One was sent a moment ago; seconds to wait.
    Wait(i64),
}

/// Sends the mail again, with a fresh code.
///
/// # Errors
///
/// Those of the database and of mails.
pub async fn resend(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    row: &Registration,
    tab: Option<&TabRef>,
) -> Result<Resent, Error> {
    let now = app.now();
    let cooldown = settings::resend_cooldown_ms(realm);
    let code = Code::new();
    let owner = by_email(&app.db, &realm.id, &row.email).await?;
    let proof = verification::registration_mail(app, caller, realm, row, tab, &code)?;
    let told = verification::taken_mail(app, caller, realm, row, owner.as_ref())?;
    let mut tx = app.db.begin().await?;
    if !registration::begin_mail(&mut tx, &row.id, &code.hash(&row.id), now, now - cooldown).await? {
        let left = row.mailed.map_or(0, |at| at + cooldown - now);
        return Ok(Resent::Wait((left / 1000).max(1)));
    }
    let mail = if row.address_taken { &told } else { &proof };
    if !mail::queue(&mut tx, app, realm, mail, caller.ip, Sending::Wanted).await? {
        registration::forget_code(&mut tx, &row.id).await?;
    }
    tx.commit().await?;
    Ok(Resent::Yes)
}

/// Registrations of one login that are looked at.
const MOST_LOOKED_AT: i64 = 3;

/// The registration of somebody who signs in with the right password before the proof. Ask it whenever a sign-in fails:
/// whether an address belongs to a user or only waits must not show.
///
/// # Errors
///
/// Those of the database and of the hash pool.
pub async fn by_password(app: &App, realm: &Realm, login: &str, typed: &str) -> Result<Option<Registration>, Error> {
    let login = normal(login.trim());
    for row in registration::unproved(&app.db, &realm.id, &login, app.now(), MOST_LOOKED_AT).await? {
        let Some(hashed) = password(&row) else { continue };
        let kept = Credential {
            id: row.id.clone(),
            kind: "password".into(),
            label: None,
            created: row.created,
            priority: 0,
            secret_data: hashed.secret_data,
            credential_data: hashed.credential_data,
        };
        if app.hasher.verify(typed, &kept, Recipe::default()).await? != Verdict::Wrong {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// Sends the proof mail again to who says they forgot the password of an account that is still waiting.
///
/// # Errors
///
/// Those of the database and of mails.
pub async fn remind(app: &App, caller: &Caller, realm: &Realm, login: &str) -> Result<(), Error> {
    let login = normal(login.trim());
    let rows = registration::unproved(&app.db, &realm.id, &login, app.now(), 1).await?;
    for row in rows.iter().filter(|row| !row.address_taken) {
        resend(app, caller, realm, row, None).await?;
    }
    Ok(())
}
