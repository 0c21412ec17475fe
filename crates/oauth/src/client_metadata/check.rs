//! The rules that hold for a client whole, however little of it was sent.

use super::auth_method::{certificate_names, is_by_certificate_itself};
use super::{AuthMethod, KEPT, SubjectType, algorithms, attribute, invalid, keys, list, pairwise, refuse, urls};
use crate::error::{Refusal, RegistrationError};
use crate::redirect_uri::{ApplicationType, Why, validate_registered};
use serde_json::{Map, Value};

/// Checks a client as it would become after [`apply`](super::apply()).
///
/// # Errors
///
/// `private_key_jwt` without keys to check a signature with; pairwise identifiers for several
/// hosts without a sector identifier (`OpenID` Connect Core §8.1); plain `http` beyond loopback
/// in a native application (RFC 8252 §8.3); algorithms without key, secret or method for them;
/// `tls_client_auth` without the one name to look for (RFC 8705 §2.1.2), `self_signed_tls_client_auth` without the
/// certificate (§2.2).
pub fn check(client: &Map<String, Value>) -> Result<(), Refusal> {
    if AuthMethod::of_client(client) == Some(AuthMethod::PrivateKeyJwt) && !has_keys(client) {
        return Err(invalid());
    }
    algorithms::check(client)?;
    if !contacts(client).all(is_contact) {
        return Err(refuse("contacts must be e-mail addresses"));
    }
    certificate(client)?;
    let redirects = list(client, "redirectUris");
    let pairwise = pairwise::subject_type(client) == SubjectType::Pairwise;
    if pairwise && pairwise::sector(client).is_none() && urls::count_hosts(&redirects) > 1 {
        return Err(refuse(
            "Without a configured Sector Identifier URI, client redirect URIs must not contain multiple host components.",
        ));
    }
    let native = attribute(client, &format!("{KEPT}application_type")) == Some("native");
    let plain = |uri: &&str| validate_registered(uri, ApplicationType::Native) == Err(Why::NativeHttp);
    if native && redirects.iter().any(plain) {
        return Err(Refusal::registration(
            RegistrationError::InvalidRedirectUri,
            Why::NativeHttp.to_string(),
        ));
    }
    Ok(())
}

/// Who is to be asked about a client.
fn contacts(client: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let kept = client
        .get("attributes")
        .and_then(|all| all.get(format!("{KEPT}contacts")));
    let kept = kept.and_then(Value::as_str).unwrap_or_default();
    kept.split("##").filter(|one| !one.is_empty())
}

/// Whether somebody can be reached so: by mail or, as RFC 7591 §2 says no more than that typically, by an address of another kind.
fn is_contact(text: &str) -> bool {
    let by_mail = text
        .rsplit_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace));
    by_mail
        || ["https://", "http://", "mailto:", "tel:"]
            .iter()
            .any(|begin| text.starts_with(begin))
}

/// What of a certificate names the client, when it proves itself with one.
fn certificate(client: &Map<String, Value>) -> Result<(), Refusal> {
    match AuthMethod::of_client(client) {
        Some(AuthMethod::SelfSignedTlsClientAuth) if has_certificate(client) => return Ok(()),
        Some(AuthMethod::SelfSignedTlsClientAuth) => {
            return Err(refuse(
                "self_signed_tls_client_auth needs the certificate as x5c of a key in jwks, or a jwks_uri",
            ));
        }
        Some(AuthMethod::TlsClientAuth) if is_by_certificate_itself(client) => {
            return Err(refuse(
                "A certificate that is registered itself is not looked for by tls_client_auth_ names",
            ));
        }
        Some(AuthMethod::TlsClientAuth) => {}
        _ => return Ok(()),
    }
    match certificate_names(client) {
        1 => Ok(()),
        // One that signed its certificate itself has registered that.
        0 if has_certificate(client) => Ok(()),
        0 => Err(refuse(
            "tls_client_auth needs tls_client_auth_subject_dn or one of tls_client_auth_san_dns, _uri, _ip, _email",
        )),
        _ => Err(refuse(
            "Only one of tls_client_auth_subject_dn and tls_client_auth_san_dns, _uri, _ip, _email may be set",
        )),
    }
}

fn has_certificate(client: &Map<String, Value>) -> bool {
    if attribute(client, "use.jwks.url") == Some("true") {
        return attribute(client, "jwks.url").is_some();
    }
    let set = attribute(client, "jwks.string").and_then(|text| serde_json::from_str(text).ok());
    set.is_some_and(|set: Value| keys::has_certificate(&set))
}

fn has_keys(client: &Map<String, Value>) -> bool {
    if attribute(client, "use.jwks.url") == Some("true") {
        return attribute(client, "jwks.url").is_some();
    }
    let by_value = attribute(client, "use.jwks.string") == Some("true");
    let set = attribute(client, "jwks.string")
        .filter(|_| by_value)
        .and_then(|text| serde_json::from_str(text).ok());
    set.is_some_and(|set: Value| keys::can_verify(&set))
}
