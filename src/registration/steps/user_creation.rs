//! `registration-user-creation`: the profile, and whether name and address are free.

use super::Checked;
use crate::app::App;
use crate::error::Error;
use crate::profile::{self, FieldError};
use crate::registration::form::Form;
use crate::registration::record::Applicant;
use crate::registration::settings;
use crate::store::realm::Realm;
use crate::store::user::{self, User, normal};

/// Whose an address is that somebody else tries to register.
#[derive(Debug, Clone)]
pub struct Owner(pub User);

/// Looks at the profile's fields; the event's code of what is refused first.
pub(super) async fn check(
    app: &App,
    realm: &Realm,
    applicant: &Applicant,
    form: &Form,
    checked: &mut Checked,
) -> Result<&'static str, Error> {
    let mut errors = profile::validate(realm, &applicant.place(realm), &form.fields);
    let wrong = |errors: &[FieldError], field: &str| errors.iter().any(|e| e.field == field);
    let mut code = "invalid_registration";
    let address = form.email().filter(|_| !wrong(&errors, "email")).map(normal);
    let owner = match &address {
        Some(address) => owner_of(app, realm, address).await?,
        None => None,
    };
    let told = settings::reveals_addresses(realm, applicant.client.as_deref());
    if let Some(name) = form
        .first("username")
        .filter(|_| !realm.flag("registrationEmailAsUsername"))
        && !wrong(&errors, "username")
        && is_name_taken(app, realm, &normal(name), address.as_deref(), told).await?
    {
        errors.push(FieldError::new("username", "usernameExistsMessage"));
        code = "username_in_use";
    }
    match owner {
        Some(_) if told => {
            errors.push(FieldError::new("email", "emailExistsMessage"));
            code = "email_in_use";
        }
        owner => checked.owner = owner.map(Owner),
    }
    checked.errors.extend(errors);
    Ok(code)
}

/// Who has an address, or, where people sign in with addresses, a user name that looks like it.
async fn owner_of(app: &App, realm: &Realm, address: &str) -> Result<Option<User>, Error> {
    if realm.unique_emails()
        && let Some(owner) = user::by_email(&app.db, &realm.id, address).await?
    {
        return Ok(Some(owner));
    }
    let as_name = realm.flag("loginWithEmailAllowed") || realm.flag("registrationEmailAsUsername");
    if as_name {
        user::by_username(&app.db, &realm.id, address).await
    } else {
        Ok(None)
    }
}

async fn is_name_taken(
    app: &App,
    realm: &Realm,
    name: &str,
    own_address: Option<&str>,
    told: bool,
) -> Result<bool, Error> {
    // Where nobody is told whose addresses have accounts, a name that is an address is the sender's own, and its proof
    // decides, or it is refused, whoever has it.
    if !told && realm.flag("loginWithEmailAllowed") && name.contains('@') {
        return Ok(own_address != Some(name));
    }
    if user::by_username(&app.db, &realm.id, name).await?.is_some() {
        return Ok(true);
    }
    let is_address = realm.flag("loginWithEmailAllowed") && name.contains('@');
    Ok(is_address && user::by_email(&app.db, &realm.id, name).await?.is_some())
}
