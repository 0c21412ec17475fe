//! `CONFIGURE_TOTP`: a user sets up a device that makes one-time codes.

use serde_json::Value;
use vestibule_jose::digest::{b64url, b64url_decode, constant_time_eq};
use vestibule_oauth::params::Params;

use super::{acted, end_other_sessions, forget, gone, once, over, recovery_codes, take};
use crate::error::Error;
use crate::events;
use crate::login::actions::{End, done};
use crate::login::{Turn, address, record, session};
use crate::otp::{self, Device, Policy, base32, device, recovery};
use crate::page::{Response, StatusCode};
use crate::store::event::Event;
use crate::store::user::{self, User};
use crate::theme::pages::{ConfigTotp, Severity, Totp, TotpPolicy};

pub const ALIAS: &str = "CONFIGURE_TOTP";

/// The note with the secret that the page shows, sealed, until the device is proved.
const SECRET: &str = "totp_secret";

/// The note with how the page shows it: `manual`, else as a picture.
pub const MODE: &str = "totp_mode";

/// What the secret is sealed for.
const PURPOSE: &str = "totp-setup";

/// Letters and digits of a new secret, about 119 bits. Apps get them in base 32, as from Keycloak.
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 20;

/// The longest name of a device.
const LONGEST_LABEL: usize = 255;

/// Shows the page, or takes the first code.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(mut turn: Turn, user: User, form: Option<&Params>) -> Result<Response, Error> {
    let secret = secret(&mut turn)?;
    let Some(form) = form else {
        return page(turn, &user, &secret, None).await;
    };
    remember_mode(&mut turn, form.text("mode"));
    let policy = Policy::of(&turn.realm);
    let typed = form.get("totp").unwrap_or_default().trim();
    let label = form.get("userLabel").unwrap_or_default().trim();
    let label: String = label.chars().take(LONGEST_LABEL).collect();
    let ours = constant_time_eq(form.get("totpSecret").unwrap_or_default().as_bytes(), secret.as_bytes());
    let now = turn.app.now();
    let new = Device::new(&policy, secret.as_bytes(), &label, now);
    let proved = new.counter_of(&policy, typed, now).filter(|_| ours);
    let known = device::of_user(&turn.app, &turn.app.db, &user.id).await?;
    let fault = match proved {
        _ if typed.is_empty() => Some(("totp", "missingTotpMessage")),
        None => Some(("totp", "invalidTotpMessage")),
        Some(_) if label.is_empty() && !known.is_empty() => Some(("userLabel", "missingTotpDeviceNameMessage")),
        Some(_) => None,
    };
    match proved.filter(|_| fault.is_none()) {
        Some(counter) => keep(turn, user, new, counter, super::wants_sign_out(form)).await,
        None => page(turn, &user, &secret, fault).await,
    }
}

/// Remembers how the page is asked for.
pub fn remember_mode(turn: &mut Turn, mode: Option<&str>) {
    match mode {
        Some("manual") => turn.session.set_note(MODE, "manual"),
        _ => drop(turn.session.notes.remove(MODE)),
    }
}

/// The secret of this tab: the same however often the page is looked at.
fn secret(turn: &mut Turn) -> Result<String, Error> {
    let place = format!("{}.{}", turn.session.root_id, turn.session.tab_id);
    let sealed = turn.session.note(SECRET).and_then(|text| b64url_decode(text).ok());
    if let Some(sealed) = sealed
        && let Ok(plain) = turn.app.db.open_sealed(PURPOSE, &place, &sealed)
    {
        return Ok(String::from_utf8_lossy(&plain).into_owned());
    }
    let new = crate::random::letters(ALPHABET, LENGTH);
    let sealed = turn.app.db.seal(PURPOSE, &place, new.as_bytes())?;
    turn.session.set_note(SECRET, b64url(&sealed));
    Ok(new)
}

async fn keep(mut turn: Turn, user: User, new: Device, counter: u64, elsewhere: bool) -> Result<Response, Error> {
    let now = turn.app.now();
    forget(&mut turn, ALIAS);
    let with_codes = wants_recovery_codes(&turn, &user).await?;
    acted(&mut turn, ALIAS, Some(device::TYPE));
    let Some(mut tx) = once::begin(&turn, ALIAS).await? else {
        return over(&mut turn);
    };
    let changed = user::change_own(&mut tx, &turn.realm, &user.id, |user| {
        take(user, ALIAS);
        if with_codes {
            take(user, recovery_codes::ALIAS);
            user.required_actions.push(recovery_codes::ALIAS.to_owned());
        }
    });
    let Ok(user) = changed.await? else {
        return gone(&mut turn);
    };
    new.store(&mut tx, &turn.app, &turn.realm, &user.id, counter).await?;
    if elsewhere {
        end_other_sessions(&mut tx, &turn, &user).await?;
    }
    for kind in ["UPDATE_CREDENTIAL", "UPDATE_TOTP"] {
        events::record(&mut tx, &turn.realm, &record::settled(&turn, Event::new(kind)), now).await?;
    }
    tx.commit().await?;
    turn.session.notes.remove(SECRET);
    turn.session.set_note("updated", "true");
    done(turn, user, ALIAS, End::Done).await
}

/// Whether codes to keep on paper go with the device: a setting of the action, for who has none yet.
async fn wants_recovery_codes(turn: &Turn, user: &User) -> Result<bool, Error> {
    let action = |alias: &str| turn.realm.required_action(alias).filter(|a| a.enabled);
    let set = action(ALIAS).is_some_and(|a| a.config.get("add-recovery-codes").is_some_and(|v| v == "true"));
    let asked = user.required_actions.iter().any(|a| a == recovery_codes::ALIAS);
    if !set || asked || action(recovery_codes::ALIAS).is_none() {
        return Ok(false);
    }
    Ok(recovery::next_number(&turn.app, &user.id).await?.is_none())
}

/// Letters in groups of four.
fn grouped(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|four| four.iter().collect()).collect();
    groups.join(" ")
}

async fn page(mut turn: Turn, user: &User, secret: &str, fault: Option<(&str, &str)>) -> Result<Response, Error> {
    let policy = Policy::of(&turn.realm);
    let has_devices = !device::of_user(&turn.app, &turn.app.db, &user.id).await?.is_empty();
    let asked = turn.session.note("kc_action_executing").is_some();
    let mode = turn.session.note(MODE).map(str::to_owned);
    let here = address::here(&turn.visitor.caller, &turn.realm, &turn.client, &turn.session);
    let issuer = turn.realm.text("displayName").unwrap_or(&turn.realm.name).to_owned();
    let picture = otp::qr::picture(&policy.address(&issuer, &user.username, secret.as_bytes()))?;
    let mut draft = turn.draft(Some(user));
    match fault {
        Some((field, key)) => draft.field_error(field, key, &[]),
        None if asked || draft.shell.message.is_some() => {}
        None => draft.message(Severity::Warning, "configureTotpMessage", &[] as &[Value]),
    }
    let totp = Totp {
        totp_secret: secret.to_owned(),
        totp_secret_encoded: grouped(&base32::encode(secret.as_bytes())),
        totp_secret_qr_code: picture,
        manual_url: format!("{here}&mode=manual"),
        qr_url: format!("{here}&mode=qr"),
        supported_applications: policy.apps(),
        policy: TotpPolicy {
            kind: policy.kind.name(),
            algorithm_key: policy.algorithm.short_name(),
            digits: policy.digits,
            period: policy.period,
            initial_counter: policy.initial_counter,
        },
        has_devices,
    };
    let answer = draft.answer(StatusCode::OK, &ConfigTotp { totp, mode })?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}
