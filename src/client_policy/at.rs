//! What policies look at.

use vestibule_oauth::params::Params;

use super::gathered::Gathered;
use crate::caller::Caller;
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// Who makes or changes a client, and by what right: `client-updater-context`'s words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Anonymous,
    User,
    InitialAccessToken,
    RegistrationAccessToken,
}

impl Source {
    /// The value in a condition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "ByAnonymous",
            Self::User => "ByAuthenticatedUser",
            Self::InitialAccessToken => "ByInitialAccessToken",
            Self::RegistrationAccessToken => "ByRegistrationAccessToken",
        }
    }
}

/// Who makes or changes a client.
#[derive(Clone, Copy)]
pub struct Updater<'a> {
    pub source: Source,
    pub caller: &'a Caller,
    /// The user or service account, if one is known.
    pub user_id: Option<&'a str>,
}

/// A client is made or changed.
pub struct Change<'a> {
    pub updater: Updater<'a>,
    /// Whether the way to authenticate was said, and is not just what clients have by default.
    pub names_authenticator: bool,
}

/// What a client asks for.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub params: &'a Params,
    /// What was sent itself, where `params` came in a request object or was pushed before.
    pub sent: &'a Params,
    /// The scope in effect, where it is not the one in `params`: a code's, a refresh token's.
    pub scope: Option<&'a str>,
    /// Epoch seconds.
    pub now: i64,
    /// Of the realm, as this caller knows it.
    pub issuer: &'a str,
    /// The client has shown a certificate.
    pub certificate: bool,
    /// A proof that it has a key came with it (RFC 9449); whether it is good is for the door.
    pub dpop: bool,
    /// The claims of a request object that was found good, and whether it was encrypted.
    pub object: Option<(&'a Doc, bool)>,
    /// `params` were pushed before (RFC 9126).
    pub pushed: bool,
    /// The claims of a token that is handed in for another one.
    pub assertion: Option<&'a Doc>,
    /// The alias of the identity provider that vouches for it.
    pub provider: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// A request with parameters and nothing else.
    pub fn of(params: &'a Params, issuer: &'a str, now: i64) -> Self {
        Self {
            params,
            sent: params,
            scope: None,
            now,
            issuer,
            certificate: false,
            dpop: false,
            object: None,
            pushed: false,
            assertion: None,
            provider: None,
        }
    }

    /// The scope in effect.
    pub fn scope(&self) -> Option<&'a str> {
        self.scope.or_else(|| self.params.heeded("scope"))
    }
}

/// What happens.
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// A client is registered or updated, by whomever.
    Change(&'a Change<'a>),
    /// A client is read or removed, by whomever.
    Look,
    /// An authorization request whose redirect URI is not known to be good yet: refusals are pages.
    PreAuthorization(Asked<'a>),
    Authorization(Asked<'a>),
    /// RFC 9126.
    Pushed(Asked<'a>),
    /// RFC 8628: a device begins.
    Device(Asked<'a>),
    /// CIBA: an authentication is asked for.
    Backchannel(Asked<'a>),
    /// A request for tokens, with its `grant_type`.
    Token(&'a str, Asked<'a>),
    Introspection(Asked<'a>),
    Revocation(Asked<'a>),
    Logout(Asked<'a>),
    UserInfo(Asked<'a>),
}

impl<'a> Event<'a> {
    /// What is asked for, unless a client is changed.
    pub fn asked(&self) -> Option<&Asked<'a>> {
        match self {
            Self::Change(_) | Self::Look => None,
            Self::PreAuthorization(asked)
            | Self::Authorization(asked)
            | Self::Pushed(asked)
            | Self::Device(asked)
            | Self::Backchannel(asked)
            | Self::Token(_, asked)
            | Self::Introspection(asked)
            | Self::Revocation(asked)
            | Self::Logout(asked)
            | Self::UserInfo(asked) => Some(asked),
        }
    }

    /// The grant of a request for tokens.
    pub fn grant(&self) -> Option<&'a str> {
        match self {
            Self::Token(grant, _) => Some(grant),
            _ => None,
        }
    }
}

/// An event, with the client that it is about.
pub(super) struct At<'a> {
    pub realm: &'a Realm,
    /// The client's document, as it is or would become.
    pub doc: &'a Doc,
    /// As it is; `None` for a new one.
    pub client: Option<&'a Client>,
    pub event: Event<'a>,
    pub updater: Option<&'a Gathered>,
}

impl<'a> At<'a> {
    /// What a client asks for.
    pub fn request(realm: &'a Realm, client: &'a Client, event: Event<'a>) -> Self {
        Self {
            realm,
            doc: &client.doc,
            client: Some(client),
            event,
            updater: None,
        }
    }
}
