//! The demonstration: an application that plays with the server, and the inbox of its mails.

use serde::Serialize;

use super::{Kind, Page};

/// A name and a value.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value, as text.
    pub value: String,
}

impl Pair {
    /// A pair.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// `app.j2`: the built-in application, signed out or signed in.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoHome {
    /// Who is signed in; absent: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where signing in begins.
    pub login_url: String,
    /// Where registering begins.
    pub register_url: String,
    /// Where signing out begins.
    pub logout_url: String,
    /// Where the mails are.
    pub inbox_url: String,
    /// What is offered to look at next: name and address.
    pub links: Vec<Pair>,
    /// The claims of the ID token.
    pub claims: Vec<Pair>,
    /// The tokens.
    pub tokens: Vec<DemoToken>,
    /// What went wrong (`error_description`); empty: nothing.
    pub error: String,
}

/// One token.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoToken {
    /// "Access token".
    pub name: String,
    /// As it is on the wire.
    pub raw: String,
    /// Its claims as indented JSON; empty if it cannot be read.
    pub decoded: String,
}

impl Page for DemoHome {
    const TEMPLATE: &'static str = "app.j2";
    const KIND: Kind = Kind::Demo;

    fn sample() -> Self {
        let claims = [
            ("sub", "0199a3c2-7d3e-7c11-9b4f-0d8f0b7a6f21"),
            ("preferred_username", "grace"),
            ("name", "Grace Hopper"),
            ("email", "grace@example.com"),
            ("email_verified", "true"),
            ("iss", "http://localhost:8080/realms/demo"),
        ];
        let token = |name: &str, decoded: &str| DemoToken {
            name: name.to_owned(),
            raw: "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.".repeat(9),
            decoded: decoded.to_owned(),
        };
        Self {
            name: Some("Grace Hopper".to_owned()),
            claims: claims.map(|(name, value)| Pair::new(name, value)).to_vec(),
            tokens: vec![
                token(
                    "Access token",
                    "{\n  \"exp\": 1764105600,\n  \"sub\": \"0199a3c2-7d3e-7c11-9b4f-0d8f0b7a6f21\",\n  \"scope\": \"openid profile email\"\n}",
                ),
                token("Refresh token", ""),
            ],
            ..Self::signed_out()
        }
    }
}

impl DemoHome {
    /// An example with nobody signed in.
    pub fn signed_out() -> Self {
        Self {
            login_url: "/demo/login".to_owned(),
            register_url: "/demo/register".to_owned(),
            logout_url: "/demo/logout".to_owned(),
            inbox_url: "/inbox".to_owned(),
            links: vec![Pair::new(
                "OpenID configuration",
                "/realms/demo/.well-known/openid-configuration",
            )],
            ..Self::default()
        }
    }
}

/// `inbox.j2`: the mails that the server would have sent, newest first.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoInbox {
    /// The mails.
    pub mails: Vec<DemoMail>,
    /// Back to the application.
    pub app_url: String,
}

/// One mail in the list.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoMail {
    /// Where it is read.
    pub url: String,
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// The beginning of its text.
    pub preview: String,
    /// When, in words or as a date.
    pub time: String,
    /// The same as ISO 8601.
    pub datetime: String,
}

impl DemoMail {
    fn sample() -> Self {
        Self {
            url: "/inbox/1".to_owned(),
            to: "grace@example.com".to_owned(),
            subject: "Verify email".to_owned(),
            preview: "Someone has created a Harbour Works account with this email address.".to_owned(),
            time: "12:04".to_owned(),
            datetime: "2026-11-25T12:04:00Z".to_owned(),
        }
    }
}

impl Page for DemoInbox {
    const TEMPLATE: &'static str = "inbox.j2";
    const KIND: Kind = Kind::Demo;

    fn sample() -> Self {
        let reset = DemoMail {
            url: "/inbox/2".to_owned(),
            subject: "Reset password".to_owned(),
            preview: "Someone just requested to change your Harbour Works account's credentials.".to_owned(),
            time: "11:58".to_owned(),
            ..DemoMail::sample()
        };
        Self {
            mails: vec![DemoMail::sample(), reset],
            app_url: "/demo".to_owned(),
        }
    }
}

/// `message.j2`: one mail. Its markup is shown in a frame without rights.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoMessage {
    /// Its head.
    pub mail: DemoMail,
    /// From whom.
    pub from: String,
    /// Its text.
    pub text: String,
    /// Where its markup alone is served, for the frame; empty: none.
    pub html_url: String,
    /// The first web address in it: what a reader would click; empty: none.
    pub link: String,
    /// Back to the list.
    pub inbox_url: String,
}

impl Page for DemoMessage {
    const TEMPLATE: &'static str = "message.j2";
    const KIND: Kind = Kind::Demo;

    fn sample() -> Self {
        Self {
            mail: DemoMail::sample(),
            from: "noreply@example.com".to_owned(),
            text: "Someone has created a Harbour Works account with this email address.\n\nhttp://localhost:8080/realms/demo/login-actions/action-token?key=sample".to_owned(),
            html_url: "/inbox/1/html".to_owned(),
            link: "http://localhost:8080/realms/demo/login-actions/action-token?key=sample".to_owned(),
            inbox_url: "/inbox".to_owned(),
        }
    }
}
