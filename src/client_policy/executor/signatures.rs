//! `secure-signature-algorithm` and `secure-signature-algorithm-signed-jwt`: signatures that nobody can make who has not the
//! private key, and that hold.

use vestibule_jose::jwt;

use super::{Judgement, is_from_client, set_attribute};
use crate::client_policy::at::At;
use crate::client_policy::config::Config;
use crate::client_policy::refused::Refused;
use crate::store::json::{self, Doc};

const GOOD: [&str; 6] = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/// What is signed for a client, and by it.
const SIGNED: [&str; 5] = [
    "request.object.signature.alg",
    "user.info.response.signature.alg",
    "id.token.signed.response.alg",
    "access.token.signed.response.alg",
    OWN,
];

/// What a client signs to prove itself.
const OWN: &str = "token.endpoint.auth.signing.alg";

pub(super) fn on_change(config: Config<'_>, doc: &mut Doc) -> Judgement {
    complete(config, doc, &SIGNED)
}

/// Gives attributes that are absent the default, and refuses what is weaker.
pub(super) fn complete(config: Config<'_>, doc: &mut Doc, attributes: &[&'static str]) -> Judgement {
    let by_default = config
        .text("default-algorithm")
        .filter(|alg| GOOD.contains(alg))
        .unwrap_or("PS256");
    for name in attributes {
        match json::attribute(doc, name) {
            // It is signed with the secret, whatever is written here.
            None if *name == OWN && json::text(doc, "clientAuthenticatorType") == Some("client-secret-jwt") => {
                return Err(weak().about(name, "HS256"));
            }
            None => set_attribute(doc, name, by_default),
            Some(alg) if GOOD.contains(&alg) => {}
            Some(alg) => return Err(weak().about(name, alg)),
        }
    }
    Ok(())
}

fn weak() -> Refused {
    Refused::request("not allowed signature algorithm.")
}

/// The assertion that a client proves itself with.
pub(super) fn on_request(config: Config<'_>, at: &At<'_>) -> Judgement {
    let Some(asked) = at.event.asked().filter(|_| is_from_client(at)) else {
        return Ok(());
    };
    let Some(assertion) = asked.sent.text("client_assertion") else {
        if config.flag("require-client-assertion") {
            return Err(Refused::request("client assertion is required.").about("client_assertion", ""));
        }
        return Ok(());
    };
    let alg = jwt::decode(assertion)
        .map(|token| token.alg().to_string())
        .unwrap_or_default();
    if GOOD.contains(&alg.as_str()) {
        Ok(())
    } else {
        Err(weak().about("client_assertion", &alg))
    }
}
