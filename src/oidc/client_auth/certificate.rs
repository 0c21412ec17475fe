//! `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705 section 2): a certificate that our own TLS, or the proxy in
//! front, has seen.

use regex::RegexBuilder;
use vestibule_jose::digest::b64;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Refused, keys, name};
use crate::app::App;
use crate::caller::Caller;
use crate::store::client::Client;

/// Whether the caller's certificate is the client's.
pub(super) async fn check(app: &App, caller: &Caller, client: &Client) -> Result<(), Refused> {
    let refused = || Refused::unknown("invalid_client_credentials");
    let shown = caller.proofs.certificate.as_ref().ok_or_else(refused)?;
    let (_, certificate) = X509Certificate::from_der(&shown.der).map_err(|_| refused())?;
    let good = match client.attribute("x509.subjectdn") {
        // By an authority: whoever was shown it has seen that it signed, and the subject is the client's.
        Some(subject) => {
            let issuer = client.attribute("x509.casubjectdn");
            shown.verified
                && is_subject(client, subject, &name::of(certificate.subject()))
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
