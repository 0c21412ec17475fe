//! What is wrong, and what was changed, in Keycloak's words and order.

use super::{FieldError, Fields};
use crate::password;
use crate::store::event::Event;

/// Sorts errors as Keycloak lists them: by message, then by field, each in the order of a Java map.
pub fn in_order(errors: &mut [FieldError]) {
    errors.sort_by_key(|e| (password::order::place(&e.key), password::order::place(&e.field)));
}

/// Adds to an event what became of each field that is not as it was.
pub fn changes(mut event: Event, before: &Fields, after: &Fields) -> Event {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old == new {
            continue;
        }
        let field = match name.as_str() {
            "firstName" => "first_name",
            "lastName" => "last_name",
            other => other,
        };
        for (when, values) in [("previous", old), ("updated", new)] {
            if let Some(values) = values {
                event = event.detail(&format!("{when}_{field}"), values.join("::"));
            }
        }
    }
    let mut details: Vec<_> = std::mem::take(&mut event.details).into_iter().collect();
    details.sort_by_key(|(name, _)| password::order::place(name));
    event.details.extend(details);
    event
}
