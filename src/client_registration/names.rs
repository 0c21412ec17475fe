//! Names that people are shown: an application that registers itself does not call itself as this server and its own
//! applications are called, and its names are what they are, not keys of ours.

use unicode_normalization::UnicodeNormalization as _;

use super::access::Access;
use super::asked::Form;
use super::refusal::Refusal;
use super::{Request, cimd};
use crate::app::App;
use crate::profile::is_plain;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::theme::Kind;

/// What this server and the programs that come with it are called.
const OURS: [&str; 5] = [
    "Keycloak",
    "Vestibule",
    "Admin Console",
    "Administration Console",
    "Account Management",
];

/// Our texts with the names of the clients that every realm has.
const OF_OUR_CLIENTS: [&str; 6] = [
    "client_account",
    "client_account-console",
    "client_admin-cli",
    "client_broker",
    "client_realm-management",
    "client_security-admin-console",
];

/// The attributes with the name in other languages.
const TRANSLATED: &str = "oidc.registration.client_name#";

/// Judges the id that a registrant chose for itself. An address is the name of who publishes there, as soon as the realm takes
/// such names (Client ID Metadata Documents); what a SAML service provider calls itself is one, of another protocol.
///
/// # Errors
///
/// [`Refusal::Metadata`].
pub(super) fn judge_id(request: &Request<'_>, id: &str) -> Result<(), Refusal> {
    if matches!(&request.access, Access::Bearer(rights) if rights.manage) {
        return Ok(());
    }
    let scheme = id.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let is_address = matches!(scheme.as_deref(), Some("http" | "https"));
    let fault = if is_address && (request.form != Form::Saml || cimd::is_on(request.realm)) {
        "clientId is an address: the application there describes itself"
    } else if !is_plain(id) {
        "clientId must not contain control characters, or others that cannot be seen"
    } else if id.split(['/', '\\']).any(|segment| matches!(segment, "." | "..")) {
        "clientId must not contain the segments . and .. of a path"
    } else {
        return Ok(());
    };
    Err(Refusal::metadata(fault))
}

/// The same for whoever calls: those who manage all clients name them as they like.
pub(super) fn judge(request: &Request<'_>, before: Option<&Doc>, doc: &Doc) -> Result<(), Refusal> {
    match &request.access {
        Access::Bearer(rights) if rights.manage => Ok(()),
        _ => check(request.app, request.realm, before, doc),
    }
}

/// Refuses names that are new and say what they must not.
///
/// # Errors
///
/// The member, and why.
pub(super) fn check(app: &App, realm: &Realm, before: Option<&Doc>, doc: &Doc) -> Result<(), Refusal> {
    let known: Vec<&str> = before.map(shown).unwrap_or_default();
    let mut new = shown(doc).into_iter().filter(|text| !known.contains(text)).peekable();
    if new.peek().is_none() {
        return Ok(());
    }
    let taken = taken(app, realm);
    let description = json::text(doc, "description");
    for text in new {
        if text.contains("${") {
            return Err(Refusal::metadata("A name or description must not contain ${"));
        }
        if Some(text) != description && taken.contains(&bare(text)) {
            return Err(Refusal::metadata(
                "client_name must not be that of the realm, of this server, or of an application that comes with it",
            ));
        }
    }
    Ok(())
}

/// The texts of a client that pages show as its own words.
fn shown(doc: &Doc) -> Vec<&str> {
    let own = ["name", "description"].into_iter();
    let own = own.filter_map(|member| json::text(doc, member));
    let attributes = doc.get("attributes").and_then(|a| a.as_object());
    let translated = attributes.into_iter().flatten();
    let translated = translated.filter(|(name, _)| name.starts_with(TRANSLATED));
    own.chain(translated.filter_map(|(_, text)| text.as_str())).collect()
}

/// The names that are ours, in every language that the realm speaks, as [`bare`] leaves them.
fn taken(app: &App, realm: &Realm) -> Vec<String> {
    let theme = realm.text("loginTheme").unwrap_or_default();
    let mut names: Vec<String> = OURS.map(bare).to_vec();
    names.push(bare(&realm.name));
    for member in ["displayName", "displayNameHtml"] {
        let text = realm.text(member).map(crate::theme::sanitize::plain);
        names.extend(text.map(|text| bare(&text)));
    }
    for locale in realm.texts("supportedLocales").into_iter().chain(["en"]) {
        let texts = app.themes.texts(theme, Kind::Login, locale);
        let own = realm.localization.get(locale);
        for key in OF_OUR_CLIENTS {
            names.extend(texts.get(key).map(|text| bare(text)));
            names.extend(own.and_then(|texts| texts.get(key)?.as_str()).map(bare));
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// A name without what the eye overlooks: case, spaces and signs, marks, letters of other alphabets that look the same.
fn bare(name: &str) -> String {
    let letters = name.nfkd().flat_map(char::to_lowercase);
    letters.filter(|c| c.is_alphanumeric()).map(look_alike).collect()
}

/// The Latin letter that a letter or digit looks like.
fn look_alike(c: char) -> char {
    match c {
        '0' | '\u{3bf}' | '\u{43e}' => 'o',
        '1' | 'i' | '\u{131}' | '\u{3b9}' | '\u{456}' | '\u{4cf}' => 'l',
        '\u{3b1}' | '\u{430}' => 'a',
        '\u{432}' | '\u{3b2}' => 'b',
        '\u{441}' | '\u{3f2}' => 'c',
        '\u{501}' => 'd',
        '\u{435}' | '\u{3b5}' => 'e',
        '\u{261}' => 'g',
        '\u{4bb}' | '\u{43d}' => 'h',
        '\u{458}' => 'j',
        '\u{43a}' | '\u{3ba}' => 'k',
        '\u{43c}' => 'm',
        '\u{578}' => 'n',
        '\u{440}' | '\u{3c1}' => 'p',
        '\u{455}' => 's',
        '\u{442}' | '\u{3c4}' => 't',
        '\u{475}' | '\u{3bd}' => 'v',
        '\u{445}' | '\u{3c7}' => 'x',
        '\u{443}' | '\u{3b3}' => 'y',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn what_looks_alike_is_one_name() {
        for twin in [
            "KEYCLOAK",
            " key cloak ",
            "K-e-y.c_l/o|a'k",
            "\u{41a}eycloak",
            "Keycl\u{43e}ak",
            "\u{ff2b}\u{ff45}\u{ff59}cloak",
            "Key\u{2003}cloak",
            "Ke\u{301}ycloak",
            "KeycIoak",
            "Keycl0ak",
        ] {
            assert_eq!(bare(twin), bare("Keycloak"), "{twin}");
        }
        assert_ne!(bare("Keycloak client"), bare("Keycloak"));
        assert_eq!(bare("\u{1f680} "), "");
    }
}
