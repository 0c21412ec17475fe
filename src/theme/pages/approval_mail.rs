//! Mails about applications that wait for a decision.

use serde::Serialize;

use crate::theme::email::Mail;

/// A line of what is asked for.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// The member of the metadata.
    pub name: String,
    /// What it is to be.
    pub value: String,
    /// What it is; absent: the application is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// `approval-request`: somebody is to decide.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRequestMail {
    /// The realm's display name.
    pub realm_name: String,
    /// The application's name.
    pub client_name: String,
    /// Its `client_id`.
    pub client_id: String,
    /// Is it a change of an application that works already?
    pub is_change: bool,
    /// What is asked for.
    pub facts: Vec<Fact>,
    /// To the page on which it is approved.
    pub approve_link: String,
    /// To the page on which it is refused.
    pub refuse_link: String,
    /// The last day for it, as `2026-12-24`.
    pub day: String,
}

impl Mail for ApprovalRequestMail {
    const TEMPLATE: &'static str = "approval-request";
    const SUBJECT: &'static str = "approvalRequestSubject";

    fn subject_args(&self) -> Vec<serde_json::Value> {
        vec![self.client_name.clone().into()]
    }

    fn sample() -> Self {
        let link = "https://id.example.com/realms/demo/login-actions/approval?key=sample";
        Self {
            realm_name: "Harbour Works".to_owned(),
            client_name: "Crane".to_owned(),
            client_id: "0195b2c4-crane".to_owned(),
            is_change: true,
            facts: vec![Fact {
                name: "redirect_uris".to_owned(),
                value: "https://crane.example.com/new".to_owned(),
                before: Some("https://crane.example.com/cb".to_owned()),
            }],
            approve_link: link.to_owned(),
            refuse_link: link.to_owned(),
            day: "2026-12-24".to_owned(),
        }
    }
}

/// `client-approved`: to the people of an application.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientApprovedMail {
    /// The realm's display name.
    pub realm_name: String,
    /// The application's name.
    pub client_name: String,
    /// Its `client_id`.
    pub client_id: String,
    /// Was it a change?
    pub is_change: bool,
}

impl Mail for ClientApprovedMail {
    const TEMPLATE: &'static str = "client-approved";
    const SUBJECT: &'static str = "clientApprovedSubject";

    fn subject_args(&self) -> Vec<serde_json::Value> {
        vec![self.client_name.clone().into()]
    }

    fn sample() -> Self {
        Self {
            realm_name: "Harbour Works".to_owned(),
            client_name: "Crane".to_owned(),
            client_id: "0195b2c4-crane".to_owned(),
            is_change: false,
        }
    }
}

/// `client-refused`: to the people of an application.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientRefusedMail {
    /// The realm's display name.
    pub realm_name: String,
    /// The application's name.
    pub client_name: String,
    /// Its `client_id`.
    pub client_id: String,
    /// Was it a change?
    pub is_change: bool,
    /// Why; empty: not said.
    pub reason: String,
}

impl Mail for ClientRefusedMail {
    const TEMPLATE: &'static str = "client-refused";
    const SUBJECT: &'static str = "clientRefusedSubject";

    fn subject_args(&self) -> Vec<serde_json::Value> {
        vec![self.client_name.clone().into()]
    }

    fn sample() -> Self {
        Self {
            realm_name: "Harbour Works".to_owned(),
            client_name: "Crane".to_owned(),
            client_id: "0195b2c4-crane".to_owned(),
            is_change: false,
            reason: "Please name a contact.".to_owned(),
        }
    }
}
