//! How a client proves at the token endpoint who it is. RFC 7591 §2, `OpenID` Connect Core §9,
//! RFC 8705 §2.

use super::{KEPT, attribute, switch};
use serde_json::{Map, Value, json};

/// Keycloak's attribute that says which of the two ways of sending a secret is good.
const ALLOWED: &str = "client.secret.authentication.allowed.method";

/// RFC 8705 §2.2.
const SELF_SIGNED: &str = "self_signed_tls_client_auth";

/// Keycloak's attribute with the subject of a client's certificate.
const SUBJECT: &str = "x509.subjectdn";

/// The attribute that says in which of the two ways a client proves itself by certificate.
fn of_certificate() -> String {
    format!("{KEPT}token_endpoint_auth_method")
}

/// Whether a client said that it has registered its certificate itself.
pub(super) fn is_by_certificate_itself(client: &Map<String, Value>) -> bool {
    attribute(client, &of_certificate()) == Some(SELF_SIGNED)
}

/// The attributes with other names in a client's certificate. RFC 8705 §2.1.2.
fn sans() -> [String; 4] {
    ["dns", "uri", "ip", "email"].map(|kind| format!("{KEPT}tls_client_auth_san_{kind}"))
}

/// How many names a client has registered of its certificate.
pub(super) fn certificate_names(client: &Map<String, Value>) -> usize {
    let sans = sans();
    let names = [SUBJECT].into_iter().chain(sans.iter().map(String::as_str));
    names.filter(|name| attribute(client, name).is_some()).count()
}

/// A `token_endpoint_auth_method` that can be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// A public client: it has no secret and needs PKCE.
    None,
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
    /// A certificate that an authority has signed, with a name that is registered.
    TlsClientAuth,
    /// A certificate that is registered itself.
    SelfSignedTlsClientAuth,
}

impl AuthMethod {
    /// The method of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "none" => Self::None,
            "client_secret_basic" => Self::ClientSecretBasic,
            "client_secret_post" => Self::ClientSecretPost,
            "client_secret_jwt" => Self::ClientSecretJwt,
            "private_key_jwt" => Self::PrivateKeyJwt,
            "tls_client_auth" => Self::TlsClientAuth,
            SELF_SIGNED => Self::SelfSignedTlsClientAuth,
            _ => return None,
        })
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => SELF_SIGNED,
        }
    }

    /// Whether the client is given a secret.
    pub fn has_secret(self) -> bool {
        matches!(
            self,
            Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt
        )
    }

    /// Keycloak's `clientAuthenticatorType`.
    pub fn authenticator(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic | Self::ClientSecretPost => "client-secret",
            Self::ClientSecretJwt => "client-secret-jwt",
            Self::PrivateKeyJwt => "client-jwt",
            Self::TlsClientAuth | Self::SelfSignedTlsClientAuth => "client-x509",
        }
    }

    /// The method of a client, as its representation says it. `None` for Keycloak's
    /// authenticators that no registered method stands for.
    pub fn of_client(client: &Map<String, Value>) -> Option<Self> {
        if switch(client, "publicClient") {
            return Some(Self::None);
        }
        match client
            .get("clientAuthenticatorType")
            .and_then(Value::as_str)
            .unwrap_or("client-secret")
        {
            "client-secret" if attribute(client, ALLOWED) == Some("client_secret_post") => Some(Self::ClientSecretPost),
            "client-secret" => Some(Self::ClientSecretBasic),
            "client-secret-jwt" => Some(Self::ClientSecretJwt),
            "client-jwt" => Some(Self::PrivateKeyJwt),
            // Keycloak has one authenticator for both.
            "client-x509" if is_by_certificate_itself(client) && certificate_names(client) == 0 => {
                Some(Self::SelfSignedTlsClientAuth)
            }
            "client-x509" => Some(Self::TlsClientAuth),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// Writes the method into a client. A public client must use PKCE with `S256` (RFC 9700
    /// §2.1.1), so that is set as well.
    pub(super) fn write(self, client: &mut Map<String, Value>, attributes: &mut Map<String, Value>) {
        client.insert("clientAuthenticatorType".to_owned(), json!(self.authenticator()));
        client.insert("publicClient".to_owned(), json!(self == Self::None));
        match self {
            Self::ClientSecretBasic | Self::ClientSecretPost => {
                attributes.insert(ALLOWED.to_owned(), json!(self.as_str()));
            }
            _ => {
                attributes.shift_remove(ALLOWED);
            }
        }
        if self == Self::SelfSignedTlsClientAuth {
            // By this certificate, and by no name in one.
            attributes.shift_remove(SUBJECT);
            for name in sans() {
                attributes.shift_remove(&name);
            }
            attributes.insert(of_certificate(), json!(SELF_SIGNED));
        } else {
            attributes.shift_remove(&of_certificate());
        }
        if self == Self::None {
            attributes.insert("pkce.code.challenge.method".to_owned(), json!("S256"));
        }
    }
}
