//! `grant_types` and `response_types`, and the switches of a client they stand for.

use super::{Metadata, attribute, switch};
use serde_json::{Map, Value, json};

const CODE: &str = "authorization_code";
const IMPLICIT: &str = "implicit";
const PASSWORD: &str = "password";
const CLIENT_CREDENTIALS: &str = "client_credentials";
const REFRESH: &str = "refresh_token";
const UMA: &str = "urn:ietf:params:oauth:grant-type:uma-ticket";

/// The grants that are an attribute of the client, in the order of the answer.
const BY_ATTRIBUTE: [(&str, &str); 4] = [
    (
        "urn:ietf:params:oauth:grant-type:device_code",
        "oauth2.device.authorization.grant.enabled",
    ),
    ("urn:openid:params:grant-type:ciba", "oidc.ciba.grant.enabled"),
    (
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "standard.token.exchange.enabled",
    ),
    (
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "oauth2.jwt.authorization.grant.enabled",
    ),
];

/// Which answers of the authorization endpoint a client may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flows {
    /// Codes.
    pub standard: bool,
    /// Tokens.
    pub implicit: bool,
}

impl Flows {
    /// What was asked for; `None` if nothing was said. If both members speak, Keycloak hears
    /// `response_types`; an empty list of those says nothing, an empty list of grants means
    /// `authorization_code`. But both lists empty in an update are the answer of a client without
    /// any flow, sent back, and must not open one.
    pub fn asked(metadata: &Metadata, created: bool) -> Option<Self> {
        if let Some(types) = metadata.response_types.as_ref().filter(|types| !types.is_empty()) {
            let words = |wanted: &[&str]| {
                types
                    .iter()
                    .flat_map(|t| t.split(' '))
                    .any(|word| wanted.contains(&word))
            };
            return Some(Self {
                standard: words(&["code", "none"]),
                implicit: words(&["token", "id_token"]),
            });
        }
        let grants = metadata.grant_types.as_ref()?;
        if !created && grants.is_empty() && metadata.response_types.is_some() {
            return Some(Self {
                standard: false,
                implicit: false,
            });
        }
        let has = |grant: &str| grants.iter().any(|one| one == grant);
        Some(Self {
            standard: has(CODE) || grants.is_empty(),
            implicit: has(IMPLICIT),
        })
    }
}

/// Writes what was asked for into a client.
pub(super) fn write(
    metadata: &Metadata,
    client: &mut Map<String, Value>,
    attributes: &mut Map<String, Value>,
    created: bool,
) {
    let default = Flows {
        standard: true,
        implicit: false,
    };
    if let Some(flows) = Flows::asked(metadata, created).or(created.then_some(default)) {
        client.insert("standardFlowEnabled".to_owned(), json!(flows.standard));
        client.insert("implicitFlowEnabled".to_owned(), json!(flows.implicit));
    }
    let Some(grants) = &metadata.grant_types else {
        if created {
            client.insert("directAccessGrantsEnabled".to_owned(), json!(false));
        }
        return;
    };
    let has = |grant: &str| grants.iter().any(|one| one == grant);
    client.insert("directAccessGrantsEnabled".to_owned(), json!(has(PASSWORD)));
    // Keycloak's authorization services act through the client's service account.
    client.insert(
        "serviceAccountsEnabled".to_owned(),
        json!(has(CLIENT_CREDENTIALS) || has(UMA)),
    );
    if has(UMA) || switch(client, "authorizationServicesEnabled") {
        client.insert("authorizationServicesEnabled".to_owned(), json!(has(UMA)));
    }
    attributes.insert("use.refresh.tokens".to_owned(), json!(has(REFRESH).to_string()));
    for (grant, name) in BY_ATTRIBUTE {
        attributes.insert(name.to_owned(), json!(has(grant).to_string()));
    }
}

/// The grants of a client.
pub(super) fn grant_types(client: &Map<String, Value>) -> Vec<&'static str> {
    let mut grants = Vec::new();
    for (name, grant) in [
        ("standardFlowEnabled", CODE),
        ("implicitFlowEnabled", IMPLICIT),
        ("directAccessGrantsEnabled", PASSWORD),
        ("serviceAccountsEnabled", CLIENT_CREDENTIALS),
        ("authorizationServicesEnabled", UMA),
    ] {
        if switch(client, name) {
            grants.push(grant);
        }
    }
    let named = BY_ATTRIBUTE
        .into_iter()
        .filter(|(_, name)| attribute(client, name) == Some("true"));
    grants.extend(named.map(|(grant, _)| grant));
    if attribute(client, "use.refresh.tokens") != Some("false") {
        grants.push(REFRESH);
    }
    grants
}

/// The response types of a client.
pub(super) fn response_types(client: &Map<String, Value>) -> Vec<&'static str> {
    let (standard, implicit) = (
        switch(client, "standardFlowEnabled"),
        switch(client, "implicitFlowEnabled"),
    );
    let mut types = Vec::new();
    if standard {
        types.extend(["code", "none"]);
    }
    if implicit {
        types.extend(["id_token", "id_token token"]);
    }
    if standard && implicit {
        types.extend(["code id_token", "code token", "code id_token token"]);
    }
    types
}
