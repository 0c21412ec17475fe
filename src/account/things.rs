//! What else the console asks: groups, organizations, languages, resources.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::person::{Person, Right};
use crate::admin::api::answer;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::organizations;
use crate::admin::api::representation::group as represent;
use crate::store::{group, organization};

/// `GET groups`
pub async fn groups(person: &Person) -> Answer {
    person.require(&[Right::ManageAccount, Right::ViewGroups])?;
    let brief = person.query.flag("briefRepresentation") != Some(false);
    let mut shown = Vec::new();
    for g in group::of_user(&person.app.db, &person.user.id).await? {
        shown.push(if brief {
            represent::brief(&person.app, &person.realm, &g).await?
        } else {
            represent::full(&person.app, &person.realm, &g).await?
        });
    }
    answer::json(&shown)
}

/// `GET supportedLocales`: whoever has a token may ask.
pub fn locales(person: &Person) -> Answer {
    let mut offered = if person.realm.flag("internationalizationEnabled") {
        person.realm.texts("supportedLocales")
    } else {
        Vec::new()
    };
    offered.sort_unstable();
    answer::json_plain(&offered)
}

/// `GET organizations`: there is no such address where the realm has none.
pub async fn organizations(person: &Person) -> Answer {
    if !person.realm.flag("organizationsEnabled") {
        return Err(ApiError::no_such_path());
    }
    person.require(&[Right::ManageAccount, Right::ViewProfile])?;
    let mut shown = Vec::new();
    for o in organization::of_user(&person.app.db, &person.realm.id, &person.user.id).await? {
        let mut doc = organizations::representation::of(&person.app, &o, true).await?;
        // Of its domains people are told the names.
        if let Some(domains) = doc.get_mut("domains").and_then(Value::as_array_mut) {
            for domain in domains {
                *domain = domain["name"].take();
            }
        }
        shown.push(doc);
    }
    answer::json_plain(&shown)
}

/// `GET resources` and below: what applications keep for somebody, which none does here.
pub fn resources(person: &Person) -> Answer {
    if !person.realm.flag("userManagedAccessAllowed") {
        let text = "User-managed access not enabled";
        return Err(ApiError::message(StatusCode::FORBIDDEN, text));
    }
    person.require(&[Right::ManageAccount, Right::ViewProfile])?;
    answer::json_plain(&json!([]))
}
