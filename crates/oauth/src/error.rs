//! Error codes: one enum for each place that sends them, and the refusal a door writes out.

use std::borrow::Cow;

/// An answer that refuses: what a door writes as `{"error", "error_description"}`.
///
/// The description is constant text, or names what the sender sent; causes belong in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {description}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The value of `error`.
    pub code: &'static str,
    /// The value of `error_description`; empty if there is none.
    pub description: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with any status.
    pub fn new(status: u16, code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            description: description.into(),
        }
    }

    /// A refused registration: 400. RFC 7591 §3.2.2.
    pub fn registration(code: RegistrationError, description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, code.as_str(), description)
    }
}

/// Errors of the authorization endpoint. RFC 6749 §4.1.2.1, `OpenID` Connect Core §3.1.2.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationError {
    InvalidRequest,
    UnauthorizedClient,
    AccessDenied,
    UnsupportedResponseType,
    InvalidScope,
    ServerError,
    TemporarilyUnavailable,
    /// `OpenID` Connect Core §3.1.2.6
    InteractionRequired,
    LoginRequired,
    AccountSelectionRequired,
    ConsentRequired,
    InvalidRequestUri,
    InvalidRequestObject,
    RequestNotSupported,
    RequestUriNotSupported,
    RegistrationNotSupported,
    /// RFC 8707 §2
    InvalidTarget,
    /// RFC 9449 §12.2
    InvalidDpopProof,
    /// `OpenID` Connect Unmet Authentication Requirements §2
    UnmetAuthenticationRequirements,
}

impl AuthorizationError {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InteractionRequired => "interaction_required",
            Self::LoginRequired => "login_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::ConsentRequired => "consent_required",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
        }
    }
}

/// Errors of the token endpoint and its kin. RFC 6749 §5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
    /// RFC 8707 §2
    InvalidTarget,
    /// RFC 7009 §2.2.1
    UnsupportedTokenType,
    /// RFC 8628 §3.5
    AuthorizationPending,
    SlowDown,
    AccessDenied,
    ExpiredToken,
    /// RFC 9449 §5
    InvalidDpopProof,
    UseDpopNonce,
    ServerError,
}

impl TokenError {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::AccessDenied => "access_denied",
            Self::ExpiredToken => "expired_token",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::ServerError => "server_error",
        }
    }
}

/// Errors of a resource that wants a bearer token. RFC 6750 §3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerError {
    /// 400
    InvalidRequest,
    /// 401
    InvalidToken,
    /// 403
    InsufficientScope,
}

impl BearerError {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }

    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
        }
    }

    /// The value of `WWW-Authenticate` that must go with a 401. RFC 6750 §3.
    ///
    /// ```
    /// use vestibule_oauth::error::BearerError;
    /// assert_eq!(BearerError::InvalidToken.challenge("acme", "expired \"now\""),
    ///            r#"Bearer realm="acme", error="invalid_token", error_description="expired 'now'""#);
    /// ```
    pub fn challenge(self, realm: &str, description: &str) -> String {
        let mut text = format!("Bearer realm=\"{}\", error=\"{}\"", quotable(realm), self.as_str());
        if !description.is_empty() {
            text = format!("{text}, error_description=\"{}\"", quotable(description));
        }
        text
    }
}

/// Within quotes RFC 6750 §3 allows printable ASCII but `"` and `\`.
fn quotable(text: &str) -> String {
    let fit = |c: char| match c {
        '"' => '\'',
        ' '..='~' if c != '\\' => c,
        _ => '?',
    };
    text.chars().map(fit).collect()
}

/// Errors of client registration. RFC 7591 §3.2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationError {
    InvalidRedirectUri,
    InvalidClientMetadata,
    InvalidSoftwareStatement,
    UnapprovedSoftwareStatement,
}

impl RegistrationError {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
        }
    }
}
