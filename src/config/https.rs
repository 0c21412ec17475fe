//! What the command line says of our own TLS.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{keycloak_variable, port};
use crate::error::Error;

/// Options of the TLS listener; there is one where a certificate is named.
#[derive(Args, Debug, Clone, Default)]
#[allow(rustdoc::bare_urls, reason = "the comments are the help text of the command line")]
pub struct HttpsArgs {
    /// Port for people and applications that come by TLS [default: 8443, where a certificate is named]
    #[arg(long, env = "VESTIBULE_HTTPS_PORT", value_name = "N")]
    pub https_port: Option<u16>,
    /// File with the server's certificate and those above it (PEM); read again when it changes
    #[arg(long, env = "VESTIBULE_HTTPS_CERTIFICATE_FILE", value_name = "F")]
    pub https_certificate_file: Option<PathBuf>,
    /// File with the certificate's private key (PEM, without a password)
    #[arg(long, env = "VESTIBULE_HTTPS_CERTIFICATE_KEY_FILE", value_name = "F")]
    pub https_certificate_key_file: Option<PathBuf>,
    /// Whether applications are asked for a certificate by TLS [default: none]
    #[arg(long, env = "VESTIBULE_HTTPS_CLIENT_AUTH")]
    pub https_client_auth: Option<ClientAuth>,
    /// File with the authorities (PEM) that sign certificates of applications; `tls_client_auth` needs it
    #[arg(long, env = "VESTIBULE_HTTPS_TRUST_STORE_FILE", value_name = "F")]
    pub https_trust_store_file: Option<PathBuf>,
}

/// Whether a connection asks for a certificate.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// It does not
    None,
    /// It does, and whoever has none is served too
    Request,
    /// Nobody connects without one, and with a trust store none but those that an authority in it has signed
    Required,
}

/// How we serve by TLS.
#[derive(Debug, Clone)]
pub struct Https {
    pub port: u16,
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_auth: ClientAuth,
    pub trust_store: Option<PathBuf>,
}

impl HttpsArgs {
    /// Fills in Keycloak's variables, and checks that the options fit together.
    pub(super) fn resolve(self) -> Result<Option<Https>, Error> {
        let file = |given: Option<PathBuf>, variable: &str| {
            let given = given.filter(|path| !path.as_os_str().is_empty());
            given.or_else(|| keycloak_variable(variable).map(PathBuf::from))
        };
        let certificate = file(self.https_certificate_file, "KC_HTTPS_CERTIFICATE_FILE");
        let key = file(self.https_certificate_key_file, "KC_HTTPS_CERTIFICATE_KEY_FILE");
        let trust_store = file(self.https_trust_store_file, "KC_HTTPS_TRUST_STORE_FILE");
        let given = self.https_client_auth.map(Ok);
        let client_auth = given.or_else(|| {
            let text = keycloak_variable("KC_HTTPS_CLIENT_AUTH")?;
            let wrong = || Error::Setup(format!("KC_HTTPS_CLIENT_AUTH={text} is not none, request or required"));
            Some(ClientAuth::from_str(&text, true).map_err(|_| wrong()))
        });
        let client_auth = client_auth.transpose()?.unwrap_or(ClientAuth::None);
        let wrong = |text: &str| Err(Error::Setup(text.to_owned()));
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Https {
                port: port(self.https_port, "KC_HTTPS_PORT", 8443)?,
                certificate,
                key,
                client_auth,
                trust_store,
            })),
            (Some(_), None) => wrong("--https-certificate-file needs --https-certificate-key-file beside it"),
            (None, Some(_)) => wrong("--https-certificate-key-file needs --https-certificate-file beside it"),
            (None, None) if self.https_port.is_some() || client_auth != ClientAuth::None || trust_store.is_some() => {
                wrong("TLS needs a certificate: give --https-certificate-file and --https-certificate-key-file")
            }
            (None, None) => Ok(None),
        }
    }
}
