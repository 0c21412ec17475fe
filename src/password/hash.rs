//! Passwords are hashed on a pool that refuses work rather than growing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::recipe::Recipe;
use crate::error::Error;
use crate::store::credential::Credential;

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
    /// Hashes a new password as a realm wants it.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if too many hashes wait.
    pub async fn hash(&self, password: &str, recipe: Recipe) -> Result<Hashed, Error> {
        let password = Zeroizing::new(password.to_owned());
        self.run(move || recipe.hash(password.as_bytes())).await
    }

    /// Compares a password with a stored hash: ours, or one that Keycloak made (argon2, pbkdf2 family). `recipe`: how the
    /// realm has them now.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if too many hashes wait. A stored hash that cannot be read, or would cost too much, is no password
    /// at all: the answer is [`Verdict::Wrong`] after the usual work, and the log says why.
    pub async fn verify(&self, password: &str, stored: &Credential, recipe: Recipe) -> Result<Verdict, Error> {
        match self.compare_with(password, stored, recipe).await {
            Err(Error::Corrupt(why)) => {
                tracing::warn!("credential {}: {why}", stored.id);
                self.burn(password, recipe).await?;
                Ok(Verdict::Wrong)
            }
            verdict => verdict,
        }
    }

    /// The same, and it takes no less than a hash that is made now, so that a password that was hashed by a cheaper recipe
    /// does not tell that there is such a user.
    ///
    /// # Errors
    ///
    /// As [`Hasher::verify`].
    pub async fn verify_as_long(&self, password: &str, stored: &Credential, recipe: Recipe) -> Result<Verdict, Error> {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let value = STANDARD.decode(read(&stored.secret_data)["value"].as_str().unwrap_or_default());
        if recipe.made(&read(&stored.credential_data), value.map_or(0, |value| value.len())) {
            return self.verify(password, stored, recipe).await;
        }
        let (verdict, burnt) = tokio::join!(self.verify(password, stored, recipe), self.burn(password, recipe));
        burnt?;
        verdict
    }

    async fn compare_with(&self, password: &str, stored: &Credential, recipe: Recipe) -> Result<Verdict, Error> {
        let password = Zeroizing::new(password.to_owned());
        let secret: Value = serde_json::from_str(&stored.secret_data)?;
        let data: Value = serde_json::from_str(&stored.credential_data)?;
        self.run(move || recipe.compare(password.as_bytes(), &secret, &data))
            .await
    }

    /// The work of one comparison, for a user who does not exist or has no password, so that nobody can tell by the time.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if too many hashes wait.
    pub async fn burn(&self, password: &str, recipe: Recipe) -> Result<(), Error> {
        self.hash(password, recipe).await.map(drop)
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
                let verdict = Hasher::default()
                    .verify("x", &stored(secret, &data), Recipe::default())
                    .await;
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
