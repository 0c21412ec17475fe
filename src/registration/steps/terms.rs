//! `registration-terms-and-conditions`: nobody registers without accepting them.

use crate::profile::FieldError;
use crate::registration::form::Form;

pub(super) fn check(form: &Form, errors: &mut Vec<FieldError>) {
    if !form.terms_accepted {
        let (field, key) = ("termsAccepted".to_owned(), "termsAcceptanceRequired".to_owned());
        errors.push(FieldError {
            field,
            key,
            params: Vec::new(),
        });
    }
}
