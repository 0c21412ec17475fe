//! The shape of a person: which attributes a realm asks for, who may write them, and what they must look like.
//!
//! Keycloak's user profile (`UPConfig`), stored as the realm's component `declarative-user-profile`.

pub mod address;
mod characters;
pub mod config;
mod place;
mod sense;
mod shown;
mod told;
mod untouched;
mod validators;

use serde_json::{Value, json};

pub use characters::is_plain;
pub use config::{Attribute, Config, Unmanaged, changes_email_by_action};
pub use place::Place;
pub use sense::faults;
pub use shown::{for_page, metadata};
pub use told::{changes, in_order};
pub use untouched::untouched;

use crate::store::realm::Realm;
use crate::store::user::{Attributes, User, normal};

/// What was sent, by attribute: `username`, `email`, `firstName`, `lastName` and the rest side by side.
pub type Fields = Attributes;

/// The attributes that are columns of a user.
pub const ROOT: [&str; 4] = ["username", "email", "firstName", "lastName"];

/// Attributes that nobody writes about themselves, whatever the profile says (compared without case).
const INTERNAL: [&str; 11] = [
    "KERBEROS_PRINCIPAL",
    "LDAP_ID",
    "LDAP_ENTRY_DN",
    "CREATED_TIMESTAMP",
    "createTimestamp",
    "modifyTimestamp",
    "userCertificate",
    "saml.persistent.name.id.for.*",
    "ENABLED",
    "EMAIL_VERIFIED",
    "disabledReason",
];

/// The first of them: those that administrators do not write either.
const OF_THE_SERVER: usize = 6;

/// Bounds on attributes that the profile does not name.
const MOST_UNMANAGED: usize = 100;
const MOST_VALUES: usize = 100;

/// The address that is still to be proved, which only the proof of it writes.
const PENDING_EMAIL: &str = "kc.email.pending";

/// The attribute of the language that somebody chose, which a profile need not name.
const LOCALE: &str = "locale";

/// Who writes, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Somebody registers.
    Registration,
    /// A signed-in user is asked to.
    UpdateProfile,
    /// A signed-in user changes the address alone.
    UpdateEmail,
    /// An administrator, by the Admin API.
    UserApi,
    /// The same, about the account of an application: nothing is required of one, and what the profile does not name is free.
    ServiceAccount,
    /// A signed-in user, by the account API.
    Account,
}

impl Context {
    /// The pseudo-role of permissions: `user` or `admin`.
    pub fn role(self) -> &'static str {
        if self.is_admin() { "admin" } else { "user" }
    }

    fn is_admin(self) -> bool {
        matches!(self, Self::UserApi | Self::ServiceAccount)
    }

    /// Whether what is left out is taken away: by the APIs a profile is written whole.
    fn replaces(self) -> bool {
        self.is_admin() || self == Self::Account
    }
}

/// What is wrong with a field. `params[0]` is the attribute's name, as Keycloak's messages count.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    pub field: String,
    /// The message key.
    pub key: String,
    pub params: Vec<Value>,
}

impl FieldError {
    /// An error whose message needs no more than the field's name.
    pub fn new(field: &str, key: &str) -> Self {
        Self {
            field: field.to_owned(),
            key: key.to_owned(),
            params: vec![json!(field)],
        }
    }

    fn with(field: &str, key: &str, more: impl IntoIterator<Item = Value>) -> Self {
        let mut error = Self::new(field, key);
        error.params.extend(more);
        error
    }
}

/// Everything that is wrong with what was sent, field by field in the profile's order. Whether a name is taken is asked
/// of the database, elsewhere.
pub fn validate(realm: &Realm, place: &Place, fields: &Fields) -> Vec<FieldError> {
    let config = config::of(realm);
    let mut errors = Vec::new();
    for attribute in config.attributes.iter().filter(|a| a.is_asked(realm, place)) {
        if !attribute.is_read_only(realm, place.context) {
            check(realm, place, attribute, fields.get(&attribute.name), &mut errors);
        }
    }
    for (name, values) in fields {
        if config.attribute(name).is_none() {
            unmanaged(name, values, &mut errors);
        }
    }
    if place.context.replaces() && config.unmanaged_is_written_by(place.context) {
        let count = fields.keys().filter(|name| config.attribute(name).is_none()).count();
        if count > MOST_UNMANAGED {
            let bounds = [json!(0), json!(MOST_UNMANAGED)];
            errors.push(FieldError::with("attributes", "error-invalid-multivalued-size", bounds));
        }
    }
    errors
}

fn check(
    realm: &Realm,
    place: &Place,
    attribute: &Attribute,
    sent: Option<&Vec<String>>,
    errors: &mut Vec<FieldError>,
) {
    let name = attribute.name.as_str();
    let values: Vec<&str> = sent
        .into_iter()
        .flatten()
        .map(String::as_str)
        .filter(|v| !v.is_empty())
        .collect();
    if values.iter().all(|v| v.trim().is_empty()) {
        if let Some(key) = missing(realm, place, attribute, sent.is_some()) {
            errors.push(FieldError::new(name, key));
        }
        if values.is_empty() {
            errors.extend(validators::of_none(attribute, sent.is_some()));
            return;
        }
    }
    if values.len() > 1 && !attribute.multivalued {
        let least = i64::from(name == "username" || attribute.is_required(place));
        errors.push(FieldError::with(
            name,
            "error-invalid-multivalued-size",
            [json!(least), json!(1)],
        ));
        return;
    }
    if values.len() > MOST_VALUES {
        let bounds = [json!(0), json!(MOST_VALUES)];
        errors.push(FieldError::with(name, "error-invalid-multivalued-size", bounds));
        return;
    }
    errors.extend(validators::run(realm, attribute, &values));
}

/// The message of an attribute that must be there and is not.
fn missing(realm: &Realm, place: &Place, attribute: &Attribute, was_sent: bool) -> Option<&'static str> {
    match attribute.name.as_str() {
        "username" if place.context.is_admin() && realm.flag("registrationEmailAsUsername") => None,
        "username" => Some("missingUsernameMessage"),
        "email" if attribute.is_required(place) && was_sent => Some("missingEmailMessage"),
        _ if attribute.is_required(place) => Some("error-user-attribute-required"),
        _ => None,
    }
}

/// Bounds that hold for attributes without a configuration of their own.
fn unmanaged(name: &str, values: &[String], errors: &mut Vec<FieldError>) {
    if values.len() > MOST_VALUES {
        let bounds = [json!(0), json!(MOST_VALUES)];
        errors.push(FieldError::with(name, "error-invalid-multivalued-size", bounds));
        return;
    }
    for value in values {
        if let Some(error) = validators::implicit(name, value) {
            errors.push(error);
            return;
        }
    }
}

/// What of the sent fields may be written in a context, over what was there. Unknown attributes are dropped unless the
/// realm's policy allows them; what may not be edited stays as it was. Values that are blank are none.
pub fn writable(realm: &Realm, place: &Place, sent: &Fields, before: &Fields) -> Fields {
    let context = place.context;
    let config = config::of(realm);
    let mut kept = Fields::new();
    for attribute in &config.attributes {
        let name = attribute.name.as_str();
        let edits = attribute.is_asked(realm, place) && !attribute.is_read_only(realm, context);
        let from = match (edits, sent.get(name)) {
            (true, Some(values)) => Some(values),
            (true, None) if context.replaces() => None,
            (true, None) => defaulted(attribute, before),
            (false, _) => before.get(name),
        };
        let values = from.map(|values| filled(values)).filter(|values| !values.is_empty());
        if let Some(values) = values.or_else(|| attribute.default_values()) {
            kept.insert(name.to_owned(), values);
        }
    }
    let own_locale = config.attribute(LOCALE).is_none() && writes_locale(realm, context);
    if own_locale && let Some(values) = sent.get(LOCALE) {
        kept.insert(LOCALE.to_owned(), filled(values));
    }
    let free = config.unmanaged_is_written_by(context);
    for (name, values) in before {
        if own_locale && name == LOCALE {
            continue;
        }
        if config.attribute(name).is_none() && (!free || is_kept_from(name, context)) {
            kept.insert(name.clone(), values.clone());
        }
    }
    if free {
        let own = sent
            .iter()
            .filter(|(name, _)| config.attribute(name).is_none() && may_be_named(name));
        for (name, values) in own
            .filter(|(name, _)| !is_kept_from(name, context))
            .take(MOST_UNMANAGED)
        {
            kept.insert(name.clone(), filled(values));
        }
    }
    kept.retain(|_, values| !values.is_empty());
    kept
}

/// The values that are not blank.
fn filled(values: &[String]) -> Vec<String> {
    values.iter().filter(|v| !v.trim().is_empty()).cloned().collect()
}

/// Whether the language is asked for beside the profile's attributes.
fn writes_locale(realm: &Realm, context: Context) -> bool {
    realm.flag("internationalizationEnabled") && (context.is_admin() || context == Context::Account)
}

/// An attribute with a default that a registrant left out gets the default, not what was there.
fn defaulted<'a>(attribute: &Attribute, before: &'a Fields) -> Option<&'a Vec<String>> {
    if attribute.default_value.is_some() {
        None
    } else {
        before.get(&attribute.name)
    }
}

/// Whether a name is one that people do not write about themselves.
pub fn is_internal(name: &str) -> bool {
    INTERNAL.iter().any(|internal| is_one(name, internal))
}

/// Whether an attribute that the profile does not name is none that who acts in a context writes.
fn is_kept_from(name: &str, context: Context) -> bool {
    let kept = if context.is_admin() {
        &INTERNAL[..OF_THE_SERVER]
    } else {
        &INTERNAL[..]
    };
    name == PENDING_EMAIL || kept.iter().any(|internal| is_one(name, internal))
}

fn is_one(name: &str, internal: &str) -> bool {
    match internal.strip_suffix('*') {
        Some(start) => name.to_lowercase().starts_with(&start.to_lowercase()),
        None => name.eq_ignore_ascii_case(internal),
    }
}

/// A name for an attribute that the profile does not name: any text of one line.
fn may_be_named(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && is_plain(name)
}

/// Letters, digits, `.`, `_` and `-`, as Keycloak has them.
pub fn is_attribute_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// Puts the defaults beside the attributes that somebody sees, where there is no value.
pub fn add_defaults(realm: &Realm, place: &Place, attributes: &mut Attributes) {
    for attribute in &config::of(realm).attributes {
        let name = attribute.name.as_str();
        let seen = attribute.is_asked(realm, place) && attribute.is_seen_by(place.context);
        if seen && !ROOT.contains(&name) && !attributes.contains_key(name) {
            attributes.extend(attribute.default_values().map(|values| (name.to_owned(), values)));
        }
    }
}

/// The attributes of a representation; what is no text is passed over.
pub fn attributes(given: &Value) -> Attributes {
    let values = |all: &Value| -> Vec<String> {
        let texts = all.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let all = given.as_object().into_iter().flatten();
    all.map(|(name, all)| (name.clone(), values(all))).collect()
}

/// A user's fields.
pub fn of_user(user: &User) -> Fields {
    let mut fields = user.attributes.clone();
    let columns = [
        ("username", Some(&user.username)),
        ("email", user.email.as_ref()),
        ("firstName", user.first_name.as_ref()),
        ("lastName", user.last_name.as_ref()),
    ];
    for (name, value) in columns {
        if let Some(value) = value {
            fields.insert(name.to_owned(), vec![value.clone()]);
        }
    }
    fields
}

/// A user with other fields: columns from those that are columns, the rest as attributes.
pub fn apply(user: &User, mut fields: Fields) -> User {
    let mut take = |name: &str| {
        fields
            .remove(name)
            .and_then(|v| v.into_iter().next())
            .filter(|v| !v.is_empty())
    };
    let (username, email) = (take("username").map(|v| normal(&v)), take("email").map(|v| normal(&v)));
    let (first_name, last_name) = (take("firstName"), take("lastName"));
    fields.retain(|_, values| values.iter().any(|v| !v.is_empty()));
    User {
        username: username.unwrap_or_else(|| user.username.clone()),
        email,
        first_name,
        last_name,
        attributes: fields,
        ..user.clone()
    }
}
