//! Pages about applications that wait for a decision.

use serde::Serialize;

use super::Page;
use super::approval_mail::Fact;

/// `client-pending.j2`: the application waits for approval; the page goes on by itself.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientPending {
    /// The application's name.
    pub client_name: String,
    /// Where the page goes on.
    pub address: String,
    /// Where a script asks whether it still waits.
    pub status: String,
    /// Seconds after which a page without script looks again.
    pub pause: u32,
}

impl Page for ClientPending {
    const TEMPLATE: &'static str = "client-pending.j2";

    fn sample() -> Self {
        Self {
            client_name: "Crane".to_owned(),
            address: "/realms/demo/protocol/openid-connect/auth?client_id=crane".to_owned(),
            status: "/realms/demo/protocol/openid-connect/auth/waiting?client_id=crane".to_owned(),
            pause: 20,
        }
    }
}

/// `approval.j2`: a link from a mail asks for a decision; only the button of this page decides.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// `approve` or `refuse`.
    pub action: String,
    /// What the form posts to.
    pub form_action: String,
    /// What the link carries.
    pub key: String,
    /// The application's name.
    pub client_name: String,
    /// Its `client_id`.
    pub client_id: String,
    /// Is it a change of an application that works already?
    pub is_change: bool,
    /// What is asked for.
    pub facts: Vec<Fact>,
}

impl Page for Approval {
    const TEMPLATE: &'static str = "approval.j2";

    fn sample() -> Self {
        let fact = |name: &str, value: &str, before: Option<&str>| Fact {
            name: name.to_owned(),
            value: value.to_owned(),
            before: before.map(str::to_owned),
        };
        Self {
            action: "approve".to_owned(),
            form_action: "/realms/demo/login-actions/approval".to_owned(),
            key: "sample".to_owned(),
            client_name: "Crane".to_owned(),
            client_id: "0195b2c4-crane".to_owned(),
            is_change: true,
            facts: vec![
                fact(
                    "redirect_uris",
                    "https://crane.example.com/new",
                    Some("https://crane.example.com/cb"),
                ),
                fact("scope", "openid email", None),
            ],
        }
    }
}
