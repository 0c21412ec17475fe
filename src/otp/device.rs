//! The devices of a user, and whether a code is one's.

use serde_json::{Value, json};
use vestibule_jose::digest::constant_time_eq;
use zeroize::Zeroizing;

use super::base32;
use super::code::{self, Algorithm};
use super::policy::{Kind, Policy};
use crate::app::App;
use crate::error::Error;
use crate::store::credential::{self, Credential};
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::{Query, Tx, single_use};

/// Keycloak's type of such credentials.
pub const TYPE: &str = "otp";

/// A device that makes codes.
pub struct Device {
    credential: Credential,
    kind: Kind,
    algorithm: Algorithm,
    digits: u32,
    period: u64,
    counter: u64,
    secret: Zeroizing<Vec<u8>>,
}

impl Device {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.credential.id
    }

    /// What its owner calls it.
    pub fn label(&self) -> &str {
        self.credential.label.as_deref().unwrap_or_default()
    }

    /// A device that is not stored yet.
    pub fn new(policy: &Policy, secret: &[u8], label: &str, now: i64) -> Self {
        Self {
            credential: Credential {
                id: crate::random::uuid(),
                kind: TYPE.to_owned(),
                label: Some(label.to_owned()).filter(|l| !l.is_empty()),
                created: now,
                priority: 0,
                secret_data: json!({ "value": String::from_utf8_lossy(secret) }).to_string(),
                credential_data: policy.credential_data(),
            },
            kind: policy.kind,
            algorithm: policy.algorithm,
            digits: policy.digits,
            period: policy.period,
            counter: policy.initial_counter,
            secret: Zeroizing::new(secret.to_vec()),
        }
    }

    /// Reads a stored credential; `None`: it cannot be read, and proves nothing.
    fn read(app: &App, credential: Credential) -> Option<Self> {
        let unreadable = |why: &str| tracing::warn!("one-time code device {}: {why}", credential.id);
        let secret = match credential::open(&app.db, &credential) {
            Ok(secret) => secret,
            Err(e) => {
                unreadable(&e.to_string());
                return None;
            }
        };
        let data: Doc = serde_json::from_str(&credential.credential_data).ok()?;
        let secret: Value = serde_json::from_str(&secret).ok()?;
        let value = secret["value"].as_str().filter(|v| !v.is_empty())?;
        let secret = match json::text(&data, "secretEncoding") {
            Some("BASE32") => base32::decode(value)?,
            _ => value.as_bytes().to_vec(),
        };
        let number = |key: &str| u64::try_from(json::number(&data, key)).unwrap_or(0);
        let algorithm = json::text(&data, "algorithm").unwrap_or("HmacSHA1");
        Some(Self {
            kind: if json::text(&data, "subType") == Some("hotp") {
                Kind::Hotp
            } else {
                Kind::Totp
            },
            algorithm: Algorithm::parse(algorithm)?,
            digits: number("digits").clamp(4, 10) as u32,
            period: number("period").max(1),
            counter: number("counter"),
            secret: Zeroizing::new(secret),
            credential,
        })
    }

    /// The counter for which a code is right; `None`: it is wrong. All are computed, whichever it is.
    pub fn counter_of(&self, policy: &Policy, typed: &str, now: i64) -> Option<u64> {
        let (first, last) = match self.kind {
            Kind::Totp => {
                let present = (now / 1000).max(0) as u64 / self.period;
                (present.saturating_sub(policy.look_ahead), present + policy.look_ahead)
            }
            Kind::Hotp => (self.counter, self.counter + policy.look_ahead),
        };
        let mut found = None;
        for counter in first..=last {
            let expected = code::of_counter(&self.secret, counter, self.digits, self.algorithm);
            if constant_time_eq(expected.as_bytes(), typed.as_bytes()) {
                found = Some(counter);
            }
        }
        found
    }

    /// Uses a right code up. `false`: it was used before.
    async fn spend(&self, tx: &mut Tx, app: &App, realm: &Realm, user_id: &str, counter: u64) -> Result<bool, Error> {
        let policy = Policy::of(realm);
        match self.kind {
            Kind::Totp if policy.reusable => Ok(true),
            Kind::Totp => {
                let value = format!("{}.{counter}", self.id());
                let dead = (counter + 2 * policy.look_ahead + 2) as i64 * self.period as i64 * 1000;
                single_use::spend(tx, &realm.id, "otp", &value, dead.max(app.now())).await
            }
            Kind::Hotp => {
                let mut stored = credential::of_user(&mut *tx, user_id).await?;
                stored.retain(|c| c.id == self.id());
                let Some(mut stored) = stored.pop() else {
                    return Ok(false);
                };
                let mut data: Doc = serde_json::from_str(&stored.credential_data)?;
                if counter < u64::try_from(json::number(&data, "counter")).unwrap_or(0) {
                    return Ok(false);
                }
                data.insert("counter".into(), json!(counter + 1));
                stored.credential_data = Value::Object(data).to_string();
                credential::put(tx, user_id, &stored).await?;
                Ok(true)
            }
        }
    }

    /// Stores a new device; a counter based one goes on after the code that proved it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn store(self, tx: &mut Tx, app: &App, realm: &Realm, user_id: &str, proved: u64) -> Result<(), Error> {
        let known = credential::of_user(&mut *tx, user_id).await?;
        let priority = known.iter().map(|c| c.priority + 10).max().unwrap_or(10);
        let credential = Credential {
            priority,
            ..self.credential.clone()
        };
        credential::put(tx, user_id, &credential).await?;
        self.spend(tx, app, realm, user_id, proved).await?;
        Ok(())
    }
}

/// The devices of a user, in their order.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(app: &App, q: impl Query, user_id: &str) -> Result<Vec<Device>, Error> {
    let all = credential::of_user(q, user_id).await?;
    let own = all.into_iter().filter(|c| c.kind == TYPE);
    Ok(own.filter_map(|c| Device::read(app, c)).collect())
}

/// Whether a code is right, and was not used before; it is now. `chosen`: the device that the person chose; the first one
/// where they chose none.
///
/// # Errors
///
/// Those of the database.
pub async fn is_right(
    app: &App,
    realm: &Realm,
    user_id: &str,
    chosen: Option<&str>,
    typed: &str,
) -> Result<bool, Error> {
    let devices = of_user(app, &app.db, user_id).await?;
    let device = match chosen.filter(|id| !id.is_empty()) {
        Some(id) => devices.iter().find(|d| d.id() == id),
        None => devices.first(),
    };
    let Some(device) = device else {
        return Ok(false);
    };
    let Some(counter) = device.counter_of(&Policy::of(realm), typed, app.now()) else {
        return Ok(false);
    };
    let mut tx = app.db.begin().await?;
    crate::store::user::lock(&mut tx, &realm.id, user_id).await?;
    let fresh = device.spend(&mut tx, app, realm, user_id, counter).await?;
    tx.commit().await?;
    Ok(fresh)
}
