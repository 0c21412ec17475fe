//! How a password becomes a hash: Argon2id with Keycloak's parameters, or the PBKDF2 family where a realm's policy asks for it.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512, derive};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vestibule_jose::digest::constant_time_eq;
use zeroize::Zeroizing;

use super::hash::{Hashed, Verdict};
use crate::error::Error;

/// Keycloak's parameters of Argon2id (26.7): 7168 KiB, 5 passes, 1 lane, 32 bytes.
const MEMORY_KIB: u32 = 7168;
const PASSES: u32 = 5;
const LANES: u32 = 1;
const LENGTH: usize = 32;

/// A policy that asks for more passes than this gets the usual ones, as in Keycloak: the number was meant for another
/// algorithm.
const MOST_OWN_PASSES: u32 = 100;

/// Stored hashes that cost more than this are not evaluated: they would be an attack on this server.
const MOST_MEMORY_KIB: u32 = 262_144;
const MOST_PASSES: u32 = MOST_OWN_PASSES;
const MOST_PBKDF2: u32 = 5_000_000;

/// Stored hashes of fewer bytes than this are no hashes.
const SHORTEST: usize = 16;

/// An algorithm, by Keycloak's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Argon2,
    Pbkdf2,
    Pbkdf2Sha256,
    Pbkdf2Sha512,
}

impl Kind {
    /// The one with a name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Argon2, Self::Pbkdf2, Self::Pbkdf2Sha256, Self::Pbkdf2Sha512];
        all.into_iter().find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Argon2 => "argon2",
            Self::Pbkdf2 => "pbkdf2",
            Self::Pbkdf2Sha256 => "pbkdf2-sha256",
            Self::Pbkdf2Sha512 => "pbkdf2-sha512",
        }
    }

    /// Keycloak's iterations where a policy names none.
    fn usual_iterations(self) -> u32 {
        match self {
            Self::Argon2 => PASSES,
            Self::Pbkdf2 => 1_300_000,
            Self::Pbkdf2Sha256 => 600_000,
            Self::Pbkdf2Sha512 => 210_000,
        }
    }

    fn most_iterations(self) -> u32 {
        match self {
            Self::Argon2 => MOST_OWN_PASSES,
            _ => MOST_PBKDF2,
        }
    }

    /// Bytes of a hash, Keycloak's.
    fn length(self) -> usize {
        match self {
            Self::Argon2 | Self::Pbkdf2Sha256 => LENGTH,
            Self::Pbkdf2 | Self::Pbkdf2Sha512 => 64,
        }
    }

    fn pbkdf2(self) -> Option<pbkdf2::Algorithm> {
        match self {
            Self::Argon2 => None,
            Self::Pbkdf2 => Some(PBKDF2_HMAC_SHA1),
            Self::Pbkdf2Sha256 => Some(PBKDF2_HMAC_SHA256),
            Self::Pbkdf2Sha512 => Some(PBKDF2_HMAC_SHA512),
        }
    }
}

/// How a realm has its passwords hashed (`hashAlgorithm` and `hashIterations` of its policy).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    kind: Kind,
    iterations: u32,
}

impl Default for Recipe {
    fn default() -> Self {
        Self::new(Kind::default(), None)
    }
}

impl Recipe {
    /// An algorithm with so many iterations; the usual ones where that is no number for it.
    pub fn new(kind: Kind, iterations: Option<i64>) -> Self {
        let given = iterations.and_then(|n| u32::try_from(n).ok());
        let iterations = given.filter(|n| (1..=kind.most_iterations()).contains(n));
        Self {
            kind,
            iterations: iterations.unwrap_or_else(|| kind.usual_iterations()),
        }
    }

    /// A new hash, as Keycloak stores it.
    pub(super) fn hash(self, password: &[u8]) -> Result<Hashed, Error> {
        let salt = crate::random::bytes::<16>();
        let length = self.kind.length();
        let (hash, more) = match self.kind.pbkdf2() {
            None => {
                let more = json!({
                    "hashLength": [length.to_string()], "memory": [MEMORY_KIB.to_string()], "type": ["id"],
                    "version": ["1.3"], "parallelism": [LANES.to_string()]
                });
                (
                    argon2id(password, &salt, MEMORY_KIB, self.iterations, LANES, length)?,
                    more,
                )
            }
            Some(kind) => (
                pbkdf2(kind, u64::from(self.iterations), password, &salt, length)?,
                json!({}),
            ),
        };
        let secret =
            json!({ "value": STANDARD.encode(&hash[..]), "salt": STANDARD.encode(salt), "additionalParameters": {} });
        let data = json!({
            "hashIterations": self.iterations, "algorithm": self.kind.name(), "additionalParameters": more
        });
        Ok(Hashed {
            secret_data: secret.to_string(),
            credential_data: data.to_string(),
        })
    }

    /// Whether a stored hash of so many bytes was made by this recipe, and so takes as long.
    pub(super) fn made(self, data: &Value, length: usize) -> bool {
        let kind = data["algorithm"].as_str().and_then(Kind::named);
        (kind, data["hashIterations"].as_u64(), length)
            == (Some(self.kind), Some(u64::from(self.iterations)), self.kind.length())
            && (self.kind != Kind::Argon2 || argon2_settings(data) == (MEMORY_KIB, LANES))
    }

    /// Whether a stored hash is that of a password, and made by this recipe.
    pub(super) fn compare(self, password: &[u8], secret: &Value, data: &Value) -> Result<Verdict, Error> {
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
        let name = data["algorithm"].as_str().unwrap_or_default();
        let kind = Kind::named(name)
            .ok_or_else(|| Error::Corrupt(format!("the password hash algorithm {name} is not known")))?;
        let actual = match kind.pbkdf2() {
            None => {
                let (memory, lanes) = argon2_settings(data);
                let passes = u32::try_from(iterations).unwrap_or(u32::MAX);
                if memory > MOST_MEMORY_KIB || passes > MOST_PASSES || lanes > 64 {
                    return Err(too_costly());
                }
                argon2id(password, &salt, memory, passes, lanes, expected.len().clamp(4, 128))?
            }
            Some(kind) => pbkdf2(kind, iterations, password, &salt, expected.len())?,
        };
        Ok(
            match (constant_time_eq(&actual, &expected), self.made(data, expected.len())) {
                (false, _) => Verdict::Wrong,
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightButOld,
            },
        )
    }
}

/// Memory in KiB, and lanes.
fn argon2_settings(data: &Value) -> (u32, u32) {
    let setting = |name: &str, default: u32| {
        let given = &data["additionalParameters"][name][0];
        given.as_str().and_then(|s| s.parse().ok()).unwrap_or(default)
    };
    (setting("memory", MEMORY_KIB), setting("parallelism", LANES))
}

fn too_costly() -> Error {
    Error::Corrupt("a stored password hash is too costly to evaluate".into())
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

fn pbkdf2(
    kind: pbkdf2::Algorithm,
    iterations: u64,
    password: &[u8],
    salt: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let rounds = u32::try_from(iterations).ok().filter(|n| *n <= MOST_PBKDF2);
    let rounds = rounds.and_then(std::num::NonZeroU32::new).filter(|_| length <= 512);
    let mut hash = Zeroizing::new(vec![0; length]);
    derive(kind, rounds.ok_or_else(too_costly)?, salt, password, &mut hash);
    Ok(hash)
}
