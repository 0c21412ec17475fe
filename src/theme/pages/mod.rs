//! What each template is given: one struct per template, with Keycloak's names for what is in it.
//!
//! A page is rendered from its own struct and from the [`Shell`] that all pages have around them.

pub mod actions;
pub mod approval;
pub mod approval_mail;
pub mod consent;
pub mod demo;
pub mod login;
pub mod mail;
pub mod notice;
pub mod passkey;
pub mod profile;
pub mod second_factor;

use std::collections::BTreeMap;

use serde::Serialize;

pub use actions::{DeleteAccountConfirm, Terms, UpdateEmail, UpdatePassword, UpdateProfile, User, VerifyEmail};
pub use consent::{DeviceUserCode, Oauth, OauthGrant, Scope, Stranger};
pub use demo::{DemoHome, DemoInbox, DemoMail, DemoMessage, DemoToken, Pair};
pub use login::{Login, LoginBean, LoginPassword, LoginUsername, Provider, ResetPassword, Social};
pub use notice::{
    Code, CodeBean, ErrorPage, FormPost, FrontchannelLogout, Info, Logout, LogoutClient, LogoutConfirm,
    LogoutConfirmBean, PageExpired,
};
pub use passkey::{
    Authenticator, Authenticators, ConditionalUi, Transports, WebauthnAuthenticate, WebauthnError, WebauthnRegister,
};
pub use profile::{Attribute, Group, Profile, Register};
pub use second_factor::{
    ConfigTotp, DeleteCredential, LoginOtp, OtpCredential, OtpLogin, RecoveryCode, RecoveryCodeBean, RecoveryCodes,
    RecoveryCodesBean, ResetOtp, SelectAuthenticator, Selection, Totp, TotpPolicy,
};

use super::{Kind, locale};

/// A page that a theme can render.
pub trait Page: Serialize {
    /// The template's file name.
    const TEMPLATE: &'static str;
    /// Where the template lies.
    const KIND: Kind = Kind::Login;

    /// An example, for tests and for whoever writes a theme.
    fn sample() -> Self;
}

/// What every page has around it. All texts are in the visitor's language already.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shell {
    /// The realm whose page it is.
    pub realm: Realm,
    /// The application that sent the visitor, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// The addresses that the page's forms and links lead to.
    pub url: Url,
    /// Who is known to be signing in, so far.
    pub auth: Auth,
    /// The message above the form; on `info` and `error` pages the message itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// The error beside each field. Several errors of one field are lines.
    pub messages_per_field: BTreeMap<String, String>,
    /// The languages to choose from; absent when the realm has only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// The nonce of this answer's Content-Security-Policy.
    pub nonce: String,
    /// Did the application ask for this required action (`kc_action`), so that it can be cancelled?
    pub is_app_initiated_action: bool,
}

impl Shell {
    /// The error of one field.
    pub fn field_error(&mut self, field: &str, text: impl Into<String>) {
        let text = text.into();
        self.messages_per_field
            .entry(field.to_owned())
            .and_modify(|known| {
                known.push('\n');
                known.push_str(&text);
            })
            .or_insert(text);
    }

    /// An example.
    pub fn sample() -> Self {
        let link = |path: &str| format!("/realms/demo/login-actions/{path}?client_id=demo-app&tab_id=Qm8Tz1kPdWs");
        Self {
            realm: Realm::sample(),
            client: Some(Client::sample()),
            url: Url {
                login_action: link("authenticate"),
                login_url: link("authenticate"),
                login_restart_flow_url: link("restart"),
                registration_url: link("registration"),
                registration_action: link("registration"),
                login_reset_credentials_url: link("reset-credentials"),
                logout_confirm_action: "/realms/demo/protocol/openid-connect/logout/logout-confirm?client_id=demo-app"
                    .to_owned(),
                oauth_action: link("consent"),
                oauth2_device_verification_action: "/realms/demo/device".to_owned(),
            },
            locale: Some(Locale::new("en", &["de".to_owned(), "en".to_owned()], |tag| {
                format!("?kc_locale={tag}")
            })),
            nonce: "c2FtcGxlLW5vbmNl".to_owned(),
            ..Self::default()
        }
    }
}

/// The realm, as templates see it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Realm {
    /// Its name in addresses.
    pub name: String,
    /// What people call it; the name if it has none.
    pub display_name: String,
    /// The same with markup, as the administrator wrote it; templates sanitise it.
    pub display_name_html: String,
    /// Does the realm have forms for passwords?
    pub password: bool,
    /// `registrationAllowed`.
    pub registration_allowed: bool,
    /// `registrationEmailAsUsername`.
    pub registration_email_as_username: bool,
    /// `loginWithEmailAllowed`.
    pub login_with_email_allowed: bool,
    /// `resetPasswordAllowed`.
    pub reset_password_allowed: bool,
    /// `rememberMe`.
    pub remember_me: bool,
    /// `internationalizationEnabled`.
    pub internationalization_enabled: bool,
    /// `editUsernameAllowed`.
    pub edit_username_allowed: bool,
    /// `duplicateEmailsAllowed`.
    pub duplicate_emails_allowed: bool,
}

impl Realm {
    fn sample() -> Self {
        Self {
            name: "demo".to_owned(),
            display_name: "Harbour Works".to_owned(),
            display_name_html: "<b>Harbour</b> Works".to_owned(),
            password: true,
            registration_allowed: true,
            login_with_email_allowed: true,
            reset_password_allowed: true,
            remember_me: true,
            internationalization_enabled: true,
            ..Self::default()
        }
    }
}

/// The application, as templates see it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// `clientId`.
    pub client_id: String,
    /// Its name, `${key}` resolved; empty if it has none.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Where "Back to Application" leads; empty: no such link.
    pub base_url: String,
    /// `logoUri`, `policyUri`, `tosUri`.
    pub attributes: BTreeMap<String, String>,
    /// It registered itself, and nobody vouches for it.
    pub unverified: bool,
}

impl Client {
    fn sample() -> Self {
        Self {
            client_id: "demo-app".to_owned(),
            name: "Logbook".to_owned(),
            base_url: "https://logbook.example.com/".to_owned(),
            attributes: BTreeMap::from([
                ("policyUri".to_owned(), "https://logbook.example.com/privacy".to_owned()),
                ("tosUri".to_owned(), "https://logbook.example.com/terms".to_owned()),
            ]),
            ..Self::default()
        }
    }
}

/// Where forms and links of a page lead.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Url {
    /// What the page's form posts to.
    pub login_action: String,
    /// Back to the sign-in page.
    pub login_url: String,
    /// From the start, as somebody else.
    pub login_restart_flow_url: String,
    /// To the registration page.
    pub registration_url: String,
    /// What the registration form posts to.
    pub registration_action: String,
    /// To "forgot password".
    pub login_reset_credentials_url: String,
    /// What the logout page posts to.
    pub logout_confirm_action: String,
    /// What the consent page posts to.
    pub oauth_action: String,
    /// What the page for the code of a device posts to.
    #[serde(rename = "oauth2DeviceVerificationAction")]
    pub oauth2_device_verification_action: String,
}

/// Who is signing in, as far as it is known.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// The name that was given before this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempted_username: Option<String>,
    /// Is it shown in the head of the page, with a link to start again as somebody else?
    pub show_username: bool,
    /// Are there other ways to go on than this page's?
    pub show_try_another_way_link: bool,
}

/// How a message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It worked.
    Success,
    /// To know.
    Info,
    /// To do.
    Warning,
    /// It did not work.
    Error,
}

/// A message of a page.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// How it is shown.
    #[serde(rename = "type")]
    pub severity: Severity,
    /// The text, translated.
    pub summary: String,
}

impl Message {
    /// A message of that severity.
    pub fn new(severity: Severity, summary: impl Into<String>) -> Self {
        Self {
            severity,
            summary: summary.into(),
        }
    }
}

/// The languages of a realm.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Locale {
    /// This page's.
    pub current_language_tag: String,
    /// Its name in itself.
    pub current: String,
    /// Is it written from right to left?
    pub rtl: bool,
    /// All of them, by name.
    pub supported: Vec<Language>,
}

/// One language to choose.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Language {
    /// `de`, `pt-BR`.
    pub language_tag: String,
    /// Its name in itself.
    pub label: String,
    /// This page in that language.
    pub url: String,
}

impl Locale {
    /// The languages of a realm; `url` makes the address of this page in one of them.
    pub fn new(current: &str, supported: &[String], url: impl Fn(&str) -> String) -> Self {
        let mut languages: Vec<Language> = supported
            .iter()
            .map(|tag| Language {
                language_tag: tag.clone(),
                label: locale::native_name(tag).to_owned(),
                url: url(tag),
            })
            .collect();
        languages.sort_by(|a, b| a.label.cmp(&b.label));
        Self {
            current_language_tag: current.to_owned(),
            current: locale::native_name(current).to_owned(),
            rtl: locale::is_rtl(current),
            supported: languages,
        }
    }
}
