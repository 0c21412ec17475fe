//! Executors: what a profile demands. One small file per subject; each has a part for what a client becomes, one for what it
//! asks for, or both.

mod authenticator;
mod ciba;
mod client_type;
mod client_uris;
mod exchange;
mod flows;
mod intent;
mod logout;
mod pkce;
mod pushed;
mod redirect_uris;
mod request_object;
mod session;
mod signatures;
mod switches;
mod uri_patterns;
mod x509;

pub(super) use switches::binds_only_refresh;

use super::at::{At, Change};
use super::refused::Refused;
use super::rules::Rule;
use crate::app::App;
use crate::store::json::{self, Doc};

type Judgement = Result<(), Refused>;

/// Those that only make something else of a request (`Effects`).
const SILENT: [&str; 4] = [
    "auth-flow-enforcer",
    "registration-access-token-rotation-disabled",
    "suppress-refresh-token-rotation",
    "use-lightweight-access-token",
];

/// Those for clients that speak SAML, which these endpoints do not serve.
const SAML: [&str; 3] = [
    "saml-avoid-redirect",
    "saml-secure-client-uris",
    "saml-signature-enforcer",
];

/// Completes and judges a client as it would become.
pub(super) fn on_change(rule: &Rule<'_>, doc: &mut Doc, change: &Change<'_>) -> Judgement {
    let config = rule.config;
    match rule.executor {
        "reject-request" => reject(),
        "pkce-enforcer" => pkce::on_change(config, doc),
        "reject-implicit-grant" => flows::implicit_on_change(config, doc),
        "reject-ropc-grant" => flows::password_on_change(config, doc),
        "secure-response-type" => flows::response_type_on_change(config, doc),
        "consent-required" => switches::consent(config, doc),
        "full-scope-disabled" => switches::full_scope(config, doc),
        "holder-of-key-enforcer" => switches::holder_of_key(config, doc),
        "dpop-bind-enforcer" => switches::dpop(config, doc),
        "secure-client-authenticator" => authenticator::on_change(config, doc, change),
        "secure-client-uris" => client_uris::on_change(doc),
        "secure-client-uris-pattern" => uri_patterns::on_change(config, doc),
        "secure-redirect-uris-enforcer" => redirect_uris::on_change(config, doc, &change.updater.caller.base),
        "secure-signature-algorithm" => signatures::on_change(config, doc),
        "secure-ciba-req-sig-algorithm" => ciba::on_change(config, doc),
        "secure-logout" => logout::on_change(config, doc),
        "tls-client-auth-ca-subject-dn" => x509::on_change(config, doc),
        other => known(other, doc),
    }
}

/// Judges what a client asks for.
pub(super) fn on_request(rule: &Rule<'_>, at: &At<'_>) -> Judgement {
    let config = rule.config;
    match rule.executor {
        "reject-request" => reject(),
        "pkce-enforcer" => pkce::on_request(at),
        "reject-implicit-grant" => flows::implicit(at),
        "reject-ropc-grant" => flows::password(at),
        "secure-response-type" => flows::response_type(config, at),
        "confidential-client" => client_type::on_request(at),
        "holder-of-key-enforcer" => switches::certificate(at),
        "dpop-bind-enforcer" => switches::dpop_key(config, at),
        "secure-client-authenticator" => authenticator::on_request(config, at),
        "secure-client-authentication-assertion" => authenticator::audience(at),
        "secure-client-uris" => client_uris::on_request(at),
        "secure-redirect-uris-enforcer" => redirect_uris::on_request(config, at),
        "secure-signature-algorithm-signed-jwt" => signatures::on_request(config, at),
        "secure-request-object" => request_object::on_request(config, at),
        "secure-par-content" => pushed::on_request(at),
        "secure-session" => session::on_request(at),
        "secure-ciba-session" => ciba::session(at),
        "secure-ciba-signed-authn-req" => ciba::signed(config, at),
        "intent-client-bind-checker" => intent::on_request(config, at),
        "jwt-claim-enforcer" => exchange::claim(config, at),
        "downscope-assertion-grant-enforcer" => exchange::scope(at),
        "consent-required"
        | "full-scope-disabled"
        | "secure-client-uris-pattern"
        | "secure-signature-algorithm"
        | "secure-ciba-req-sig-algorithm"
        | "secure-logout"
        | "tls-client-auth-ca-subject-dn" => Ok(()),
        other => known(other, at.doc),
    }
}

/// What has to be asked elsewhere before a request is let through.
pub(super) async fn ask_others(app: &App, rule: &Rule<'_>, at: &At<'_>) -> Judgement {
    match rule.executor {
        "intent-client-bind-checker" => intent::ask(app, rule.config, at).await,
        _ => Ok(()),
    }
}

/// `reject-request`: nothing at all.
pub(super) fn reject() -> Judgement {
    Err(Refused::request("Request not allowed"))
}

/// An executor that has nothing to say here. One that we do not know refuses: a realm must not be laxer than its
/// administrator believes.
fn known(executor: &str, doc: &Doc) -> Judgement {
    const ELSEWHERE: [&str; 11] = [
        "confidential-client",
        "downscope-assertion-grant-enforcer",
        "intent-client-bind-checker",
        "jwt-claim-enforcer",
        "secure-ciba-session",
        "secure-ciba-signed-authn-req",
        "secure-client-authentication-assertion",
        "secure-par-content",
        "secure-request-object",
        "secure-session",
        "secure-signature-algorithm-signed-jwt",
    ];
    let openid = json::text(doc, "protocol").is_none_or(|protocol| protocol != "saml");
    if SILENT.contains(&executor) || ELSEWHERE.contains(&executor) || (openid && SAML.contains(&executor)) {
        return Ok(());
    }
    Err(Refused::request(format!("The executor {executor} is not known here")))
}

/// Sets an attribute of a client.
fn set_attribute(doc: &mut Doc, name: &str, value: &str) {
    let attributes = doc.entry("attributes").or_insert_with(|| Doc::new().into());
    if let Some(attributes) = attributes.as_object_mut() {
        attributes.insert(name.to_owned(), value.into());
    }
}

/// Whether what is asked comes from the client itself, which proves who it is; not from a person's browser, nor with a
/// person's password.
fn is_from_client(at: &At<'_>) -> bool {
    use super::at::Event;
    match at.event {
        Event::Token(grant, _) => grant != "password",
        Event::Pushed(_)
        | Event::Device(_)
        | Event::Backchannel(_)
        | Event::Introspection(_)
        | Event::Revocation(_)
        | Event::Logout(_) => !json::flag(at.doc, "publicClient"),
        Event::Change(_) | Event::Look | Event::PreAuthorization(_) | Event::Authorization(_) | Event::UserInfo(_) => {
            false
        }
    }
}
