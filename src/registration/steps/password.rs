//! `registration-password-action`: the password, where it is asked for before the proof of the address.

use crate::app::App;
use crate::error::Error;
use crate::password;
use crate::profile::FieldError;
use crate::registration::form::Form;
use crate::registration::settings;
use crate::store::realm::{Execution, Realm};

/// Keycloak 26.7: after the proof, unless the step's configuration says otherwise.
pub(super) fn is_asked(realm: &Realm, execution: &Execution) -> bool {
    let config = execution
        .authenticator_config
        .as_deref()
        .and_then(|id| realm.authenticator_config(id));
    let always = config.and_then(|c| c.config.get("always_set_password_on_register_form"));
    !settings::asks_for_proof(realm) || always.is_some_and(|v| v == "true")
}

/// Looks at password and confirmation. Where none is asked for, only one that was sent is looked at.
pub(super) async fn check(
    app: &App,
    realm: &Realm,
    execution: &Execution,
    form: &Form,
    errors: &mut Vec<FieldError>,
) -> Result<(), Error> {
    let sent = form.password.as_deref().map(String::as_str).unwrap_or_default();
    if sent.is_empty() {
        if is_asked(realm, execution) {
            errors.push(error("password", "missingPasswordMessage"));
        }
        return Ok(());
    }
    let named_by_address = realm.flag("registrationEmailAsUsername");
    let username = if named_by_address {
        form.email()
    } else {
        form.first("username")
    };
    if let Err(violation) = password::accept(app, realm, sent, username, form.email(), None).await? {
        let (field, key) = ("password".to_owned(), violation.key.to_owned());
        errors.push(FieldError {
            field,
            key,
            params: violation.params,
        });
    }
    if form.password_confirm.as_deref().map(String::as_str) != Some(sent) {
        errors.push(error("password-confirm", "invalidPasswordConfirmMessage"));
    }
    Ok(())
}

fn error(field: &str, key: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        key: key.to_owned(),
        params: Vec::new(),
    }
}
