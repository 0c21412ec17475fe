//! Who calls, and by which address: decided once, from configuration and trusted proxies only (rule R11).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::config::Config;
use crate::forwarded;
use crate::possession::{self, Dpop, Proofs, Secured};
use crate::store::realm::Realm;

/// Keycloak looks at no longer `User-Agent`.
const LONGEST_AGENT: usize = 512;

/// What a request says about itself, as far as it may be believed.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Scheme, authority and, if it was asked for, the prefix `/auth`; no slash at the end. Begins issuers and links.
    pub base: String,
    /// `/auth` or empty: begins the paths of cookies.
    pub prefix: &'static str,
    /// The caller's address, past trusted proxies.
    pub ip: IpAddr,
    /// Browsers see https, or a loopback name, which they trust as much: cookies are `Secure; SameSite=None`.
    pub secure_context: bool,
    /// The connection to the caller is https.
    pub https: bool,
    /// What the caller says it is (`User-Agent`).
    pub agent: Option<std::sync::Arc<str>>,
    /// What it brings to show that a token is its own.
    pub proofs: Proofs,
}

impl Caller {
    /// This server itself, for what nobody asks for in a request. `base`: where links to it begin.
    pub fn own(base: String) -> Self {
        let https = base.starts_with("https://");
        Self {
            prefix: if base.ends_with("/auth") { "/auth" } else { "" },
            base,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            secure_context: true,
            https,
            agent: None,
            proofs: Proofs::default(),
        }
    }

    /// The issuer of a realm: `BASE/realms/NAME`.
    pub fn issuer(&self, realm: &str) -> String {
        format!("{}/realms/{realm}", self.base)
    }

    /// Whether an issuer in a token of a realm is this server: with or without the prefix and, in development, by any
    /// loopback name (contract 1).
    pub fn is_issuer(&self, app: &App, realm: &str, issuer: &str) -> bool {
        let plain = self.base.strip_suffix("/auth").unwrap_or(&self.base);
        let Some(base) = issuer.strip_suffix(&format!("/realms/{realm}")) else {
            return false;
        };
        let base = base.strip_suffix("/auth").unwrap_or(base);
        base == plain || (app.config.dev && loopback(base).is_some() && loopback(base) == loopback(plain))
    }

    /// Whether the connection is as safe as the realm's `sslRequired` asks: `external` (Keycloak's default) lets private
    /// networks do without https.
    pub fn is_secure_enough(&self, realm: &Realm) -> bool {
        match realm.text("sslRequired").map(str::to_ascii_lowercase).as_deref() {
            Some("none") => true,
            Some("all") => self.https,
            _ => self.https || is_private(self.ip),
        }
    }
}

/// Whether many people may call from an address: a proxy's, or one within one's own walls.
pub fn is_shared(config: &Config, ip: IpAddr) -> bool {
    is_private(ip) || (config.proxy_headers.is_some() && forwarded::is_proxy(config, ip))
}

/// The port of an address at a loopback name.
fn loopback(base: &str) -> Option<String> {
    let uri: Uri = base.parse().ok()?;
    let known = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    is_loopback_name(uri.host()?).then(|| uri.port_u16().unwrap_or(known).to_string())
}

/// An address within one's own walls, as Keycloak counts them.
pub(crate) fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

fn is_loopback_name(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host == "[::1]" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::from([127, 0, 0, 1]), |c| c.0.ip());
        let original = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |o| &o.0);
        let caller = identify(
            &app.config,
            &parts.headers,
            original,
            peer.to_canonical(),
            parts.extensions.get(),
            &parts.method,
        );
        let caller = caller
            .ok_or_else(|| (StatusCode::BAD_REQUEST, "The Host header is missing or not valid.").into_response())?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

fn identify(
    config: &Config,
    headers: &HeaderMap,
    uri: &Uri,
    peer: IpAddr,
    secured: Option<&Secured>,
    method: &Method,
) -> Option<Caller> {
    let lines = |name: &str| {
        let all = headers.get_all(name).iter();
        all.filter_map(|v| v.to_str().ok().map(str::to_owned)).collect()
    };
    let said = forwarded::read(config, peer, lines);
    let certificate = if possession::is_told(config, peer) {
        possession::certificate(config, peer, lines).map(Arc::new)
    } else {
        secured.and_then(|s| s.0.clone())
    };
    let dpop = dpop(headers).map(|mut dpop| {
        method.as_str().clone_into(&mut dpop.method);
        dpop
    });
    let ip = said.as_ref().map_or(peer, |s| s.ip);
    let https = match said.as_ref().and_then(|s| s.proto.as_deref()) {
        Some(proto) => proto == "https",
        None => secured.is_some(),
    };
    let prefix = if uri.path() == "/auth" || uri.path().starts_with("/auth/") {
        "/auth"
    } else {
        ""
    };
    let origin = match &config.hostname {
        Some(fixed) => fixed.clone(),
        None => {
            let own = headers.get(header::HOST).and_then(|v| v.to_str().ok());
            let host = said
                .and_then(|s| s.host)
                .or_else(|| own.map(str::to_owned))
                .or_else(|| uri.authority().map(ToString::to_string))?;
            if !is_host(&host) {
                return None;
            }
            format!("{}://{host}", if https { "https" } else { "http" })
        }
    };
    let https = https || origin.starts_with("https://");
    let address = format!("{origin}{}", uri.path());
    let dpop = dpop.map(|dpop| Arc::new(Dpop { address, ..dpop }));
    Some(Caller {
        proofs: Proofs { dpop, certificate },
        secure_context: https || loopback(&origin).is_some(),
        base: format!("{origin}{prefix}"),
        prefix,
        ip,
        https,
        agent: headers
            .get(header::USER_AGENT)
            .and_then(|v| v.to_str().ok())
            .filter(|agent| agent.len() <= LONGEST_AGENT)
            .map(Into::into),
    })
}

/// The proof of RFC 9449 in the headers, for a request that is told later.
fn dpop(headers: &HeaderMap) -> Option<Dpop> {
    let mut all = headers.get_all("dpop").iter();
    let proof = all.next()?.to_str().unwrap_or_default().to_owned();
    let scheme = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let scheme = scheme.and_then(|v| v.split(' ').next()).unwrap_or_default();
    Some(Dpop {
        proof,
        several: all.next().is_some(),
        method: String::new(),
        address: String::new(),
        by_scheme: scheme.eq_ignore_ascii_case("dpop"),
    })
}

/// A name or address with or without port, and nothing else.
fn is_host(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '[' | ']' | '_');
    let parsed = text.parse::<axum::http::uri::Authority>();
    text.len() <= 255
        && text.chars().all(plain)
        && parsed.is_ok_and(|a| !a.host().is_empty() && (a.as_str() == a.host() || a.port_u16().is_some()))
}
