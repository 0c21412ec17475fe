//! Pages that say something: information, errors, ends of ways.

use serde::Serialize;

use super::Page;

/// `info.j2`: the shell's message, and the way on.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// The heading; absent: the message itself; empty: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_header: Option<String>,
    /// The actions that follow, in words.
    pub required_actions: Vec<String>,
    /// No way on is shown.
    pub skip_link: bool,
    /// The way on: to an address of the application's.
    pub page_redirect_uri: String,
    /// The way on: to do what was asked for ("click here to proceed").
    pub action_uri: String,
}

impl Page for Info {
    const TEMPLATE: &'static str = "info.j2";

    fn sample() -> Self {
        Self {
            required_actions: vec!["Verify Email".to_owned(), "Update Password".to_owned()],
            action_uri: "/realms/demo/login-actions/action-token?key=sample".to_owned(),
            ..Self::default()
        }
    }
}

/// `error.j2`: the shell's message, and the way back.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorPage {
    /// No way back is shown.
    pub skip_link: bool,
    /// What support can find the log by; empty: not shown.
    pub trace_id: String,
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error.j2";

    fn sample() -> Self {
        Self {
            trace_id: "0199a3c2".to_owned(),
            ..Self::default()
        }
    }
}

/// `login-page-expired.j2`: a page of a step that is over.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageExpired {}

impl Page for PageExpired {
    const TEMPLATE: &'static str = "login-page-expired.j2";

    fn sample() -> Self {
        Self {}
    }
}

/// `code.j2`: an authorization code to copy (`urn:ietf:wg:oauth:2.0:oob`).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// The code or the error.
    pub code: CodeBean,
}

/// An authorization code, or why there is none.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeBean {
    /// Is it a code?
    pub success: bool,
    /// The code.
    pub code: String,
    /// The error.
    pub error: String,
}

impl Page for Code {
    const TEMPLATE: &'static str = "code.j2";

    fn sample() -> Self {
        Self {
            code: CodeBean {
                success: true,
                code: "7b1e0c6a-5f1d".to_owned(),
                error: String::new(),
            },
        }
    }
}

/// `logout-confirm.j2`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogoutConfirm {
    /// What is confirmed.
    pub logout_confirm: LogoutConfirmBean,
}

/// What the logout page carries.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogoutConfirmBean {
    /// The hidden field `session_code`.
    pub code: String,
    /// No way back is shown.
    pub skip_link: bool,
}

impl Page for LogoutConfirm {
    const TEMPLATE: &'static str = "logout-confirm.j2";

    fn sample() -> Self {
        Self {
            logout_confirm: LogoutConfirmBean {
                code: "sample".to_owned(),
                skip_link: false,
            },
        }
    }
}

/// `frontchannel-logout.j2`: applications are told in hidden frames.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontchannelLogout {
    /// Who is told, and where it goes then.
    pub logout: Logout,
}

/// What the page of a front-channel logout carries.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Logout {
    /// The applications to be told.
    pub clients: Vec<LogoutClient>,
    /// Where it goes then; empty: nowhere.
    pub logout_redirect_uri: String,
}

/// One application to be told.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogoutClient {
    /// Its name.
    pub name: String,
    /// What its frame loads.
    pub front_channel_logout_url: String,
}

impl Page for FrontchannelLogout {
    const TEMPLATE: &'static str = "frontchannel-logout.j2";

    fn sample() -> Self {
        let client = LogoutClient {
            name: "Logbook".to_owned(),
            front_channel_logout_url: "https://logbook.example.com/bye".to_owned(),
        };
        Self {
            logout: Logout {
                clients: vec![client],
                logout_redirect_uri: "https://logbook.example.com/".to_owned(),
            },
        }
    }
}

/// `form-post.j2`: the answer of `response_mode=form_post`, sent on by the browser.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FormPost {
    /// The redirect URI.
    pub action: String,
    /// The parameters, in order.
    pub fields: Vec<(String, String)>,
}

impl Page for FormPost {
    const TEMPLATE: &'static str = "form-post.j2";

    fn sample() -> Self {
        let fields = [
            ("code", "sample"),
            ("iss", "http://localhost:8080/realms/demo"),
            ("state", "st1"),
        ];
        Self {
            action: "https://logbook.example.com/callback".to_owned(),
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        }
    }
}
