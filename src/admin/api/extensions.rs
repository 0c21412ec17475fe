//! Settings that Keycloak has not (contract 2 and 5): attributes of a realm or a client whose values have a meaning here. One
//! that has none is refused with what would have; an empty one is as good as none.

use serde_json::Value;
use vestibule_jose::Jwks;
use vestibule_oauth::client_metadata;

use super::error::ApiError;
use crate::approval::Stage;
use crate::egress::Egress;
use crate::oidc::tokens::resource;
use crate::profile::address;
use crate::protection::Limit;
use crate::rules::hook::signature;
use crate::rules::{self, About, Gives};
use crate::secret_settings::MASK;
use crate::webhook::PUBLIC;

/// What a setting may be.
enum May {
    /// One of these.
    Be(&'static [&'static str]),
    /// A number within bounds.
    Count(i64, i64),
    /// Seconds within bounds.
    Last(i64, i64),
    /// `N/seconds`, or `off`.
    Limit,
    /// A number, or `off`.
    Quota,
    /// A number between 0 and 1.
    Fraction,
    /// An address on the web that we call ([`Egress::check_hook`]).
    Url,
    /// A list in JSON.
    List,
    Resources,
    /// An expression.
    Rule(About, Gives),
    /// A secret by which hooks are signed.
    Sign,
    /// Who decides, in order.
    Stages,
    /// E-mail addresses, with commas between them.
    Addresses,
    /// Names of hosts; `*.` before one stands for all below it.
    Hosts,
    /// Who issues software statements, in JSON.
    Issuers,
    /// Members of an application's metadata, with commas between them.
    Members,
}

const YEAR: i64 = 31_536_000;
const SWITCH: May = May::Be(&["false", "true"]);

/// Settings that people's and applications' registration both have, without their prefix.
const BOTH: &[(&str, May)] = &[
    ("approval", May::Be(&["none", "required", "rule"])),
    ("approval.expires", May::Last(1, YEAR)),
    ("approval.stages", May::Stages),
    ("alert.address", May::Limit),
    ("alert.mail", May::Addresses),
    ("hook.before", May::Url),
    ("hook.after", May::Url),
    ("hook.secret", May::Sign),
    ("hook.fail", May::Be(&["closed", "open"])),
];

const PEOPLE: &[(&str, May)] = &[
    ("approval.rule", May::Rule(About::Registration, Gives::Verdict)),
    ("assign.rule", May::Rule(About::Registration, Gives::Gifts)),
    ("allowed", May::Be(&["inherit", "true", "false"])),
    ("hold", May::Be(&["pending", "account"])),
    ("pending.expires", May::Last(60, YEAR)),
    ("reveal", May::Be(&["none", "email"])),
    ("invitation", May::Be(&["optional", "required", "off"])),
    ("domains.disposable", May::Be(&["allow", "approve", "deny"])),
    ("email.subaddress", May::Be(&["allow", "deny"])),
    ("email.mx", SWITCH),
    ("limit.address", May::Limit),
    ("limit.subnet", May::Limit),
    ("limit.client", May::Limit),
    ("limit.email", May::Limit),
    ("limit.domain", May::Limit),
    ("limit.mail", May::Limit),
    ("limit.mail.realm", May::Limit),
    ("trap", May::Be(&["on", "off"])),
    ("trap.seconds", May::Last(0, 3_600)),
    (
        "proof",
        May::Be(&[
            "none",
            "altcha",
            "recaptcha",
            "recaptcha-enterprise",
            "hcaptcha",
            "turnstile",
        ]),
    ),
    ("proof.threshold", May::Fraction),
    ("proof.difficulty", May::Count(1, 100_000_000)),
    ("proof.url", May::Url),
    ("steps", May::List),
    ("waitlist", SWITCH),
    ("tighten", May::Be(&["none", "proof", "approval", "closed"])),
    ("tighten.seconds", May::Last(1, YEAR)),
];

const APPLICATIONS: &[(&str, May)] = &[
    ("approval.rule", May::Rule(About::Client, Gives::Verdict)),
    ("access", May::Be(&["optional", "required", "open", "off"])),
    ("reapproval", May::Members),
    ("scopes.spontaneous", May::Be(&["deny", "allow"])),
    ("secret.expires", May::Last(0, 10 * YEAR)),
    ("secret.overlap", May::Last(0, YEAR)),
    ("unused.expires", May::Last(0, 10 * YEAR)),
    ("idle.expires", May::Last(0, 10 * YEAR)),
    ("warn.before", May::Last(0, YEAR)),
    ("quota.token", May::Quota),
    ("quota.owner", May::Quota),
    ("quota.address", May::Quota),
    ("quota.realm", May::Quota),
    ("duplicate", May::Be(&["new", "same"])),
    ("statements", May::Be(&["off", "optional", "required"])),
    ("statements.issuers", May::Issuers),
    ("cimd", May::Be(&["off", "on"])),
    ("cimd.domains", May::Hosts),
];

fn known(key: &str) -> Option<&'static May> {
    let of = |own: &'static [(&str, May)], name: &str| {
        let mut all = own.iter().chain(BOTH);
        all.find(|(known, _)| *known == name).map(|(_, may)| may)
    };
    match key {
        "id.token.claims" => return Some(&May::Be(&["all", "asked"])),
        "resource.servers" => return Some(&May::Resources),
        _ => {}
    }
    match key.split_once('.')? {
        ("registration", name) => of(PEOPLE, name),
        ("clientRegistration", name) => of(APPLICATIONS, name),
        _ => None,
    }
}

impl May {
    fn hold(&self, text: &str) -> bool {
        let number = text.parse::<i64>().ok();
        match self {
            Self::Be(words) => words.contains(&text),
            Self::Count(least, most) | Self::Last(least, most) => number.is_some_and(|n| (*least..=*most).contains(&n)),
            Self::Limit => Limit::parse(text).is_some(),
            Self::Quota => text == "off" || number.is_some_and(|n| n >= 0),
            Self::Fraction => text.parse::<f64>().is_ok_and(|f| (0.0..=1.0).contains(&f)),
            Self::Url => {
                let url = url::Url::parse(text);
                url.is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host() && u.fragment().is_none())
            }
            Self::Stages => Stage::is_list(text),
            Self::List => serde_json::from_str::<Vec<Value>>(text).is_ok(),
            Self::Resources => resource::is_list(text),
            Self::Rule(about, gives) => rules::check(text, *about, *gives).is_ok(),
            // The mask stands for the secret that is there.
            Self::Sign => text == MASK || signature::is_secret(text),
            Self::Addresses => {
                let all: Vec<&str> = text.split(',').map(str::trim).collect();
                all.len() <= 10 && all.iter().all(|one| address::is_valid(one, None))
            }
            Self::Hosts => text.split(',').map(str::trim).all(is_host),
            Self::Issuers => serde_json::from_str::<Vec<Value>>(text).is_ok_and(|all| all.iter().all(is_issuer)),
            Self::Members => {
                let mut all = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                all.all(client_metadata::is_member)
            }
        }
    }

    fn told(&self, text: &str) -> String {
        match self {
            Self::Be(words) => words.join(", "),
            Self::Count(least, most) => format!("a number from {least} to {most}"),
            Self::Last(least, most) => format!("seconds, from {least} to {most}"),
            Self::Limit => "N/seconds, such as 5/3600, or off".to_owned(),
            Self::Quota => "a number, or off".to_owned(),
            Self::Fraction => "a number from 0 to 1".to_owned(),
            Self::Url => "an address that begins with https:// or http://".to_owned(),
            Self::Stages => "any, or a list such as role:manager,group:/legal".to_owned(),
            Self::List => "a list in JSON".to_owned(),
            Self::Resources => "a list in JSON of APIs, each once: [{\"id\": an absolute address without a fragment, \"scopes\": [names]}]".to_owned(),
            Self::Rule(about, gives) => match rules::check(text, *about, *gives) {
                Err(why) => format!("an expression that can be used; of this one is said: {why}"),
                Ok(()) => String::new(),
            },
            Self::Sign => "whsec_ followed by 24 to 64 bytes in base64".to_owned(),
            Self::Addresses => "e-mail addresses with commas between them, ten at most".to_owned(),
            Self::Hosts => "names of hosts, such as app.example, *.example.org".to_owned(),
            Self::Issuers => r#"a list of {"iss", "jwks"} or {"iss", "jwks_uri"} in JSON"#.to_owned(),
            Self::Members => "names of client metadata, such as redirect_uris,scope".to_owned(),
        }
    }
}

fn is_host(name: &str) -> bool {
    let plain = name.strip_prefix("*.").unwrap_or(name);
    let shown = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '[' | ']' | ':');
    !plain.is_empty() && plain.chars().all(shown) && url::Host::parse(plain).is_ok()
}

/// Somebody with a name, and keys at hand or at an address.
fn is_issuer(one: &Value) -> bool {
    let text = |name: &str| one.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let keys = match one.get("jwks") {
        Some(Value::String(written)) => Some(Jwks::parse(written.as_bytes()).is_ok()),
        Some(set) => Some(Jwks::parse(set.to_string().as_bytes()).is_ok()),
        None => None,
    };
    let address = text("jwks_uri").map(|address| May::Url.hold(address));
    text("iss").is_some()
        && matches!(
            (keys, address, one.get("jwks_uri")),
            (Some(true), None, None) | (None, Some(true), _)
        )
}

/// Looks at the attributes of a realm or a client.
///
/// # Errors
///
/// 400 with the first setting that means nothing, and what is accepted.
pub(super) fn check(egress: &Egress, attributes: Option<&Value>) -> Result<(), ApiError> {
    for (key, value) in attributes.and_then(Value::as_object).into_iter().flatten() {
        let Some(may) = known(key) else { continue };
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        if !text.is_empty() && !may.hold(&text) {
            let shown: String = text
                .chars()
                .take(if matches!(may, May::Sign) { 6 } else { 40 })
                .collect();
            let told = may.told(&text);
            return Err(ApiError::bad(&format!(
                "{key}: \"{shown}\" is not accepted. It may be: {told}."
            )));
        }
        if matches!(may, May::Url) && !text.is_empty() && egress.check_hook(&text).is_err() {
            return Err(ApiError::bad(&format!("{key} {PUBLIC}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_takes_what_the_documentation_says_and_nothing_else() {
        for (key, right, wrong) in [
            ("registration.limit.address", "5/60", "junk"),
            ("registration.limit.mail", "off", "5"),
            ("registration.hold", "account", "maybe"),
            ("registration.pending.expires", "3600", "-5"),
            ("registration.proof.threshold", "0.5", "2"),
            ("registration.proof.url", "https://a.example/verify", "javascript:1"),
            ("registration.hook.before", "http://127.0.0.1:1/x", "//x"),
            ("registration.steps", "[[\"email\"]]", "email"),
            ("registration.approval", "rule", "perhaps"),
            ("registration.approval.rule", "\"queue\"", "\"perhaps\""),
            ("registration.assign.rule", "#{groups: [\"/a\"]}", "#{groups:"),
            (
                "clientRegistration.approval.rule",
                "if client.contacts == () { \"queue\" } else { \"approve\" }",
                "registration",
            ),
            ("clientRegistration.approval.expires", "60", "0"),
            (
                "clientRegistration.approval.stages",
                "role:manager, group:/legal",
                "bob",
            ),
            ("clientRegistration.reapproval", "scope, redirect_uris", "redirect_uri"),
            ("clientRegistration.access", "open", "wide open"),
            ("clientRegistration.secret.overlap", "0", "a day"),
            ("clientRegistration.quota.realm", "off", "-1"),
            (
                "clientRegistration.cimd.domains",
                "app.example, *.b.example",
                "https://app.example",
            ),
            (
                "clientRegistration.statements.issuers",
                r#"[{"iss":"https://a.example","jwks":{"keys":[]}},{"iss":"b","jwks_uri":"https://b.example/k"}]"#,
                r#"[{"iss":"https://a.example"}]"#,
            ),
            ("id.token.claims", "asked", "none"),
            ("resource.servers", "[]", "{}"),
            (
                "resource.servers",
                r#"[{"id":"https://api.example/mcp","scopes":["email"]},{"id":"urn:example:bills"}]"#,
                r#"[{"id":"https://api.example/#x"}]"#,
            ),
            (
                "resource.servers",
                r#"[{"id":"https://api.example"}]"#,
                r#"[{"id":"https://api.example"},{"id":"https://API.example/"}]"#,
            ),
            (
                "resource.servers",
                r#"[{"id":"a:b","scopes":[]}]"#,
                r#"[{"id":"a:b","scopes":"x"}]"#,
            ),
            ("resource.servers", r#"[{"id":"a:b"}]"#, r#"[{"id":"x"}]"#),
        ] {
            let may = known(key).unwrap();
            assert!(may.hold(right) && !may.hold(wrong), "{key}");
        }
        assert!(known("registration.terms").is_none() && known("frontendUrl").is_none());
    }
}
