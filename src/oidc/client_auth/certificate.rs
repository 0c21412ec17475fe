//! `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705 section 2): a certificate that our own TLS, or the proxy in
//! front, has seen.

use std::net::IpAddr;

use regex::RegexBuilder;
use vestibule_jose::digest::b64;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::{Refused, keys, name};
use crate::app::App;
use crate::caller::Caller;
use crate::store::client::Client;

/// Whether the caller's certificate is the client's.
pub(super) async fn check(app: &App, caller: &Caller, client: &Client) -> Result<(), Refused> {
    let refused = || Refused::unknown("invalid_client_credentials");
    let shown = caller.proofs.certificate.as_ref().ok_or_else(refused)?;
    let (_, certificate) = X509Certificate::from_der(&shown.der).map_err(|_| refused())?;
    let named = match client.attribute("x509.subjectdn") {
        Some(subject) => Some(is_subject(client, subject, &name::of(certificate.subject()))),
        None => alternative(client).map(|(kind, wanted)| has_alternative(&certificate, kind, wanted)),
    };
    let good = match named {
        // By an authority: whoever was shown it has seen that it signed, and the name is the client's.
        Some(is_client) => {
            let issuer = client.attribute("x509.casubjectdn");
            shown.verified
                && is_client
                && issuer.is_none_or(|issuer| name::is_same(issuer, &name::of(certificate.issuer())))
        }
        // By itself: the client has registered this very certificate.
        None => is_registered(app, client, &shown.der).await,
    };
    let now = app.now_seconds();
    let in_time =
        certificate.validity().not_before.timestamp() <= now && now <= certificate.validity().not_after.timestamp();
    if good && in_time { Ok(()) } else { Err(refused()) }
}

/// A kind of subject alternative name (RFC 8705 section 2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dns,
    Uri,
    Ip,
    Email,
}

/// The subject alternative name that a client has registered.
fn alternative(client: &Client) -> Option<(Kind, &str)> {
    let kinds = [
        (Kind::Dns, "oidc.registration.tls_client_auth_san_dns"),
        (Kind::Uri, "oidc.registration.tls_client_auth_san_uri"),
        (Kind::Ip, "oidc.registration.tls_client_auth_san_ip"),
        (Kind::Email, "oidc.registration.tls_client_auth_san_email"),
    ];
    kinds
        .into_iter()
        .find_map(|(kind, name)| Some((kind, client.attribute(name)?)))
}

/// Whether the certificate has that name.
fn has_alternative(certificate: &X509Certificate<'_>, kind: Kind, wanted: &str) -> bool {
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return false;
    };
    let address = |bytes: &[u8]| match wanted.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => bytes == ip.octets(),
        Ok(IpAddr::V6(ip)) => bytes == ip.octets(),
        Err(_) => false,
    };
    names.value.general_names.iter().any(|name| match (kind, name) {
        (Kind::Dns, GeneralName::DNSName(name)) => name.eq_ignore_ascii_case(wanted),
        (Kind::Uri, GeneralName::URI(name)) | (Kind::Email, GeneralName::RFC822Name(name)) => *name == wanted,
        (Kind::Ip, GeneralName::IPAddress(bytes)) => address(bytes),
        _ => false,
    })
}

/// As Keycloak: a pattern, unless the client says that it is a name.
fn is_subject(client: &Client, wanted: &str, subject: &str) -> bool {
    if client.attribute("x509.allow.regex.pattern.comparison") == Some("false") {
        return name::is_same(wanted, subject);
    }
    let pattern = RegexBuilder::new(&format!("^(?:{wanted})$"))
        .size_limit(100_000)
        .build();
    pattern.is_ok_and(|pattern| pattern.is_match(subject)) || name::is_same(wanted, subject)
}

async fn is_registered(app: &App, client: &Client, der: &[u8]) -> bool {
    let wanted = b64(der);
    let Some(set) = keys::set(app, client).await else {
        return false;
    };
    let own = |chain: &Vec<String>| chain.first().is_some_and(|first| *first == wanted);
    set.keys.iter().filter_map(|key| key.x5c.as_ref()).any(own)
}
