//! Settings of a provider that mean nothing, with Keycloak's words.

use std::net::IpAddr;

use url::{Host, Url};

use crate::admin::api::error::ApiError;
use crate::store::json::{Doc, text};
use crate::store::realm::Realm;

use super::catalog;

/// The settings that are addresses, with the name that refusals use.
fn addresses(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "saml" => &[
            ("singleLogoutServiceUrl", "singleLogoutServiceUrl"),
            ("singleSignOnServiceUrl", "singleSignOnServiceUrl"),
            ("metadataDescriptorUrl", "metadataDescriptorUrl"),
        ],
        "jwt-authorization-grant" => &[("jwksUrl", "jwks_url")],
        _ => &[
            ("authorizationUrl", "authorization_url"),
            ("tokenUrl", "token_url"),
            ("userInfoUrl", "userinfo_url"),
            ("tokenIntrospectionUrl", "tokenIntrospection_url"),
            ("jwksUrl", "jwks_url"),
            ("logoutUrl", "logout_url"),
        ],
    }
}

/// Refuses settings of a kind that cannot be.
///
/// # Errors
///
/// 400.
pub(super) fn config(realm: &Realm, kind: &str, given: &Doc) -> Result<(), ApiError> {
    let empty = Doc::new();
    let config = given.get("config").and_then(|c| c.as_object()).unwrap_or(&empty);
    if kind == "jwt-authorization-grant" && text(config, "issuer").is_none() {
        return Err(ApiError::bad("Issuer is required"));
    }
    for (key, name) in addresses(kind) {
        if let Some(address) = text(config, key) {
            check_address(realm, address, name)?;
        }
    }
    if kind == "oauth2" && text(config, "userInfoUrl").is_none() {
        return Err(ApiError::bad("User Info URL not provided"));
    }
    let signed = matches!(kind, "oidc" | "keycloak-oidc") && text(config, "validateSignature") == Some("true");
    if signed && text(config, "useJwksUrl") != Some("true") && text(config, "publicKeySignatureVerifier").is_none() {
        let text =
            "The 'Validating public key' is required when 'Validate signatures' enabled and 'Use JWKS URL' disabled";
        return Err(ApiError::bad(text));
    }
    if text(config, "pkceEnabled") == Some("true")
        && let Some(method) = text(config, "pkceMethod")
        && !matches!(method, "plain" | "S256")
    {
        return Err(ApiError::bad(&format!("PKCE Method not supported: {method}")));
    }
    if kind == "google"
        && let Some(issuer) = text(config, "issuer")
        && Some(issuer) != catalog::issuer(kind)
    {
        return Err(ApiError::bad(&format!("The issuer url [{issuer}] is invalid")));
    }
    Ok(())
}

fn check_address(realm: &Realm, address: &str, name: &str) -> Result<(), ApiError> {
    let malformed = || ApiError::bad(&format!("The url [{name}] is malformed"));
    let url = Url::parse(address).map_err(|_| malformed())?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_secure_enough(realm, &url) => Ok(()),
        "http" => Err(ApiError::bad(&format!("The url [{name}] requires secure connections"))),
        "ftp" | "file" | "jar" => Err(ApiError::bad(&format!("Invalid protocol/scheme for url [{name}]"))),
        _ => Err(malformed()),
    }
}

/// Whether plain http is enough for an address: `sslRequired`.
fn is_secure_enough(realm: &Realm, url: &Url) -> bool {
    match realm.text("sslRequired").unwrap_or("external") {
        "none" => true,
        "all" => false,
        _ => match url.host() {
            Some(Host::Ipv4(ip)) => !crate::egress::is_public(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => !crate::egress::is_public(IpAddr::V6(ip)),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        },
    }
}
