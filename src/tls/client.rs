//! Which certificates a connection takes from its caller.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::config::ClientAuth;

/// Who looks at the certificate of a caller while a connection is made; `None`: none is asked for.
pub(super) fn asking(
    how: ClientAuth,
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    provider: &CryptoProvider,
) -> Option<Arc<dyn ClientCertVerifier>> {
    let shown = |mandatory| {
        let algorithms = provider.signature_verification_algorithms;
        Arc::new(Shown { mandatory, algorithms })
    };
    match how {
        ClientAuth::None => None,
        ClientAuth::Request => Some(shown(false)),
        ClientAuth::Required => Some(authorities.unwrap_or_else(|| shown(true))),
    }
}

/// Takes every certificate whose key the caller has, whoever signed it: an application may have registered the very
/// certificate that it made itself. Who signed it is asked once the connection is there.
#[derive(Debug)]
struct Shown {
    mandatory: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Shown {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
