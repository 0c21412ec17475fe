//! What refusals call members: as the sender did, in metadata or in Keycloak's own form.

use vestibule_oauth::client_metadata::AuthMethod;

use super::asked::Form;

/// The way to authenticate, which has other values in the two forms as well.
const METHOD: &str = "token_endpoint_auth_method";

/// Members and attributes of Keycloak's form, and of metadata, as policies name either.
const SAME: [(&str, &str); 20] = [
    ("redirectUris", "redirect_uris"),
    ("name", "client_name"),
    ("baseUrl", "client_uri"),
    ("clientAuthenticatorType", METHOD),
    ("optionalClientScopes", "scope"),
    ("implicitFlowEnabled", "grant_types"),
    ("directAccessGrantsEnabled", "grant_types"),
    ("jwksUri", "jwks_uri"),
    ("requestUris", "request_uris"),
    ("logoUri", "logo_uri"),
    ("policyUri", "policy_uri"),
    ("tosUri", "tos_uri"),
    ("sectorIdentifierUri", "sector_identifier_uri"),
    ("logoutUrl", "backchannel_logout_uri"),
    ("backchannelLogoutUrl", "backchannel_logout_uri"),
    ("postLogoutUris", "post_logout_redirect_uris"),
    ("postLogoutRedirectUris", "post_logout_redirect_uris"),
    (
        "cibaClientNotificationEndpoint",
        "backchannel_client_notification_endpoint",
    ),
    ("frontchannel.logout.url", "frontchannel_logout_uri"),
    ("pkce.code.challenge.method", "code_challenge_method"),
];

/// Attributes that are one member of metadata each.
const ATTRIBUTES: [(&str, &str); 8] = [
    ("request.object.signature.alg", "request_object_signing_alg"),
    ("user.info.response.signature.alg", "userinfo_signed_response_alg"),
    ("id.token.signed.response.alg", "id_token_signed_response_alg"),
    ("token.endpoint.auth.signing.alg", "token_endpoint_auth_signing_alg"),
    (
        "ciba.backchannel.auth.request.signing.alg",
        "backchannel_authentication_request_signing_alg",
    ),
    (
        "tls.client.certificate.bound.access.tokens",
        "tls_client_certificate_bound_access_tokens",
    ),
    ("dpop.bound.access.tokens", "dpop_bound_access_tokens"),
    ("x509.subjectdn", "tls_client_auth_subject_dn"),
];

/// The name of a member.
pub(super) fn field(form: Form, field: &str) -> &str {
    if form == Form::OpenId {
        let mut known = SAME.iter().chain(&ATTRIBUTES);
        return known.find(|(own, _)| *own == field).map_or(field, |(_, sent)| sent);
    }
    // What attributes are called is the same there.
    let known = SAME[..5].iter().find(|(_, metadata)| *metadata == field);
    known.map_or(field, |(own, _)| own)
}

/// What was there, where the two forms have other words for it.
pub(super) fn value<'a>(form: Form, field: &str, value: &'a str) -> &'a str {
    match AuthMethod::parse(value) {
        Some(method) if form != Form::OpenId && field == METHOD => method.authenticator(),
        _ => value,
    }
}
