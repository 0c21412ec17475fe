//! The one way out: every address that a stranger can name is fetched here (rule R7), and those that administrators write.
//!
//! https only, public addresses only, the address that was checked is the one connected to, no redirects, no proxy, three
//! seconds, 64 KiB, and no text of the answer in any error. What administrators write (hooks) may lead to private addresses
//! too, by http, where the operator allows it.

mod description;
mod names;
mod public;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use moka::sync::Cache;
use reqwest::dns::Resolve;
use reqwest::header::{self, HeaderMap};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::Mutex;
use url::{Host, Url};
use vestibule_jose::digest::sha256;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;

use description::{OBJECT_TYPES, is_json, is_object, lasts, may_be_kept};
use names::{Checked, System};
pub use public::is_public;

/// How long a fetch may take in all.
const TIME: Duration = Duration::from_secs(3);

/// The largest answer.
const BYTES: usize = 64 * 1024;

/// How long an answer is used again, in milliseconds.
const KEPT: i64 = 60_000;

/// How long at least, whatever hash somebody makes up, in milliseconds.
const FRESH: i64 = 5_000;

/// How long an address is left alone that did not answer as it must, in milliseconds: strangers can make us fetch.
const LEFT_ALONE: i64 = 30_000;

/// The largest description of a client.
const DOCUMENT_BYTES: usize = 10 * 1024;

/// How many descriptions are fetched from one host in a minute: whoever names many addresses must not make us a weapon.
const FETCHES_OF_HOST: u32 = 60;

/// Why nothing was fetched. Constant texts: what is behind an address is not told to whoever named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the address must begin with https://")]
    Scheme,
    #[error("the address is not a public one")]
    Private,
    #[error("the address did not answer as it must")]
    Answer,
    #[error("too much was fetched from that host; try again in a minute")]
    Busy,
}

/// What is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Keys and lists that a registered client names.
    Plain,
    /// A client's description of itself, at an address that any stranger can name.
    Document,
    /// A request that a client has signed.
    Object,
}

impl Kind {
    fn key(self, address: &str) -> String {
        match self {
            Self::Plain => address.to_owned(),
            Self::Document => format!("document {address}"),
            Self::Object => format!("object {address}"),
        }
    }
}

/// What came of a fetch, and until when it counts (epoch milliseconds).
#[derive(Clone)]
struct Fetched {
    outcome: Result<Arc<[u8]>, Refused>,
    until: i64,
}

/// The client for foreign addresses. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    client: reqwest::Client,
    allowed: Arc<[IpNet]>,
    /// For addresses of administrators, and the private networks that those may lie in.
    hooks: reqwest::Client,
    allowed_to_hooks: Arc<[IpNet]>,
    clock: Clock,
    kept: Cache<String, Fetched>,
    failed: Cache<String, Fetched>,
    /// Who fetches an address: one at a time.
    fetching: Cache<String, Arc<Mutex<()>>>,
    /// How many descriptions were fetched from a host in this minute.
    hosts: Cache<String, Arc<AtomicU32>>,
    roots: Arc<[CertificateDer<'static>]>,
}

impl Egress {
    /// Builds the client. `--egress-allow` opens private networks, with plain http; `--egress-ca` trusts one more root.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if the certificate file cannot be read.
    pub fn new(config: &Config, clock: Clock) -> Result<Self, Error> {
        let names: Arc<dyn Resolve> = Arc::new(System);
        Self::with_names(config, clock, &names)
    }

    /// The same, with names looked up by somebody else than the system.
    ///
    /// # Errors
    ///
    /// As [`Egress::new`].
    #[expect(clippy::disallowed_methods, reason = "this is the one client")]
    pub fn with_names(config: &Config, clock: Clock, names: &Arc<dyn Resolve>) -> Result<Self, Error> {
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
                .dns_resolver(Arc::new(Checked {
                    names: Arc::clone(names),
                    allowed: Arc::clone(allowed),
                }))
                .redirect(Policy::none())
                .no_proxy()
                .timeout(TIME)
                .user_agent("Vestibule");
            client.build().map_err(|e| Error::Setup(e.to_string()))
        };
        let (client, hooks) = (build(&allowed)?, build(&allowed_to_hooks)?);
        let minute = Duration::from_secs(60);
        Ok(Self {
            client,
            allowed,
            hooks,
            allowed_to_hooks,
            clock,
            kept: Cache::new(1_000),
            failed: Cache::new(10_000),
            fetching: Cache::builder().max_capacity(10_000).time_to_idle(minute).build(),
            hosts: Cache::builder().max_capacity(10_000).time_to_live(minute).build(),
            roots,
        })
    }

    /// The root certificates that are trusted beside the public ones, by mail too.
    pub fn roots(&self) -> &[CertificateDer<'static>] {
        &self.roots
    }

    /// Fetches what a client published, or uses what was fetched in the last minute. An address that failed is not asked again
    /// for half a minute, and none is asked twice at once.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing was connected to unless it is [`Refused::Answer`].
    pub async fn get(&self, address: &str) -> Result<Arc<[u8]>, Refused> {
        self.fetch(address, Kind::Plain).await
    }

    /// The same for a client's description of itself: JSON, of 10 KiB at most, used again for as long as its headers say, but
    /// not less than a minute nor more than a day; and not too many from one host.
    ///
    /// # Errors
    ///
    /// As [`Egress::get`].
    pub async fn document(&self, address: &str) -> Result<Arc<[u8]>, Refused> {
        self.fetch(address, Kind::Document).await
    }

    /// A signed request that a client published: used again for a minute unless its headers forbid that; one that does not have
    /// the hash that was named is fetched anew.
    ///
    /// # Errors
    ///
    /// As [`Egress::get`].
    pub async fn object(&self, address: &str, hash: Option<[u8; 32]>) -> Result<Arc<[u8]>, Refused> {
        let fits = |bytes: &[u8]| hash.is_none_or(|hash| sha256(bytes) == hash);
        if let Some(Fetched {
            outcome: Ok(bytes),
            until,
        }) = self.kept.get(&Kind::Object.key(address))
            && !fits(&bytes)
            && until - self.clock.now() < KEPT - FRESH
        {
            self.kept.invalidate(&Kind::Object.key(address));
        }
        let bytes = self.fetch(address, Kind::Object).await?;
        fits(&bytes).then_some(bytes).ok_or(Refused::Answer)
    }

    /// Whether an address could be fetched at all, as far as that can be told without asking anybody.
    pub fn takes(&self, address: &str) -> bool {
        self.check(address).is_ok()
    }

    /// The same, and why not.
    ///
    /// # Errors
    ///
    /// [`Refused::Scheme`] or [`Refused::Private`].
    pub fn check(&self, address: &str) -> Result<(), Refused> {
        check(address, &self.allowed).map(drop)
    }

    /// What was fetched from there cannot be used: it is asked for again soon, but not at once.
    pub fn distrust(&self, address: &str) {
        let key = Kind::Document.key(address);
        if let Some(mut known) = self.kept.get(&key) {
            known.until = known.until.min(self.clock.now() + LEFT_ALONE);
            self.kept.insert(key, known);
        }
    }

    async fn fetch(&self, address: &str, kind: Kind) -> Result<Arc<[u8]>, Refused> {
        let key = kind.key(address);
        if let Some(known) = self.known(&key) {
            return known;
        }
        let url = check(address, &self.allowed)?;
        let turn = self.fetching.get_with_by_ref(&key, Arc::default);
        let _turn = turn.lock().await;
        if let Some(known) = self.known(&key) {
            return known;
        }
        if kind == Kind::Document
            && let Err(busy) = self.count(&url)
        {
            // Whoever names many addresses of a host must not shut out those that were known there.
            return self.kept.get(&key).map_or(Err(busy), |old| old.outcome);
        }
        match self.load(url, kind).await {
            Ok((bytes, lasts)) => {
                let (outcome, until) = (Ok(Arc::clone(&bytes)), self.clock.now() + lasts);
                self.kept.insert(key, Fetched { outcome, until });
                Ok(bytes)
            }
            Err(refused) => {
                let (outcome, until) = (Err(refused), self.clock.now() + LEFT_ALONE);
                self.failed.insert(key, Fetched { outcome, until });
                Err(refused)
            }
        }
    }

    /// The answer, and for how long it may be used again.
    async fn load(&self, url: Url, kind: Kind) -> Result<(Arc<[u8]>, i64), Refused> {
        let request = self.client.get(url);
        if kind == Kind::Plain {
            return Ok((answered(request, BYTES).await?.1.into(), KEPT));
        }
        if kind == Kind::Object {
            let (headers, bytes) = answered(request.header(header::ACCEPT, OBJECT_TYPES), BYTES).await?;
            let may = is_object(&headers).then_some(bytes).ok_or(Refused::Answer)?;
            return Ok((may.into(), if may_be_kept(&headers) { KEPT } else { 0 }));
        }
        let (headers, bytes) = answered(request.header(header::ACCEPT, "application/json"), DOCUMENT_BYTES).await?;
        if !is_json(&headers) {
            return Err(Refused::Answer);
        }
        Ok((bytes.into(), lasts(&headers)))
    }

    fn count(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().unwrap_or_default();
        let count = self.hosts.get_with_by_ref(host, Arc::default);
        match count.fetch_add(1, Ordering::Relaxed) < FETCHES_OF_HOST {
            true => Ok(()),
            false => Err(Refused::Busy),
        }
    }

    /// What came of the last fetch, where it still counts.
    fn known(&self, key: &str) -> Option<Result<Arc<[u8]>, Refused>> {
        let counts = |known: &Fetched| known.until > self.clock.now();
        let kept = self.kept.get(key).filter(counts);
        kept.or_else(|| self.failed.get(key).filter(counts))
            .map(|known| known.outcome)
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
        Ok(answered(self.client.post(url).json(body), BYTES).await?.1)
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
        Ok(answered(self.to_hook(address, headers, body, time)?, most).await?.1)
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
        Some(Host::Domain(name)) if is_this_machine(name) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
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

/// Names that are this machine whoever is asked (RFC 6761 section 6.3).
fn is_this_machine(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// Nobody answered; the log says why, without the address: a path may be a secret.
fn unanswered(error: reqwest::Error) -> Refused {
    tracing::info!("egress: {}", error.without_url());
    Refused::Answer
}

/// What is answered with 200, if it is not larger than `most` bytes, and its headers.
async fn answered(request: reqwest::RequestBuilder, most: usize) -> Result<(HeaderMap, Vec<u8>), Refused> {
    let mut answer = request.send().await.map_err(unanswered)?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(Refused::Answer);
    }
    let headers = answer.headers().clone();
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Refused::Answer)? {
        if bytes.len() + chunk.len() > most {
            return Err(Refused::Answer);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((headers, bytes))
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
