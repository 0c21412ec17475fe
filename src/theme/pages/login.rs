//! Signing in, and the forgotten password.

use serde::Serialize;

use super::{ConditionalUi, Page};

/// `login.j2`: user name and password.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// What was typed before.
    pub login: LoginBean,
    /// Is only the password asked (somebody known signs in again)?
    pub username_hidden: bool,
    /// Is there no way to the registration page from here?
    pub registration_disabled: bool,
    /// Other providers to sign in with.
    pub social: Social,
    /// Passkeys beside the name.
    #[serde(flatten)]
    pub passkeys: ConditionalUi,
}

impl Page for Login {
    const TEMPLATE: &'static str = "login.j2";

    fn sample() -> Self {
        let login = LoginBean {
            username: "grace".to_owned(),
            remember_me: true,
        };
        Self {
            login,
            ..Self::default()
        }
    }
}

/// What a visitor typed before.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginBean {
    /// User name or e-mail address.
    pub username: String,
    /// Was the box ticked?
    pub remember_me: bool,
}

/// Other providers.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Social {
    /// In the order in which they are shown.
    pub providers: Vec<Provider>,
}

/// One other provider.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// Its alias.
    pub alias: String,
    /// What people call it.
    pub display_name: String,
    /// Where signing in with it begins.
    pub login_url: String,
}

/// `login-username.j2`: the name alone, the first of two pages.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginUsername {
    /// What was typed before.
    pub login: LoginBean,
    /// Is there no way to the registration page from here?
    pub registration_disabled: bool,
    /// Other providers to sign in with.
    pub social: Social,
    /// Passkeys beside the name.
    #[serde(flatten)]
    pub passkeys: ConditionalUi,
}

impl Page for LoginUsername {
    const TEMPLATE: &'static str = "login-username.j2";

    fn sample() -> Self {
        let provider = Provider {
            alias: "acme".to_owned(),
            display_name: "Acme".to_owned(),
            login_url: "/realms/demo/broker/acme/login".to_owned(),
        };
        Self {
            social: Social {
                providers: vec![provider],
            },
            passkeys: ConditionalUi::sample(),
            ..Self::default()
        }
    }
}

/// `login-password.j2`: the password alone, the second of two pages.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginPassword {
    /// A passkey instead.
    #[serde(flatten)]
    pub passkeys: ConditionalUi,
}

impl Page for LoginPassword {
    const TEMPLATE: &'static str = "login-password.j2";

    fn sample() -> Self {
        Self {
            passkeys: ConditionalUi::sample(),
        }
    }
}

/// `login-reset-password.j2`: who forgot a password says who they are.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResetPassword {
    /// What was typed before.
    pub login: LoginBean,
}

impl Page for ResetPassword {
    const TEMPLATE: &'static str = "login-reset-password.j2";

    fn sample() -> Self {
        Self::default()
    }
}
