//! What each mail is made of. All have `realmName`; most have a `link` that lasts `linkExpiration` minutes.

use serde::Serialize;

use super::User;
use crate::theme::email::Mail;

/// `email-verification`: prove an address by a link, or by the code.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerificationMail {
    /// The realm's display name.
    pub realm_name: String,
    /// The link.
    pub link: String,
    /// Minutes that it lasts.
    pub link_expiration: i64,
    /// A code that does the same when typed; empty: none.
    pub code: String,
    /// Whose address it is.
    pub user: User,
}

impl Mail for VerificationMail {
    const TEMPLATE: &'static str = "email-verification";
    const SUBJECT: &'static str = "emailVerificationSubject";

    fn sample() -> Self {
        Self {
            realm_name: "Harbour Works".to_owned(),
            link: link(),
            link_expiration: 5,
            code: "481 516".to_owned(),
            user: User::sample(),
        }
    }
}

/// `password-reset`: choose a new password by a link.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordResetMail {
    /// The realm's display name.
    pub realm_name: String,
    /// The link.
    pub link: String,
    /// Minutes that it lasts.
    pub link_expiration: i64,
    /// Whose password it is.
    pub user: User,
}

impl Mail for PasswordResetMail {
    const TEMPLATE: &'static str = "password-reset";
    const SUBJECT: &'static str = "passwordResetSubject";

    fn sample() -> Self {
        Self {
            realm_name: "Harbour Works".to_owned(),
            link: link(),
            link_expiration: 5,
            user: User::sample(),
        }
    }
}

/// `executeActions`: an administrator asks for something.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecuteActionsMail {
    /// The realm's display name.
    pub realm_name: String,
    /// The link.
    pub link: String,
    /// Minutes that it lasts.
    pub link_expiration: i64,
    /// Aliases such as `UPDATE_PASSWORD`.
    pub required_actions: Vec<String>,
    /// Who is asked.
    pub user: User,
}

impl Mail for ExecuteActionsMail {
    const TEMPLATE: &'static str = "executeActions";
    const SUBJECT: &'static str = "executeActionsSubject";

    fn sample() -> Self {
        let required_actions = vec!["VERIFY_EMAIL".to_owned(), "UPDATE_PASSWORD".to_owned()];
        Self {
            realm_name: "Harbour Works".to_owned(),
            link: link(),
            link_expiration: 720,
            required_actions,
            user: User::sample(),
        }
    }
}

/// `email-update-confirmation`: prove a new address.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailUpdateMail {
    /// The realm's display name.
    pub realm_name: String,
    /// The link.
    pub link: String,
    /// Minutes that it lasts.
    pub link_expiration: i64,
    /// The new address.
    pub new_email: String,
    /// Whose address it is.
    pub user: User,
}

impl Mail for EmailUpdateMail {
    const TEMPLATE: &'static str = "email-update-confirmation";
    const SUBJECT: &'static str = "emailUpdateConfirmationSubject";

    fn sample() -> Self {
        Self {
            realm_name: "Harbour Works".to_owned(),
            link: link(),
            link_expiration: 5,
            new_email: "grace@new.example".to_owned(),
            user: User::sample(),
        }
    }
}

/// `email-taken`: somebody tried to register with an address that has an account already.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailTakenMail {
    /// The realm's display name.
    pub realm_name: String,
    /// Where signing in begins; empty: not said.
    pub login_url: String,
    /// The owner of the account.
    pub user: User,
}

impl Mail for EmailTakenMail {
    const TEMPLATE: &'static str = "email-taken";
    const SUBJECT: &'static str = "emailTakenSubject";

    fn subject_args(&self) -> Vec<serde_json::Value> {
        vec![self.realm_name.clone().into()]
    }

    fn sample() -> Self {
        Self {
            realm_name: "Harbour Works".to_owned(),
            login_url: "https://id.example.com/".to_owned(),
            user: User::sample(),
        }
    }
}

/// `client-expires`: an application that nobody uses will be removed.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientExpiresMail {
    /// The realm's display name.
    pub realm_name: String,
    /// The application's name.
    pub client_name: String,
    /// Its `client_id`.
    pub client_id: String,
    /// The day on which it goes, as `2026-12-24`.
    pub day: String,
}

impl Mail for ClientExpiresMail {
    const TEMPLATE: &'static str = "client-expires";
    const SUBJECT: &'static str = "clientExpiresSubject";

    fn subject_args(&self) -> Vec<serde_json::Value> {
        vec![self.client_name.clone().into(), self.day.clone().into()]
    }

    fn sample() -> Self {
        Self {
            realm_name: "Harbour Works".to_owned(),
            client_name: "Crane".to_owned(),
            client_id: "0195b2c4-crane".to_owned(),
            day: "2026-12-24".to_owned(),
        }
    }
}

/// `alert`: something out of the ordinary, for administrators.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertMail {
    /// The message that says what it is.
    pub key: String,
    /// The realm's display name.
    pub realm_name: String,
    /// The address, application or country that it is about.
    pub about: String,
    /// The address that caused it.
    pub address: String,
    /// How often it happened, and within how many seconds.
    pub count: i64,
    pub seconds: i64,
}

impl Mail for AlertMail {
    const TEMPLATE: &'static str = "alert";
    const SUBJECT: &'static str = "alertSubject";

    fn subject_args(&self) -> Vec<serde_json::Value> {
        vec![self.realm_name.clone().into()]
    }

    fn sample() -> Self {
        Self {
            key: "alert.registrations".to_owned(),
            realm_name: "Harbour Works".to_owned(),
            about: "203.0.113.7".to_owned(),
            address: "203.0.113.7".to_owned(),
            count: 100,
            seconds: 3600,
        }
    }
}

/// `org-invite`: an invitation into an organization.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationInviteMail {
    /// The realm's display name.
    pub realm_name: String,
    /// The organization's name.
    pub organization: String,
    /// The link.
    pub link: String,
    /// Minutes that it lasts.
    pub link_expiration: i64,
    /// Who is invited; names may be empty.
    pub user: User,
}

impl Mail for OrganizationInviteMail {
    const TEMPLATE: &'static str = "org-invite";
    const SUBJECT: &'static str = "orgInviteSubject";

    fn subject_args(&self) -> Vec<serde_json::Value> {
        vec![self.organization.clone().into()]
    }

    fn sample() -> Self {
        Self {
            realm_name: "Harbour Works".to_owned(),
            organization: "Northern Shipping".to_owned(),
            link: link(),
            link_expiration: 720,
            user: User::sample(),
        }
    }
}

/// `email-test`: does sending work?
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestMail {
    /// The realm's display name.
    pub realm_name: String,
}

impl Mail for TestMail {
    const TEMPLATE: &'static str = "email-test";
    const SUBJECT: &'static str = "emailTestSubject";

    fn sample() -> Self {
        Self {
            realm_name: "Harbour Works".to_owned(),
        }
    }
}

fn link() -> String {
    "https://id.example.com/realms/demo/login-actions/action-token?key=sample&client_id=demo-app".to_owned()
}
