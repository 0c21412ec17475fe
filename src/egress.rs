//! The one way out: every address that a stranger can name is fetched here (rule R7), and those that administrators write.
//!
//! https only, public addresses only, the address that was checked is the one connected to, no redirects, no proxy, three
//! seconds, 64 KiB, and no text of the answer in any error. What administrators write (hooks) may lead to private addresses
//! too, by http, where the operator allows it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use moka::sync::Cache;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::Mutex;
use url::{Host, Url};

use crate::config::Config;
use crate::error::Error;

/// How long a fetch may take in all.
const TIME: Duration = Duration::from_secs(3);

/// The largest answer.
const BYTES: usize = 64 * 1024;

/// How long an answer is used again.
const KEPT: Duration = Duration::from_secs(60);

/// How long an address is left alone that did not answer as it must: strangers can make us fetch.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// Why nothing was fetched. Constant texts: what is behind an address is not told to whoever named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the address must begin with https://")]
    Scheme,
    #[error("the address is not a public one")]
    Private,
    #[error("the address did not answer as it must")]
    Answer,
}

/// The client for foreign addresses. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    client: reqwest::Client,
    allowed: Arc<[IpNet]>,
    /// For addresses of administrators, and the private networks that those may lie in.
    hooks: reqwest::Client,
    allowed_to_hooks: Arc<[IpNet]>,
    kept: Cache<String, Arc<[u8]>>,
    failed: Cache<String, Refused>,
    /// Who fetches an address: one at a time.
    fetching: Cache<String, Arc<Mutex<()>>>,
    roots: Arc<[CertificateDer<'static>]>,
}

impl Egress {
    /// Builds the client. `--egress-allow` opens private networks, with plain http; `--egress-ca` trusts one more root.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if the certificate file cannot be read.
    #[expect(clippy::disallowed_methods, reason = "this is the one client")]
    pub fn new(config: &Config) -> Result<Self, Error> {
        let roots: Arc<[_]> = more_roots(config)?.into();
        let allowed: Arc<[IpNet]> = config.egress_allow.clone().into();
        let allowed_to_hooks: Arc<[IpNet]> = if config.allow_private_hooks {
            [IpNet::from(EVERYWHERE.0), IpNet::from(EVERYWHERE.1)].into()
        } else {
            Arc::clone(&allowed)
        };
        let build = |allowed: &Arc<[IpNet]>| {
            let client = reqwest::Client::builder()
                .use_preconfigured_tls(tls(&roots)?)
                .dns_resolver(Arc::new(Checked(Arc::clone(allowed))))
                .redirect(Policy::none())
                .no_proxy()
                .timeout(TIME)
                .user_agent("Vestibule");
            client.build().map_err(|e| Error::Setup(e.to_string()))
        };
        let (client, hooks) = (build(&allowed)?, build(&allowed_to_hooks)?);
        let kept = Cache::builder().max_capacity(1_000).time_to_live(KEPT).build();
        let failed = Cache::builder().max_capacity(10_000).time_to_live(LEFT_ALONE).build();
        let fetching = Cache::builder().max_capacity(10_000).time_to_idle(KEPT).build();
        Ok(Self {
            client,
            allowed,
            hooks,
            allowed_to_hooks,
            kept,
            failed,
            fetching,
            roots,
        })
    }

    /// The root certificates that are trusted beside the public ones, by mail too.
    pub fn roots(&self) -> &[CertificateDer<'static>] {
        &self.roots
    }

    /// Fetches a document, or uses what was fetched in the last minute. An address that failed is not asked again for half a
    /// minute, and none is asked twice at once.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing was connected to unless it is [`Refused::Answer`].
    pub async fn get(&self, address: &str) -> Result<Arc<[u8]>, Refused> {
        if let Some(known) = self.known(address) {
            return known;
        }
        let url = check(address, &self.allowed)?;
        let turn = self.fetching.get_with_by_ref(address, Arc::default);
        let _turn = turn.lock().await;
        if let Some(known) = self.known(address) {
            return known;
        }
        let fetched = answered(self.client.get(url), BYTES).await;
        match fetched {
            Ok(bytes) => {
                let bytes: Arc<[u8]> = bytes.into();
                self.kept.insert(address.to_owned(), Arc::clone(&bytes));
                Ok(bytes)
            }
            Err(refused) => {
                self.failed.insert(address.to_owned(), refused);
                Err(refused)
            }
        }
    }

    /// What came of the last fetch, where it still counts.
    fn known(&self, address: &str) -> Option<Result<Arc<[u8]>, Refused>> {
        let kept = self.kept.get(address).map(Ok);
        kept.or_else(|| self.failed.get(address).map(Err))
    }

    /// Posts a form. What is answered is not read.
    ///
    /// # Errors
    ///
    /// [`Refused`], as [`Egress::get`]; [`Refused::Answer`] for any status that is no success.
    pub async fn post_form(&self, address: &str, fields: &[(&str, &str)]) -> Result<(), Refused> {
        let url = check(address, &self.allowed)?;
        let answer = self.client.post(url).form(fields).send().await.map_err(unanswered)?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(Refused::Answer)
        }
    }

    /// Sends JSON, and returns what is answered.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing was connected to unless it is [`Refused::Answer`].
    pub async fn post(&self, address: &str, body: &serde_json::Value) -> Result<Vec<u8>, Refused> {
        let url = check(address, &self.allowed)?;
        answered(self.client.post(url).json(body), BYTES).await
    }

    /// Sends JSON with headers to an address of an administrator's, and returns what is answered, if it is not larger than
    /// `most` bytes and all there within `time`.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing was connected to unless it is [`Refused::Answer`].
    pub async fn ask(
        &self,
        address: &str,
        headers: &[(&'static str, String)],
        body: String,
        time: Duration,
        most: usize,
    ) -> Result<Vec<u8>, Refused> {
        answered(self.to_hook(address, headers, body, time)?, most).await
    }

    /// The same for what only has to arrive: the status, whatever it is. What is answered is not read.
    ///
    /// # Errors
    ///
    /// As [`Egress::ask`].
    pub async fn tell(
        &self,
        address: &str,
        headers: &[(&'static str, String)],
        body: String,
        time: Duration,
    ) -> Result<u16, Refused> {
        let sent = self.to_hook(address, headers, body, time)?.send().await;
        Ok(sent.map_err(unanswered)?.status().as_u16())
    }

    /// Whether an administrator may write an address, as far as can be told without asking anybody.
    ///
    /// # Errors
    ///
    /// [`Refused`], if it leads where none may.
    pub fn check_hook(&self, address: &str) -> Result<(), Refused> {
        check(address, &self.allowed_to_hooks).map(drop)
    }

    fn to_hook(
        &self,
        address: &str,
        headers: &[(&'static str, String)],
        body: String,
        time: Duration,
    ) -> Result<reqwest::RequestBuilder, Refused> {
        let url = check(address, &self.allowed_to_hooks)?;
        let request = self.hooks.post(url).timeout(time);
        let request = request.header("content-type", "application/json").body(body);
        Ok(headers
            .iter()
            .fold(request, |all, (name, value)| all.header(*name, value)))
    }

    /// Forgets what was fetched from an address: a key was not in it. Whether there was anything to forget.
    pub fn forget(&self, address: &str) -> bool {
        self.kept.remove(address).is_some()
    }
}

/// Every address of either kind.
const EVERYWHERE: (Ipv4Net, Ipv6Net) = (
    Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0),
    Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0),
);

/// What can be told without asking anybody: the scheme, and addresses written as numbers.
fn check(address: &str, allowed: &[IpNet]) -> Result<Url, Refused> {
    let url = Url::parse(address).map_err(|_| Refused::Scheme)?;
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        Some(Host::Domain("localhost")) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        Some(Host::Domain(_)) => None,
        None => return Err(Refused::Scheme),
    };
    let opened = match ip {
        Some(ip) => allowed.iter().any(|net| net.contains(&ip)),
        None => allowed.contains(&IpNet::from(EVERYWHERE.0)),
    };
    match url.scheme() {
        "https" => {}
        "http" if opened => {}
        _ => return Err(Refused::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Private);
    }
    match ip {
        Some(ip) if !opened && !is_public(ip) => Err(Refused::Private),
        _ => Ok(url),
    }
}

/// Nobody answered; the log says why, without the address: a path may be a secret.
fn unanswered(error: reqwest::Error) -> Refused {
    tracing::info!("egress: {}", error.without_url());
    Refused::Answer
}

/// What is answered with 200, if it is not larger than `most` bytes.
async fn answered(request: reqwest::RequestBuilder, most: usize) -> Result<Vec<u8>, Refused> {
    let mut answer = request.send().await.map_err(unanswered)?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(Refused::Answer);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Refused::Answer)? {
        if bytes.len() + chunk.len() > most {
            return Err(Refused::Answer);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What `--egress-ca` names.
fn more_roots(config: &Config) -> Result<Vec<CertificateDer<'static>>, Error> {
    let Some(file) = &config.egress_ca else {
        return Ok(Vec::new());
    };
    let failed = |e: String| Error::Setup(format!("--egress-ca {}: {e}", file.display()));
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|e| failed(e.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("there is no certificate in it".into()));
    }
    Ok(certificates)
}

fn tls(more: &[CertificateDer<'static>]) -> Result<rustls::ClientConfig, Error> {
    let mut roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for root in more {
        roots
            .add(root.clone())
            .map_err(|e| Error::Setup(format!("--egress-ca: {e}")))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config
        .map_err(|e| Error::Setup(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Resolves names and lets only public addresses through; the client connects to what comes out here.
struct Checked(Arc<[IpNet]>);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found
                .filter(|a| is_public(a.ip()) || allowed.iter().any(|net| net.contains(&a.ip())))
                .collect();
            if public.is_empty() {
                return Err("no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is on the public internet: not private, shared, local, reserved, multicast, nor an IPv6 form of
/// such an IPv4 address.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4() {
        // Mapped (::ffff:a.b.c.d) and compatible (::a.b.c.d) addresses reach the IPv4 host.
        return is_public_v4(v4);
    }
    let parts = ip.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match parts {
        // NAT64, well-known and local; 6to4; Teredo.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(v4(high, low)),
        [0x64, 0xff9b, 1, ..] | [0x2001, 0, ..] | [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..] => false,
        [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        // Only 2000::/3 is given out.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_public_are_known_in_all_their_forms() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }
}
