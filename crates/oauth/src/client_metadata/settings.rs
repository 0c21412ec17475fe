//! The members that are one attribute of the client each.

use super::algorithms::{
    DECRYPTIONS, ENCODINGS, ENCODINGS_OR_ANY, ENCRYPTIONS, NOTHING, SIGNATURES, SIGNATURES_OR_ANY, SIGNATURES_OR_NONE,
};
use super::json::{flag, number, text, texts};
use super::urls::{self, Label};
use super::{KEPT, MAX_ENTRIES, refuse};
use crate::error::Refusal;
use serde_json::{Value, json};
use std::borrow::Cow;

/// What a member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A text of at most so many characters.
    Text(usize),
    /// `true` or `false`.
    Flag,
    /// Seconds, 0 or more.
    Seconds,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Addresses on the web, of which a fragment may be a part; at most so many.
    Urls(usize),
    /// Texts, at most so many; the attribute joins them with `##`, as Keycloak does.
    List(usize),
    /// One text, or several.
    TextOrList,
    /// The address of a page or an endpoint.
    Url(Label),
}

/// A member, and the attribute of the client that keeps it.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the metadata.
    pub member: &'static str,
    /// Keycloak's name for the attribute, or empty where Keycloak has none: then it is
    /// `oidc.registration.` and the member's name.
    keycloak: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Whether it is answered, with `false` or `[]`, although nothing was set.
    pub always_told: bool,
}

const fn of(member: &'static str, keycloak: &'static str, shape: Shape) -> Setting {
    Setting {
        member,
        keycloak,
        shape,
        always_told: false,
    }
}

const fn told(member: &'static str, keycloak: &'static str, shape: Shape) -> Setting {
    Setting {
        member,
        keycloak,
        shape,
        always_told: true,
    }
}

const ALG: Shape = Shape::Word(SIGNATURES);
const KEY_ALG: Shape = Shape::Word(ENCRYPTIONS);
const ENC: Shape = Shape::Word(ENCODINGS);
const NAME: Shape = Shape::Text(255);

/// Every plain member, in the order of the answer.
pub(super) static SETTINGS: [Setting; 50] = [
    of(
        "token_endpoint_auth_signing_alg",
        "token.endpoint.auth.signing.alg",
        ALG,
    ),
    of("logo_uri", "logoUri", Shape::Url(Label::Logo)),
    of("contacts", "", Shape::List(20)),
    of("tos_uri", "tosUri", Shape::Url(Label::Terms)),
    of("policy_uri", "policyUri", Shape::Url(Label::Policy)),
    of("software_id", "", NAME),
    of("software_version", "", NAME),
    of("id_token_signed_response_alg", "id.token.signed.response.alg", ALG),
    of(
        "id_token_encrypted_response_alg",
        "id.token.encrypted.response.alg",
        KEY_ALG,
    ),
    of(
        "id_token_encrypted_response_enc",
        "id.token.encrypted.response.enc",
        ENC,
    ),
    of(
        "userinfo_signed_response_alg",
        "user.info.response.signature.alg",
        Shape::Word(SIGNATURES_OR_NONE),
    ),
    of(
        "userinfo_encrypted_response_alg",
        "user.info.encrypted.response.alg",
        KEY_ALG,
    ),
    of(
        "userinfo_encrypted_response_enc",
        "user.info.encrypted.response.enc",
        ENC,
    ),
    of(
        "request_object_signing_alg",
        "request.object.signature.alg",
        Shape::Word(SIGNATURES_OR_ANY),
    ),
    of(
        "request_object_encryption_alg",
        "request.object.encryption.alg",
        Shape::Word(DECRYPTIONS),
    ),
    of(
        "request_object_encryption_enc",
        "request.object.encryption.enc",
        Shape::Word(ENCODINGS_OR_ANY),
    ),
    of("require_signed_request_object", "", Shape::Flag),
    of("default_max_age", "default.max.age", Shape::Seconds),
    of("require_auth_time", "", Shape::Flag),
    of("default_acr_values", "default.acr.values", Shape::List(MAX_ENTRIES)),
    of("initiate_login_uri", "", Shape::Url(Label::InitiateLogin)),
    told("request_uris", "request.uris", Shape::Urls(MAX_ENTRIES)),
    told(
        "tls_client_certificate_bound_access_tokens",
        "tls.client.certificate.bound.access.tokens",
        Shape::Flag,
    ),
    of("tls_client_auth_subject_dn", "x509.subjectdn", Shape::Text(2000)),
    of("tls_client_auth_san_dns", "", NAME),
    of("tls_client_auth_san_uri", "", Shape::Text(2000)),
    of("tls_client_auth_san_ip", "", NAME),
    of("tls_client_auth_san_email", "", NAME),
    told("dpop_bound_access_tokens", "dpop.bound.access.tokens", Shape::Flag),
    of(
        "backchannel_logout_uri",
        "backchannel.logout.url",
        Shape::Url(Label::BackchannelLogout),
    ),
    told(
        "backchannel_logout_session_required",
        "backchannel.logout.session.required",
        Shape::Flag,
    ),
    of(
        "backchannel_logout_revoke_offline_tokens",
        "backchannel.logout.revoke.offline.tokens",
        Shape::Flag,
    ),
    of(
        "backchannel_token_delivery_mode",
        "ciba.backchannel.token.delivery.mode",
        Shape::Text(64),
    ),
    of(
        "backchannel_client_notification_endpoint",
        "ciba.backchannel.client.notification.endpoint",
        Shape::Url(Label::Notification),
    ),
    of(
        "backchannel_authentication_request_signing_alg",
        "ciba.backchannel.auth.request.signing.alg",
        ALG,
    ),
    of("backchannel_user_code_parameter", "", Shape::Flag),
    of(
        "authorization_signed_response_alg",
        "authorization.signed.response.alg",
        ALG,
    ),
    of(
        "authorization_encrypted_response_alg",
        "authorization.encrypted.response.alg",
        KEY_ALG,
    ),
    of(
        "authorization_encrypted_response_enc",
        "authorization.encrypted.response.enc",
        ENC,
    ),
    told(
        "require_pushed_authorization_requests",
        "require.pushed.authorization.requests",
        Shape::Flag,
    ),
    of(
        "require_signed_request_object",
        "require.signed.request.object",
        Shape::Flag,
    ),
    of(
        "frontchannel_logout_uri",
        "frontchannel.logout.url",
        Shape::Url(Label::FrontchannelLogout),
    ),
    told(
        "frontchannel_logout_session_required",
        "frontchannel.logout.session.required",
        Shape::Flag,
    ),
    of(
        "introspection_signed_response_alg",
        "introspection.signed.response.alg",
        ALG,
    ),
    of("introspection_encrypted_response_alg", "", Shape::Word(NOTHING)),
    of("introspection_encrypted_response_enc", "", Shape::Word(NOTHING)),
    of("authorization_details_types", "", Shape::List(MAX_ENTRIES)),
    of("resource", "", Shape::TextOrList),
    of("use_mtls_endpoint_aliases", "", Shape::Flag),
    of("software_statement", "", Shape::Text(32_768)),
];

/// Attributes that come of the other members.
const OTHERS: [&str; 19] = [
    "client.secret.authentication.allowed.method",
    "frontchannel.logout.session.required",
    "jwks.string",
    "jwks.url",
    "jwt.credential.kid",
    "jwt.credential.public.key",
    "oauth2.device.authorization.grant.enabled",
    "oauth2.jwt.authorization.grant.enabled",
    "oidc.ciba.grant.enabled",
    "oidc.registration.application_type",
    "pkce.code.challenge.method",
    "post.logout.redirect.uris",
    "request.object.required",
    "sectorIdentifierUri",
    "standard.token.exchange.enabled",
    "use.jwks.string",
    "use.jwks.url",
    "use.refresh.tokens",
    "x509.allow.regex.pattern.comparison",
];

/// Whether a registrant's metadata can set an attribute of a client.
pub fn is_registrable_attribute(name: &str) -> bool {
    OTHERS.contains(&name) || SETTINGS.iter().any(|setting| setting.attribute() == name)
}

/// The members that are addresses, or lists of them.
pub fn address_members() -> Vec<&'static str> {
    let own = SETTINGS
        .iter()
        .filter(|setting| setting.member.ends_with("_uri") || matches!(setting.shape, Shape::Url(_) | Shape::Urls(_)));
    // `tls_client_auth_san_uri` is compared, never opened.
    let own = own
        .map(|setting| setting.member)
        .filter(|member| *member != "tls_client_auth_san_uri");
    let others = [
        "client_uri",
        "jwks_uri",
        "post_logout_redirect_uris",
        "sector_identifier_uri",
    ];
    own.chain(others).collect()
}

impl Setting {
    /// The attribute that keeps the member.
    pub fn attribute(&self) -> Cow<'static, str> {
        if self.keycloak.is_empty() {
            Cow::Owned(format!("{KEPT}{}", self.member))
        } else {
            Cow::Borrowed(self.keycloak)
        }
    }

    /// The attribute's text for what was sent; empty if the attribute is to go.
    pub(super) fn read(&self, sent: &Value) -> Result<String, Refusal> {
        match self.shape {
            Shape::Text(max) => self.bounded(text(sent)?, max),
            Shape::Word(words) => self.word(text(sent)?, words),
            Shape::Flag => Ok(flag(sent)?.to_string()),
            Shape::Seconds => match number(sent)? {
                seconds @ 0.. => Ok(seconds.to_string()),
                _ => Err(refuse(format!("{} must not be negative", self.member))),
            },
            Shape::Url(label) => self.bounded(urls::check(text(sent)?, label)?, urls::MAX),
            Shape::List(max) => self.join(texts(sent)?, max),
            Shape::Urls(max) => {
                let sent = texts(sent)?;
                for url in sent.iter().filter(|url| !url.is_empty()) {
                    urls::check_entry(url, self.member)?;
                }
                self.join(sent, max)
            }
            Shape::TextOrList if sent.is_array() => self.join(texts(sent)?, MAX_ENTRIES),
            Shape::TextOrList => self.join(vec![text(sent)?], 1),
        }
    }

    fn bounded(&self, sent: String, max: usize) -> Result<String, Refusal> {
        if sent.chars().count() > max {
            return Err(refuse(format!(
                "{} must not be longer than {max} characters",
                self.member
            )));
        }
        if sent.chars().any(char::is_control) {
            return Err(refuse(format!("{} must not contain control characters", self.member)));
        }
        Ok(sent)
    }

    /// One of some words; an empty one takes the member away.
    fn word(&self, sent: String, words: &[&str]) -> Result<String, Refusal> {
        if sent.is_empty() || words.contains(&sent.as_str()) {
            return Ok(sent);
        }
        Err(refuse(if words.is_empty() {
            format!("{} is not supported", self.member)
        } else {
            format!("{} must be one of {}", self.member, words.join(", "))
        }))
    }

    fn join(&self, entries: Vec<String>, max: usize) -> Result<String, Refusal> {
        if entries.len() > max {
            return Err(refuse(format!("{} must not have more than {max} entries", self.member)));
        }
        let length = if self.member == "contacts" { 254 } else { urls::MAX };
        let mut joined: Vec<String> = Vec::new();
        for entry in entries {
            // `##` stands between entries: one that holds it would come back as two.
            if entry.contains("##") {
                return Err(refuse(format!("{} must not contain ##", self.member)));
            }
            let entry = self.bounded(entry, length)?;
            if !entry.is_empty() && !joined.contains(&entry) {
                joined.push(entry);
            }
        }
        Ok(joined.join("##"))
    }

    /// The member's value for an attribute's text.
    pub(super) fn tell(&self, kept: Option<&str>) -> Option<Value> {
        let Some(kept) = kept else {
            return self.always_told.then(|| {
                if self.shape == Shape::Flag {
                    json!(false)
                } else {
                    json!([])
                }
            });
        };
        let entries: Vec<&str> = kept.split("##").collect();
        Some(match self.shape {
            Shape::Text(_) | Shape::Word(_) | Shape::Url(_) => json!(kept),
            Shape::Flag => json!(kept == "true"),
            Shape::Seconds => json!(kept.parse::<i64>().ok()?),
            Shape::TextOrList if entries.len() == 1 => json!(kept),
            Shape::List(_) | Shape::Urls(_) | Shape::TextOrList => json!(entries),
        })
    }
}
