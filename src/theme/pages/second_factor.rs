//! One-time codes and recovery codes: setting them up, and signing in with them.

use serde::Serialize;

use super::Page;

/// `login-otp.j2`: the one-time code, after the password.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginOtp {
    pub otp_login: OtpLogin,
}

/// The devices to choose from.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OtpLogin {
    pub user_otp_credentials: Vec<OtpCredential>,
    /// The one whose code is asked for, unless another is chosen.
    pub selected_credential_id: String,
}

/// A device that makes codes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OtpCredential {
    pub id: String,
    pub user_label: String,
}

impl OtpLogin {
    fn sample() -> Self {
        let device = |id: &str, label: &str| OtpCredential {
            id: id.to_owned(),
            user_label: label.to_owned(),
        };
        Self {
            user_otp_credentials: vec![device("a", "Phone"), device("b", "Tablet at work")],
            selected_credential_id: "a".to_owned(),
        }
    }
}

impl Page for LoginOtp {
    const TEMPLATE: &'static str = "login-otp.j2";

    fn sample() -> Self {
        Self {
            otp_login: OtpLogin::sample(),
        }
    }
}

/// `login-reset-otp.j2`: which device was lost?
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResetOtp {
    pub configured_otp_credentials: OtpLogin,
}

impl Page for ResetOtp {
    const TEMPLATE: &'static str = "login-reset-otp.j2";

    fn sample() -> Self {
        Self {
            configured_otp_credentials: OtpLogin::sample(),
        }
    }
}

/// `login-config-totp.j2`: a new device.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigTotp {
    pub totp: Totp,
    /// `manual`: the key to be typed instead of the picture.
    pub mode: Option<String>,
}

/// What the new device has to know.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totp {
    /// As the form sends it back.
    pub totp_secret: String,
    /// As an app takes it, in groups of four.
    pub totp_secret_encoded: String,
    /// The picture, as a `data:` address.
    pub totp_secret_qr_code: String,
    pub manual_url: String,
    pub qr_url: String,
    /// The message keys of apps that can do it.
    pub supported_applications: Vec<&'static str>,
    pub policy: TotpPolicy,
    /// Does the person have a device already, so that this one needs a name?
    pub has_devices: bool,
}

/// The realm's policy.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TotpPolicy {
    /// `totp` or `hotp`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `SHA1`, `SHA256`, `SHA512`.
    pub algorithm_key: &'static str,
    pub digits: u32,
    pub period: u64,
    pub initial_counter: u64,
}

impl Page for ConfigTotp {
    const TEMPLATE: &'static str = "login-config-totp.j2";

    fn sample() -> Self {
        Self {
            totp: Totp {
                totp_secret: "r8Jx2mQz7Kp4Lw9Vt3Ns".to_owned(),
                totp_secret_encoded: "OI4E U6BS NVIX UN2L OA2E Y5ZZ KZ2D GTTT".to_owned(),
                totp_secret_qr_code: crate::otp::qr::picture("otpauth://totp/Harbour:grace?secret=OI4EU6BSNVIXUN2L")
                    .unwrap_or_default(),
                manual_url: "?mode=manual".to_owned(),
                qr_url: "?mode=qr".to_owned(),
                supported_applications: vec!["totpAppFreeOTPName", "totpAppGoogleName"],
                policy: TotpPolicy {
                    kind: "totp",
                    algorithm_key: "SHA1",
                    digits: 6,
                    period: 30,
                    initial_counter: 0,
                },
                has_devices: true,
            },
            mode: None,
        }
    }
}

/// `login-recovery-authn-code-config.j2`: codes to be kept somewhere safe.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    pub recovery_authn_codes_config_bean: RecoveryCodesBean,
}

/// The codes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodesBean {
    pub generated_recovery_authn_codes_list: Vec<String>,
    /// The same with commas, as the form sends them back.
    pub generated_recovery_authn_codes_as_string: String,
    /// Epoch milliseconds.
    pub generated_at: i64,
}

impl Page for RecoveryCodes {
    const TEMPLATE: &'static str = "login-recovery-authn-code-config.j2";

    fn sample() -> Self {
        let codes: Vec<String> = (1..=12).map(|n| format!("QW3RT{n:02}ZUP5A")).collect();
        Self {
            recovery_authn_codes_config_bean: RecoveryCodesBean {
                generated_recovery_authn_codes_as_string: codes.join(","),
                generated_recovery_authn_codes_list: codes,
                generated_at: 1_764_072_245_000,
            },
        }
    }
}

/// `login-recovery-authn-code-input.j2`: one of those codes, instead of another proof.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCode {
    pub recovery_authn_codes_input_bean: RecoveryCodeBean,
}

/// Which code is asked for.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodeBean {
    pub code_number: i64,
}

impl Page for RecoveryCode {
    const TEMPLATE: &'static str = "login-recovery-authn-code-input.j2";

    fn sample() -> Self {
        Self {
            recovery_authn_codes_input_bean: RecoveryCodeBean { code_number: 3 },
        }
    }
}

/// `select-authenticator.j2`: another way to sign in.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SelectAuthenticator {
    pub authentication_selections: Vec<Selection>,
}

/// One of the ways.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// The execution's id.
    pub auth_exec_id: String,
    /// Message keys.
    pub display_name: String,
    pub help_text: String,
}

impl Page for SelectAuthenticator {
    const TEMPLATE: &'static str = "select-authenticator.j2";

    fn sample() -> Self {
        let way = |id: &str, what: &str| Selection {
            auth_exec_id: id.to_owned(),
            display_name: format!("{what}-display-name"),
            help_text: format!("{what}-help-text"),
        };
        Self {
            authentication_selections: vec![way("a", "otp"), way("b", "recovery-authn-codes")],
        }
    }
}

/// `delete-credential.j2`: whether something that people sign in with is to go.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteCredential {
    pub credential_label: String,
}

impl Page for DeleteCredential {
    const TEMPLATE: &'static str = "delete-credential.j2";

    fn sample() -> Self {
        Self {
            credential_label: "Phone".to_owned(),
        }
    }
}
