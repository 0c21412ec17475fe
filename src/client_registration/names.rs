//! Names that people are shown: an application that registers itself does not call itself as this server and its own
//! applications are called, and its names are what they are, not keys of ours.

use std::collections::BTreeSet;

use super::access::Access;
use super::asked::Form;
use super::refusal::{Refusal, Stop};
use super::{Request, cimd};
use crate::app::App;
use crate::error::Error;
use crate::likeness;
use crate::profile::is_plain;
use crate::store::client;
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
        if Some(text) != description && taken.contains(&likeness::of(text)) {
            return Err(Refusal::metadata(
                "client_name must not be that of the realm, of this server, or of an application that comes with it",
            ));
        }
    }
    Ok(())
}

/// Refuses names that are new and look like the name of an application that an administrator has made. The database is asked,
/// so do it before a transaction is opened.
///
/// # Errors
///
/// [`Stop::Refused`] with the member; those of the database.
pub(super) async fn check_others(request: &Request<'_>, before: Option<&Doc>, doc: &Doc) -> Result<(), Stop> {
    match &request.access {
        Access::Bearer(rights) if rights.manage => Ok(()),
        _ => Ok(others(request.app, request.realm, before, doc).await??),
    }
}

/// The same for whoever comes without a right to manage clients.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn others(
    app: &App,
    realm: &Realm,
    before: Option<&Doc>,
    doc: &Doc,
) -> Result<Result<(), Refusal>, Error> {
    let known: BTreeSet<String> = before.map(names).unwrap_or_default();
    for name in names(doc).difference(&known) {
        if client::is_name_of_administrators(&app.db, &realm.id, name).await? {
            return Ok(Err(Refusal::metadata(
                "client_name must not be that of an application that an administrator has made",
            )));
        }
    }
    Ok(Ok(()))
}

/// What the names of a client look like, in all languages.
fn names(doc: &Doc) -> BTreeSet<String> {
    let description = json::text(doc, "description");
    let all = shown(doc).into_iter().filter(|text| Some(*text) != description);
    all.map(likeness::of).filter(|name| !name.is_empty()).collect()
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

/// The names that are ours, in every language that the realm speaks, as they look.
fn taken(app: &App, realm: &Realm) -> Vec<String> {
    let theme = realm.text("loginTheme").unwrap_or_default();
    let mut names: Vec<String> = OURS.map(likeness::of).to_vec();
    names.push(likeness::of(&realm.name));
    for member in ["displayName", "displayNameHtml"] {
        let text = realm.text(member).map(crate::theme::sanitize::plain);
        names.extend(text.map(|text| likeness::of(&text)));
    }
    for locale in realm.texts("supportedLocales").into_iter().chain(["en"]) {
        let texts = app.themes.texts(theme, Kind::Login, locale);
        let own = realm.localization.get(locale);
        for key in OF_OUR_CLIENTS {
            names.extend(texts.get(key).map(|text| likeness::of(text)));
            names.extend(own.and_then(|texts| texts.get(key)?.as_str()).map(likeness::of));
        }
    }
    names.retain(|name| !name.is_empty());
    names
}
