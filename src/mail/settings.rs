//! How a realm sends mail: Keycloak's `smtpServer`.

use serde_json::Value;

use crate::store::realm::Realm;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    None,
    /// It begins in clear and must become TLS (`starttls`).
    StartTls,
    /// TLS from the first byte (`ssl`).
    Tls,
}

/// The settings. Not `Debug`: there is a password.
#[derive(Clone)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub protection: Protection,
    /// User and password, where the server asks for them.
    pub login: Option<(String, String)>,
    pub from: String,
    pub from_name: Option<String>,
    pub reply_to: Option<String>,
    pub reply_to_name: Option<String>,
    /// The return path, if it is not `from`.
    pub envelope_from: Option<String>,
}

impl Settings {
    /// The settings of a realm; `None`: it has no server.
    pub fn of(realm: &Realm) -> Option<Self> {
        Self::read(realm.doc.get("smtpServer")?)
    }

    /// Reads Keycloak's map, in which all values are texts.
    pub fn read(map: &Value) -> Option<Self> {
        let text = |key: &str| match map.get(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            _ => None,
        };
        let flag = |key: &str| text(key).as_deref() == Some("true");
        let protection = match (flag("ssl"), flag("starttls")) {
            (true, _) => Protection::Tls,
            (false, true) => Protection::StartTls,
            (false, false) => Protection::None,
        };
        let default_port = match protection {
            Protection::Tls => 465,
            Protection::StartTls => 587,
            Protection::None => 25,
        };
        Some(Self {
            host: text("host")?,
            port: text("port").and_then(|p| p.parse().ok()).unwrap_or(default_port),
            protection,
            login: if flag("auth") {
                text("user").zip(text("password"))
            } else {
                None
            },
            from: text("from").unwrap_or_default(),
            from_name: text("fromDisplayName"),
            reply_to: text("replyTo"),
            reply_to_name: text("replyToDisplayName"),
            envelope_from: text("envelopeFrom"),
        })
    }
}
