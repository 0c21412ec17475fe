//! What is still asked of somebody who signs in without a page.

use crate::profile::{self, Context};
use crate::store::realm::Realm;
use crate::store::user::{Attributes, User};

/// The aliases of required actions that stand between a user and tokens. One that the realm does not know stops nobody; one
/// that is switched off does, as in Keycloak.
pub(super) fn of(realm: &Realm, user: &User) -> Vec<String> {
    let mut pending: Vec<String> = user
        .required_actions
        .iter()
        .filter(|alias| realm.required_action(alias).is_some())
        .filter(|alias| match alias.as_str() {
            // These are looked at anew below.
            "VERIFY_PROFILE" => false,
            "VERIFY_EMAIL" => !user.email_verified,
            _ => true,
        })
        .cloned()
        .collect();
    let enabled = |alias: &str| realm.required_action(alias).is_some_and(|action| action.enabled);
    let listed = |pending: &[String], alias: &str| pending.iter().any(|known| known == alias);
    if realm.flag("verifyEmail")
        && enabled("VERIFY_EMAIL")
        && !user.email_verified
        && user.email.is_some()
        && !listed(&pending, "VERIFY_EMAIL")
    {
        pending.push("VERIFY_EMAIL".into());
    }
    if enabled("VERIFY_PROFILE") && !has_profile(realm, user) {
        pending.push("VERIFY_PROFILE".into());
    }
    pending
}

/// Whether the user's attributes are what the realm's profile asks for. Administrators of `master` need none, so that the
/// first of them can begin.
fn has_profile(realm: &Realm, user: &User) -> bool {
    if realm.name == "master" || user.service_client.is_some() {
        return true;
    }
    let mut fields: Attributes = user.attributes.clone();
    for (name, value) in [
        ("username", Some(&user.username)),
        ("email", user.email.as_ref()),
        ("firstName", user.first_name.as_ref()),
        ("lastName", user.last_name.as_ref()),
    ] {
        fields.insert(name.to_owned(), value.into_iter().cloned().collect());
    }
    profile::validate(realm, Context::UpdateProfile, &fields).is_empty()
}
