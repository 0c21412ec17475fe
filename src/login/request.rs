//! What an application asked for when it sent somebody here.

use serde::{Deserialize, Serialize};
use serde_json::json;
use vestibule_jose::digest::b64url;
use vestibule_oauth::authorize::{Prompt, ResponseMode, ResponseType};
use vestibule_oauth::params::Params;

use crate::oidc::tokens::mappers;
use crate::store::client::Client;

/// An authorization request whose client and redirect URI are known to be good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthRequest {
    /// Where the answer goes: one that the client registered.
    pub redirect_uri: String,
    /// As sent; the code's exchange must repeat it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_redirect_uri: Option<String>,
    /// `code`, `none`, `id_token token` ...
    pub response_type: String,
    /// As sent, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ui_locales: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
    /// The `claims` parameter, JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
    /// The action that the application asks the person to do: `ALIAS` or `ALIAS:parameter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kc_action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kc_idp_hint: Option<String>,
    /// What the tokens are for (RFC 8707).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<String>,
    /// The pushed request that this is, by its hash (RFC 9126): used up when somebody has signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed: Option<String>,
    /// The thumbprint of the key that must be proved to use the code (RFC 9449).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// The subject that the application expects, as it knows it (`id_token_hint`, or `sub` of the parameter `claims`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The device whose request this is, by the hash of its code (RFC 8628): there is no way back by browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The flow that a client policy wants people to go through, by its alias, and the level that it stands for. It belongs to
    /// the request: whoever begins again goes through the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforced: Option<(String, i64)>,
}

impl AuthRequest {
    /// Whether a user is who the application asks about, if it asks about somebody. `OpenID` Connect Core sections 3.1.2.1 and
    /// 5.5.1: tokens are for nobody else.
    pub fn is_about(&self, client: &Client, user_id: &str) -> bool {
        let expected = self.expected.as_deref();
        expected.is_none_or(|expected| expected == mappers::subject_for(client, user_id))
    }

    /// The response type; `code` where none is known.
    pub fn response(&self) -> ResponseType {
        let code = ResponseType {
            code: true,
            token: false,
            id_token: false,
        };
        ResponseType::parse(&self.response_type).unwrap_or(code)
    }

    /// How the answer travels.
    pub fn mode(&self) -> ResponseMode {
        let asked = self.response();
        let sent = self
            .response_mode
            .as_deref()
            .and_then(|m| ResponseMode::parse(m, asked));
        sent.unwrap_or_else(|| asked.default_mode())
    }

    /// What `prompt` asks for.
    pub fn prompts(&self) -> Prompt {
        Prompt::parse(self.prompt.as_deref().unwrap_or_default())
    }

    /// Whether a scope was asked for.
    pub fn has_scope(&self, name: &str) -> bool {
        self.scope
            .as_deref()
            .is_some_and(|s| vestibule_oauth::scope::contains(s, name))
    }

    /// Those of its parameters by which client policies tell what is asked for.
    pub fn judged(&self) -> Params {
        let asked = [
            ("response_type", Some(&self.response_type)),
            ("scope", self.scope.as_ref()),
            ("acr_values", self.acr_values.as_ref()),
            ("claims", self.claims.as_ref()),
        ];
        let asked = asked.into_iter();
        asked
            .filter_map(|(name, value)| Some((name.to_owned(), value?.clone())))
            .collect()
    }

    /// Keycloak's `client_data`: what an error needs to find its way back when this session is lost. It is only a hint; who
    /// reads it checks the redirect URI again.
    pub fn client_data(&self) -> String {
        let mut data = json!({ "ru": self.redirect_uri, "rt": self.response_type });
        for (key, value) in [("rm", &self.response_mode), ("st", &self.state)] {
            if let Some(value) = value {
                data[key] = json!(value);
            }
        }
        b64url(data.to_string().as_bytes())
    }

    /// Reads [`AuthRequest::client_data`].
    pub fn of_client_data(text: &str) -> Option<Self> {
        let bytes = vestibule_jose::digest::b64url_decode(text).ok()?;
        let data: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        let member = |key: &str| data[key].as_str().map(str::to_owned);
        Some(Self {
            redirect_uri: member("ru")?,
            response_type: member("rt").unwrap_or_else(|| "code".to_owned()),
            response_mode: member("rm"),
            state: member("st"),
            ..Self::default()
        })
    }
}
