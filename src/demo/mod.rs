//! The built-in page that plays an application: it signs people in as any client would, with code and PKCE.
//!
//! Only in development. Its sessions are in memory, bounded, and gone with the process.

pub mod web;

use std::time::Duration;

use moka::sync::Cache;
use serde_json::Value;
use vestibule_jose::digest::{b64url, sha256};
use vestibule_jose::jwt;

/// The client that `welcome.rs` makes for it in realm `demo`.
pub const CLIENT_ID: &str = "demo-app";

/// What the application remembers.
#[derive(Clone)]
pub struct Demo {
    /// PKCE verifiers of requests on their way, by `state`.
    pending: Cache<String, String>,
    /// Token answers of people who are signed in, by the cookie's value.
    sessions: Cache<String, Value>,
}

impl Default for Demo {
    fn default() -> Self {
        let hour = Duration::from_secs(3600);
        Self {
            pending: Cache::builder().max_capacity(1_000).time_to_live(hour).build(),
            sessions: Cache::builder().max_capacity(1_000).time_to_live(hour).build(),
        }
    }
}

impl Demo {
    /// Begins a request: its `state` and the `code_challenge` for it.
    fn begin(&self) -> (String, String) {
        let (state, verifier) = (crate::random::token(), crate::random::token());
        let challenge = b64url(&sha256(verifier.as_bytes()));
        self.pending.insert(state.clone(), verifier);
        (state, challenge)
    }

    /// The verifier of a request that came back; each comes back once.
    fn take(&self, state: &str) -> Option<String> {
        self.pending.remove(state)
    }

    /// Keeps a token answer; gives the cookie's value.
    fn sign_in(&self, tokens: Value) -> String {
        let id = crate::random::token();
        self.sessions.insert(id.clone(), tokens);
        id
    }
}

/// The claims of a token that came from the token endpoint over our own wire, so that nobody had to be doubted.
fn claims(tokens: &Value, name: &str) -> Option<jwt::Claims> {
    Some(jwt::decode(tokens[name].as_str()?).ok()?.unverified_claims().clone())
}
