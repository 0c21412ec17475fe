//! With what somebody signed in: what a `User-Agent` says of system and browser, in the names that Keycloak uses.

use serde_json::{Value, json};

use crate::caller::Caller;
use crate::store::json::{Doc, flag, text};
use crate::store::session::UserSession;

/// The session note that keeps it.
const NOTE: &str = "KC_DEVICE_NOTE";
const UNKNOWN: &str = "Unknown";
const OTHER: &str = "Other";

/// A browser on a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// `Linux`, `Windows`, `Mac OS X`, `Android`, `iOS`, else `Other`.
    pub os: String,
    pub os_version: String,
    /// `iPhone`, `Mac`, the model of an Android phone, else `Other`.
    pub device: String,
    /// Name and version, as `Firefox/140.0`.
    pub browser: String,
    pub mobile: bool,
}

impl Default for Device {
    fn default() -> Self {
        Self {
            os: OTHER.into(),
            os_version: UNKNOWN.into(),
            device: OTHER.into(),
            browser: format!("{OTHER}/{UNKNOWN}"),
            mobile: false,
        }
    }
}

/// Keeps in a session's notes with what it began.
pub fn note(notes: &mut Doc, caller: &Caller) {
    let Some(agent) = caller.agent.as_deref() else { return };
    let found = read(agent);
    let kept = json!({
        "os": found.os, "osVersion": found.os_version, "device": found.device, "browser": found.browser,
        "mobile": found.mobile
    });
    notes.insert(NOTE.into(), kept);
}

/// With what a session began.
pub fn of(session: &UserSession) -> Device {
    let Some(kept) = session.notes.get(NOTE).and_then(Value::as_object) else {
        return Device::default();
    };
    let own = |key: &str| text(kept, key).unwrap_or(UNKNOWN).to_owned();
    Device {
        os: own("os"),
        os_version: own("osVersion"),
        device: own("device"),
        browser: own("browser"),
        mobile: flag(kept, "mobile"),
    }
}

/// What a `User-Agent` says.
pub fn read(agent: &str) -> Device {
    let (os, os_version, device) = system(agent);
    Device {
        os: os.into(),
        os_version: os_version.unwrap_or_else(|| UNKNOWN.into()),
        device,
        browser: browser(agent),
        mobile: agent.to_lowercase().contains("mobile"),
    }
}

/// Digits, dots and underscores at the start of a text, with dots.
fn version(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_');
    let found = text[..end.unwrap_or(text.len())]
        .trim_matches(['.', '_'])
        .replace('_', ".");
    (!found.is_empty()).then_some(found)
}

fn after<'a>(agent: &'a str, start: &str) -> Option<&'a str> {
    agent.split_once(start).map(|(_, rest)| rest)
}

fn system(agent: &str) -> (&'static str, Option<String>, String) {
    let other = || OTHER.to_owned();
    if let Some(rest) = after(agent, "Windows NT ") {
        let name = match version(rest).as_deref() {
            Some("6.1") => "7".into(),
            Some("6.2") => "8".into(),
            Some("6.3") => "8.1".into(),
            Some("10.0") => "10".into(),
            newer => newer.unwrap_or(UNKNOWN).to_owned(),
        };
        return ("Windows", Some(name), other());
    }
    for device in ["iPhone", "iPad"] {
        if agent.contains(&format!("({device}")) {
            let found = after(agent, "OS ").and_then(version);
            return ("iOS", found, device.into());
        }
    }
    if let Some(rest) = after(agent, "Android") {
        return ("Android", version(rest.trim_start()), android_model(rest));
    }
    if let Some(rest) = after(agent, "Mac OS X") {
        return ("Mac OS X", version(rest.trim_start()), "Mac".into());
    }
    let named = [
        ("CrOS ", "Chrome OS"),
        ("Ubuntu", "Ubuntu"),
        ("Fedora", "Fedora"),
        ("Linux", "Linux"),
    ];
    match named.iter().find(|(word, _)| agent.contains(word)) {
        Some((_, name)) => (name, None, other()),
        None => (OTHER, None, other()),
    }
}

/// `14; Pixel 8 Build/...)` names the model after the version.
fn android_model(rest: &str) -> String {
    let inside = rest.split(')').next().unwrap_or_default();
    let model = inside.split(';').nth(1).unwrap_or_default();
    let model = model.split(" Build").next().unwrap_or_default().trim();
    if model.is_empty() || model == "Mobile" || model.starts_with("rv:") {
        "Generic Smartphone".to_owned()
    } else {
        model.to_owned()
    }
}

/// Product words in the order in which they are looked for (browsers name those they descend from), and their names, on a
/// desk and on a phone.
const BROWSERS: &[(&str, &str, &str)] = &[
    ("EdgA/", "Edge Mobile", "Edge Mobile"),
    ("EdgiOS/", "Edge Mobile", "Edge Mobile"),
    ("Edg/", "Edge", "Edge Mobile"),
    ("OPR/", "Opera", "Opera Mobile"),
    ("SamsungBrowser/", "Samsung Internet", "Samsung Internet"),
    ("FxiOS/", "Firefox iOS", "Firefox iOS"),
    ("Firefox/", "Firefox", "Firefox Mobile"),
    ("CriOS/", "Chrome Mobile iOS", "Chrome Mobile iOS"),
    ("HeadlessChrome/", "HeadlessChrome", "HeadlessChrome"),
    ("Chrome/", "Chrome", "Chrome Mobile"),
    ("python-requests/", "Python Requests", "Python Requests"),
    ("curl/", "curl", "curl"),
    ("okhttp/", "okhttp", "okhttp"),
    ("PostmanRuntime/", "PostmanRuntime", "PostmanRuntime"),
];

fn browser(agent: &str) -> String {
    let phone = agent.contains("Mobile");
    let known = BROWSERS
        .iter()
        .find_map(|(word, desk, mobile)| Some((if phone { *mobile } else { *desk }, after(agent, word)?)));
    let safari = || {
        let rest = after(agent, "Version/").filter(|_| agent.contains("Safari/"))?;
        Some((if phone { "Mobile Safari" } else { "Safari" }, rest))
    };
    let Some((name, rest)) = known.or_else(safari) else {
        return format!("{OTHER}/{UNKNOWN}");
    };
    // Major and minor only.
    let found = version(rest).map(|v| v.split('.').take(2).collect::<Vec<_>>().join("."));
    format!("{name}/{}", found.as_deref().unwrap_or(UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_systems_have_keycloaks_names() {
        for (agent, os, os_version, device, browser) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Linux",
                "Unknown",
                "Other",
                "Firefox/140.0",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.1.2 Safari/537.36",
                "Windows",
                "10",
                "Other",
                "Chrome/140.0",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/17.5 Mobile/15E148 Safari/604.1",
                "iOS",
                "17.5.1",
                "iPhone",
                "Mobile Safari/17.5",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
                "Android",
                "14",
                "Pixel 8",
                "Chrome Mobile/126.0",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
                "Mac OS X",
                "10.15.7",
                "Mac",
                "Safari/17.4",
            ),
            (
                "python-requests/2.34.1",
                "Other",
                "Unknown",
                "Other",
                "Python Requests/2.34",
            ),
            ("", "Other", "Unknown", "Other", "Other/Unknown"),
        ] {
            let found = read(agent);
            assert_eq!(
                (&*found.os, &*found.os_version, &*found.device, &*found.browser),
                (os, os_version, device, browser),
                "{agent}"
            );
        }
    }
}
