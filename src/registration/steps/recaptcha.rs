//! `registration-recaptcha-action`: kept as an import brings it. No proof can be checked yet, so nobody passes.

/// The message above the form.
pub(super) const REFUSED: &str = "recaptchaFailed";
