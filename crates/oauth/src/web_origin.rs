//! Which browser pages may call on behalf of a client: Keycloak's `webOrigins`.

use crate::redirect_uri::split;

/// The origins of redirect URIs, each once, in their order; only `http` and `https` have one.
/// Keycloak gives a registered client these as its `webOrigins`.
///
/// ```
/// use vestibule_oauth::web_origin::of_redirect_uris;
/// let uris = ["https://a.example.com:8443/cb", "https://a.example.com:8443/x", "com.example.app:/cb"];
/// assert_eq!(of_redirect_uris(&uris), ["https://a.example.com:8443"]);
/// ```
pub fn of_redirect_uris<S: AsRef<str>>(redirect_uris: &[S]) -> Vec<String> {
    let mut origins: Vec<String> = Vec::new();
    for uri in redirect_uris {
        if let Some(origin) = of(uri.as_ref()).filter(|origin| !origins.contains(origin)) {
            origins.push(origin);
        }
    }
    origins
}

/// The origin of one address, as a browser writes it: lower case, without a default port.
/// `None` if it is relative, has a user name or a `*` in its host, or is not of the web.
pub fn of(uri: &str) -> Option<String> {
    let parts = split(uri).filter(|parts| parts.is_web() && !parts.has_userinfo())?;
    let (host, port) = parts
        .host_and_port()
        .filter(|(host, _)| !host.is_empty() && !host.contains('*'))?;
    let scheme = parts.scheme.to_ascii_lowercase();
    let port = port.filter(|port| !matches!((scheme.as_str(), *port), ("http", "80") | ("https", "443") | (_, "")));
    let host = host.to_lowercase();
    Some(match port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// The origins a client's `webOrigins` come to: `+` stands for those of its redirect URIs, `*`
/// stays. What the `allowed-origins` claim of its access tokens says.
pub fn resolve<S: AsRef<str>>(web_origins: &[S], redirect_uris: &[S]) -> Vec<String> {
    let mut origins: Vec<String> = Vec::new();
    for entry in web_origins.iter().map(AsRef::as_ref) {
        let more = if entry == "+" {
            of_redirect_uris(redirect_uris)
        } else {
            vec![entry.trim_end_matches('/').to_owned()]
        };
        for origin in more {
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
    }
    origins
}

/// Whether a page of this `Origin` may call on behalf of the client.
///
/// ```
/// use vestibule_oauth::web_origin::allows;
/// let redirects = ["https://a.example.com/cb"];
/// assert!(allows(&["+"], &redirects, "https://a.example.com"));
/// assert!(allows(&["*"], &redirects, "https://b.example.com"));
/// assert!(!allows(&["+"], &redirects, "https://b.example.com"));
/// assert!(!allows(&["https://a.example.com"], &redirects, "null"));
/// ```
pub fn allows<S: AsRef<str>>(web_origins: &[S], redirect_uris: &[S], origin: &str) -> bool {
    resolve(web_origins, redirect_uris)
        .iter()
        .any(|allowed| allowed == "*" || allowed == origin)
}
