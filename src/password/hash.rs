//! Argon2id with Keycloak's parameters, on a pool that refuses work rather than growing.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use vestibule_jose::digest::constant_time_eq;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::store::credential::Credential;

/// Keycloak's parameters (26.7): 7168 KiB, 5 passes, 1 lane, 32 bytes.
const MEMORY_KIB: u32 = 7168;
const PASSES: u32 = 5;
const LANES: u32 = 1;
const LENGTH: usize = 32;

/// Stored hashes that cost more than this are not evaluated: they would be an attack on this server.
const MOST_MEMORY_KIB: u32 = 262_144;
const MOST_PASSES: u32 = 64;
const MOST_PBKDF2: u64 = 5_000_000;

/// Stored hashes of fewer bytes than this are no hashes.
const SHORTEST: usize = 16;

/// How many hashes may wait. Beyond it a caller is told to come again.
const QUEUE: usize = 256;

/// A hash as Keycloak stores it: JSON for `secretData` and `credentialData`.
pub struct Hashed {
    pub secret_data: String,
    pub credential_data: String,
}

/// What a stored hash says about a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one.
    Right,
    /// It is the one, but the hash was made with other parameters: hash it anew.
    RightButOld,
    /// It is not.
    Wrong,
}

/// The pool: as many hashes at once as there are cores, and a bounded queue.
#[derive(Clone)]
pub struct Hasher {
    running: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            running: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(QUEUE)),
        }
    }
}

impl Hasher {
    /// Hashes a new password.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if too many hashes wait.
    pub async fn hash(&self, password: &str) -> Result<Hashed, Error> {
        let password = Zeroizing::new(password.to_owned());
        self.run(move || {
            let salt = crate::random::bytes::<16>();
            let hash = argon2id(password.as_bytes(), &salt, MEMORY_KIB, PASSES, LANES, LENGTH)?;
            let secret = json!({ "value": STANDARD.encode(&hash[..]), "salt": STANDARD.encode(salt), "additionalParameters": {} });
            let data = json!({
                "hashIterations": PASSES, "algorithm": "argon2",
                "additionalParameters": {
                    "hashLength": [LENGTH.to_string()], "memory": [MEMORY_KIB.to_string()], "type": ["id"],
                    "version": ["1.3"], "parallelism": [LANES.to_string()]
                }
            });
            Ok(Hashed { secret_data: secret.to_string(), credential_data: data.to_string() })
        })
        .await
    }

    /// Compares a password with a stored hash: ours, or one that Keycloak made (argon2, pbkdf2 family).
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if too many hashes wait. A stored hash that cannot be read, or would cost too much, is no password
    /// at all: the answer is [`Verdict::Wrong`] after the usual work, and the log says why.
    pub async fn verify(&self, password: &str, stored: &Credential) -> Result<Verdict, Error> {
        match self.compare_with(password, stored).await {
            Err(Error::Corrupt(why)) => {
                tracing::warn!("credential {}: {why}", stored.id);
                self.burn(password).await?;
                Ok(Verdict::Wrong)
            }
            verdict => verdict,
        }
    }

    async fn compare_with(&self, password: &str, stored: &Credential) -> Result<Verdict, Error> {
        let password = Zeroizing::new(password.to_owned());
        let secret: Value = serde_json::from_str(&stored.secret_data)?;
        let data: Value = serde_json::from_str(&stored.credential_data)?;
        self.run(move || compare(password.as_bytes(), &secret, &data)).await
    }

    /// The work of one comparison, for a user who does not exist or has no password, so that nobody can tell by the time.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if too many hashes wait.
    pub async fn burn(&self, password: &str) -> Result<(), Error> {
        self.hash(password).await.map(drop)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let place = self
            .queue
            .clone()
            .try_acquire_owned()
            .map_err(|_| Error::Busy("too many passwords wait to be hashed"))?;
        let turn = self
            .running
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Error::Busy("shutting down"))?;
        // The work holds its place and its turn: a caller who hangs up does not stop it, and must not make room for more.
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((place, turn));
            result
        });
        done.await
            .map_err(|_| Error::Corrupt("a hash could not be computed".into()))?
    }
}

fn argon2id(
    password: &[u8],
    salt: &[u8],
    memory: u32,
    passes: u32,
    lanes: u32,
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |e: argon2::Error| Error::Corrupt(format!("argon2: {e}"));
    let params = Params::new(memory, passes, lanes, Some(length)).map_err(failed)?;
    let mut hash = Zeroizing::new(vec![0; length]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, &mut hash)
        .map_err(failed)?;
    Ok(hash)
}

fn compare(password: &[u8], secret: &Value, data: &Value) -> Result<Verdict, Error> {
    let bytes = |key: &str| {
        let text = secret[key].as_str().unwrap_or_default();
        STANDARD
            .decode(text)
            .map_err(|_| Error::Corrupt(format!("a stored password has a bad {key}")))
    };
    let (expected, salt) = (bytes("value")?, bytes("salt")?);
    if expected.len() < SHORTEST {
        // An empty hash would equal that of any password.
        return Err(Error::Corrupt("a stored password hash is too short".into()));
    }
    let iterations = data["hashIterations"].as_u64().unwrap_or(0);
    let algorithm = data["algorithm"].as_str().unwrap_or_default();
    let (actual, current) = if algorithm == "argon2" {
        let setting = |name: &str, default: u32| {
            let given = &data["additionalParameters"][name][0];
            given.as_str().and_then(|s| s.parse().ok()).unwrap_or(default)
        };
        let (memory, lanes) = (setting("memory", MEMORY_KIB), setting("parallelism", LANES));
        let passes = u32::try_from(iterations).unwrap_or(u32::MAX);
        if memory > MOST_MEMORY_KIB || passes > MOST_PASSES || lanes > 64 {
            return Err(Error::Corrupt(
                "a stored password hash is too costly to evaluate".into(),
            ));
        }
        let hash = argon2id(password, &salt, memory, passes, lanes, expected.len().clamp(4, 128))?;
        (
            hash,
            memory == MEMORY_KIB && passes == PASSES && lanes == LANES && expected.len() == LENGTH,
        )
    } else {
        (pbkdf2(algorithm, iterations, password, &salt, expected.len())?, false)
    };
    Ok(match (constant_time_eq(&actual, &expected), current) {
        (false, _) => Verdict::Wrong,
        (true, true) => Verdict::Right,
        (true, false) => Verdict::RightButOld,
    })
}

fn pbkdf2(
    algorithm: &str,
    iterations: u64,
    password: &[u8],
    salt: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512, derive};
    let kind = match algorithm {
        "pbkdf2" => PBKDF2_HMAC_SHA1,
        "pbkdf2-sha256" => PBKDF2_HMAC_SHA256,
        "pbkdf2-sha512" => PBKDF2_HMAC_SHA512,
        other => {
            return Err(Error::Corrupt(format!(
                "the password hash algorithm {other} is not known"
            )));
        }
    };
    let rounds = u32::try_from(iterations.min(MOST_PBKDF2))
        .ok()
        .and_then(std::num::NonZeroU32::new);
    let rounds = rounds.filter(|_| iterations <= MOST_PBKDF2 && length <= 512);
    let rounds = rounds.ok_or_else(|| Error::Corrupt("a stored password hash is too costly to evaluate".into()))?;
    let mut hash = Zeroizing::new(vec![0; length]);
    derive(kind, rounds, salt, password, &mut hash);
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(secret: &str, data: &str) -> Credential {
        Credential {
            id: String::new(),
            kind: "password".into(),
            label: None,
            created: 0,
            priority: 0,
            secret_data: secret.into(),
            credential_data: data.into(),
        }
    }

    #[tokio::test]
    async fn an_empty_hash_is_not_the_hash_of_every_password() {
        for algorithm in ["pbkdf2-sha256", "argon2"] {
            let data = format!(r#"{{"hashIterations":5,"algorithm":"{algorithm}"}}"#);
            for secret in [r#"{"value":"","salt":"c2FsdHNhbHQ="}"#, r#"{"salt":"c2FsdHNhbHQ="}"#] {
                let verdict = Hasher::default().verify("x", &stored(secret, &data)).await;
                assert!(matches!(verdict, Ok(Verdict::Wrong)), "{algorithm} {secret}");
            }
        }
    }

    #[tokio::test]
    async fn hanging_up_does_not_make_room_for_more_work_than_there_are_cores() {
        let hasher = Hasher {
            running: Arc::new(Semaphore::new(1)),
            queue: Arc::new(Semaphore::new(8)),
        };
        let mut begun = Box::pin(hasher.run(|| {
            std::thread::sleep(std::time::Duration::from_millis(300));
            Ok(())
        }));
        let polled_once = tokio::time::timeout(std::time::Duration::ZERO, &mut begun).await;
        assert!(polled_once.is_err());
        drop(begun);
        assert_eq!(hasher.running.available_permits(), 0);
        tokio::time::timeout(std::time::Duration::from_secs(5), hasher.run(|| Ok(())))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (hasher.running.available_permits(), hasher.queue.available_permits()),
            (1, 8)
        );
    }
}
