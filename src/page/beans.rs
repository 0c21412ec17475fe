//! What a page's shell says of realm, client and addresses.

use std::collections::BTreeMap;

use crate::app::App;
use crate::login::address;
use crate::login::session::AuthSession;
use crate::store::client::{Client, Source};
use crate::store::realm::Realm;
use crate::theme::{Kind, Voice, pages};
use crate::visitor::Visitor;

pub(super) fn realm(app: &App, realm: &Realm, voice: &Voice) -> pages::Realm {
    let shown = |key: &str| {
        app.themes
            .advanced(voice, Kind::Login, realm.text(key).unwrap_or_default())
    };
    let name = shown("displayName");
    pages::Realm {
        name: realm.name.clone(),
        display_name: if name.is_empty() { realm.name.clone() } else { name },
        display_name_html: shown("displayNameHtml"),
        password: true,
        registration_allowed: realm.flag("registrationAllowed"),
        registration_email_as_username: realm.flag("registrationEmailAsUsername"),
        login_with_email_allowed: realm.flag("loginWithEmailAllowed"),
        reset_password_allowed: realm.flag("resetPasswordAllowed"),
        remember_me: realm.flag("rememberMe"),
        internationalization_enabled: realm.flag("internationalizationEnabled"),
        edit_username_allowed: realm.flag("editUsernameAllowed"),
        duplicate_emails_allowed: realm.flag("duplicateEmailsAllowed"),
    }
}

/// What a client says of itself, in the visitor's language where it speaks it. Only what an administrator wrote may be a key
/// of our texts.
pub(super) fn client(app: &App, visitor: &Visitor, voice: &Voice, client: &Client) -> pages::Client {
    let unverified = client.unverified();
    let shown = |key: &str| {
        let text = client.text(key).unwrap_or_default();
        match client.source {
            Source::Admin => app.themes.advanced(voice, Kind::Login, text),
            _ => text.to_owned(),
        }
    };
    let links = [
        ("logoUri", "logo_uri"),
        ("policyUri", "policy_uri"),
        ("tosUri", "tos_uri"),
    ]
    .into_iter();
    // Whoever's picture is loaded learns who is about to sign in: not a stranger.
    let hidden = |key: &str| key == "logoUri" && unverified && client.source == Source::Stranger;
    let attributes: BTreeMap<String, String> = links
        .filter(|(key, _)| !hidden(key))
        .filter_map(|(key, member)| {
            let url = translated(client, member, &voice.locale).or_else(|| client.attribute(key))?;
            Some((key.to_owned(), url.to_owned()))
        })
        .filter(|(_, url)| url.starts_with("https://") || url.starts_with("http://"))
        .collect();
    pages::Client {
        client_id: client.client_id.clone(),
        name: translated(client, "client_name", &voice.locale).map_or_else(|| shown("name"), str::to_owned),
        description: shown("description"),
        base_url: address::base_url(&visitor.caller, client),
        attributes,
        unverified,
    }
}

/// What a client registered of a member for a language (`client_name#de`), or for the language that it is a kind of. RFC 7591
/// section 2.2, RFC 4647 section 3.4.
fn translated<'a>(client: &'a Client, member: &str, locale: &str) -> Option<&'a str> {
    let attributes = client.doc.get("attributes")?.as_object()?;
    let prefix = format!("oidc.registration.{member}#");
    let in_language = |wanted: &str| {
        let mut all = attributes.iter();
        let found = all.find(|(name, _)| {
            name.strip_prefix(&prefix)
                .is_some_and(|tag| tag.eq_ignore_ascii_case(wanted))
        });
        found
            .and_then(|(_, text)| text.as_str())
            .filter(|text| !text.is_empty())
    };
    let mut wanted = locale;
    loop {
        if let Some(text) = in_language(wanted) {
            return Some(text);
        }
        wanted = wanted.rsplit_once('-')?.0;
    }
}

pub(super) fn urls(visitor: &Visitor, realm: &Realm, client: &Client, session: &AuthSession) -> pages::Url {
    let path = address::realm_path(&visitor.caller, realm);
    let tab = address::tab_query(client, session);
    let link = |action: &str| format!("{path}/login-actions/{action}?{tab}");
    let form = address::form(&visitor.caller, realm, session, &tab);
    pages::Url {
        login_action: form.clone(),
        login_url: link("authenticate"),
        login_restart_flow_url: format!("{}&skip_logout=false", link("restart")),
        registration_url: link("registration"),
        registration_action: form,
        login_reset_credentials_url: link("reset-credentials"),
        logout_confirm_action: String::new(),
        oauth_action: link("consent"),
        oauth2_device_verification_action: String::new(),
    }
}

/// This page's address in another language.
pub(super) fn with_locale(address: &str, tag: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let others = query
        .split('&')
        .filter(|p| !p.is_empty() && !p.starts_with("kc_locale=") && !p.starts_with("session_code="));
    let own = format!("kc_locale={tag}");
    let parts: Vec<&str> = others.chain([own.as_str()]).collect();
    format!("{path}?{}", parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_replaces_the_one_before() {
        assert_eq!(with_locale("/a?x=1&kc_locale=en", "de"), "/a?x=1&kc_locale=de");
        assert_eq!(with_locale("/a", "de"), "/a?kc_locale=de");
    }
}
