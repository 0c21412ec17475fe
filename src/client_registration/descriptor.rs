//! `saml2-entity-descriptor`: what a SAML service provider says of itself, as a client. SAML 2.0 Metadata, 2.4.4.
//!
//! Only what the document says in its own words is read: no entity, no DTD, no address is followed.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Value, json};
use vestibule_jose::digest::{b64, b64url};
use vestibule_oauth::client_metadata::Metadata;
use vestibule_oauth::error::{Refusal as Fault, RegistrationError};
use vestibule_oauth::redirect_uri::{ApplicationType, validate_registered};
use vestibule_oauth::web_origin;

use super::metadata;
use crate::app::App;
use crate::client_secret::{PRIVATE_KEY_PURPOSE, PRIVATE_KEYS};
use crate::error::Error;
use crate::realm_setup;
use crate::store::client::Client;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// The namespace of metadata.
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

/// Bindings, and what the client's attributes of an address in one end with.
const BINDINGS: [(&str, &str); 4] = [
    ("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", "post"),
    ("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", "redirect"),
    ("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact", "artifact"),
    ("urn:oasis:names:tc:SAML:2.0:bindings:SOAP", "soap"),
];

/// The most elements that are looked at.
const MOST: usize = 10_000;

/// What is read of a descriptor.
#[derive(Default)]
struct Descriptor {
    entity_id: Option<String>,
    is_provider: bool,
    wants_assertions_signed: bool,
    signs_requests: bool,
    name_id_format: Option<String>,
    /// Binding and address; the default comes first.
    consumers: Vec<(String, String)>,
    logouts: Vec<(String, String)>,
    signing: Option<String>,
    encryption: Option<String>,
}

/// The client that a descriptor of a service provider describes. `None` if it is none.
pub(super) fn client(body: &[u8]) -> Option<Doc> {
    let found = read(body)?;
    let entity_id = found
        .entity_id
        .clone()
        .filter(|id| found.is_provider && !id.is_empty())?;
    let redirects: Vec<&str> = found.consumers.iter().map(|(_, address)| address.as_str()).collect();
    let doc = json!({
        "clientId": entity_id, "redirectUris": redirects, "protocol": "saml", "attributes": attributes(&found),
        "fullScopeAllowed": true, "protocolMappers": []
    });
    doc.as_object().cloned()
}

fn attributes(found: &Descriptor) -> Doc {
    let mut all = Doc::new();
    let mut put = |name: &str, value: &str| {
        all.entry(name).or_insert_with(|| json!(value));
    };
    put("saml.authnstatement", "true");
    put("saml.server.signature", "true");
    put("saml.signature.algorithm", "RSA_SHA256");
    put("saml.server.signature.keyinfo.ext", "false");
    if found.wants_assertions_signed {
        put("saml.assertion.signature", "true");
    }
    if found.signs_requests {
        put("saml.client.signature", "true");
    }
    let format = found
        .name_id_format
        .as_deref()
        .and_then(|format| format.rsplit(':').next());
    match format {
        Some("emailAddress") => put("saml_name_id_format", "email"),
        Some(known @ ("transient" | "persistent" | "unspecified")) => {
            put(
                "saml_name_id_format",
                if known == "unspecified" { "username" } else { known },
            );
        }
        _ => {}
    }
    for (kind, places) in [
        ("saml_assertion_consumer_url", &found.consumers),
        ("saml_single_logout_service_url", &found.logouts),
    ] {
        for (binding, address) in places {
            if let Some((_, end)) = BINDINGS.iter().find(|(known, _)| known == binding) {
                put(&format!("{kind}_{end}"), address);
            }
        }
    }
    if let Some(certificate) = &found.signing {
        put("saml.signing.certificate", certificate);
    }
    if let Some(certificate) = &found.encryption {
        put("saml.encrypt", "true");
        put("saml.encryption.certificate", certificate);
    }
    all
}

fn read(body: &[u8]) -> Option<Descriptor> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    let (mut found, mut path) = (Descriptor::default(), Vec::<String>::new());
    let (mut key_use, mut seen) = (None, 0);
    loop {
        seen += 1;
        let event = reader.read_event().ok().filter(|_| seen < MOST)?;
        match event {
            Event::Start(tag) => {
                let name = name(&tag);
                open(&mut found, &path, &name, &tag, &mut key_use)?;
                path.push(name);
            }
            Event::Empty(tag) => open(&mut found, &path, &name(&tag), &tag, &mut key_use)?,
            Event::End(_) => {
                path.pop()?;
            }
            Event::Text(text) => {
                let text: String = text.split_whitespace().collect();
                inside(&mut found, &path, key_use.as_deref(), text);
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    path.is_empty().then_some(found)
}

/// The name of an element without its prefix.
fn name(tag: &BytesStart<'_>) -> String {
    tag.local_name().as_ref().to_owned()
}

fn value(tag: &BytesStart<'_>, wanted: &str) -> Option<Option<String>> {
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        if attribute.key.as_ref() == wanted {
            return Some(Some(quick_xml::escape::unescape(&attribute.value).ok()?.into_owned()));
        }
    }
    Some(None)
}

/// Takes over what an element says. `None` if the document cannot be read.
fn open(
    found: &mut Descriptor,
    path: &[String],
    name: &str,
    tag: &BytesStart<'_>,
    key_use: &mut Option<String>,
) -> Option<()> {
    let within = |parent: &str| path.last().is_some_and(|last| last == parent);
    match name {
        "EntityDescriptor" if path.is_empty() => {
            let prefix = tag.name().prefix().map(|p| p.as_ref().to_owned());
            let declared = prefix.map_or_else(|| "xmlns".to_owned(), |prefix| format!("xmlns:{prefix}"));
            if value(tag, &declared)?.as_deref() != Some(METADATA) {
                return None;
            }
            found.entity_id = value(tag, "entityID")?;
        }
        _ if path.is_empty() => return None,
        "SPSSODescriptor" if within("EntityDescriptor") => {
            found.is_provider = true;
            let yes = |text: Option<String>| matches!(text.as_deref(), Some("true" | "1"));
            found.wants_assertions_signed = yes(value(tag, "WantAssertionsSigned")?);
            found.signs_requests = yes(value(tag, "AuthnRequestsSigned")?);
        }
        "KeyDescriptor" if within("SPSSODescriptor") => *key_use = value(tag, "use")?,
        "AssertionConsumerService" | "SingleLogoutService" if within("SPSSODescriptor") => {
            let (Some(binding), Some(address)) = (value(tag, "Binding")?, value(tag, "Location")?) else {
                return None;
            };
            if name == "SingleLogoutService" {
                found.logouts.push((binding, address));
            } else if value(tag, "isDefault")?.as_deref() == Some("true") {
                found.consumers.insert(0, (binding, address));
            } else {
                found.consumers.push((binding, address));
            }
        }
        _ => {}
    }
    Some(())
}

fn inside(found: &mut Descriptor, path: &[String], key_use: Option<&str>, text: String) {
    let Some(last) = path
        .last()
        .filter(|_| !text.is_empty() && path.iter().any(|p| p == "SPSSODescriptor"))
    else {
        return;
    };
    match last.as_str() {
        "NameIDFormat" => {
            found.name_id_format.get_or_insert(text);
        }
        "X509Certificate" => {
            if key_use != Some("encryption") {
                found.signing.get_or_insert_with(|| text.clone());
            }
            if key_use != Some("signing") {
                found.encryption.get_or_insert(text);
            }
        }
        _ => {}
    }
}

/// A new client of a description, with what Keycloak gives clients that speak SAML.
pub(super) fn new_client(realm: &Realm, described: &Doc) -> Doc {
    let mut doc = metadata::new_client(realm, &Metadata::default());
    for (list, of_realm) in [
        ("defaultClientScopes", "defaultDefaultClientScopes"),
        ("optionalClientScopes", "defaultOptionalClientScopes"),
    ] {
        doc.insert(list.into(), json!(metadata::scopes_of_protocol(realm, of_realm, true)));
    }
    for (name, value) in described {
        if name != "clientId" && name != "attributes" {
            doc.insert(name.clone(), value.clone());
        }
    }
    let origins = web_origin::of_redirect_uris(&json::texts(described, "redirectUris"));
    doc.insert("webOrigins".into(), json!(origins));
    doc.insert("frontchannelLogout".into(), json!(true));
    // What artifacts say whose they are. SAML 2.0 Bindings 3.6.4.
    let name = json::text(described, "clientId").unwrap_or_default();
    let identifier = b64(digest(&SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes()).as_ref());
    let mut all = json!({
        "realm_client": "false", "saml.force.post.binding": "true", "saml_force_name_id_format": "false",
        "saml.client.signature": "true", "saml.allow.ecp.flow": "false", "saml.artifact.binding.identifier": identifier,
        "saml_signature_canonicalization_method": "http://www.w3.org/2001/10/xml-exc-c14n#"
    });
    let own = described.get("attributes").and_then(Value::as_object);
    for (name, value) in own.into_iter().flatten() {
        all[name] = value.clone();
    }
    doc.insert("attributes".into(), all);
    doc
}

/// Checks every address of such a client like those of others that register themselves.
pub(super) fn check_addresses(doc: &Doc) -> Result<(), Fault> {
    let attributes = doc.get("attributes").and_then(Value::as_object);
    let services = attributes
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.contains("_url_"));
    let addresses = services.filter_map(|(_, value)| value.as_str());
    for uri in json::texts(doc, "redirectUris").into_iter().chain(addresses) {
        if let Err(why) = validate_registered(uri, ApplicationType::Web) {
            return Err(Fault::registration(
                RegistrationError::InvalidRedirectUri,
                why.to_string(),
            ));
        }
    }
    Ok(())
}

/// Gives a client the key that it signs with where its descriptor brought none. It is kept sealed; Keycloak hands it out.
pub(super) async fn give_key(app: &App, client: &mut Client) -> Result<(), Error> {
    if client.attribute("saml.signing.certificate").is_some() {
        return Ok(());
    }
    let made = realm_setup::client_key(&client.client_id).await?;
    let sealed = app.db.seal(PRIVATE_KEY_PURPOSE, &client.id, &made.pkcs1)?;
    client
        .doc
        .insert(PRIVATE_KEYS.into(), json!({ "saml.signing": b64url(&sealed) }));
    if let Some(Value::Object(attributes)) = client.doc.get_mut("attributes") {
        attributes.insert("saml.signing.certificate".into(), json!(b64(&made.certificate)));
    }
    Ok(())
}

/// The attributes with addresses to which a browser is sent by SAML.
const ADDRESSES: [&str; 7] = [
    "saml_assertion_consumer_url_post",
    "saml_assertion_consumer_url_redirect",
    "saml_assertion_consumer_url_artifact",
    "saml_single_logout_service_url_post",
    "saml_single_logout_service_url_redirect",
    "saml_single_logout_service_url_artifact",
    "saml_single_logout_service_url_soap",
];

/// Those of a client, by name. They are like redirect URIs: whoever has one is told things.
pub fn addresses(doc: &Doc) -> impl Iterator<Item = (&'static str, &str)> {
    ADDRESSES
        .into_iter()
        .filter_map(|name| Some((name, json::attribute(doc, name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp/a&amp;b">
        <md:SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="x"><ds:X509Data><ds:X509Certificate>
        AAA BBB</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
        <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
        <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp/1" index="0"/>
        <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp/2" index="1" isDefault="true"/>
        </md:SPSSODescriptor></md:EntityDescriptor>"#;

    #[test]
    fn a_descriptor_is_read() {
        let doc = client(PLAIN.as_bytes()).unwrap();
        assert_eq!(doc["clientId"], "https://sp/a&b");
        assert_eq!(doc["redirectUris"], json!(["https://sp/2", "https://sp/1"]));
        let attributes = &doc["attributes"];
        assert_eq!(attributes["saml_assertion_consumer_url_post"], "https://sp/2");
        assert_eq!(attributes["saml_name_id_format"], "persistent");
        assert_eq!(attributes["saml.signing.certificate"], "AAABBB");
        assert!(attributes.get("saml.encryption.certificate").is_none());
    }

    #[test]
    fn what_is_no_descriptor_is_nothing() {
        for text in [
            "",
            "<x",
            "<x/>",
            "{}",
            "<EntityDescriptor entityID='a'/>",
            r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="a"/>"#,
            r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="a"><SPSSODescriptor>"#,
            r#"<!DOCTYPE x [<!ENTITY a "b">]><EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="&a;"><SPSSODescriptor/></EntityDescriptor>"#,
            r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="&zzz;"><SPSSODescriptor/></EntityDescriptor>"#,
        ] {
            assert!(client(text.as_bytes()).is_none(), "{text}");
        }
    }
}
