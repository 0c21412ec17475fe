//! The profile as pages and clients see it.

use serde_json::{Value, json};

use super::{Context, Fields, Place, config};
use crate::store::realm::Realm;
use crate::theme::pages;

/// The fields of a form with what was typed, in the order in which they are shown: those of groups after the others.
pub fn for_page(realm: &Realm, place: &Place, typed: &Fields) -> pages::Profile {
    let context = place.context;
    let config = config::of(realm);
    let seen = config
        .attributes
        .iter()
        .filter(|a| a.is_asked(realm, place) && a.is_seen_by(context))
        // Who is not there yet has nothing to look at only.
        .filter(|a| context != Context::Registration || a.is_written_by(context));
    let mut attributes: Vec<pages::Attribute> = seen.map(|a| field(&config, a, place, typed)).collect();
    let rank = |group: Option<&pages::Group>| {
        group.map_or(0, |g| {
            config
                .groups
                .iter()
                .position(|known| known.name == g.name)
                .map_or(0, |at| at + 1)
        })
    };
    attributes.sort_by_key(|a| rank(a.group.as_ref()));
    pages::Profile { attributes }
}

fn field(config: &config::Config, a: &config::Attribute, place: &Place, typed: &Fields) -> pages::Attribute {
    let values = typed
        .get(&a.name)
        .cloned()
        .or_else(|| a.default_values())
        .unwrap_or_default();
    let required = a.name == "username" || a.is_required(place);
    let group = a.group.as_deref().and_then(|name| config.group(name));
    let data = a.annotations.iter().filter(|(key, _)| key.starts_with("kc"));
    pages::Attribute {
        read_only: !a.is_written_by(place.context),
        multivalued: a.multivalued,
        annotations: a.annotations.clone(),
        validators: a.validations.clone(),
        html5_data_annotations: data.map(|(key, value)| (key.clone(), value.clone())).collect(),
        group: group.map(|g| pages::Group {
            name: g.name.clone(),
            display_header: g.display_header.clone().unwrap_or_default(),
            display_description: g.display_description.clone().unwrap_or_default(),
        }),
        values: values.clone(),
        ..pages::Attribute::text(
            &a.name,
            a.display_name.as_deref().unwrap_or(&a.name),
            required,
            values.into_iter().next().unwrap_or_default(),
        )
    }
}

/// How an attribute is called: those that every realm has by a message, others that the profile gives no name by their own.
fn displayed<'a>(name: &'a str, given: Option<&'a str>) -> &'a str {
    match (given, name) {
        (Some(given), _) => given,
        (None, "username") => "${username}",
        (None, "email") => "${email}",
        (None, _) => name,
    }
}

/// Keycloak's `UserProfileMetadata` of a place.
pub fn metadata(realm: &Realm, place: &Place) -> Value {
    let context = place.context;
    let config = config::of(realm);
    let seen = config
        .attributes
        .iter()
        .filter(|a| a.is_asked(realm, place) && a.is_seen_by(context));
    let mut attributes = Vec::new();
    let own_locale = (context == Context::Account || context.is_admin())
        && realm.flag("internationalizationEnabled")
        && config.attribute("locale").is_none();
    if own_locale {
        attributes.push(json!({
            "name": "locale", "displayName": "locale", "required": false, "readOnly": false, "validators": {},
            "multivalued": false
        }));
    }
    let by_email = context == Context::Account && realm.flag("registrationEmailAsUsername");
    attributes.extend(seen.map(|a| {
        let mut validators = a.validations.clone();
        for settings in validators.values_mut().filter_map(Value::as_object_mut) {
            settings.insert("ignore.empty.value".into(), json!(true));
        }
        if !a.multivalued {
            validators.insert("multivalued".into(), json!({ "max": "1" }));
        }
        let mut shown = json!({
            "name": a.name,
            "displayName": displayed(&a.name, a.display_name.as_deref()),
            "required": a.name == "username" && !by_email || a.is_required(place),
            "readOnly": a.is_read_only(realm, context),
        });
        let mut annotations = a.annotations.clone();
        let is_own_email = context == Context::Account && a.name == "email";
        if is_own_email && config::changes_email_by_action(realm) {
            annotations.insert("kc.required.action.supported".into(), json!(true));
        }
        if is_own_email || !annotations.is_empty() {
            shown["annotations"] = Value::Object(annotations);
        }
        shown["validators"] = Value::Object(validators);
        if let Some(group) = &a.group {
            shown["group"] = json!(group);
        }
        shown["multivalued"] = json!(a.multivalued);
        if let Some(default) = &a.default_value {
            shown["defaultValue"] = json!(default);
        }
        shown
    }));
    json!({ "attributes": attributes, "groups": config.groups })
}
