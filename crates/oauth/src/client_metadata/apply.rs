//! From [`Metadata`] to Keycloak's `ClientRepresentation`.

use super::{AuthMethod, KEPT, Metadata, Pkce, grants, keys, list, pairwise, scopes, spki, switch};
use crate::redirect_uri::ApplicationType;
use crate::web_origin;
use serde_json::{Map, Value, json};

/// Writes what was sent into a client.
///
/// `created`: absent members take their defaults, but for the client scopes, which are the
/// realm's to give where no `scope` was sent. Else this is an update, and what is absent stays
/// as it is, as in Keycloak; an empty text or list takes the member away.
///
/// A pairwise mapper is written without `id` and salt: the caller has the randomness.
pub fn apply(metadata: &Metadata, client: &mut Map<String, Value>, created: bool) {
    let mut attributes = match client.shift_remove("attributes") {
        Some(Value::Object(attributes)) => attributes,
        _ => Map::new(),
    };
    if created {
        client.insert("protocol".to_owned(), json!("openid-connect"));
        defaults(&mut attributes);
    }
    set_text(client, "name", metadata.client_name.as_deref(), created);
    set_text(client, "baseUrl", metadata.client_uri.as_deref(), created);
    method(metadata, client, &mut attributes, created);
    redirects(metadata, client, &mut attributes, created);
    grants::write(metadata, client, &mut attributes, created);
    plain(metadata, &mut attributes, created);
    key_set(metadata, &mut attributes);
    pairwise::write(metadata, client, &mut attributes);
    let frontchannel = metadata.setting("frontchannel_logout_uri").map(|url| !url.is_empty());
    if let Some(on) = frontchannel.or(created.then_some(false)) {
        client.insert("frontchannelLogout".to_owned(), json!(on));
    }
    scopes::write(metadata, client);
    client.insert("attributes".to_owned(), Value::Object(attributes));
}

fn defaults(attributes: &mut Map<String, Value>) {
    for (name, value) in [
        ("backchannel.logout.session.required", "true"),
        ("frontchannel.logout.session.required", "false"),
        ("backchannel.logout.revoke.offline.tokens", "false"),
    ] {
        attributes.entry(name).or_insert_with(|| json!(value));
    }
}

/// Keycloak keeps an empty text that a new client has; in an update it takes the member away.
fn set_text(client: &mut Map<String, Value>, name: &str, sent: Option<&str>, created: bool) {
    match sent {
        Some("") if !created => {
            client.shift_remove(name);
        }
        Some(sent) => {
            client.insert(name.to_owned(), json!(sent));
        }
        None => {}
    }
}

/// Sets an attribute, or removes it if there is nothing to set.
pub(super) fn set(attributes: &mut Map<String, Value>, name: &str, value: &str) {
    if value.is_empty() {
        attributes.shift_remove(name);
    } else {
        attributes.insert(name.to_owned(), json!(value));
    }
}

fn method(metadata: &Metadata, client: &mut Map<String, Value>, attributes: &mut Map<String, Value>, created: bool) {
    match metadata.pkce {
        Some(Pkce::Required(method)) => set(attributes, "pkce.code.challenge.method", method.as_str()),
        Some(Pkce::Optional) => set(attributes, "pkce.code.challenge.method", ""),
        None => {}
    }
    if created {
        client.insert("clientAuthenticatorType".to_owned(), json!("client-secret"));
        client.insert("publicClient".to_owned(), json!(false));
    }
    // A public client that asks to be let off PKCE in an update is still a public client.
    let stays_public = metadata.auth_method.is_none() && switch(client, "publicClient") && metadata.pkce.is_some();
    if let Some(method) = metadata.auth_method.or(stays_public.then_some(AuthMethod::None)) {
        method.write(client, attributes);
    }
    if metadata
        .setting("tls_client_auth_subject_dn")
        .is_some_and(|dn| !dn.is_empty())
    {
        // The subject is compared whole; Keycloak can read it as a pattern, which is an administrator's to allow.
        set(attributes, "x509.allow.regex.pattern.comparison", "false");
    }
}

fn redirects(metadata: &Metadata, client: &mut Map<String, Value>, attributes: &mut Map<String, Value>, created: bool) {
    if let Some(uris) = &metadata.post_logout_redirect_uris {
        set(attributes, "post.logout.redirect.uris", &uris.join("##"));
    }
    let none = Vec::new();
    let Some(uris) = metadata.redirect_uris.as_ref().or(created.then_some(&none)) else {
        return;
    };
    // Web origins follow the redirect URIs until an administrator sets them otherwise.
    let derived = web_origin::of_redirect_uris(&list(client, "redirectUris"));
    let follows = created || list(client, "webOrigins") == derived;
    if follows {
        client.insert("webOrigins".to_owned(), json!(web_origin::of_redirect_uris(uris)));
    }
    client.insert("redirectUris".to_owned(), json!(uris));
}

fn plain(metadata: &Metadata, attributes: &mut Map<String, Value>, created: bool) {
    let told_back = |member: &str| {
        // Without a logout URI the answer says `false` whatever is kept: see `describe`. Sent
        // back in an update, that is no wish.
        let has_uri =
            attributes.contains_key("backchannel.logout.url") || metadata.setting("backchannel_logout_uri").is_some();
        !created && member == "backchannel_logout_session_required" && !has_uri
    };
    let meant: Vec<_> = metadata
        .settings
        .iter()
        .filter(|(setting, _)| !told_back(setting.member))
        .collect();
    for (setting, value) in meant {
        set(attributes, &setting.attribute(), value);
    }
    if let Some(signed) = metadata.setting("require_signed_request_object") {
        let required = if signed == "true" { "request or request_uri" } else { "" };
        set(attributes, "request.object.required", required);
    }
    if let Some(kind) = metadata.application_type {
        let name = if kind == ApplicationType::Native {
            "native"
        } else {
            "web"
        };
        set(attributes, &format!("{KEPT}application_type"), name);
    }
    for (member, value) in &metadata.languages {
        set(attributes, &format!("{KEPT}{member}"), value);
    }
}

fn key_set(metadata: &Metadata, attributes: &mut Map<String, Value>) {
    if let Some(url) = &metadata.jwks_uri {
        set(attributes, "jwks.url", url);
        set(
            attributes,
            "use.jwks.url",
            if url.is_empty() { "false" } else { "true" },
        );
        if !url.is_empty() {
            set(attributes, "use.jwks.string", "false");
        }
    }
    if let Some(set_of_keys) = &metadata.jwks {
        set(attributes, "use.jwks.string", "true");
        set(attributes, "jwks.string", &keys::written(set_of_keys));
        set(attributes, "use.jwks.url", "false");
        let first = keys::first_for_signatures(set_of_keys);
        let kid = first.and_then(|key| key.get("kid")?.as_str()).unwrap_or_default();
        set(attributes, "jwt.credential.kid", kid);
        let public = first.and_then(spki::of_jwk).unwrap_or_default();
        set(attributes, "jwt.credential.public.key", &public);
    }
}
