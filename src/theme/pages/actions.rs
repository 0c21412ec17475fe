//! Required actions: what a person has to do before they are let through.

use serde::Serialize;

use super::{Page, Profile};

/// `login-verify-email.j2`: "we sent you a mail".
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyEmail {
    /// To whom the mail went.
    pub user: User,
    /// What the form with the code from the mail posts to; empty: no such form.
    pub code_action: String,
    /// What the link "send again" leads to; empty: the shell's `loginAction`.
    pub resend_url: String,
    /// In development: where the mail can be read.
    pub inbox_url: String,
}

impl Page for VerifyEmail {
    const TEMPLATE: &'static str = "login-verify-email.j2";

    fn sample() -> Self {
        Self {
            user: User::sample(),
            code_action: "/code".to_owned(),
            inbox_url: "/inbox".to_owned(),
            ..Self::default()
        }
    }
}

/// A person, as templates see them.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// User name.
    pub username: String,
    /// E-mail address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
}

impl User {
    /// An example.
    pub fn sample() -> Self {
        Self {
            username: "grace".to_owned(),
            email: "grace@example.com".to_owned(),
            first_name: "Grace".to_owned(),
            last_name: "Hopper".to_owned(),
        }
    }
}

/// `login-update-password.j2`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdatePassword {
    /// For password managers: whose password it is.
    pub username: String,
    /// Is the box "sign out from other devices" there? Not while somebody registers.
    pub logout_sessions: bool,
    /// What the password must satisfy, in words.
    pub password_hints: Vec<String>,
}

impl Page for UpdatePassword {
    const TEMPLATE: &'static str = "login-update-password.j2";

    fn sample() -> Self {
        let password_hints = vec!["At least 10 characters".to_owned(), "At least one digit".to_owned()];
        Self {
            username: "grace".to_owned(),
            logout_sessions: true,
            password_hints,
        }
    }
}

/// `login-update-profile.j2`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateProfile {
    /// The fields.
    pub profile: Profile,
}

impl Page for UpdateProfile {
    const TEMPLATE: &'static str = "login-update-profile.j2";

    fn sample() -> Self {
        Self {
            profile: Profile::sample(),
        }
    }
}

/// `update-email.j2`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateEmail {
    /// The fields: the address alone.
    pub profile: Profile,
}

impl Page for UpdateEmail {
    const TEMPLATE: &'static str = "update-email.j2";

    fn sample() -> Self {
        let mut profile = Profile::sample();
        profile.attributes.retain(|a| a.name == "email");
        Self { profile }
    }
}

/// `terms.j2`: the message `termsText`, to be accepted or declined.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {}

impl Page for Terms {
    const TEMPLATE: &'static str = "terms.j2";

    fn sample() -> Self {
        Self {}
    }
}

/// `delete-account-confirm.j2`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAccountConfirm {
    /// Did the application ask for it, so that it can be cancelled?
    #[serde(rename = "triggered_from_aia")]
    pub triggered_from_aia: bool,
}

impl Page for DeleteAccountConfirm {
    const TEMPLATE: &'static str = "delete-account-confirm.j2";

    fn sample() -> Self {
        Self {
            triggered_from_aia: true,
        }
    }
}
