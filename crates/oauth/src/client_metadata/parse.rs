//! From the registrant's JSON to [`Metadata`].

use super::json::{member, text, texts, wrong_type};
use super::settings::SETTINGS;
use super::urls::{self, Label, Redirects};
use super::{AuthMethod, MAX_ENTRIES, MAX_NAME, Metadata, Pkce, SubjectType, invalid, keys, languages, refuse};
use crate::authorize::ResponseType;
use crate::error::Refusal;
use crate::redirect_uri::ApplicationType;
use crate::{pkce, scope};
use serde_json::{Map, Value};

impl Metadata {
    /// Parses what a registrant sent. `null` counts as absent, unknown members are dropped.
    ///
    /// # Errors
    ///
    /// `invalid_redirect_uri` for a redirect URI, `invalid_client_metadata` for the rest, with
    /// the member and the rule, or with Keycloak's text where it has one; a value of the wrong
    /// type is Keycloak's `unknown_error`.
    ///
    /// # Examples
    ///
    /// ```
    /// use vestibule_oauth::client_metadata::{read_object, AuthMethod, Metadata};
    /// // RFC 7591 §3.1, shortened
    /// let sent = br#"{"redirect_uris": ["https://client.example.org/callback"], "client_name": "My Example",
    ///     "client_name#ja-Jpan-JP": "x", "token_endpoint_auth_method": "client_secret_basic",
    ///     "example_extension_parameter": "example_value"}"#;
    /// let metadata = read_object(sent).and_then(|object| Metadata::from_object(&object)).unwrap();
    /// assert_eq!(metadata.auth_method, Some(AuthMethod::ClientSecretBasic));
    /// assert_eq!(metadata.languages[0].0, "client_name#ja-Jpan-JP");
    /// ```
    pub fn from_object(object: &Map<String, Value>) -> Result<Self, Refusal> {
        let words = |name: &str| member(object, name).map(text).transpose();
        let lists = |name: &str| member(object, name).map(texts).transpose();

        let application_type = words("application_type")?.as_deref().and_then(application_type);
        let application = application_type.unwrap_or_default();
        let redirects = |name: &str, which| {
            lists(name)?
                .map(|sent| urls::check_redirects(sent, which, application))
                .transpose()
        };
        let url = |name: &str, label| words(name)?.map(|sent| urls::check(sent, label)).transpose();
        let metadata = Self {
            client_id: words("client_id")?,
            redirect_uris: redirects("redirect_uris", Redirects::Login)?,
            post_logout_redirect_uris: redirects("post_logout_redirect_uris", Redirects::Logout)?,
            client_name: words("client_name")?
                .map(|sent| checked_name(sent, MAX_NAME))
                .transpose()?,
            client_uri: url("client_uri", Label::Base)?,
            application_type,
            auth_method: auth_method(object)?,
            grant_types: lists("grant_types")?
                .map(|sent| bounded("grant_types", sent))
                .transpose()?,
            response_types: lists("response_types")?.map(response_types).transpose()?,
            scope: words("scope")?.map(|sent| scopes(&sent)).transpose()?,
            jwks_uri: url("jwks_uri", Label::Jwks)?,
            jwks: member(object, "jwks").map(keys::check).transpose()?,
            subject_type: words("subject_type")?.map(|sent| subject_type(&sent)).transpose()?,
            sector_identifier_uri: words("sector_identifier_uri")?.map(urls::check_sector).transpose()?,
            software_statement: words("software_statement")?,
            pkce: pkce(object)?,
            languages: languages::read(object)?,
            settings: settings(object)?,
        };
        if metadata.jwks.is_some() && metadata.jwks_uri.is_some() {
            return Err(invalid());
        }
        Ok(metadata)
    }

    /// Parses a change of what is registered: a plain member that is `null` goes (RFC 7592 §2.2).
    /// `null` for one that a client cannot be without, such as `grant_types`, counts as absent.
    ///
    /// # Errors
    ///
    /// As [`Metadata::from_object`].
    ///
    /// # Examples
    ///
    /// ```
    /// use vestibule_oauth::client_metadata::{read_object, Metadata};
    /// let sent = read_object(br#"{"client_name": null, "default_max_age": null, "grant_types": null}"#).unwrap();
    /// let change = Metadata::from_change(&sent).unwrap();
    /// assert_eq!(change.client_name.as_deref(), Some(""));
    /// assert_eq!(change.setting("default_max_age"), Some(""));
    /// assert_eq!(change.grant_types, None);
    /// ```
    pub fn from_change(object: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut change = Self::from_object(object)?;
        for (name, _) in object.iter().filter(|(_, value)| value.is_null()) {
            match name.as_str() {
                "client_name" => change.client_name = Some(String::new()),
                "client_uri" => change.client_uri = Some(String::new()),
                "jwks_uri" => change.jwks_uri = Some(String::new()),
                "post_logout_redirect_uris" => change.post_logout_redirect_uris = Some(Vec::new()),
                name => {
                    let known = SETTINGS.iter().find(|setting| setting.member == name);
                    change.settings.extend(known.map(|setting| (setting, String::new())));
                }
            }
        }
        change.languages.extend(languages::taken_away(object));
        Ok(change)
    }
}

/// Other values of `application_type` are dropped, as Keycloak drops them all.
fn application_type(sent: &str) -> Option<ApplicationType> {
    match sent {
        "web" => Some(ApplicationType::Web),
        "native" => Some(ApplicationType::Native),
        _ => None,
    }
}

fn subject_type(sent: &str) -> Result<SubjectType, Refusal> {
    match sent {
        "public" => Ok(SubjectType::Public),
        "pairwise" => Ok(SubjectType::Pairwise),
        _ => Err(refuse("subject_type must be public or pairwise")),
    }
}

/// The method asked for, or else the first that we know of those the client says it can do
/// (`OpenID` Connect Relying Party Metadata Choices 1.0).
fn auth_method(object: &Map<String, Value>) -> Result<Option<AuthMethod>, Refusal> {
    if let Some(sent) = member(object, "token_endpoint_auth_method") {
        return AuthMethod::parse(&text(sent)?).map(Some).ok_or_else(invalid);
    }
    let Some(sent) = member(object, "token_endpoint_auth_methods_supported") else {
        return Ok(None);
    };
    Ok(texts(sent)?.iter().find_map(|name| AuthMethod::parse(name)))
}

fn response_types(sent: Vec<String>) -> Result<Vec<String>, Refusal> {
    if sent.iter().any(|one| ResponseType::parse(one).is_none()) {
        return Err(invalid());
    }
    bounded("response_types", sent)
}

fn scopes(sent: &str) -> Result<Vec<String>, Refusal> {
    let names = scope::parse(sent).map_err(|fault| refuse(fault.to_string()))?;
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn pkce(object: &Map<String, Value>) -> Result<Option<Pkce>, Refusal> {
    let Some(attributes) = member(object, "attributes") else {
        return Ok(None);
    };
    let attributes = attributes.as_object().ok_or_else(wrong_type)?;
    let names = ["pkce.code.challenge.method", "oauth2.pkce.code.challenge.method"];
    let Some(sent) = names.iter().find_map(|name| member(attributes, name)) else {
        return Ok(None);
    };
    match text(sent)?.as_str() {
        "" => Ok(Some(Pkce::Optional)),
        name => pkce::Method::parse(name)
            .map(|method| Some(Pkce::Required(method)))
            .ok_or_else(|| refuse("The attribute pkce.code.challenge.method must be S256 or plain")),
    }
}

fn settings(object: &Map<String, Value>) -> Result<Vec<(&'static super::Setting, String)>, Refusal> {
    let mut read = Vec::new();
    for setting in &SETTINGS {
        let Some(sent) = member(object, setting.member) else {
            continue;
        };
        let value = setting.read(sent)?;
        if setting.member == "backchannel_token_delivery_mode" && !matches!(value.as_str(), "poll" | "ping" | "") {
            return Err(refuse("Unsupported requested CIBA Backchannel Token Delivery Mode"));
        }
        read.push((setting, value));
    }
    Ok(read)
}

fn bounded(name: &str, entries: Vec<String>) -> Result<Vec<String>, Refusal> {
    if entries.len() > MAX_ENTRIES {
        return Err(refuse(format!("{name} must not have more than {MAX_ENTRIES} entries")));
    }
    if entries.iter().any(|one| one.chars().count() > MAX_NAME) {
        return Err(refuse(format!(
            "{name} must not have entries longer than {MAX_NAME} characters"
        )));
    }
    Ok(entries)
}

/// A name that people will be shown: bounded, and without characters that are not seen or that
/// turn the text around them.
pub(super) fn checked_name(name: String, max: usize) -> Result<String, Refusal> {
    if name.chars().count() > max {
        return Err(refuse(format!("client_name must not be longer than {max} characters")));
    }
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if name.chars().any(hidden) {
        return Err(refuse("client_name must not contain control or invisible characters"));
    }
    Ok(name)
}
