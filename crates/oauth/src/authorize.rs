//! What an authorization request asks for, and how its answer travels back.
//! `OpenID` Connect Core §3.1.2, OAuth 2.0 Multiple Response Types, Form Post Response Mode, JARM.

mod answer;
mod response;

pub use answer::answer_url;
pub use response::{ResponseMode, ResponseType};

/// What `prompt` asks for. `OpenID` Connect Core §3.1.2.1; `create` is of Initiating User
/// Registration 1.0. Values nobody knows are ignored, as Keycloak does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompt {
    /// No page may be shown.
    pub none: bool,
    /// Sign in again, session or not.
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
    pub select_account: bool,
    /// Begin with registration.
    pub create: bool,
}

/// `prompt=none` together with another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("prompt none cannot be combined with other values")]
pub struct Contradiction;

impl Prompt {
    /// Reads the parameter; whether `none` stands alone is [`Prompt::check`]'s to say.
    ///
    /// ```
    /// use vestibule_oauth::authorize::Prompt;
    /// let prompt = Prompt::parse("login zzz");
    /// assert!(prompt.login && !prompt.none && prompt.check().is_ok());
    /// assert!(Prompt::parse("none login").check().is_err());
    /// ```
    pub fn parse(sent: &str) -> Self {
        let mut prompt = Self::default();
        for value in sent.split(' ') {
            match value {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                "create" => prompt.create = true,
                _ => {}
            }
        }
        prompt
    }

    /// Whether the request is one that can be fulfilled. `OpenID` Connect Core §3.1.2.1: with
    /// `none` any other value is an error. Keycloak lets `none` win instead; a door that must
    /// answer as Keycloak does ignores this.
    ///
    /// # Errors
    ///
    /// [`Contradiction`], if `none` is not alone.
    pub fn check(self) -> Result<(), Contradiction> {
        let others = self.login || self.consent || self.select_account || self.create;
        if self.none && others {
            Err(Contradiction)
        } else {
            Ok(())
        }
    }
}

/// A `max_age` that is not a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("max_age must be a number of seconds")]
pub struct BadMaxAge;

/// Reads `max_age`: seconds since the person last signed in, 0 or more.
///
/// # Errors
///
/// [`BadMaxAge`] if it is negative, not decimal digits, or more than 2147483647.
///
/// ```
/// use vestibule_oauth::authorize::max_age;
/// assert_eq!(max_age("3600"), Ok(3600));
/// assert!(max_age("-1").is_err() && max_age("zzz").is_err() && max_age("+1").is_err());
/// ```
pub fn max_age(sent: &str) -> Result<u32, BadMaxAge> {
    let digits = !sent.is_empty() && sent.bytes().all(|b| b.is_ascii_digit());
    let seconds = sent.parse::<i32>().ok().and_then(|n| u32::try_from(n).ok());
    seconds.filter(|_| digits).ok_or(BadMaxAge)
}
