//! What a request may cost: hashes and signatures are walls, the rest is ours.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;

use super::scenarios::Scenario;
use super::stats::stopwatch;

/// What cannot be done cheaper on this machine, in milliseconds of one core.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walls {
    /// One Argon2id hash with Keycloak's parameters.
    pub hash_ms: f64,
    /// One RS256 signature with a key of 2048 bits.
    pub signature_ms: f64,
}

/// At most so many hashes, signatures and milliseconds.
struct Budget(f64, f64, f64);

/// Milliseconds of the server's CPU that one request may cost. A database
/// in a process of its own is dearer.
pub fn of(scenario: Scenario, walls: Walls, postgres: bool) -> f64 {
    let Budget(hashes, signatures, ms) = match scenario {
        Scenario::BrowserRegistration => Budget(1.25, 1.25, 1.5),
        Scenario::JsonRegistration | Scenario::AdminUserCreate => Budget(1.25, 0.0, 1.0),
        Scenario::PasswordGrant => Budget(1.25, 2.5, 1.0),
        Scenario::BrowserLogin => Budget(1.25, 2.5, 1.5),
        Scenario::ClientCredentials => Budget(0.0, 1.5, 0.12),
        Scenario::Refresh => Budget(0.0, 3.0, 0.2),
        Scenario::ClientRegistration => Budget(0.0, 0.0, 0.35),
        Scenario::RuledRegistration => Budget(0.0, 0.0, 1.0),
        Scenario::Tenants => Budget(0.0, 1.5, 1.0),
        Scenario::ClientList => Budget(0.0, 0.0, 20.0),
        Scenario::ClientLookup => Budget(0.0, 0.0, 0.3),
        Scenario::Introspection => Budget(0.0, 0.0, 0.05),
        Scenario::Userinfo => Budget(0.0, 0.0, 0.04),
        Scenario::LoginPage => Budget(0.0, 0.0, 0.1),
        Scenario::Discovery => Budget(0.0, 0.0, 0.02),
    };
    hashes * walls.hash_ms + signatures * walls.signature_ms + ms + if postgres { 0.15 } else { 0.0 }
}

/// Measures both on this machine, now, on one thread.
///
/// # Errors
/// If the libraries refuse, which says that they are built wrongly.
pub fn measure_walls() -> Result<Walls, String> {
    let params = Params::new(7168, 5, 1, Some(32)).map_err(|cause| format!("Argon2: {cause}"))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash_ms = least_ms(15, || {
        let mut hash = [0; 32];
        argon2
            .hash_password_into(b"a password", b"sixteen bytes ok", &mut hash)
            .map_err(|cause| cause.to_string())
    })?;
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(|cause| format!("RSA key: {cause}"))?;
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    let signature_ms = least_ms(99, || {
        key.sign(&RSA_PKCS1_SHA256, &random, b"a token", &mut signature)
            .map_err(|cause| cause.to_string())
    })?;
    Ok(Walls { hash_ms, signature_ms })
}

/// The least of many: other programs on the machine only ever add to it.
fn least_ms(times: usize, mut work: impl FnMut() -> Result<(), String>) -> Result<f64, String> {
    let mut least = Duration::MAX;
    for _ in 0..times {
        let begun = stopwatch();
        work()?;
        least = least.min(begun.elapsed());
    }
    Ok(least.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALLS: Walls = Walls {
        hash_ms: 16.0,
        signature_ms: 0.4,
    };

    #[test]
    fn a_target_adds_hashes_signatures_and_the_rest() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(of(Scenario::BrowserRegistration, WALLS, false), 20.0 + 0.5 + 1.5));
        assert!(near(of(Scenario::PasswordGrant, WALLS, false), 20.0 + 1.0 + 1.0));
        assert!(near(of(Scenario::ClientRegistration, WALLS, true), 0.5));
    }

    #[test]
    fn both_walls_can_be_measured() {
        let walls = measure_walls().unwrap();
        assert!(walls.hash_ms > walls.signature_ms && walls.signature_ms > 0.0);
    }
}
