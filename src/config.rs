//! What the command line and the environment say.

mod https;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use ipnet::IpNet;

use crate::error::Error;

pub use https::{ClientAuth, Https, HttpsArgs};

/// How `vestibule serve` runs. Every option is also `VESTIBULE_OPTION`; Keycloak's everyday `KC_*` variables are
/// understood where an option is not given.
#[derive(Args, Debug, Clone)]
#[allow(rustdoc::bare_urls, reason = "the comments are the help text of the command line")]
pub struct ServeArgs {
    /// Development: SQLite and a mail inbox, links follow the Host header, addresses are printed
    #[arg(long, env = "VESTIBULE_DEV", value_parser = FalseyValueParser::new())]
    pub dev: bool,
    /// With --dev: start with realm `master` only, without realm `demo`
    #[arg(long, env = "VESTIBULE_NO_DEMO", value_parser = FalseyValueParser::new())]
    pub no_demo: bool,
    /// Folder for the database, the secret key, themes
    #[arg(long, env = "VESTIBULE_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// Database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME [default: sqlite:DATA/vestibule.db]
    #[arg(long, env = "VESTIBULE_DB", value_name = "ADDRESS")]
    pub db: Option<String>,
    /// Address to listen on [default: 127.0.0.1 and ::1 with --dev, else 0.0.0.0]
    #[arg(long, env = "VESTIBULE_HTTP_HOST", value_name = "H")]
    pub http_host: Option<IpAddr>,
    /// Port for people and applications [default: 8080]
    #[arg(long, env = "VESTIBULE_HTTP_PORT", value_name = "N")]
    pub http_port: Option<u16>,
    #[command(flatten)]
    pub https: HttpsArgs,
    /// Port for health checks [default: 9000]
    #[arg(long, env = "VESTIBULE_HTTP_MANAGEMENT_PORT", value_name = "N")]
    pub http_management_port: Option<u16>,
    /// The address by which everybody reaches this server, as https://id.example.org; required without --dev
    #[arg(long, env = "VESTIBULE_HOSTNAME", value_name = "URL")]
    pub hostname: Option<String>,
    /// Which headers of a reverse proxy to read
    #[arg(long, env = "VESTIBULE_PROXY_HEADERS")]
    pub proxy_headers: Option<ProxyHeaders>,
    /// Proxies whose headers are read, as 10.0.0.0/8,::1 [default: those in private networks]
    #[arg(
        long,
        env = "VESTIBULE_PROXY_TRUSTED_ADDRESSES",
        value_delimiter = ',',
        value_parser = network,
        value_name = "CIDR"
    )]
    pub proxy_trusted_addresses: Vec<IpNet>,
    /// Header in which a proxy hands on the certificate of a client, as Client-Cert (RFC 9440) or ssl-client-cert
    #[arg(long, env = "VESTIBULE_PROXY_CLIENT_CERTIFICATE_HEADER", value_name = "NAME")]
    pub proxy_client_certificate_header: Option<String>,
    /// Header in which it says SUCCESS if an authority of its list has signed that certificate, as ssl-client-verify
    #[arg(long, env = "VESTIBULE_PROXY_CLIENT_VERIFIED_HEADER", value_name = "NAME")]
    pub proxy_client_verified_header: Option<String>,
    /// File with the key that encrypts what must be read back [default: DATA/secret.key]
    #[arg(long, env = "VESTIBULE_SECRET_KEY_FILE", value_name = "F")]
    pub secret_key_file: Option<PathBuf>,
    /// At the start, import the realms in DATA/import (files or a folder as Keycloak exports them) that are not there yet
    #[arg(long, env = "VESTIBULE_IMPORT_REALM", value_parser = FalseyValueParser::new())]
    pub import_realm: bool,
    /// Folder with Keycloak's own Admin and Account Console, as `just console` builds it
    #[arg(long, env = "VESTIBULE_CONSOLE", value_name = "DIR")]
    pub console: Option<PathBuf>,
    /// Hooks and webhooks may lead to private addresses, by http too; --dev implies it
    #[arg(long, env = "VESTIBULE_ALLOW_PRIVATE_HOOKS", value_parser = FalseyValueParser::new())]
    pub allow_private_hooks: bool,
    /// Private networks that addresses named by registrants may lie in, as 10.0.0.0/8; http is allowed there
    #[arg(long, env = "VESTIBULE_EGRESS_ALLOW", value_delimiter = ',', value_name = "CIDR")]
    pub egress_allow: Vec<IpNet>,
    /// File with more root certificates to trust: for such addresses, and for mail servers
    #[arg(long, env = "VESTIBULE_EGRESS_CA", value_name = "F")]
    pub egress_ca: Option<PathBuf>,
    /// Database in MaxMind's format (.mmdb) of the countries of addresses: registrations from unusual ones are told of
    #[arg(long, env = "VESTIBULE_GEOIP", value_name = "FILE")]
    pub geoip: Option<PathBuf>,
}

/// Headers by which a reverse proxy tells who called.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeaders {
    /// X-Forwarded-For, -Proto, -Host
    Xforwarded,
    /// Forwarded (RFC 7239)
    Forwarded,
}

/// The settings of a running server.
#[derive(Debug, Clone)]
pub struct Config {
    pub dev: bool,
    pub demo: bool,
    pub data: PathBuf,
    pub db: String,
    pub http_host: IpAddr,
    pub http_port: u16,
    /// Our own TLS, where it is on.
    pub https: Option<Https>,
    pub management_port: u16,
    /// Scheme, host and port, without a slash at the end.
    pub hostname: Option<String>,
    pub proxy_headers: Option<ProxyHeaders>,
    pub trusted_proxies: Vec<IpNet>,
    /// Where a proxy tells of a client's certificate, and that it has verified it.
    pub client_certificate_header: Option<String>,
    pub client_verified_header: Option<String>,
    /// Keycloak's own consoles.
    pub console: Option<PathBuf>,
    pub secret_key_file: PathBuf,
    /// Import the realms in `DATA/import` at the start.
    pub import_realm: bool,
    /// Addresses that administrators write may be private.
    pub allow_private_hooks: bool,
    pub egress_allow: Vec<IpNet>,
    pub egress_ca: Option<PathBuf>,
    /// Countries of addresses.
    pub geoip: Option<PathBuf>,
    /// The administrator that the first start makes; without a password one is made up and shown once.
    pub first_admin: (String, Option<String>),
    /// A client and its secret that the first start lets administer everything.
    pub first_service: Option<(String, String)>,
}

fn keycloak_variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

fn port(given: Option<u16>, variable: &str, default: u16) -> Result<u16, Error> {
    match (given, keycloak_variable(variable)) {
        (Some(port), _) => Ok(port),
        (None, Some(text)) => text
            .parse()
            .map_err(|_| Error::Setup(format!("{variable}={text} is not a port"))),
        (None, None) => Ok(default),
    }
}

/// `KC_BOOTSTRAP_ADMIN_...` or `VESTIBULE_BOOTSTRAP_ADMIN_...`.
fn bootstrap_variable(name: &str) -> Option<String> {
    let read = |prefix: &str| keycloak_variable(&format!("{prefix}_BOOTSTRAP_ADMIN_{name}"));
    read("KC").or_else(|| read("VESTIBULE"))
}

impl ServeArgs {
    /// Fills in Keycloak's variables and the defaults, and checks that they fit together.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] with what to change.
    pub fn resolve(self) -> Result<Config, Error> {
        if self.hostname.is_none() && keycloak_variable("KC_HOSTNAME").is_none() && !self.dev {
            return Err(Error::Setup(
                "--hostname is missing: give the address by which everybody reaches this server, as \
                 --hostname https://id.example.org, or start with --dev to try it on this machine"
                    .into(),
            ));
        }
        self.settle()
    }

    /// As [`ServeArgs::resolve`], for a command that serves nobody and needs no hostname.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn settle(self) -> Result<Config, Error> {
        let hostname = self.hostname.or_else(|| keycloak_variable("KC_HOSTNAME"));
        let proxy_headers =
            match (self.proxy_headers, keycloak_variable("KC_PROXY_HEADERS")) {
                (Some(given), _) => Some(given),
                (None, Some(text)) => Some(ProxyHeaders::from_str(&text, true).map_err(|_| {
                    Error::Setup(format!("KC_PROXY_HEADERS={text} is neither xforwarded nor forwarded"))
                })?),
                (None, None) => None,
            };
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let host = match (self.http_host, keycloak_variable("KC_HTTP_HOST").as_deref()) {
            (Some(given), _) => Some(given),
            (None, Some("localhost")) => Some(loopback),
            (None, Some(text)) => Some(
                text.parse()
                    .map_err(|_| Error::Setup(format!("KC_HTTP_HOST={text} is not an IP address to listen on")))?,
            ),
            (None, None) => None,
        };
        let mut trusted_proxies = self.proxy_trusted_addresses;
        if let Some(text) = keycloak_variable("KC_PROXY_TRUSTED_ADDRESSES").filter(|_| trusted_proxies.is_empty()) {
            let all: Result<Vec<_>, _> = text.split(',').map(network).collect();
            trusted_proxies = all.map_err(|e| Error::Setup(format!("KC_PROXY_TRUSTED_ADDRESSES: {e}")))?;
        }
        let client_certificate_header = self.proxy_client_certificate_header.filter(|h| !h.is_empty());
        if client_certificate_header.is_some() && trusted_proxies.is_empty() {
            // A header that proves who a client is, from anybody in a private network, proves nothing.
            return Err(Error::Setup(
                "--proxy-client-certificate-header needs --proxy-trusted-addresses: say which proxy is believed".into(),
            ));
        }
        // An empty variable is none, as in a compose file that passes on what may not be set.
        let db = match self.db.filter(|d| !d.is_empty()) {
            Some(given) => Some(given),
            None => database_of_keycloak()?,
        };
        Ok(Config {
            https: self.https.resolve()?,
            http_port: port(self.http_port, "KC_HTTP_PORT", 8080)?,
            management_port: port(self.http_management_port, "KC_HTTP_MANAGEMENT_PORT", 9000)?,
            hostname: hostname.map(|h| base_address(&h)).transpose()?,
            proxy_headers,
            trusted_proxies,
            client_certificate_header,
            client_verified_header: self.proxy_client_verified_header.filter(|h| !h.is_empty()),
            import_realm: self.import_realm,
            console: self.console,
            allow_private_hooks: self.allow_private_hooks || self.dev,
            egress_allow: self.egress_allow,
            egress_ca: self.egress_ca,
            geoip: self.geoip.filter(|path| !path.as_os_str().is_empty()),
            http_host: host.unwrap_or(if self.dev { loopback } else { IpAddr::from([0, 0, 0, 0]) }),
            db: db.unwrap_or_else(|| format!("sqlite:{}", self.data.join("vestibule.db").display())),
            secret_key_file: self.secret_key_file.unwrap_or_else(|| self.data.join("secret.key")),
            first_admin: (
                bootstrap_variable("USERNAME")
                    .or_else(|| keycloak_variable("KEYCLOAK_ADMIN"))
                    .unwrap_or_else(|| "admin".into()),
                bootstrap_variable("PASSWORD").or_else(|| keycloak_variable("KEYCLOAK_ADMIN_PASSWORD")),
            ),
            first_service: bootstrap_variable("CLIENT_SECRET").map(|secret| {
                let id = bootstrap_variable("CLIENT_ID");
                (id.unwrap_or_else(|| "temp-admin-service".into()), secret)
            }),
            demo: self.dev && !self.no_demo,
            dev: self.dev,
            data: self.data,
        })
    }
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| one())
        .map_err(|_| format!("{text} is not an address or network such as 10.0.0.0/8"))
}

/// Keycloak's `KC_DB`, `KC_DB_URL` (`jdbc:postgresql://...`) or `KC_DB_URL_HOST`, `_PORT`, `_DATABASE`, with
/// `KC_DB_USERNAME` and `KC_DB_PASSWORD`, as an address of ours. What is not understood is an error: starting with an empty
/// database of another kind would look like a loss of data.
fn database_of_keycloak() -> Result<Option<String>, Error> {
    let vendor = keycloak_variable("KC_DB").unwrap_or_else(|| "postgres".into());
    if vendor.starts_with("dev-") {
        return Ok(None);
    }
    if vendor != "postgres" {
        return Err(Error::Setup(format!(
            "KC_DB={vendor} is not supported: use postgres, or SQLite without KC_DB"
        )));
    }
    let part = |name: &str| keycloak_variable(&format!("KC_DB_URL_{name}"));
    let address = match (keycloak_variable("KC_DB_URL"), part("HOST"), part("DATABASE")) {
        (Some(url), ..) => url,
        (None, None, None) if keycloak_variable("KC_DB").is_none() => return Ok(None),
        (None, host, database) => format!(
            "jdbc:postgresql://{}:{}/{}",
            host.as_deref().unwrap_or("localhost"),
            part("PORT").as_deref().unwrap_or("5432"),
            database.as_deref().unwrap_or("keycloak")
        ),
    };
    let wrong = || Error::Setup(format!("KC_DB_URL={address} is not jdbc:postgresql://HOST:PORT/NAME"));
    let rest = address.strip_prefix("jdbc:postgresql://").ok_or_else(wrong)?;
    let mut url = url::Url::parse(&format!("postgres://{rest}")).map_err(|_| wrong())?;
    // Of the driver's own parameters only TLS means something here; certificates are always checked.
    let tls = url.query_pairs().any(|(name, value)| match &*name {
        "ssl" => value != "false",
        "sslmode" => matches!(&*value, "require" | "verify-ca" | "verify-full"),
        _ => false,
    });
    url.set_query(tls.then_some("sslmode=require"));
    let user = keycloak_variable("KC_DB_USERNAME").unwrap_or_else(|| "keycloak".into());
    let password = keycloak_variable("KC_DB_PASSWORD").unwrap_or_default();
    url.set_username(&user).map_err(|()| wrong())?;
    url.set_password(Some(&password)).map_err(|()| wrong())?;
    Ok(Some(url.into()))
}

/// Scheme and authority of a hostname setting; a bare name means https, as in Keycloak. The path `/auth` may be named,
/// and is kept where it is asked for.
fn base_address(text: &str) -> Result<String, Error> {
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let plain = |u: &url::Url| {
        matches!(u.scheme(), "http" | "https")
            && u.host().is_some()
            && u.username().is_empty()
            && u.query().is_none()
            && u.fragment().is_none()
            && matches!(u.path().trim_end_matches('/'), "" | "/auth")
    };
    let parsed = url::Url::parse(&full).ok().filter(plain);
    let parsed = parsed.ok_or_else(|| {
        Error::Setup(format!(
            "--hostname {text} is not an address such as https://id.example.org"
        ))
    })?;
    Ok(parsed.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;

    #[test]
    fn a_hostname_is_an_origin_and_nothing_else() {
        for (given, base) in [
            ("id.example.org", "https://id.example.org"),
            ("https://id.example.org/", "https://id.example.org"),
            ("https://id.example.org/auth", "https://id.example.org"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://id.example.org:443", "https://id.example.org"),
        ] {
            assert_eq!(base_address(given).unwrap(), base, "{given}");
        }
        for wrong in [
            "https://id.example.org/iam",
            "ftp://id.example.org",
            "https://a@b.example",
            "https://a.example?x",
        ] {
            assert!(base_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn certificates_are_believed_only_of_a_proxy_that_is_named() {
        let with = |more: &[&str]| {
            let command = ServeArgs::augment_args(clap::Command::new("serve"));
            let line = ["serve", "--dev", "--proxy-client-certificate-header", "client-cert"];
            let found = command.get_matches_from([&line, more].concat());
            ServeArgs::from_arg_matches(&found).unwrap().resolve()
        };
        assert!(with(&[]).is_err_and(|e| e.to_string().contains("--proxy-trusted-addresses")));
        assert!(with(&["--proxy-trusted-addresses", "10.0.0.1"]).is_ok());
    }

    #[test]
    fn a_proxy_may_be_named_by_its_address_alone() {
        assert_eq!(network("10.0.0.1").unwrap().to_string(), "10.0.0.1/32");
        assert_eq!(network(" ::1").unwrap().to_string(), "::1/128");
        assert!(network("proxy.internal").is_err());
    }
}
