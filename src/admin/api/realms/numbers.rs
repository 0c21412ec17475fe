//! Numbers among a realm's settings that cannot be.

use serde_json::Value;

use crate::admin::api::error::ApiError;
use crate::store::json::Doc;

/// What protects against guessing, with Keycloak's words for each.
const GUESSING: [(&str, &str); 7] = [
    ("maxTemporaryLockouts", "Maximum temporary lockouts"),
    ("maxFailureWaitSeconds", "Maximum failure wait seconds"),
    ("minimumQuickLoginWaitSeconds", "Minimum quick login wait seconds"),
    ("waitIncrementSeconds", "Wait increment seconds"),
    ("quickLoginCheckMilliSeconds", "Quick login check milliseconds"),
    ("maxDeltaTimeSeconds", "Maximum delta time seconds"),
    ("failureFactor", "Failure factor"),
];

/// How long things last. `-1` means something for access tokens: as long as the session.
const LIFESPANS: [(&str, i64); 22] = [
    ("accessTokenLifespan", -1),
    ("accessTokenLifespanForImplicitFlow", -1),
    ("ssoSessionIdleTimeout", 0),
    ("ssoSessionMaxLifespan", 0),
    ("ssoSessionIdleTimeoutRememberMe", 0),
    ("ssoSessionMaxLifespanRememberMe", 0),
    ("offlineSessionIdleTimeout", 0),
    ("offlineSessionMaxLifespan", 0),
    ("clientSessionIdleTimeout", 0),
    ("clientSessionMaxLifespan", 0),
    ("clientOfflineSessionIdleTimeout", 0),
    ("clientOfflineSessionMaxLifespan", 0),
    ("accessCodeLifespan", 0),
    ("accessCodeLifespanUserAction", 0),
    ("accessCodeLifespanLogin", 0),
    ("actionTokenGeneratedByAdminLifespan", 0),
    ("actionTokenGeneratedByUserLifespan", 0),
    ("oauth2DeviceCodeLifespan", 0),
    ("oauth2DevicePollingInterval", 0),
    ("refreshTokenMaxReuse", 0),
    ("webAuthnPolicyCreateTimeout", 0),
    ("webAuthnPolicyPasswordlessCreateTimeout", 0),
];

/// Checks the numbers that were sent, together with those that stay.
///
/// # Errors
///
/// 400, with Keycloak's texts where it has any.
pub(super) fn check(before: Option<&Doc>, wanted: &Doc) -> Result<(), ApiError> {
    let sent = |key: &str| wanted.get(key).and_then(Value::as_i64);
    for (key, name) in GUESSING {
        if sent(key).is_some_and(|n| n < 0) {
            return Err(ApiError::bad(&format!("{name} may not be a negative value")));
        }
    }
    let will_be = |key: &str| sent(key).or_else(|| before?.get(key)?.as_i64()).unwrap_or(0);
    // A remembered session may last longer than others, and so may its clients'.
    let remembers = wanted.get("rememberMe").or_else(|| before?.get("rememberMe")) == Some(&Value::Bool(true));
    let longer = |part: &str, whole: &str, remembered: &str| {
        let touched = sent(part).is_some() || sent(whole).is_some();
        let most = if remembers {
            will_be(whole).max(will_be(remembered))
        } else {
            will_be(whole)
        };
        touched && before.is_some() && will_be(part) > most
    };
    if longer(
        "clientSessionIdleTimeout",
        "ssoSessionIdleTimeout",
        "ssoSessionIdleTimeoutRememberMe",
    ) {
        let text = if remembers {
            "Client session idle timeout cannot exceed realm SSO session idle timeout and RememberMe idle timeout."
        } else {
            "Client Session Idle Timeout cannot be greater than Realm SSO Idle Timeout."
        };
        return Err(ApiError::bad(text));
    }
    if longer(
        "clientSessionMaxLifespan",
        "ssoSessionMaxLifespan",
        "ssoSessionMaxLifespanRememberMe",
    ) {
        let text = if remembers {
            "Client session max lifespan cannot exceed realm SSO session max lifespan and RememberMe Max span."
        } else {
            "Client session max lifespan cannot exceed realm SSO session max lifespan."
        };
        return Err(ApiError::bad(text));
    }
    for (key, least) in LIFESPANS {
        if sent(key).is_some_and(|n| n < least) {
            return Err(ApiError::bad(&format!("{key} may not be a negative value")));
        }
    }
    Ok(())
}
