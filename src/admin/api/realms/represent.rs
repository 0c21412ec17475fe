//! A realm as `RealmRepresentation`.

use serde_json::{Value, json};

use crate::admin::api::json::members;
use crate::app::App;
use crate::error::Error;
use crate::realm_setup::COLLECTIONS;
use crate::secret_settings::{MASK, is_secret};
use crate::store::group;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;
use crate::store::realm_list::Outline;

/// Members that only an export shows.
const EXPORTED: &[&str] = &["defaultDefaultClientScopes", "defaultOptionalClientScopes"];

/// All settings, in Keycloak's order.
pub(super) async fn full(app: &App, id: &str, name: &str, doc: &Doc) -> Result<Value, Error> {
    let mut shown = Doc::new();
    for member in members("RealmRepresentation") {
        let value = match member {
            "id" => json!(id),
            "realm" => json!(name),
            "defaultGroups" => default_groups(app, id, doc).await?,
            "defaultRole" => doc.get("defaultRole").cloned().unwrap_or_default(),
            "smtpServer" | "attributes" => masked(doc.get(member)),
            _ if COLLECTIONS.contains(&member) || EXPORTED.contains(&member) => Value::Null,
            _ => doc.get(member).cloned().unwrap_or_default(),
        };
        if !value.is_null() {
            shown.insert(member.to_owned(), value);
        }
    }
    Ok(Value::Object(shown))
}

async fn default_groups(app: &App, realm_id: &str, doc: &Doc) -> Result<Value, Error> {
    let mut paths = Vec::new();
    for id in json::texts(doc, "defaultGroups") {
        if let Some(found) = group::by_id(&app.db, realm_id, id).await? {
            paths.push(group::path(&app.db, realm_id, &found).await?);
        }
    }
    Ok(if paths.is_empty() { Value::Null } else { json!(paths) })
}

fn masked(map: Option<&Value>) -> Value {
    let Some(Value::Object(map)) = map else {
        return Value::Null;
    };
    let hide = |key: &str| is_secret(key) || matches!(key, "password" | "authTokenClientSecret");
    let shown = map.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| {
        let empty = value.as_str().is_some_and(str::is_empty);
        (
            key.clone(),
            if hide(key) && !empty {
                json!(MASK)
            } else {
                value.clone()
            },
        )
    });
    Value::Object(shown.collect())
}

/// What lists show with `briefRepresentation`.
pub(super) fn brief(realm: &Outline) -> Value {
    let mut shown = json!({ "id": realm.id, "realm": realm.name });
    for key in ["displayName", "displayNameHtml"] {
        if let Some(text) = realm.shown.get(key) {
            shown[key] = text.clone();
        }
    }
    shown["enabled"] = json!(json::flag(&realm.shown, "enabled"));
    shown
}

/// What those see who may not see the settings.
pub(super) fn outline(realm: &Realm, sees_users: bool) -> Value {
    let mut shown = Doc::new();
    shown.insert("realm".into(), json!(realm.name));
    let mut put = |key: &str, absent: Value| {
        let value = realm.doc.get(key).cloned().unwrap_or(absent);
        if !value.is_null() {
            shown.insert(key.into(), value);
        }
    };
    put("displayName", Value::Null);
    put("displayNameHtml", Value::Null);
    if sees_users {
        put("registrationEmailAsUsername", json!(false));
    }
    put("bruteForceProtected", json!(false));
    put("supportedLocales", json!([]));
    put("defaultLocale", Value::Null);
    put("organizationsEnabled", json!(false));
    Value::Object(shown)
}
