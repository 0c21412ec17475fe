//! Attributes whose name ends in `.secret`: shown as stars, kept where the stars come back (contract 1).

use serde_json::{Value, json};

use crate::store::json::Doc;

/// What stands for a secret that is kept and not shown.
pub const MASK: &str = "**********";

/// Whether an attribute of a realm, a client, a client scope, a role or a group is a secret.
pub fn is_secret(name: &str) -> bool {
    name.ends_with(".secret")
}

/// Stars in the place of secrets that are there.
pub fn mask(attributes: &mut Doc) {
    for (_, value) in attributes.iter_mut().filter(|(name, _)| is_secret(name)) {
        // Those of roles and groups are lists.
        let values = match value {
            Value::Array(all) => all.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        for value in values {
            if value.as_str().is_some_and(|text| !text.is_empty()) {
                *value = json!(MASK);
            }
        }
    }
}

/// The attributes of a role's or a group's document, with stars in the place of secrets.
pub fn masked(doc: &Doc) -> Value {
    let mut attributes = doc.get("attributes").cloned().unwrap_or_else(|| json!({}));
    if let Value::Object(attributes) = &mut attributes {
        mask(attributes);
    }
    attributes
}

/// Attributes that were sent for a role or a group, whose document was `doc` before: a mask in a list means the value that is
/// there in its place, and nothing where there is none.
pub fn kept_lists(doc: &Doc, sent: &Value) -> Value {
    let mut sent = sent.clone();
    let secrets = sent.as_object_mut().into_iter().flatten();
    for (name, value) in secrets.filter(|(name, _)| is_secret(name)) {
        let was = doc.get("attributes").and_then(|all| all.get(name.as_str()));
        let was = was.and_then(Value::as_array);
        if let Value::Array(values) = value {
            let meant = values.iter().enumerate().filter_map(|(at, value)| {
                if *value == MASK {
                    was.and_then(|was| was.get(at)).cloned()
                } else {
                    Some(value.clone())
                }
            });
            *values = meant.collect::<Vec<Value>>();
        }
    }
    if let Value::Object(all) = &mut sent {
        all.retain(|name, value| !is_secret(name) || value.as_array().is_some_and(|values| !values.is_empty()));
    }
    sent
}

/// A mask that was written back means what is there. A secret belongs to the address beside it, as
/// `registration.proof.secret` to `registration.proof.url`: where that changes, the secret that is there becomes null. `sent`
/// is laid over `before`.
pub fn keep(before: Option<&Doc>, sent: &mut Doc) {
    let was = |name: &str| before.and_then(|before| before.get(name));
    let masked = sent.iter().filter(|(name, value)| is_secret(name) && *value == MASK);
    let masked: Vec<String> = masked.map(|(name, _)| name.clone()).collect();
    for name in masked {
        match was(&name) {
            Some(kept) => sent.insert(name, kept.clone()),
            None => sent.remove(&name),
        };
    }
    for (secret, kept) in before.into_iter().flatten().filter(|(name, _)| is_secret(name)) {
        let stem = secret.trim_end_matches(".secret");
        let moved = |name: &String| {
            let rest = name.strip_prefix(stem);
            rest.is_some_and(|rest| matches!(rest, ".url" | ".before" | ".after"))
                && was(name).is_some()
                && sent.get(name) != was(name)
        };
        let stays = sent.get(secret).is_none_or(|new| new == kept);
        if stays && sent.keys().any(moved) {
            sent.insert(secret.clone(), Value::Null);
        }
    }
}
