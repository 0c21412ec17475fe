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

/// Attributes that were sent for a role or a group, whose document was `doc` before. The stars of a list mean the values that
/// are there: as many stars as values mean all of them, in their order; in a list as long as before, each means the value in its
/// place. Where there is nothing, stars mean nothing.
///
/// # Errors
///
/// A text for the sender, where nobody can say which of the values that are there is meant.
pub fn kept_lists(doc: &Doc, sent: &Value) -> Result<Value, String> {
    let mut sent = sent.clone();
    let secrets = sent.as_object_mut().into_iter().flatten();
    for (name, value) in secrets.filter(|(name, _)| is_secret(name)) {
        let was = doc.get("attributes").and_then(|all| all.get(name.as_str()));
        let was = was.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if let Value::Array(values) = value {
            *values = meant(was, values).ok_or_else(|| {
                format!("{name}: {MASK} does not say which of the values is meant; send them all anew")
            })?;
        }
    }
    if let Value::Object(all) = &mut sent {
        all.retain(|name, value| !is_secret(name) || value.as_array().is_some_and(|values| !values.is_empty()));
    }
    Ok(sent)
}

/// A list with the values that its stars mean; none if that cannot be known.
fn meant(was: &[Value], sent: &[Value]) -> Option<Vec<Value>> {
    let stars = sent.iter().filter(|value| **value == MASK).count();
    if was.is_empty() || stars == 0 {
        return Some(sent.iter().filter(|value| **value != MASK).cloned().collect());
    }
    if stars == was.len() {
        let mut in_order = was.iter();
        let value = |value: &Value| {
            if *value == MASK { in_order.next() } else { None }
                .unwrap_or(value)
                .clone()
        };
        return Some(sent.iter().map(value).collect());
    }
    let in_place = sent.iter().zip(was);
    let value = |(value, was): (&Value, &Value)| if *value == MASK { was } else { value }.clone();
    (sent.len() == was.len()).then(|| in_place.map(value).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_in_a_list_take_no_other_entrys_secret() {
        let doc = json!({ "attributes": { "a.secret": ["one", "two"], "b": ["x"] } });
        let doc = doc.as_object().unwrap();
        let kept = |sent: Value| kept_lists(doc, &json!({ "a.secret": sent })).map(|kept| kept["a.secret"].clone());
        for (sent, meant) in [
            (json!([MASK, MASK]), json!(["one", "two"])),
            (json!(["new", MASK]), json!(["new", "two"])),
            (json!([MASK, "new"]), json!(["one", "new"])),
            (json!(["new", MASK, MASK]), json!(["new", "one", "two"])),
            (json!([MASK, "new", MASK]), json!(["one", "new", "two"])),
            (json!(["new"]), json!(["new"])),
            (json!([]), Value::Null),
        ] {
            assert_eq!(kept(sent.clone()), Ok(meant), "{sent}");
        }
        for unclear in [json!([MASK]), json!([MASK, "new", "newer"]), json!([MASK, MASK, MASK])] {
            assert!(
                kept(unclear.clone()).unwrap_err().starts_with("a.secret: "),
                "{unclear}"
            );
        }
        let nothing = kept_lists(&Doc::new(), &json!({ "a.secret": [MASK, "new"], "c.secret": [MASK] }));
        assert_eq!(nothing, Ok(json!({ "a.secret": ["new"] })));
    }
}
