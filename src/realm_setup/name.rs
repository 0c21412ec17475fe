//! What realms may be called.

use crate::admin::api::reserved;

/// Characters that do not stand in an address as they are. Keycloak takes them, and its own links to such a realm are then
/// read in more than one way.
const UNSAFE: &[char] = &['<', '>', '"', '%', '{', '}', '|', '^', '`'];

/// The longest name or id.
pub const LONGEST: usize = 255;

/// What is wrong with a realm's name: it stands in addresses and names of files.
pub fn fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("Realm name cannot be empty".into());
    }
    let unsafe_one = || name.chars().find(|c| UNSAFE.contains(c));
    let fault = reserved::in_part(name).or_else(|| unsafe_one().map(|bad| format!("Character '{bad}' not allowed.")));
    fault.or_else(|| (name.chars().count() > LONGEST).then(|| "Realm name is too long".to_owned()))
}
