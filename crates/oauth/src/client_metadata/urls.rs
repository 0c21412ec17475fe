//! Addresses of pages and endpoints that a registrant names.

use super::refuse;
use crate::error::{Refusal, RegistrationError};
use crate::redirect_uri::{self, ApplicationType, Why, split, validate_registered, validate_url};

/// The longest address.
pub(super) const MAX: usize = redirect_uri::MAX_LENGTH;

/// What an address is for; refusals begin with its Keycloak name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    Base,
    Logo,
    Policy,
    Terms,
    Jwks,
    InitiateLogin,
    BackchannelLogout,
    FrontchannelLogout,
    Notification,
}

impl Label {
    fn as_str(self) -> &'static str {
        match self {
            Self::Base => "Base URL",
            Self::Logo => "Logo URL",
            Self::Policy => "Policy URL",
            Self::Terms => "Terms of service URL",
            Self::Jwks => "JWKS URL",
            Self::InitiateLogin => "Initiate login URL",
            Self::BackchannelLogout => "Backchannel logout URL",
            Self::FrontchannelLogout => "Front-channel logout URL",
            Self::Notification => "Backchannel client notification URL",
        }
    }

    /// Where the specification asks for `https`; plain `http` is then for loopback only.
    fn wants_https(self) -> bool {
        matches!(self, Self::InitiateLogin | Self::Notification)
    }
}

/// Checks the address of a page or endpoint: `http` or `https`, and nothing that two readers
/// read differently. An empty one stands for none.
pub(super) fn check(url: String, label: Label) -> Result<String, Refusal> {
    if url.is_empty() {
        return Ok(url);
    }
    let name = label.as_str();
    let parts = match validate_url(&url) {
        Ok(parts) => parts,
        Err(Why::Scheme) => return Err(refuse(format!("{name} uses an illegal scheme"))),
        Err(Why::TooLong) => return Err(refuse(format!("{name} must not be longer than {MAX} characters"))),
        Err(_) => return Err(refuse(format!("{name} is not a valid URL"))),
    };
    if !parts.is_web() {
        return Err(refuse(format!("{name} uses an illegal scheme")));
    }
    if label.wants_https() && !parts.scheme.eq_ignore_ascii_case("https") && !parts.is_loopback() {
        return Err(refuse(format!("{name} must use https")));
    }
    Ok(url)
}

/// Checks one address of a list: as [`check`], with a fragment if it likes.
pub(super) fn check_entry(url: &str, member: &str) -> Result<(), Refusal> {
    match validate_url(url) {
        Ok(parts) if parts.is_web() => Ok(()),
        Ok(_) | Err(Why::Scheme) => Err(refuse(format!(
            "{member} must be addresses that begin with https:// or http://"
        ))),
        Err(Why::TooLong) => Err(refuse(format!("{member} must not be longer than {MAX} characters"))),
        Err(Why::Relative) => Err(refuse(format!("{member} must be absolute"))),
        Err(_) => Err(refuse(format!("{member} must be valid URLs"))),
    }
}

/// Checks a sector identifier. `OpenID` Connect Registration §5; Keycloak lets it be `http`.
pub(super) fn check_sector(url: String) -> Result<String, Refusal> {
    let sound = url.is_empty() || validate_url(&url).is_ok_and(|parts| parts.is_web());
    if sound {
        Ok(url)
    } else {
        Err(refuse("Invalid Sector Identifier URI."))
    }
}

/// Which list of redirect URIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirects {
    Login,
    Logout,
}

/// Checks redirect URIs: blank ones and repetitions are dropped, the others judged one by one.
pub(super) fn check_redirects(
    sent: Vec<String>,
    which: Redirects,
    application: ApplicationType,
) -> Result<Vec<String>, Refusal> {
    let say = |text: String| match which {
        Redirects::Login => Refusal::registration(RegistrationError::InvalidRedirectUri, text),
        Redirects::Logout => refuse(text.replacen("A redirect URI", "A post-logout redirect URI", 1)),
    };
    let mut kept: Vec<String> = Vec::new();
    for uri in sent.into_iter().filter(|uri| !uri.trim().is_empty()) {
        let is_same_as_login = which == Redirects::Logout && uri == "+";
        if !is_same_as_login {
            validate_registered(&uri, application).map_err(|why| say(why.to_string()))?;
        }
        if !kept.contains(&uri) {
            kept.push(uri);
        }
    }
    if kept.len() > super::MAX_REDIRECT_URIS {
        let name = if which == Redirects::Login {
            "redirect_uris"
        } else {
            "post_logout_redirect_uris"
        };
        return Err(say(format!(
            "{name} must not have more than {} entries",
            super::MAX_REDIRECT_URIS
        )));
    }
    Ok(kept)
}

/// How many hosts redirect URIs name.
pub(super) fn count_hosts(uris: &[&str]) -> usize {
    let mut hosts: Vec<&str> = uris
        .iter()
        .filter_map(|uri| split(uri)?.host_and_port())
        .map(|(host, _)| host)
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts.len()
}
