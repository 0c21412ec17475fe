//! Parameters of other specifications that are read only to be refused: `authorization_details` (RFC 9396), of which no type is
//! known here, a `resource` (RFC 8707) that is none, and levels that the parameter `claims` demands and nobody knows.

use serde_json::{Map, Value};
use url::Url;
use vestibule_oauth::params::Params;

use super::checks::ForTheClient;
use crate::oidc::tokens::resource;

/// What is asked for in detail, or of which resource.
pub(super) fn known(params: &Params) -> Result<(), ForTheClient> {
    let refuse = |code, text: &str| ForTheClient {
        code,
        reason: Some(text.to_owned()),
        description: Some(text.to_owned()),
        event: "invalid_request",
        details: Vec::new(),
        mode_known: true,
    };
    let mut resources = params.all("resource").filter(|sent| !sent.trim().is_empty());
    if resources.any(|sent| !is_resource(sent)) {
        return Err(refuse("invalid_target", resource::TEXT));
    }
    match params.heeded("authorization_details") {
        Some(sent) => Err(refuse("invalid_request", &unsupported(sent))),
        None => Ok(()),
    }
}

/// An absolute address without a fragment. RFC 8707 section 2.
fn is_resource(sent: &str) -> bool {
    Url::parse(sent).is_ok_and(|url| url.fragment().is_none())
}

/// Why it is refused: each of them has a type, and none is known.
fn unsupported(sent: &str) -> String {
    let Ok(all) = serde_json::from_str::<Option<Vec<Map<String, Value>>>>(sent) else {
        return format!("Invalid authorization_details: {sent}");
    };
    let Some(first) = all.unwrap_or_default().into_iter().next() else {
        return "Authorization_Details parameter cannot be empty".to_owned();
    };
    let named = match first.get("type") {
        None | Some(Value::Null) => return "Authorization_Details parameter provided without type".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    format!(
        "Unsupported type '{named}' of authorization_details parameter supplied in the request. Supported values: []"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_absolute_address_without_a_fragment() {
        for good in ["https://api.example", "urn:x:y", "https://api.example/?x=1"] {
            assert!(is_resource(good), "{good}");
        }
        for bad in ["a", "/x", "https://a#f", "https://a#", "https://"] {
            assert!(!is_resource(bad), "{bad}");
        }
    }

    #[test]
    fn details_are_refused_by_what_is_wrong_with_them() {
        for (sent, text) in [
            ("{", "Invalid authorization_details: {"),
            (r#"{"type":"x"}"#, r#"Invalid authorization_details: {"type":"x"}"#),
            ("[]", "Authorization_Details parameter cannot be empty"),
            ("null", "Authorization_Details parameter cannot be empty"),
            ("[{}]", "Authorization_Details parameter provided without type"),
        ] {
            assert_eq!(unsupported(sent), text);
        }
        assert!(unsupported(r#"[{"type":"a"},{"type":"b"}]"#).starts_with("Unsupported type 'a' of"));
    }
}
