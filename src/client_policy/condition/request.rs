//! Conditions about what is asked for.

use serde_json::Value;
use vestibule_oauth::authorize::ResponseType;
use vestibule_oauth::scope;

use super::Vote;
use crate::client_policy::at::{Asked, At, Event};
use crate::client_policy::config::Config;
use crate::store::json::{self, Doc};

/// `client-scopes`: scopes that the client has by default, or has and asks for.
pub(super) fn scopes(config: Config<'_>, at: &At<'_>) -> Vote {
    let (Event::Authorization(asked)
    | Event::Pushed(asked)
    | Event::Device(asked)
    | Event::Backchannel(asked)
    | Event::Token(_, asked)
    | Event::UserInfo(asked)) = at.event
    else {
        return Vote::Abstain;
    };
    let wanted = config.list("scopes");
    let by_default = || {
        let has = json::texts(at.doc, "defaultClientScopes");
        wanted.iter().any(|name| has.contains(name))
    };
    let optional = || {
        let has = json::texts(at.doc, "optionalClientScopes");
        let requested = asked.scope().unwrap_or_default();
        wanted
            .iter()
            .any(|name| has.contains(name) && scope::contains(requested, name))
    };
    Vote::of(match config.text("type").unwrap_or("Optional") {
        "Default" => by_default(),
        "Any" => by_default() || optional(),
        _ => optional(),
    })
}

/// `grant-type`: the grant that is used, or that an authorization request leads to.
pub(super) fn grant_type(config: Config<'_>, at: &At<'_>) -> Vote {
    let grants: Vec<&str> = match at.event {
        Event::Token(grant, _) => vec![grant],
        Event::Device(_) => vec!["urn:ietf:params:oauth:grant-type:device_code"],
        Event::Backchannel(_) => vec!["urn:openid:params:grant-type:ciba"],
        Event::Authorization(asked) | Event::Pushed(asked) => of_response_type(&asked),
        _ => return Vote::Abstain,
    };
    let wanted = config.list("grant_types");
    Vote::of(grants.iter().any(|grant| wanted.contains(grant)))
}

fn of_response_type(asked: &Asked<'_>) -> Vec<&'static str> {
    let sent = asked.params.heeded("response_type").unwrap_or_default();
    let Some(asked) = ResponseType::parse(sent) else {
        return Vec::new();
    };
    let code = (!asked.is_implicit()).then_some("authorization_code");
    let tokens = asked.has_tokens().then_some("implicit");
    code.into_iter().chain(tokens).collect()
}

/// `acr-condition`: a level of authentication is asked for.
pub(super) fn acr(config: Config<'_>, at: &At<'_>) -> Vote {
    let (Event::Authorization(asked) | Event::Pushed(asked)) = at.event else {
        return Vote::Abstain;
    };
    let wanted = config.text("acr-property").unwrap_or_default();
    let values = asked.params.heeded("acr_values").unwrap_or_default();
    let claims = asked
        .params
        .text("claims")
        .and_then(|text| serde_json::from_str::<Doc>(text).ok());
    let acr = claims.as_ref().and_then(|claims| claims.get("id_token")?.get("acr"));
    let listed = acr.and_then(|acr| acr.get("values")?.as_array());
    let is_it = |value: &Value| value.as_str() == Some(wanted);
    Vote::of(
        values.split_whitespace().any(|value| value == wanted)
            || acr.and_then(|acr| acr.get("value")).is_some_and(is_it)
            || listed.is_some_and(|all| all.iter().any(is_it)),
    )
}

/// `identity-provider-alias`: the provider that vouches for it.
pub(super) fn provider(config: Config<'_>, at: &At<'_>) -> Vote {
    match at.event.asked().and_then(|asked| asked.provider) {
        Some(alias) => Vote::of(config.list("identity_provider_aliases").contains(&alias)),
        None => Vote::Abstain,
    }
}
