//! `UserRepresentation`.

use serde_json::{Map, Value, json};

use crate::app::App;
use crate::error::Error;
use crate::profile::{self, Context, Place, Unmanaged};
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::user::{Attributes, User};
use crate::store::user_search;

/// The attributes that an administrator sees: those of the profile that it lets them see, others where the realm's
/// policy has any.
pub fn visible(realm: &Realm, user: &User) -> Attributes {
    let config = profile::config::of(realm);
    let speaks = realm.flag("internationalizationEnabled");
    let seen = |name: &str| match config.attribute(name) {
        Some(attribute) => attribute.is_seen_by(Context::UserApi),
        None if name == "locale" => speaks,
        None => {
            user.service_client.is_some()
                || config.unmanaged != Unmanaged::Disabled
                || matches!(name, "terms_and_conditions" | "disabledReason" | "kc.email.pending")
        }
    };
    let seen = user.attributes.iter().filter(|(name, _)| seen(name));
    let mut shown: Attributes = seen.map(|(name, values)| (name.clone(), values.clone())).collect();
    profile::add_defaults(realm, &Place::of(Context::UserApi), &mut shown);
    shown
}

fn head(user: &User) -> Doc {
    let mut shown = Map::new();
    shown.insert("id".into(), json!(user.id));
    shown.insert("username".into(), json!(user.username));
    let texts = [
        ("firstName", &user.first_name),
        ("lastName", &user.last_name),
        ("email", &user.email),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            shown.insert(key.into(), json!(value));
        }
    }
    shown.insert("emailVerified".into(), json!(user.email_verified));
    shown
}

/// What lists show with `briefRepresentation`.
pub fn brief(user: &User) -> Doc {
    let mut shown = head(user);
    shown.insert("enabled".into(), json!(user.enabled));
    shown.insert("createdTimestamp".into(), json!(user.created));
    shown
}

/// Everything. `otp`: the user has a generator of one-time passwords; `metadata`: the profile that goes with it.
pub fn full(user: &User, attributes: &Attributes, otp: bool, metadata: Option<Value>) -> Doc {
    let mut shown = head(user);
    if attributes.values().any(|values| !values.is_empty()) {
        shown.insert("attributes".into(), json!(attributes));
    }
    if let Some(metadata) = metadata {
        shown.insert("userProfileMetadata".into(), metadata);
    }
    shown.insert("enabled".into(), json!(user.enabled));
    shown.insert("createdTimestamp".into(), json!(user.created));
    shown.insert("totp".into(), json!(otp));
    shown.insert("disableableCredentialTypes".into(), json!([]));
    shown.insert("requiredActions".into(), json!(user.required_actions));
    shown.insert("notBefore".into(), json!(user.not_before));
    shown
}

/// A user without what only their own resource shows. `brief`: names and state only.
///
/// # Errors
///
/// Those of the database.
pub async fn member(app: &App, user: &User, brief: bool) -> Result<Value, Error> {
    let mut all = list(app, std::slice::from_ref(user), brief).await?;
    Ok(all.pop().unwrap_or_default())
}

/// A list of them.
///
/// # Errors
///
/// Those of the database.
pub async fn list(app: &App, users: &[User], brief: bool) -> Result<Vec<Value>, Error> {
    if brief {
        return Ok(users.iter().map(|u| Value::Object(self::brief(u))).collect());
    }
    let with_otp = user_search::with_otp(&app.db, users).await?;
    let shown = users
        .iter()
        .map(|u| full(u, &u.attributes, with_otp.contains(&u.id), None));
    Ok(shown.map(Value::Object).collect())
}
