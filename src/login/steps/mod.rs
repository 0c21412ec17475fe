//! The steps that flows are made of: a file each, found by Keycloak's provider id.

mod beside;
pub mod conditions;
mod cookie;
mod forms;
mod newcomer;
pub mod otp;
mod passkey;
pub mod password;
mod recovery_code;

use super::flow::{Context, Failure, Outcome};
use crate::error::Error;
use crate::passkey::Kind;
use crate::recovery;

/// Runs a step. One that we do not know fails closed where it is REQUIRED, and is passed over where it is ALTERNATIVE.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn run(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let provider = context.execution.authenticator.as_deref().unwrap_or_default();
    match provider {
        "auth-cookie" => cookie::run(context).await,
        "auth-username-password-form" => forms::both(context).await,
        "auth-username-form" => forms::username(context).await,
        "auth-password-form" => forms::password(context).await,
        "auth-otp-form" => otp::run(context).await,
        "auth-recovery-authn-code-form" => recovery_code::run(context).await,
        "webauthn-authenticator" => passkey::run(context, Kind::SecondFactor).await,
        "webauthn-authenticator-passwordless" | "passkeys-authenticator" => {
            passkey::run(context, Kind::Passwordless).await
        }
        "reset-otp" => recovery::steps::otp::run(context).await,
        "registration-page-form" => newcomer::run(context).await,
        "reset-credentials-choose-user" => recovery::steps::choose_user::run(context).await,
        "reset-credential-email" => recovery::steps::email::run(context).await,
        "reset-password" => recovery::steps::password::run(context).await,
        "allow-access-authenticator" => Ok(Outcome::Success),
        "deny-access-authenticator" => Ok(Outcome::Failure(DENIED)),
        // Nothing to go to: no other providers yet, no Kerberos, no organizations.
        "identity-provider-redirector" | "auth-spnego" | "organization" => Ok(Outcome::Attempted),
        unknown => {
            tracing::warn!(
                step = unknown,
                requirement = context.execution.requirement,
                "a step of a flow is not known"
            );
            Ok(Outcome::Attempted)
        }
    }
}

const DENIED: Failure = Failure {
    event: "access_denied",
    message: "access-denied",
};
