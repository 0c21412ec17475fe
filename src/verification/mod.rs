//! An address is proved: by the link in a mail, or by the code beside it.
//!
//! ```text
//! send.rs      what the mails say
//! code.rs      six digits, few attempts
//! web.rs       login-actions/action-token: what a link stands for
//! membership.rs joining an organization
//! opened.rs    the browser that asked goes on, another confirms first
//! end.rs       the last page of a way that no application waits for
//! ```

mod code;
mod email_change;
pub mod end;
mod membership;
mod opened;
mod send;
mod tokens;
pub mod web;

pub use code::{Code, LIFETIME_MS, MOST_ATTEMPTS, is_right as code_is_right};
pub use send::{
    ByAdmin, EmailChange, TabRef, execute_actions, locale_of, registration_mail, reset_mail, taken_mail, update_mail,
    user_mail, verify_by_admin,
};

/// The types of action tokens, Keycloak's.
pub mod kind {
    /// Proves the address of a user, or of a registration that waits.
    pub const VERIFY_EMAIL: &str = "verify-email";
    /// Lets its owner choose a new password.
    pub const RESET: &str = "reset-credentials";
    /// An administrator asks for actions.
    pub const EXECUTE_ACTIONS: &str = "execute-actions";
    /// Proves a user's new address.
    pub const UPDATE_EMAIL: &str = "update-email";
    /// Invites into an organization.
    pub const ORGANIZATION: &str = "ORGIVT";

    /// All that a link may be.
    pub const ALL: [&str; 5] = [VERIFY_EMAIL, RESET, EXECUTE_ACTIONS, UPDATE_EMAIL, ORGANIZATION];
}
