//! Letting an application act.

use serde::Serialize;

use super::Page;

/// `login-oauth-grant.j2`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OauthGrant {
    /// What is asked.
    pub oauth: Oauth,
}

/// What an application asks for.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Oauth {
    /// The hidden field `code`.
    pub code: String,
    /// The scopes to agree to.
    pub client_scopes_requested: Vec<Scope>,
    /// Set if nobody has vouched for the application.
    pub stranger: Option<Stranger>,
}

/// An application that nobody has vouched for.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stranger {
    /// The host where it describes itself; empty if it registered.
    pub client_host: String,
    /// Where people are sent: a host, or the scheme that a program goes by.
    pub redirect_host: String,
    /// That is a program beside the browser.
    pub on_this_device: bool,
}

/// One scope.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// Its consent text: text, or `${key}`.
    pub consent_screen_text: String,
    /// The parameter of a dynamic scope; empty if there is none.
    pub dynamic_scope_parameter: String,
}

impl Page for OauthGrant {
    const TEMPLATE: &'static str = "login-oauth-grant.j2";

    fn sample() -> Self {
        let scope = |key: &str| Scope {
            consent_screen_text: format!("${{{key}}}"),
            ..Scope::default()
        };
        let client_scopes_requested = [
            "emailScopeConsentText",
            "profileScopeConsentText",
            "rolesScopeConsentText",
        ]
        .map(scope)
        .to_vec();
        Self {
            oauth: Oauth {
                code: "sample".to_owned(),
                client_scopes_requested,
                stranger: Some(Stranger {
                    client_host: "logbook.example.com".to_owned(),
                    redirect_host: "localhost".to_owned(),
                    on_this_device: true,
                }),
            },
        }
    }
}

/// `login-oauth2-device-verify-user-code.j2`: the code that a device shows is typed here.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceUserCode {}

impl Page for DeviceUserCode {
    const TEMPLATE: &'static str = "login-oauth2-device-verify-user-code.j2";

    fn sample() -> Self {
        Self {}
    }
}
