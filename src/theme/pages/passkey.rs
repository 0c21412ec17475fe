//! Passkeys: making one, signing in with one, and what went wrong.

use serde::Serialize;

use super::Page;

/// `webauthn-register.j2`: a new passkey. The names are Keycloak's.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebauthnRegister {
    pub challenge: String,
    /// The user's id, in base64url.
    pub userid: String,
    pub username: String,
    /// COSE's numbers.
    pub signature_algorithms: Vec<i64>,
    pub rp_entity_name: String,
    pub rp_id: String,
    pub attestation_conveyance_preference: String,
    pub authenticator_attachment: String,
    pub require_resident_key: String,
    pub resident_key: String,
    pub user_verification_requirement: String,
    /// Seconds; 0: as long as the browser likes.
    pub create_timeout: i64,
    /// Ids in base64url, with commas.
    pub exclude_credential_ids: String,
    /// Did an attempt fail before? Then there is no way back from here.
    pub is_set_retry: bool,
}

impl Page for WebauthnRegister {
    const TEMPLATE: &'static str = "webauthn-register.j2";

    fn sample() -> Self {
        Self {
            challenge: "Y2hhbGxlbmdl".to_owned(),
            userid: "MQ".to_owned(),
            username: "grace".to_owned(),
            signature_algorithms: vec![-7, -257],
            rp_entity_name: "Harbour Works".to_owned(),
            rp_id: "localhost".to_owned(),
            ..Self::default()
        }
    }
}

/// What a page needs to ask for a passkey.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebauthnAuthenticate {
    pub challenge: String,
    pub rp_id: String,
    /// Seconds; 0: as long as the browser likes.
    pub create_timeout: i64,
    /// Is it known whose passkey it has to be?
    pub is_user_identified: bool,
    pub user_verification: String,
    /// Are the passkeys shown to the person?
    pub should_display_authenticators: bool,
    /// The person's passkeys, if it is known who that is.
    pub authenticators: Authenticators,
    /// How the browser offers passkeys beside the field for the name.
    pub mediation: String,
    pub authenticator_attachment: String,
}

/// The passkeys of a person.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Authenticators {
    pub authenticators: Vec<Authenticator>,
}

/// A passkey.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Authenticator {
    /// In base64url.
    pub credential_id: String,
    pub label: String,
    /// In ISO 8601; the browser shows it as people in its language write it.
    pub created_at: String,
    pub transports: Transports,
}

/// How a browser reaches it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transports {
    /// Message keys.
    pub display_name_properties: Vec<&'static str>,
}

impl Page for WebauthnAuthenticate {
    const TEMPLATE: &'static str = "webauthn-authenticate.j2";

    fn sample() -> Self {
        let passkey = |label: &str, transport: &'static str| Authenticator {
            credential_id: "AQID".to_owned(),
            label: label.to_owned(),
            created_at: "2026-11-26T06:47:00Z".to_owned(),
            transports: Transports {
                display_name_properties: vec![transport],
            },
        };
        Self {
            challenge: "Y2hhbGxlbmdl".to_owned(),
            rp_id: "localhost".to_owned(),
            is_user_identified: true,
            should_display_authenticators: true,
            authenticators: Authenticators {
                authenticators: vec![passkey("Laptop", "internal"), passkey("Key on the chain", "usb")],
            },
            ..Self::default()
        }
    }
}

/// What the pages that ask for a name or a password have beside it, where passkeys are offered there.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConditionalUi {
    #[serde(rename = "enableWebAuthnConditionalUI")]
    pub enabled: bool,
    #[serde(flatten)]
    pub asked: WebauthnAuthenticate,
}

impl ConditionalUi {
    /// An example.
    pub fn sample() -> Self {
        Self {
            enabled: true,
            asked: WebauthnAuthenticate::sample(),
        }
    }
}

/// `webauthn-error.j2`: it did not work; once more?
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebauthnError {
    /// The step, or the action, that is tried again.
    pub execution: String,
}

impl Page for WebauthnError {
    const TEMPLATE: &'static str = "webauthn-error.j2";

    fn sample() -> Self {
        Self {
            execution: "webauthn-register".to_owned(),
        }
    }
}
