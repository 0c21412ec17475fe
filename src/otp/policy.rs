//! What a realm asks of one-time codes: Keycloak's `otpPolicy*`.

use serde_json::json as value;

use super::base32;
use super::code::Algorithm;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// What the counter of a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The time.
    Totp,
    /// How often a code was used.
    Hotp,
}

impl Kind {
    /// `totp` or `hotp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Hotp => "hotp",
        }
    }
}

/// A realm's policy.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    pub kind: Kind,
    pub algorithm: Algorithm,
    pub digits: u32,
    /// Seconds for which a time based code is good.
    pub period: u64,
    pub initial_counter: u64,
    /// How many periods or counts away a code may be.
    pub look_ahead: u64,
    /// Whether a time based code may be used again while it is good.
    pub reusable: bool,
}

impl Policy {
    /// The policy of a realm.
    pub fn of(realm: &Realm) -> Self {
        Self::of_doc(&realm.doc)
    }

    /// The policy in a realm's document.
    pub fn of_doc(doc: &Doc) -> Self {
        let number = |key: &str| u64::try_from(json::number(doc, key)).unwrap_or(0);
        Self {
            kind: match json::text(doc, "otpPolicyType") {
                Some("hotp") => Kind::Hotp,
                _ => Kind::Totp,
            },
            algorithm: json::text(doc, "otpPolicyAlgorithm")
                .and_then(Algorithm::parse)
                .unwrap_or(Algorithm::Sha1),
            digits: number("otpPolicyDigits").clamp(4, 10) as u32,
            period: number("otpPolicyPeriod").clamp(1, 3600),
            initial_counter: number("otpPolicyInitialCounter"),
            // Each look ahead is a guess more for a stranger.
            look_ahead: number("otpPolicyLookAheadWindow").min(100),
            reusable: json::flag(doc, "otpPolicyCodeReusable"),
        }
    }

    /// The message keys of the apps that can do what the policy asks.
    pub fn apps(&self) -> Vec<&'static str> {
        let usual =
            self.kind == Kind::Totp && self.algorithm == Algorithm::Sha1 && self.digits == 6 && self.period == 30;
        if usual {
            vec![
                "totpAppFreeOTPName",
                "totpAppGoogleName",
                "totpAppMicrosoftAuthenticatorName",
            ]
        } else {
            vec!["totpAppFreeOTPName"]
        }
    }

    /// What the picture says: an address that authenticator apps understand.
    pub fn address(&self, issuer: &str, account: &str, secret: &[u8]) -> String {
        let kind = self.kind.name();
        let label = format!("{}:{}", percent(issuer), percent(account));
        let own = match self.kind {
            Kind::Totp => format!("period={}", self.period),
            Kind::Hotp => format!("counter={}", self.initial_counter),
        };
        format!(
            "otpauth://{kind}/{label}?secret={}&digits={}&algorithm={}&issuer={}&{own}",
            base32::encode(secret),
            self.digits,
            self.algorithm.short_name(),
            percent(issuer)
        )
    }

    /// A new device's `credentialData`.
    pub fn credential_data(&self) -> String {
        value!({
            "subType": self.kind.name(), "digits": self.digits, "counter": self.initial_counter, "period": self.period,
            "algorithm": self.algorithm.name()
        })
        .to_string()
    }
}

fn percent(text: &str) -> String {
    vestibule_oauth::params::encode(&[("", text)])
        .trim_start_matches('=')
        .replace('+', "%20")
}
