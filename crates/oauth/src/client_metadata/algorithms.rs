//! The algorithms that a registrant may ask for: whoever is told yes gets what was asked for. RFC 7518, `OpenID` Connect
//! Registration §2.

use super::{AuthMethod, attribute, keys, refuse};
use crate::error::Refusal;
use serde_json::{Map, Value};

/// Signatures.
pub const SIGNATURES: &[&str] = &[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512",
];
/// The same, or none.
pub(super) const SIGNATURES_OR_NONE: &[&str] = &[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384",
    "HS512", "none",
];
/// The same, or whatever comes.
pub(super) const SIGNATURES_OR_ANY: &[&str] = &[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384",
    "HS512", "none", "any",
];
/// How a key reaches a client.
pub const ENCRYPTIONS: &[&str] = &[
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA1_5",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
];
/// How a key reaches this server.
pub(super) const DECRYPTIONS: &[&str] = &["RSA-OAEP", "RSA-OAEP-256", "any"];
/// How content is encrypted.
pub const ENCODINGS: &[&str] = &[
    "A128GCM",
    "A192GCM",
    "A256GCM",
    "A128CBC-HS256",
    "A192CBC-HS384",
    "A256CBC-HS512",
];
pub(super) const ENCODINGS_OR_ANY: &[&str] = &[
    "A128GCM",
    "A192GCM",
    "A256GCM",
    "A128CBC-HS256",
    "A192CBC-HS384",
    "A256CBC-HS512",
    "any",
];
/// What is not done at all.
pub(super) const NOTHING: &[&str] = &[];

/// What is encrypted for a client: the member and its attribute, for the algorithm and for the content.
const ENCRYPTED: [[(&str, &str); 2]; 3] = [
    [
        ("id_token_encrypted_response_alg", "id.token.encrypted.response.alg"),
        ("id_token_encrypted_response_enc", "id.token.encrypted.response.enc"),
    ],
    [
        ("userinfo_encrypted_response_alg", "user.info.encrypted.response.alg"),
        ("userinfo_encrypted_response_enc", "user.info.encrypted.response.enc"),
    ],
    [
        (
            "authorization_encrypted_response_alg",
            "authorization.encrypted.response.alg",
        ),
        (
            "authorization_encrypted_response_enc",
            "authorization.encrypted.response.enc",
        ),
    ],
];

/// What is signed for a client.
const SIGNED: [(&str, &str); 4] = [
    ("id_token_signed_response_alg", "id.token.signed.response.alg"),
    ("userinfo_signed_response_alg", "user.info.response.signature.alg"),
    ("authorization_signed_response_alg", "authorization.signed.response.alg"),
    ("introspection_signed_response_alg", "introspection.signed.response.alg"),
];

/// Whether the algorithms of a client go with its keys, its secret and its method.
///
/// # Errors
///
/// `invalid_client_metadata` with the member.
pub(super) fn check(client: &Map<String, Value>) -> Result<(), Refusal> {
    for [(alg_member, alg), (enc_member, enc)] in ENCRYPTED {
        let Some(wanted) = attribute(client, alg).filter(|alg| !matches!(*alg, "any" | "none")) else {
            if attribute(client, enc).is_some_and(|enc| !matches!(enc, "any" | "none")) {
                return Err(refuse(format!("{enc_member} needs {alg_member}")));
            }
            continue;
        };
        if !has_key_for(client, wanted) {
            return Err(refuse(format!(
                "{alg_member} {wanted} needs a key for it in jwks, or a jwks_uri"
            )));
        }
    }
    if attribute(client, "request.object.encryption.alg").is_none()
        && attribute(client, "request.object.encryption.enc").is_some_and(|enc| enc != "any")
    {
        return Err(refuse(
            "request_object_encryption_enc needs request_object_encryption_alg",
        ));
    }
    let method = AuthMethod::of_client(client);
    let has_secret = method.is_some_and(AuthMethod::has_secret);
    let symmetric = |name: &str| attribute(client, name).is_some_and(|alg| alg.starts_with("HS"));
    if let Some((member, _)) = SIGNED.iter().find(|(_, name)| !has_secret && symmetric(name)) {
        return Err(refuse(format!(
            "{member} needs a client secret for HS256, HS384 and HS512"
        )));
    }
    let own = attribute(client, "token.endpoint.auth.signing.alg");
    match (method, own.map(|alg| alg.starts_with("HS"))) {
        (Some(AuthMethod::ClientSecretJwt), Some(false)) => Err(refuse(
            "token_endpoint_auth_signing_alg must be HS256, HS384 or HS512 for client_secret_jwt",
        )),
        (Some(AuthMethod::PrivateKeyJwt), Some(true)) => Err(refuse(
            "token_endpoint_auth_signing_alg must not be HS256, HS384 or HS512 for private_key_jwt",
        )),
        _ => Ok(()),
    }
}

fn has_key_for(client: &Map<String, Value>, alg: &str) -> bool {
    if attribute(client, "use.jwks.url") == Some("true") {
        return attribute(client, "jwks.url").is_some();
    }
    let set = attribute(client, "jwks.string").and_then(|text| serde_json::from_str(text).ok());
    set.is_some_and(|set: Value| keys::can_encrypt(&set, alg))
}
