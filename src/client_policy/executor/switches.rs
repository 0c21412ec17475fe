//! `consent-required`, `full-scope-disabled`, `holder-of-key-enforcer` and `dpop-bind-enforcer`: one switch each.

use serde_json::json;

use super::{Judgement, set_attribute};
use crate::client_policy::at::{At, Event};
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

const BOUND_TO_CERTIFICATE: &str = "tls.client.certificate.bound.access.tokens";
const BOUND_TO_DPOP: &str = "dpop.bound.access.tokens";

pub(super) fn consent(config: Config<'_>, doc: &mut Doc) -> Judgement {
    let text = "Client is required to enable consentRequired";
    if config.on_by_default("auto-configure") {
        // As Keycloak: what people agree to is what the client's scopes name.
        doc.insert("fullScopeAllowed".into(), json!(false));
    }
    switch(config, doc, "consentRequired", true, text)
}

pub(super) fn full_scope(config: Config<'_>, doc: &mut Doc) -> Judgement {
    let text = "Not permitted to enable fullScopeAllowed";
    switch(config, doc, "fullScopeAllowed", false, text)
}

fn switch(config: Config<'_>, doc: &mut Doc, name: &'static str, wanted: bool, text: &'static str) -> Judgement {
    if config.on_by_default("auto-configure") {
        doc.insert(name.into(), json!(wanted));
    }
    if json::flag(doc, name) == wanted {
        return Ok(());
    }
    let found = if wanted { "false" } else { "true" };
    Err(Refused::new("invalid_registration", text).about(name, found))
}

pub(super) fn holder_of_key(config: Config<'_>, doc: &mut Doc) -> Judgement {
    let text = "Invalid client metadata: MTLS token in disabled";
    bound(config, doc, BOUND_TO_CERTIFICATE, text)
}

pub(super) fn dpop(config: Config<'_>, doc: &mut Doc) -> Judgement {
    bound(
        config,
        doc,
        BOUND_TO_DPOP,
        "Invalid client metadata: DPoP token is disabled",
    )
}

fn bound(config: Config<'_>, doc: &mut Doc, attribute: &'static str, text: &'static str) -> Judgement {
    if config.flag("auto-configure") {
        set_attribute(doc, attribute, "true");
    }
    if json::attribute(doc, attribute) == Some("true") {
        return Ok(());
    }
    Err(Refused::metadata(text).about(attribute, ""))
}

/// Tokens are asked for and used with the certificate that they are bound to. RFC 8705 section 3.
pub(super) fn certificate(at: &At<'_>) -> Judgement {
    if at.event.asked().is_none_or(|asked| asked.certificate) {
        return Ok(());
    }
    let text = "Client certificate missing, or its thumbprint and one in the token did NOT match";
    let refused = match at.event {
        Event::Token("refresh_token", _) => Refused::new("invalid_grant", text),
        Event::Token("authorization_code" | "client_credentials" | "urn:openid:params:grant-type:ciba", _) => {
            Refused::request("Client Certification missing for MTLS HoK Token Binding")
        }
        Event::Revocation(_) | Event::Logout(_) | Event::UserInfo(_) => Refused {
            status: 401,
            ..Refused::new("not_allowed", text)
        },
        _ => return Ok(()),
    };
    Err(refused)
}

/// Whether a public client's refresh token alone is to be bound. Where the client's own setting binds all, that holds.
pub(in crate::client_policy) fn binds_only_refresh(config: Config<'_>, doc: &Doc, grant: &str) -> bool {
    config.flag("allow-only-refresh-token-binding")
        && json::flag(doc, "publicClient")
        && json::attribute(doc, BOUND_TO_DPOP) != Some("true")
        && grant != "password"
}

/// The code is bound to the key that tokens will be asked for with (RFC 9449 section 10), and nobody gives up a token without
/// one.
pub(super) fn dpop_key(config: Config<'_>, at: &At<'_>) -> Judgement {
    let wanted = config.flag("enforce-authorization-code-binding-to-dpop");
    match at.event {
        Event::Authorization(asked) if wanted && asked.params.heeded("dpop_jkt").is_none() => {
            Err(Refused::request("Missing parameter: dpop_jkt").about("dpop_jkt", ""))
        }
        Event::Token(grant, asked) if !asked.dpop && binds_only_refresh(config, at.doc, grant) => Err(unproved()),
        Event::Revocation(asked) if !asked.dpop => Err(unproved()),
        _ => Ok(()),
    }
}

fn unproved() -> Refused {
    Refused::new("invalid_dpop_proof", "DPoP proof is missing")
}
