//! `UserRepresentation` as lists of a group's members or a role's holders show it.

use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;
use crate::store::credential;
use crate::store::json::Doc;
use crate::store::user::User;

/// A user without what only their own resource shows. `brief`: names and state only.
///
/// # Errors
///
/// Those of the database.
pub async fn member(app: &App, user: &User, brief: bool) -> Result<Value, Error> {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(user.id));
    doc.insert("username".into(), json!(user.username));
    for (name, value) in [
        ("firstName", &user.first_name),
        ("lastName", &user.last_name),
        ("email", &user.email),
    ] {
        if let Some(value) = value {
            doc.insert(name.into(), json!(value));
        }
    }
    doc.insert("emailVerified".into(), json!(user.email_verified));
    if !brief && !user.attributes.is_empty() {
        doc.insert("attributes".into(), json!(user.attributes));
    }
    doc.insert("enabled".into(), json!(user.enabled));
    doc.insert("createdTimestamp".into(), json!(user.created));
    if !brief {
        let credentials = credential::of_user(&app.db, &user.id).await?;
        doc.insert("totp".into(), json!(credentials.iter().any(|c| c.kind == "otp")));
        doc.insert("disableableCredentialTypes".into(), json!([]));
        doc.insert("requiredActions".into(), json!(user.required_actions));
        doc.insert("notBefore".into(), json!(user.not_before));
    }
    Ok(Value::Object(doc))
}

/// A list of them.
///
/// # Errors
///
/// Those of the database.
pub async fn list(app: &App, users: &[User], brief: bool) -> Result<Vec<Value>, Error> {
    let mut all = Vec::new();
    for user in users {
        all.push(member(app, user, brief).await?);
    }
    Ok(all)
}
