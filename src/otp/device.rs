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

/// The longest period and the highest counter of a device, in seconds and in codes; what is beyond cannot be read.
const LONGEST_PERIOD: u64 = 86_400;
const HIGHEST_COUNTER: u64 = 1 << 53;

/// A device of a user.
pub struct Device {
    credential: Credential,
    /// `None`: what is stored cannot be read, and no code is right. The device is there all the same: somebody else who came as
    /// far as here must not set up another one instead.
    maker: Option<Maker>,
}

/// What makes codes.
struct Maker {
    kind: Kind,
    algorithm: Algorithm,
    digits: u32,
    period: u64,
    counter: u64,
    secret: Zeroizing<Vec<u8>>,
}

impl Maker {
    /// Reads what Keycloak calls `credentialData` and `secretData`.
    fn read(data: &str, secret: &str) -> Result<Self, &'static str> {
        let data: Doc = serde_json::from_str(data).map_err(|_| "its data are no object")?;
        let secret: Doc = serde_json::from_str(secret).map_err(|_| "its secret is no object")?;
        let value = json::text(&secret, "value").filter(|v| !v.is_empty());
        let value = value.ok_or("it has no secret")?;
        let secret = match json::text(&data, "secretEncoding") {
            Some("BASE32") => base32::decode(value).ok_or("its secret is not BASE32")?,
            _ => value.as_bytes().to_vec(),
        };
        let kind = match json::text(&data, "subType") {
            Some("hotp") => Kind::Hotp,
            _ => Kind::Totp,
        };
        let number = |key: &str| u64::try_from(json::number(&data, key)).unwrap_or(u64::MAX);
        let algorithm = json::text(&data, "algorithm").unwrap_or("HmacSHA1");
        let digits = u32::try_from(number("digits")).ok().filter(|n| (4..=10).contains(n));
        let (period, counter) = (number("period"), number("counter"));
        if kind == Kind::Totp && !(1..=LONGEST_PERIOD).contains(&period) {
            return Err("its period is not of 1 to 86400 seconds");
        }
        if counter > HIGHEST_COUNTER {
            return Err("its counter is out of bounds");
        }
        Ok(Self {
            kind,
            algorithm: Algorithm::parse(algorithm).ok_or("its algorithm is unknown")?,
            digits: digits.ok_or("its codes do not have 4 to 10 digits")?,
            period: period.clamp(1, LONGEST_PERIOD),
            counter,
            secret: Zeroizing::new(secret),
        })
    }
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
            maker: Some(Maker {
                kind: policy.kind,
                algorithm: policy.algorithm,
                digits: policy.digits,
                period: policy.period,
                counter: policy.initial_counter,
                secret: Zeroizing::new(secret.to_vec()),
            }),
        }
    }

    fn read(app: &App, credential: Credential) -> Self {
        let secret = credential::open(&app.db, &credential).map_err(|e| e.to_string());
        let maker = secret.and_then(|s| Maker::read(&credential.credential_data, &s).map_err(str::to_owned));
        if let Err(why) = &maker {
            tracing::warn!("one-time code device {}: {why}", credential.id);
        }
        let maker = maker.ok();
        Self { credential, maker }
    }

    /// The counter for which a code is right; `None`: it is wrong. All are computed, whichever it is.
    pub fn counter_of(&self, policy: &Policy, typed: &str, now: i64) -> Option<u64> {
        let maker = self.maker.as_ref()?;
        let (first, last) = match maker.kind {
            Kind::Totp => {
                let present = (now / 1000).max(0) as u64 / maker.period;
                (present.saturating_sub(policy.look_ahead), present + policy.look_ahead)
            }
            Kind::Hotp => (maker.counter, maker.counter + policy.look_ahead),
        };
        let mut found = None;
        for counter in first..=last {
            let expected = code::of_counter(&maker.secret, counter, maker.digits, maker.algorithm);
            if constant_time_eq(expected.as_bytes(), typed.as_bytes()) {
                found = Some(counter);
            }
        }
        found
    }

    /// Uses a right code up. `false`: it was used before.
    async fn spend(&self, tx: &mut Tx, app: &App, realm: &Realm, user_id: &str, counter: u64) -> Result<bool, Error> {
        let Some(maker) = &self.maker else { return Ok(false) };
        let policy = Policy::of(realm);
        match maker.kind {
            Kind::Totp if policy.reusable => Ok(true),
            Kind::Totp => {
                let value = format!("{}.{counter}", self.id());
                let periods = counter.saturating_add(2 * policy.look_ahead + 2);
                let dead = periods.saturating_mul(maker.period).saturating_mul(1000);
                let dead = i64::try_from(dead).unwrap_or(i64::MAX);
                single_use::spend(tx, &realm.id, "otp", &value, dead.max(app.now())).await
            }
            Kind::Hotp => {
                let mut stored = credential::of_user(&mut *tx, user_id).await?;
                stored.retain(|c| c.id == self.id());
                let Some(stored) = stored.pop() else {
                    return Ok(false);
                };
                let mut data: Doc = serde_json::from_str(&stored.credential_data)?;
                if counter < u64::try_from(json::number(&data, "counter")).unwrap_or(0) {
                    return Ok(false);
                }
                data.insert("counter".into(), json!(counter + 1));
                let data = Value::Object(data).to_string();
                credential::swap(tx, &stored, &stored.secret_data, &data).await
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
        let priority = known.iter().map(|c| c.priority.saturating_add(10)).max().unwrap_or(10);
        let credential = Credential {
            priority,
            ..self.credential.clone()
        };
        credential::put(tx, user_id, &credential).await?;
        self.spend(tx, app, realm, user_id, proved).await?;
        Ok(())
    }
}

/// The devices of a user, in their order; also those that cannot be read.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(app: &App, q: impl Query, user_id: &str) -> Result<Vec<Device>, Error> {
    let all = credential::of_user(q, user_id).await?;
    let own = all.into_iter().filter(|c| c.kind == TYPE);
    Ok(own.map(|c| Device::read(app, c)).collect())
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
