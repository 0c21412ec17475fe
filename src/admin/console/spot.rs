//! Policies that are made together with a token, for it alone: the two that almost everybody wants.

use serde_json::{Value, json};

use super::desk::{Desk, Refused};
use super::inside::Said;
use super::shown::Sheet;
use crate::client_registration::policy::TYPE;
use crate::page::path_part;

/// The policies that a form asks for, named after its token.
///
/// # Errors
///
/// The key of the text that says what is wrong with the addresses.
pub fn wanted(sheet: &Sheet) -> Result<Vec<Value>, &'static str> {
    let name = match sheet.text("name") {
        "" => "token",
        name => name,
    };
    let policy = |kind: &str, what: &str, config: Value| {
        let name: String = name.chars().take(200).collect();
        json!({
            "name": format!("{name}: {what}"), "providerId": kind, "providerType": TYPE, "subType": "token", "config": config
        })
    };
    let mut all = Vec::new();
    if !sheet.text("public").is_empty() {
        let config = json!({ "methods": ["none"] });
        all.push(policy("allowed-client-authentication", "only public clients", config));
    }
    let (mut hosts, mut patterns) = (Vec::new(), Vec::new());
    for line in sheet.lines("redirects") {
        match line.split_once("://") {
            Some((scheme, rest)) => patterns.push(pattern(scheme, rest).ok_or("tokenRedirectsWrong")?),
            None if is_host(line) => hosts.push(line.to_lowercase()),
            None => return Err("tokenRedirectsWrong"),
        }
    }
    if !hosts.is_empty() || !patterns.is_empty() {
        let config = json!({ "hosts": hosts, "patterns": patterns });
        all.push(policy("allowed-redirect-uris", "redirect URIs", config));
    }
    Ok(all)
}

/// A host, or a whole domain (`*.example.org`).
fn is_host(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '[' | ']' | ':');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(inner)
}

/// The regular expression for `https://*.example.org`: that scheme and host, any port, path and query.
fn pattern(scheme: &str, rest: &str) -> Option<String> {
    let known = matches!(scheme.to_ascii_lowercase().as_str(), "https" | "http");
    let host = rest.trim_end_matches('/').to_lowercase();
    if !known || !is_host(&host) {
        return None;
    }
    let (any, name) = match host.strip_prefix("*.") {
        Some(name) => ("([a-z0-9-]+\\.)*", name),
        None => ("", host.as_str()),
    };
    let scheme = scheme.to_lowercase();
    Some(format!(
        "(?i){scheme}://{any}{}(:[0-9]+)?([/?].*)?",
        regex::escape(name)
    ))
}

/// Makes policies; gives their ids, or what was said to the first that was not made.
///
/// # Errors
///
/// Those of the Admin API.
pub async fn make(desk: &Desk, policies: &[Value]) -> Result<Result<Vec<String>, Said>, Refused> {
    let mut ids = Vec::new();
    for policy in policies {
        let said = desk.ask_realm("POST", "/components", Some(policy)).await?;
        match said.made.clone().filter(|_| said.status.is_success()) {
            Some(id) => ids.push(id),
            None => {
                undo(desk, &ids).await?;
                return Ok(Err(said));
            }
        }
    }
    Ok(Ok(ids))
}

/// Takes policies away again: there is no token for them.
///
/// # Errors
///
/// Those of the Admin API.
pub async fn undo(desk: &Desk, ids: &[String]) -> Result<(), Refused> {
    for id in ids {
        desk.ask_realm("DELETE", &format!("/components/{}", path_part(id)), None)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_holds_the_scheme_and_the_host_and_nothing_that_looks_alike() {
        let blue = crate::client_policy::whole(&pattern("https", "*.blue.example").unwrap()).unwrap();
        for good in [
            "https://blue.example",
            "https://a.blue.example/cb",
            "https://A.b.Blue.example:8443/cb?x=1",
        ] {
            assert!(blue.is_match(good), "{good}");
        }
        for bad in [
            "http://a.blue.example/cb",
            "https://evilblue.example/cb",
            "https://blue.example.evil/cb",
            "https://a.blue.example@evil.example/cb",
            "https://evil.example/https://a.blue.example",
            "https://a.blueXexample/cb",
            "https://x@a.blue.example/cb",
        ] {
            assert!(!blue.is_match(bad), "{bad}");
        }
        for none in ["", "*.", "a b", "*", "x/y", "a.example/path", "user@a.example"] {
            assert!(pattern("https", none).is_none(), "{none}");
        }
        assert!(pattern("javascript", "a").is_none());
    }
}
