//! The kinds of identity providers and of mappers, as Keycloak 26.7 lists them.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// `providers`: the answer for each kind; `mappers`: each type of mapper; `of`: which types a kind has.
static CATALOG: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("catalog.json")).unwrap_or_default());

/// What `providers/ID` answers, if there is such a kind.
pub(super) fn kind(id: &str) -> Option<&'static Value> {
    CATALOG["providers"].get(id)
}

/// The types of mappers that a kind has.
pub(super) fn mapper_types(kind: &str) -> Map<String, Value> {
    let names = CATALOG["of"].get(kind).and_then(Value::as_array).into_iter().flatten();
    names
        .filter_map(Value::as_str)
        .filter_map(|name| Some((name.to_owned(), CATALOG["mappers"].get(name)?.clone())))
        .collect()
}

/// What a kind says it is good for. Social networks say nothing there.
pub(super) fn types(kind: &str) -> &'static [&'static str] {
    match kind {
        "oidc" | "keycloak-oidc" => &[
            "USER_AUTHENTICATION",
            "CLIENT_ASSERTION",
            "TRUST_MATERIAL",
            "EXCHANGE_EXTERNAL_TOKEN",
            "JWT_AUTHORIZATION_GRANT",
        ],
        "oauth2" => &["USER_AUTHENTICATION", "EXCHANGE_EXTERNAL_TOKEN"],
        "saml" => &["USER_AUTHENTICATION"],
        "kubernetes" => &["CLIENT_ASSERTION"],
        "jwt-authorization-grant" => &["JWT_AUTHORIZATION_GRANT"],
        _ => &[],
    }
}

/// The kinds that a list shows for `type`; `None`: there is no such type. An empty list: all of them.
pub(super) fn kinds_of_type(wanted: &str) -> Option<Vec<String>> {
    let named = |kinds: &[&str]| kinds.iter().map(|k| (*k).to_owned()).collect();
    Some(match wanted {
        "ANY" => Vec::new(),
        "USER_AUTHENTICATION" => all_but(&["kubernetes", "jwt-authorization-grant"]),
        "CLIENT_ASSERTION" => named(&["keycloak-oidc", "kubernetes", "oidc"]),
        "TRUST_MATERIAL" => named(&["keycloak-oidc", "oidc"]),
        "EXCHANGE_EXTERNAL_TOKEN" => named(&["keycloak-oidc", "oauth2", "oidc"]),
        "JWT_AUTHORIZATION_GRANT" => named(&[
            "gitlab",
            "google",
            "jwt-authorization-grant",
            "keycloak-oidc",
            "linkedin-openid-connect",
            "oidc",
        ]),
        _ => return None,
    })
}

/// The kinds that a list shows for `capability`.
pub(super) fn kinds_of_capability(wanted: &str) -> Option<Vec<String>> {
    (wanted == "USER_LINKING").then(|| all_but(&["kubernetes"]))
}

fn all_but(without: &[&str]) -> Vec<String> {
    let all = CATALOG["providers"].as_object().into_iter().flat_map(Map::keys);
    all.filter(|k| !without.contains(&k.as_str())).cloned().collect()
}

/// The issuer that a kind has where none is written.
pub(super) fn issuer(kind: &str) -> Option<&'static str> {
    match kind {
        "google" => Some("https://accounts.google.com"),
        "kubernetes" => Some("https://kubernetes.default.svc.cluster.local"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_mappers() {
        let kinds = CATALOG["providers"].as_object().unwrap();
        assert_eq!(kinds.len(), 17);
        for kind in kinds.keys() {
            assert!(
                mapper_types(kind).contains_key("hardcoded-attribute-idp-mapper"),
                "{kind}"
            );
        }
        assert!(mapper_types("oidc").contains_key("oidc-user-attribute-idp-mapper"));
    }
}
