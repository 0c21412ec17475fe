//! Settings as they were sent: checked, and laid over those that are there.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{names, numbers};
use crate::admin::api::authentication::BINDINGS;
use crate::admin::api::error::ApiError;
use crate::admin::api::{events, extensions};
use crate::app::App;
use crate::otp::Policy;
use crate::password::{lists, policy};
use crate::profile::address;
use crate::realm_setup::COLLECTIONS;
use crate::secret_settings::{self, MASK};
use crate::store::json::{Doc, text, texts};
use crate::store::realm::Realm;

/// Members that say something of a realm that is made, and nothing of one that is there.
const ONLY_OF_NEW: &[&str] = &[
    "certificate",
    "codeSecret",
    "defaultDefaultClientScopes",
    "defaultOptionalClientScopes",
    "defaultRoles",
    "privateKey",
    "publicKey",
    "socialProviders",
];

/// What of a representation is settings, in the form in which they are kept. `realm`: the one that is changed.
///
/// # Errors
///
/// 400 for values that mean nothing.
pub(super) fn checked(app: &App, realm: Option<&Realm>, given: &Doc) -> Result<Doc, ApiError> {
    let mut wanted = Doc::new();
    for (key, value) in given {
        let of_new = matches!(key.as_str(), "id" | "realm") || ONLY_OF_NEW.contains(&key.as_str());
        if of_new && realm.is_some() || COLLECTIONS.contains(&key.as_str()) {
            continue;
        }
        wanted.insert(key.clone(), value.clone());
    }
    sender(realm.is_some(), &wanted)?;
    numbers::check(realm.map(|r| &r.doc), &wanted)?;
    extensions::check(&app.egress, wanted.get("attributes"))?;
    for key in [
        "loginTheme",
        "accountTheme",
        "adminTheme",
        "emailTheme",
        "defaultLocale",
    ] {
        text(&wanted, key)
            .map_or(Ok(()), names::check_part)
            .map_err(names::as_message)?;
    }
    for locale in texts(&wanted, "supportedLocales") {
        names::check_part(locale).map_err(names::as_message)?;
    }
    let failed = || ApiError::bad("Failed to update realm");
    if let Some(level) = text(&wanted, "sslRequired").map(str::to_lowercase) {
        if !matches!(level.as_str(), "all" | "external" | "none") {
            return Err(ApiError::bad("sslRequired must be all, external or none"));
        }
        wanted.insert("sslRequired".into(), json!(level));
    }
    if let Some(rules) = text(&wanted, "passwordPolicy").map(str::to_owned) {
        password_policy(app, &rules)?;
        let single: Vec<&str> = rules.split_whitespace().collect();
        wanted.insert("passwordPolicy".into(), json!(single.join(" ")));
    }
    if realm.is_none() && text(&wanted, "passwordPolicy").is_none() {
        wanted.remove("passwordPolicy");
    }
    for flow in BINDINGS {
        let alias = wanted.get(flow).and_then(Value::as_str);
        if let (Some(realm), Some(alias)) = (realm, alias)
            && realm.flow_by_alias(alias).is_none()
        {
            return Err(failed());
        }
    }
    together(&mut wanted);
    events::once_each(&mut wanted);
    device_settings(&mut wanted);
    secrets(realm, &mut wanted);
    Ok(wanted)
}

/// Mail needs an address that it comes from.
fn sender(exists: bool, wanted: &Doc) -> Result<(), ApiError> {
    let Some(mail) = wanted
        .get("smtpServer")
        .and_then(Value::as_object)
        .filter(|m| !m.is_empty())
    else {
        return Ok(());
    };
    let from = text(mail, "from");
    if from.is_some_and(|from| address::for_envelope(from).is_some()) {
        return Ok(());
    }
    let told = format!(
        "Invalid sender address '{}'. If the address contains UTF-8 characters in the local part please ensure the SMTP \
         server supports the SMTPUTF8 extension and enable 'Allow UTF-8' in the email realm configuration.",
        from.unwrap_or("null")
    );
    Err(if exists {
        ApiError::bad(&told)
    } else {
        ApiError::error(StatusCode::BAD_REQUEST, &told)
    })
}

fn password_policy(app: &App, rules: &str) -> Result<(), ApiError> {
    let parsed = policy::parse(rules).map_err(|text| ApiError::bad(&text))?;
    for rule in &parsed.rules {
        if let policy::Rule::Blacklist(file) | policy::Rule::Breached(file) = rule
            && !lists::folder(app).join(file).is_file()
        {
            return Err(ApiError::message(StatusCode::BAD_REQUEST, "Failed to update realm"));
        }
    }
    Ok(())
}

/// Shared addresses and signing in by address exclude each other; the server decides, as Keycloak does.
fn together(wanted: &mut Doc) {
    let on = |wanted: &Doc, key: &str| wanted.get(key) == Some(&json!(true));
    let shared = on(wanted, "duplicateEmailsAllowed");
    if shared {
        wanted.insert("loginWithEmailAllowed".into(), json!(false));
        wanted.insert("registrationEmailAsUsername".into(), json!(false));
    } else if on(wanted, "loginWithEmailAllowed") || on(wanted, "registrationEmailAsUsername") {
        wanted.insert("duplicateEmailsAllowed".into(), json!(false));
    }
}

/// Settings that Keycloak shows twice: as a member and as an attribute.
fn device_settings(wanted: &mut Doc) {
    for key in ["oauth2DeviceCodeLifespan", "oauth2DevicePollingInterval"] {
        let member = wanted.get(key).and_then(Value::as_i64);
        let attribute = wanted
            .get("attributes")
            .and_then(|a| a.get(key)?.as_str()?.parse::<i64>().ok());
        match (member, attribute) {
            (Some(number), _) => {
                let attributes = wanted.entry("attributes").or_insert_with(|| json!({}));
                attributes[key] = json!(number.to_string());
            }
            (None, Some(number)) => {
                wanted.insert(key.into(), json!(number));
            }
            (None, None) => {}
        }
    }
}

/// A mask that was written back means what is there, unless the address beside it has changed.
fn secrets(realm: Option<&Realm>, wanted: &mut Doc) {
    let before = |map: &str, key: &str| realm.and_then(|r| r.doc.get(map)?.get(key).cloned());
    if let Some(Value::Object(mail)) = wanted.get_mut("smtpServer") {
        let same_host = mail.get("host").cloned() == before("smtpServer", "host");
        for key in ["password", "authTokenClientSecret"] {
            if mail.get(key).is_some_and(|v| v == MASK) {
                match before("smtpServer", key).filter(|_| same_host) {
                    Some(kept) => mail.insert(key.into(), kept),
                    None => mail.remove(key),
                };
            }
        }
    }
    let Some(Value::Object(attributes)) = wanted.get_mut("attributes") else {
        return;
    };
    let kept = realm.and_then(|r| r.doc.get("attributes")?.as_object());
    secret_settings::keep(kept, attributes);
}

/// Attributes that Keycloak keeps for settings of its own.
const KEPT_ATTRIBUTES: &[&str] = &[
    "cibaBackchannelTokenDeliveryMode",
    "cibaExpiresIn",
    "cibaAuthRequestedUserHint",
    "oauth2DeviceCodeLifespan",
    "oauth2DevicePollingInterval",
    "parRequestUriLifespan",
    "cibaInterval",
];

/// The settings that are there with those that are wanted over them. Headers are merged. So are attributes, where only a
/// part of the realm was sent; a `whole` representation replaces them, so that one that was left out is gone. A null
/// removes; an empty password policy is none.
pub(super) fn merged(before: &Doc, wanted: &Doc, whole: bool) -> Doc {
    let mut doc = before.clone();
    for (key, value) in wanted {
        match (key.as_str(), value) {
            ("attributes" | "browserSecurityHeaders", Value::Object(over)) => {
                let under = doc.entry(key.clone()).or_insert_with(|| json!({}));
                if let Value::Object(under) = under {
                    if whole && key == "attributes" {
                        under.retain(|name, _| KEPT_ATTRIBUTES.contains(&name.as_str()) || over.contains_key(name));
                    }
                    lay_over(under, over);
                }
            }
            ("passwordPolicy", Value::String(rules)) if rules.is_empty() => {
                doc.remove(key);
            }
            ("supportedLocales", Value::Array(all)) if all.is_empty() => {
                doc.remove(key);
            }
            (_, Value::Null) => {}
            _ => {
                doc.insert(key.clone(), value.clone());
            }
        }
    }
    // Not a setting, but what follows from some.
    doc.insert("otpSupportedApplications".into(), json!(Policy::of_doc(&doc).apps()));
    doc
}

fn lay_over(under: &mut Doc, over: &Doc) {
    for (name, value) in over {
        if value.is_null() {
            under.remove(name);
        } else {
            under.insert(name.clone(), value.clone());
        }
    }
}
