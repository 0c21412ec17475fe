//! Settings for people's registration (contract 2): realm attributes, which the same key on a client overrides.

use crate::store::client::Client;
use crate::store::json;
use crate::store::realm::Realm;

/// A setting of the client through which somebody comes, else of the realm.
fn setting<'a>(realm: &'a Realm, client: Option<&'a Client>, key: &str) -> Option<&'a str> {
    client
        .and_then(|c| c.attribute(key))
        .or_else(|| realm.attribute(key))
        .map(str::trim)
}

/// A setting of the client itself.
pub fn of_client<'a>(client: &'a Client, key: &str) -> Option<&'a str> {
    client.attribute(key).map(str::trim)
}

/// Whether people may register at all.
pub fn is_allowed(realm: &Realm, client: Option<&Client>) -> bool {
    match client.and_then(|c| c.attribute("registration.allowed")) {
        Some("true") => true,
        Some("false") => false,
        _ => realm.flag("registrationAllowed"),
    }
}

/// Whether an address must be proved before its owner is let in: *Verify email*, or VERIFY_EMAIL for every new user.
pub fn asks_for_proof(realm: &Realm) -> bool {
    let by_default = realm
        .required_action("VERIFY_EMAIL")
        .is_some_and(|a| a.enabled && a.default_action);
    realm.flag("verifyEmail") || by_default
}

/// Whether there is no user before the proof (`registration.hold`).
pub fn is_held(realm: &Realm, client: Option<&Client>) -> bool {
    asks_for_proof(realm) && setting(realm, client, "registration.hold") != Some("account")
}

/// Whether a visitor is told that an address has an account: where no proof is asked, as in Keycloak, or where the realm
/// says so.
pub fn reveals_addresses(realm: &Realm, client: Option<&Client>) -> bool {
    !is_held(realm, client) || setting(realm, client, "registration.reveal") == Some("email")
}

/// Milliseconds after which an unproved registration vanishes.
pub fn pending_lifetime_ms(realm: &Realm, client: Option<&Client>) -> i64 {
    let seconds = json::written(setting(realm, client, "registration.pending.expires"));
    seconds.filter(|s| (60..=31_536_000).contains(s)).unwrap_or(86_400) * 1000
}

/// Paths of groups that everybody who registers joins.
pub fn groups<'a>(realm: &'a Realm, client: Option<&'a Client>) -> Vec<&'a str> {
    list(setting(realm, client, "registration.groups"))
}

/// Roles that everybody who registers gets: names of realm roles, or `client:role`.
pub fn roles<'a>(realm: &'a Realm, client: Option<&'a Client>) -> Vec<&'a str> {
    list(setting(realm, client, "registration.roles"))
}

/// The expression that says which groups and roles somebody gets beside these.
pub fn assign_rule<'a>(realm: &'a Realm, client: Option<&'a Client>) -> Option<&'a str> {
    setting(realm, client, "registration.assign.rule").filter(|rule| !rule.is_empty())
}

fn list(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .collect()
}

/// Milliseconds between two verification mails: Keycloak's `emailResendCooldownSeconds` of VERIFY_EMAIL.
pub fn resend_cooldown_ms(realm: &Realm) -> i64 {
    cooldown_ms(realm, "VERIFY_EMAIL")
}

/// The same for the mails of another required action.
pub fn cooldown_ms(realm: &Realm, alias: &str) -> i64 {
    let action = realm.required_action(alias);
    let seconds = action.and_then(|a| a.config.get("emailResendCooldownSeconds")?.parse::<i64>().ok());
    seconds.filter(|s| *s >= 0).unwrap_or(30) * 1000
}
