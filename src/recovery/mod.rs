//! A forgotten password: the steps of a realm's reset credentials flow.
//!
//! ```text
//! reset-credentials-choose-user   who are you? Whether there is such a user is never said
//! reset-credential-email          a mail with a link, or work that looks the same; then the sign-in page
//! reset-password                  the link was opened: a new password is asked for
//! ```

pub mod steps;

/// The note that the link of a recovery was opened, for which user.
pub const PROVED: &str = "recovery_proved";
