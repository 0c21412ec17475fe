//! Our own TLS, for who has no proxy in front: the certificate, read again when its file changes; and the certificates of
//! applications (RFC 8705).

mod client;
mod files;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::clock::Clock;
use crate::config::Https;
use crate::error::Error;
use crate::possession::{Certificate, Secured};
use files::Contents;

/// How long a handshake may last.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How often the files are looked at.
const PAUSE: Duration = Duration::from_secs(10);

/// What TLS connections are made with.
pub struct Tls {
    settings: Https,
    clock: Clock,
    current: ArcSwap<Current>,
}

struct Current {
    contents: Contents,
    config: Arc<rustls::ServerConfig>,
    /// Who tells whether an authority has signed an application's certificate.
    authorities: Option<Arc<dyn ClientCertVerifier>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] with the option whose file is not good, and why.
    pub fn open(settings: &Https, clock: Clock) -> Result<Self, Error> {
        let contents = Contents::read(settings)?;
        let current = Current::of(settings, contents, &clock)?;
        Ok(Self {
            settings: settings.clone(),
            clock,
            current: ArcSwap::from_pointee(current),
        })
    }

    /// Reads the files again if they have changed; whether they had. Connections that are there go on as they began.
    ///
    /// # Errors
    ///
    /// As [`Tls::open`]: then what was there before stays.
    pub fn reload(&self) -> Result<bool, Error> {
        let contents = Contents::read(&self.settings)?;
        if contents == self.current.load().contents {
            return Ok(false);
        }
        let current = Current::of(&self.settings, contents, &self.clock)?;
        self.current.store(Arc::new(current));
        Ok(true)
    }

    /// Makes a connection one of TLS, and looks at the certificate that was shown. `None`: it came to nothing, or took too
    /// long, which concerns nobody else.
    pub async fn accept(&self, stream: TcpStream) -> Option<(TlsStream<TcpStream>, Secured)> {
        let current = self.current.load_full();
        let acceptor = TlsAcceptor::from(Arc::clone(&current.config));
        let made = tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await;
        let stream = match made {
            Ok(Ok(stream)) => stream,
            Ok(Err(e)) => {
                tracing::debug!("TLS: {e}");
                return None;
            }
            Err(_) => return None,
        };
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::split_first);
        let certificate = shown.map(|(own, above)| Certificate {
            der: own.to_vec(),
            verified: self.is_signed(&current, own, above),
        });
        Some((stream, Secured(certificate.map(Arc::new))))
    }

    /// Whether an authority of the trust store has signed a certificate, through those above it.
    fn is_signed(&self, current: &Current, own: &CertificateDer<'_>, above: &[CertificateDer<'_>]) -> bool {
        let now = UnixTime::since_unix_epoch(Duration::from_millis(self.clock.now().max(0) as u64));
        let by = current.authorities.as_ref();
        by.is_some_and(|authorities| authorities.verify_client_cert(own, above, now).is_ok())
    }
}

impl Current {
    fn of(settings: &Https, contents: Contents, clock: &Clock) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let authorities = contents.authorities(settings, &provider)?;
        let asking = client::asking(settings.client_auth, authorities.clone(), &provider);
        let (chain, key) = contents.own(settings, clock)?;
        let builder = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::Setup(e.to_string()))?;
        let config = match asking {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = config
            .with_single_cert(chain, key)
            .map_err(|e| files::wrong("--https-certificate-file", &settings.certificate, &files::why(&e)))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            contents,
            config: Arc::new(config),
            authorities,
        })
    }
}

/// Looks at the files now and then, as long as the process lives.
pub async fn follow(tls: Arc<Tls>) {
    // So that what does not change is not said again and again.
    let mut said = None;
    loop {
        tokio::time::sleep(PAUSE).await;
        let looked = Arc::clone(&tls);
        let done = tokio::task::spawn_blocking(move || looked.reload()).await;
        match done {
            Ok(Ok(true)) => {
                tracing::info!("TLS: the certificate was read again");
                said = None;
            }
            Ok(Ok(false)) => said = None,
            Ok(Err(e)) => {
                let text = e.to_string();
                if said.as_ref() != Some(&text) {
                    tracing::error!("TLS goes on with the certificate that it has: {text}");
                    said = Some(text);
                }
            }
            Err(_) => return,
        }
    }
}
