//! The files: a certificate, its key, the authorities of applications.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::config::Https;
use crate::error::Error;

const CERTIFICATE: &str = "--https-certificate-file";
const KEY: &str = "--https-certificate-key-file";
const TRUST_STORE: &str = "--https-trust-store-file";

/// What stands in the files. Not `Debug`: there is a key.
#[derive(PartialEq, Eq)]
pub(super) struct Contents {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    trust_store: Option<Vec<u8>>,
}

impl Contents {
    pub(super) fn read(settings: &Https) -> Result<Self, Error> {
        let read = |option: &str, path: &Path| std::fs::read(path).map_err(|e| wrong(option, path, &e.to_string()));
        Ok(Self {
            certificate: read(CERTIFICATE, &settings.certificate)?,
            key: Zeroizing::new(read(KEY, &settings.key)?),
            trust_store: match &settings.trust_store {
                Some(path) => Some(read(TRUST_STORE, path)?),
                None => None,
            },
        })
    }

    /// The server's certificate with those above it, and its key.
    pub(super) fn own(
        &self,
        settings: &Https,
        clock: &Clock,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
        let chain = certificates(CERTIFICATE, &settings.certificate, &self.certificate)?;
        if let Some((_, first)) = chain.first().and_then(|first| X509Certificate::from_der(first).ok())
            && first.validity().not_after.timestamp() * 1000 < clock.now()
        {
            tracing::error!(
                "{CERTIFICATE} {}: the certificate has expired: browsers and applications refuse it",
                settings.certificate.display()
            );
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|e| match e {
            pem::Error::NoItemsFound => wrong(
                KEY,
                &settings.key,
                "there is no private key in it that is readable without a password",
            ),
            other => wrong(KEY, &settings.key, &other.to_string()),
        })?;
        Ok((chain, key))
    }

    /// Who tells whether an authority of the trust store has signed a certificate.
    pub(super) fn authorities(
        &self,
        settings: &Https,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, Error> {
        let (Some(path), Some(text)) = (&settings.trust_store, &self.trust_store) else {
            return Ok(None);
        };
        let mut roots = RootCertStore::empty();
        for root in certificates(TRUST_STORE, path, text)? {
            roots.add(root).map_err(|e| wrong(TRUST_STORE, path, &e.to_string()))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
        Ok(Some(verifier.map_err(|e| wrong(TRUST_STORE, path, &e.to_string()))?))
    }
}

fn certificates(option: &str, path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all = CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(|e| wrong(option, path, &e.to_string()))?;
    if all.is_empty() {
        return Err(wrong(option, path, "there is no certificate in it (PEM is expected)"));
    }
    Ok(all)
}

/// Why a certificate and a key do not serve, in words for an operator.
pub(super) fn why(e: &rustls::Error) -> String {
    match e {
        rustls::Error::InconsistentKeys(_) => {
            "the key in --https-certificate-key-file is not this certificate's".into()
        }
        other => other.to_string(),
    }
}

/// What is wrong with the file of an option.
pub(super) fn wrong(option: &str, path: &Path, why: &str) -> Error {
    Error::Setup(format!("{option} {}: {why}", path.display()))
}
