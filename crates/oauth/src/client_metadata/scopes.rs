//! The scopes a client asks for, and Keycloak's client scopes that come of it.

use super::{KEPT, Metadata, attribute, list, switch};
use serde_json::{Map, Value, json};

/// Writes the scopes asked for. Nothing asked: a new client is left without the two lists, for
/// the caller to fill with the realm's defaults. Asked: they become optional, and a new client
/// has `basic` (with a service account `service_account` too) by default, as Keycloak does.
pub(super) fn write(metadata: &Metadata, client: &mut Map<String, Value>) {
    let Some(asked) = metadata.requested_scopes() else {
        return;
    };
    if !client.contains_key("defaultClientScopes") {
        let defaults: &[&str] = if switch(client, "serviceAccountsEnabled") {
            &["service_account", "basic"]
        } else {
            &["basic"]
        };
        client.insert("defaultClientScopes".to_owned(), json!(defaults));
    }
    let defaults = list(client, "defaultClientScopes");
    let optional: Vec<&str> = asked.into_iter().filter(|name| !defaults.contains(name)).collect();
    let optional = json!(optional);
    client.insert("optionalClientScopes".to_owned(), optional);
}

/// What the answer's `scope` says: the optional client scopes, and names that mean nothing here but may be asked for.
pub(super) fn told(client: &Map<String, Value>) -> String {
    let mut told = list(client, "optionalClientScopes");
    let own = attribute(client, &format!("{KEPT}scope")).unwrap_or_default();
    let more: Vec<&str> = own
        .split(' ')
        .filter(|name| !name.is_empty() && !told.contains(name))
        .collect();
    told.extend(more);
    told.join(" ")
}
