//! Attributes whose name ends in `.secret`: shown as stars, kept where the stars come back (contract 1).

use serde_json::{Value, json};

use crate::store::json::Doc;

/// What stands for a secret that is kept and not shown.
pub const MASK: &str = "**********";

/// Whether an attribute of a realm, a client or a client scope is a secret.
pub fn is_secret(name: &str) -> bool {
    name.ends_with(".secret")
}

/// Stars in the place of secrets that are there.
pub fn mask(attributes: &mut Doc) {
    for (_, value) in attributes.iter_mut().filter(|(name, _)| is_secret(name)) {
        if value.as_str().is_some_and(|text| !text.is_empty()) {
            *value = json!(MASK);
        }
    }
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
