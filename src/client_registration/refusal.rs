//! Why a registration, or a change of one, is refused.

use std::borrow::Cow;

use serde_json::Value;
use vestibule_oauth::error::{Refusal as Fault, RegistrationError};

use super::blame::Blamed;
use crate::client_policy;
use crate::error::Error;

/// What the caller can act on.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// What was sent cannot be registered. RFC 7591 §3.2.2.
    Metadata(Fault),
    /// The same, and which member is at fault.
    Member(Box<Blamed>),
    /// 401: no token, or one that is not good here. RFC 6750 §3.1.
    Token(&'static str),
    /// 403: the token is good, but not for this.
    Forbidden,
    /// 403: a client that the realm itself needs is not deleted.
    BuiltIn,
    /// 404, told to administrators only.
    ClientNotFound,
    /// 409: somebody decided on the client, or changed it, at the same moment.
    Meanwhile,
    /// 403: a policy of the realm objects.
    Policy(Box<Rejected>),
    /// 403: so many are registered already by this `token`, `owner`, from this `address`, or in the `realm`.
    Quota { of: &'static str, most: i64 },
    /// 403: a client policy of the realm objects.
    ClientPolicy(Box<client_policy::Refused>),
    /// 503: the realm's hook cannot be asked; seconds to wait.
    Unavailable(i64),
    /// 403: a page calls from an origin that the token or the policies do not name.
    Origin(String),
    /// 415: another type of content.
    Unsupported,
    /// 413: more than so many bytes.
    TooLarge(usize),
}

/// An objection of a policy.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The name and id of its component.
    pub policy: String,
    pub policy_id: String,
    pub objection: Objection,
}

/// What a policy objects to.
#[derive(Debug, Clone)]
pub struct Objection {
    /// Keycloak's words.
    pub text: Cow<'static, str>,
    /// The member, as the sender named it; `None` where it is not about one.
    pub field: Option<Cow<'static, str>>,
    pub value: Option<Value>,
}

impl Objection {
    /// One that is about no member.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            field: None,
            value: None,
        }
    }

    /// One about what a member holds.
    pub fn about(field: &'static str, value: impl Into<Value>, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            field: Some(field.into()),
            value: Some(value.into()),
        }
    }
}

impl Rejected {
    /// Keycloak's sentence.
    pub fn description(&self) -> String {
        format!(
            "Policy '{}' rejected request to client-registration service. Details: {}",
            self.policy, self.objection.text
        )
    }
}

impl Refusal {
    /// Refuses with `invalid_client_metadata`.
    pub fn metadata(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Metadata(Fault::registration(RegistrationError::InvalidClientMetadata, text))
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Metadata(fault) => fault.status,
            Self::Member(blamed) => blamed.fault.status,
            Self::Token(_) => 401,
            Self::Forbidden
            | Self::BuiltIn
            | Self::Policy(_)
            | Self::Quota { .. }
            | Self::ClientPolicy(_)
            | Self::Origin(_) => 403,
            Self::ClientNotFound => 404,
            Self::Unavailable(_) => 503,
            Self::Meanwhile => 409,
            Self::TooLarge(_) => 413,
            Self::Unsupported => 415,
        }
    }

    /// What is wrong, in words.
    pub fn told(&self) -> String {
        match self {
            Self::Metadata(fault) => fault.description.to_string(),
            Self::Member(blamed) => blamed.fault.description.to_string(),
            Self::Token(text) => (*text).to_owned(),
            Self::Policy(rejected) => rejected.description(),
            Self::ClientPolicy(refused) => refused.text.to_string(),
            Self::Quota { of, most } => format!("No more than {most} applications may be registered for one {of}"),
            Self::Meanwhile => "The client was changed at the same moment. Read it, and try again".to_owned(),
            Self::Unavailable(_) => "The hook of the realm cannot be asked".to_owned(),
            Self::TooLarge(most) => format!("The body is larger than {most} bytes"),
            Self::Unsupported => "The body is of another type".to_owned(),
            Self::Origin(_) => "Invalid origin".to_owned(),
            Self::Forbidden | Self::BuiltIn | Self::ClientNotFound => "Refused".to_owned(),
        }
    }

    /// What the event calls it: Keycloak's code where it has one.
    pub fn event_error(&self) -> &'static str {
        match self {
            Self::Metadata(fault) => fault.code,
            Self::Member(blamed) => blamed.fault.code,
            Self::Token(_) => "invalid_token",
            Self::Forbidden | Self::BuiltIn | Self::Policy(_) | Self::Origin(_) => "not_allowed",
            Self::Unsupported | Self::TooLarge(_) => "invalid_request",
            Self::ClientPolicy(refused) => refused.code,
            Self::Quota { .. } => "quota_exceeded",
            Self::ClientNotFound => "client_not_found",
            Self::Unavailable(_) => "hook_unavailable",
            Self::Meanwhile => "conflict",
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Metadata(fault)
    }
}

/// Why a flow ended without its effect: the caller was refused, or we failed.
#[derive(Debug)]
pub enum Stop {
    Refused(Refusal),
    Failed(Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<client_policy::Refused> for Refusal {
    fn from(refused: client_policy::Refused) -> Self {
        Self::ClientPolicy(Box::new(refused))
    }
}

impl From<client_policy::Refused> for Stop {
    fn from(refused: client_policy::Refused) -> Self {
        Self::Refused(refused.into())
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault.into())
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
