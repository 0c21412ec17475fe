//! What people sent of fields that they may only look at.

use super::{Context, FieldError, Fields, Place, config, is_kept_from};
use crate::store::realm::Realm;
use crate::store::user::normal;

const USERNAME: &str = "username";

/// Errors for fields that were sent with another value although who sends them may only look at them.
pub fn untouched(realm: &Realm, place: &Place, sent: &Fields, before: &Fields) -> Vec<FieldError> {
    let config = config::of(realm);
    let mut errors = Vec::new();
    for (name, values) in sent {
        let none = Vec::new();
        let old = before.get(name).unwrap_or(&none);
        if is_same(name, values, old) || old.is_empty() && is_blank(values) {
            continue;
        }
        match config.attribute(name) {
            Some(a) if a.is_asked(realm, place) && a.is_read_only(realm, place.context) => {
                errors.push(FieldError::new(name, "error-user-attribute-read-only"));
                if name == USERNAME {
                    let why = if is_blank(values) {
                        "missingUsernameMessage"
                    } else {
                        "readOnlyUsernameMessage"
                    };
                    errors.push(FieldError::new(name, why));
                }
            }
            None if config.unmanaged_is_written_by(place.context) && is_refused(name, place.context) => {
                errors.push(FieldError::new(name, "updateReadOnlyAttributesRejectedMessage"));
            }
            _ => {}
        }
    }
    errors
}

/// An administrator's word on the address that is still to be proved is passed over.
fn is_refused(name: &str, context: Context) -> bool {
    is_kept_from(name, context) && !(context.is_admin() && name == super::PENDING_EMAIL)
}

fn is_same(name: &str, a: &[String], b: &[String]) -> bool {
    match name {
        USERNAME | "email" => a.iter().map(|v| normal(v)).eq(b.iter().map(|v| normal(v))),
        _ => a == b,
    }
}

fn is_blank(values: &[String]) -> bool {
    values.iter().all(|v| v.trim().is_empty())
}
