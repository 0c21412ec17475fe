//! What a request brings to show that a token is its own: a DPoP proof (RFC 9449), or the certificate of the connection, ours
//! or one of which a trusted proxy tells (RFC 8705).

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule_jose::digest::{b64url, sha256};

use crate::config::Config;
use crate::forwarded;

/// What a request brings; mostly nothing.
#[derive(Debug, Clone, Default)]
pub struct Proofs {
    pub dpop: Option<Arc<Dpop>>,
    pub certificate: Option<Arc<Certificate>>,
}

/// A DPoP proof that nobody has looked at yet, and the request that it must be made for.
#[derive(Debug, Clone)]
pub struct Dpop {
    pub proof: String,
    /// There is more than one: then none counts.
    pub several: bool,
    pub method: String,
    /// The address of the request, without query.
    pub address: String,
    /// The token beside it came as `Authorization: DPoP`.
    pub by_scheme: bool,
}

/// The certificate that a caller showed, to us or to the proxy in front; who was shown it knows that the caller has its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub der: Vec<u8>,
    /// An authority of the trust store, or of the proxy's list, has signed it.
    pub verified: bool,
}

impl Certificate {
    /// `x5t#S256`: the SHA-256 of the certificate.
    pub fn thumbprint(&self) -> String {
        b64url(&sha256(&self.der))
    }
}

/// A connection that came to us by TLS, and the certificate that it showed.
#[derive(Debug, Clone)]
pub struct Secured(pub Option<Arc<Certificate>>);

/// Whether `peer` is a proxy that tells of its callers' certificates; one that it shows itself is its own.
pub fn is_told(config: &Config, peer: IpAddr) -> bool {
    config.client_certificate_header.is_some() && forwarded::is_proxy(config, peer)
}

/// Reads the headers of a request from `peer`; `lines` gives all lines of a header.
pub fn certificate(config: &Config, peer: IpAddr, lines: impl Fn(&str) -> Vec<String>) -> Option<Certificate> {
    let header = config.client_certificate_header.as_deref()?;
    if !is_told(config, peer) {
        return None;
    }
    // More than one line: one of them is not the proxy's.
    let [line] = lines(header).try_into().ok()?;
    let verified = config.client_verified_header.as_deref().is_some_and(|name| {
        let said = lines(name);
        matches!(said.as_slice(), [one] if matches!(one.trim(), "SUCCESS" | "0" | "true"))
    });
    Some(Certificate {
        der: certificate_of(&line)?,
        verified,
    })
}

/// The certificate in a header: as RFC 9440 writes it (`:BASE64:`), as Envoy does (`Cert="..."`), PEM with `%` as nginx
/// escapes it, PEM on one line, or bare base64.
fn certificate_of(line: &str) -> Option<Vec<u8>> {
    let line = line.trim();
    if let Some(bytes) = line.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')) {
        return STANDARD.decode(bytes).ok();
    }
    let line = match line.split_once("Cert=\"") {
        Some((_, rest)) => rest.split('"').next()?,
        None => line,
    };
    // `+` is a letter of base64 here, not a space.
    let plain = if line.contains('%') {
        vestibule_oauth::params::decode(line.replace('+', "%2B").as_bytes(), 16 * 1024).ok()?
    } else {
        line.to_owned()
    };
    let inner = match plain.split_once("-----BEGIN CERTIFICATE-----") {
        Some((_, rest)) => rest.split("-----END").next()?.to_owned(),
        None => plain,
    };
    let letters: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
    let der = STANDARD.decode(letters).ok()?;
    (!der.is_empty()).then_some(der)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_read_as_every_proxy_writes_it() {
        let der = vec![0xfb, 0xef, 0xbe, 0x30, 0x82];
        let b64 = STANDARD.encode(&der);
        assert!(b64.contains('+'));
        for line in [
            format!(":{b64}:"),
            b64.clone(),
            format!("-----BEGIN CERTIFICATE----- {b64} -----END CERTIFICATE-----"),
            format!("-----BEGIN%20CERTIFICATE-----%0A{b64}%0A-----END%20CERTIFICATE-----%0A"),
            format!("Hash=0a;Cert=\"-----BEGIN%20CERTIFICATE-----%0A{b64}%0A-----END%20CERTIFICATE-----\";URI=x"),
        ] {
            assert_eq!(certificate_of(&line).as_ref(), Some(&der), "{line}");
        }
        for wrong in ["", ":", "::x", "%zz", "not base64!"] {
            assert_eq!(certificate_of(wrong), None, "{wrong}");
        }
    }
}
