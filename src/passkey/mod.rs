//! Passkeys (WebAuthn): made by a required action, asked for as a second factor or instead of a password, with Keycloak's
//! policies, credentials and texts. What authenticators send is checked by `crates/webauthn`.
//!
//! ```text
//! policy.rs     what a realm asks of passkeys
//! challenge.rs  the challenge of a tab, good once
//! stored.rs     what a user has
//! enrol.rs      a new one
//! proof.rs      whether somebody has proved themselves with one
//! ```

pub mod challenge;
pub mod enrol;
pub mod policy;
pub mod proof;
pub mod stored;

pub use policy::Policy;
pub use stored::Passkey;

/// What passkeys are for. A realm has a policy for each, and a user credentials of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// After the password.
    SecondFactor,
    /// Instead of it.
    Passwordless,
}

impl Kind {
    /// Keycloak's type of such credentials.
    pub fn credential_type(self) -> &'static str {
        match self {
            Self::SecondFactor => "webauthn",
            Self::Passwordless => "webauthn-passwordless",
        }
    }

    /// The required action that makes one.
    pub fn action(self) -> &'static str {
        match self {
            Self::SecondFactor => "webauthn-register",
            Self::Passwordless => "webauthn-register-passwordless",
        }
    }

    /// The kind that a type of credentials is of.
    pub fn of_type(name: &str) -> Option<Self> {
        [Self::SecondFactor, Self::Passwordless]
            .into_iter()
            .find(|kind| kind.credential_type() == name)
    }

    /// The kind that a required action makes.
    pub fn of_action(alias: &str) -> Option<Self> {
        [Self::SecondFactor, Self::Passwordless]
            .into_iter()
            .find(|kind| kind.action() == alias)
    }
}

/// The words of a browser that somebody else wrote: bounded, and without markup.
pub fn plain(text: &str) -> String {
    let kept = |c: &char| !matches!(c, '<' | '>' | '&' | '"') && !c.is_control();
    text.chars().filter(kept).take(200).collect()
}

/// The longest text that is read: attestations with certificates take some thousand bytes.
const LONGEST: usize = 1 << 16;

/// A text of base64 or base64url, padded or not, as bytes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    let plain: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    vestibule_jose::digest::b64url_decode(&plain).ok()
}
