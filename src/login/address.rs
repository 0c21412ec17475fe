//! Addresses below `/realms/REALM/login-actions/`.

use super::session::AuthSession;
use crate::caller::Caller;
use crate::page::path_part;
use crate::store::client::Client;
use crate::store::realm::Realm;

/// The address of a realm without scheme and host: `/auth/realms/NAME`.
pub fn realm_path(caller: &Caller, realm: &Realm) -> String {
    format!("{}/realms/{}", caller.prefix, path_part(&realm.name))
}

/// Scheme, host and path of a realm.
pub fn realm_url(caller: &Caller, realm: &Realm) -> String {
    format!("{}/realms/{}", caller.base, path_part(&realm.name))
}

/// What names a tab in an address: `client_id`, `tab_id`, `client_data`.
pub fn tab_query(client: &Client, session: &AuthSession) -> String {
    let data = session.request.client_data();
    let pairs = [
        ("client_id", client.client_id.as_str()),
        ("tab_id", &session.tab_id),
        ("client_data", &data),
    ];
    vestibule_oauth::params::encode(&pairs)
}

/// A link of a page: path and query only.
pub fn link(caller: &Caller, realm: &Realm, client: &Client, session: &AuthSession, action: &str) -> String {
    format!(
        "{}/login-actions/{action}?{}",
        realm_path(caller, realm),
        tab_query(client, session)
    )
}

/// Where a page's form posts to: with the one-time code and the execution. `tab`: its [`tab_query`].
pub fn form(caller: &Caller, realm: &Realm, session: &AuthSession, tab: &str) -> String {
    let code = session.code.as_deref().map(|code| ("session_code", code));
    url(caller, realm, session, code, tab)
}

/// Where the page of this tab is shown again: with the execution, without a code.
pub fn here(caller: &Caller, realm: &Realm, client: &Client, session: &AuthSession) -> String {
    url(caller, realm, session, None, &tab_query(client, session))
}

fn url(caller: &Caller, realm: &Realm, session: &AuthSession, code: Option<(&str, &str)>, tab: &str) -> String {
    let execution = session.execution.as_deref().map(|e| ("execution", e));
    let pairs: Vec<(&str, &str)> = code.into_iter().chain(execution).collect();
    let first = vestibule_oauth::params::encode(&pairs);
    let gap = if first.is_empty() { "" } else { "&" };
    format!(
        "{}/login-actions/{}?{first}{gap}{tab}",
        realm_url(caller, realm),
        session.path()
    )
}

/// What a client's relative addresses are below: its `rootUrl`, else this server.
pub fn root_url(caller: &Caller, client: &Client) -> String {
    let root = client.text("rootUrl").unwrap_or(&caller.base);
    root.replace("${authBaseUrl}", &caller.base)
        .replace("${authAdminUrl}", &caller.base)
        .trim_end_matches('/')
        .to_owned()
}

/// The address that a client gives people to come back to (`baseUrl`); empty if there is none.
pub fn base_url(caller: &Caller, client: &Client) -> String {
    let base = client.text("baseUrl").unwrap_or_default();
    if base.is_empty() || base.contains("://") {
        return base.to_owned();
    }
    format!("{}{base}", root_url(caller, client))
}

/// The redirect URI that was sent, in full, if it is the client's. Who registers an application cannot register a pattern;
/// only administrators write them.
pub fn redirect_uri(caller: &Caller, client: &Client, sent: &str) -> Option<String> {
    let registered: Vec<String> = client.texts("redirectUris").into_iter().map(str::to_owned).collect();
    let root = root_url(caller, client);
    vestibule_oauth::redirect_uri::matches(&registered, sent, Some(&root), true)
}
