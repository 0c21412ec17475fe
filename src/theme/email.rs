//! Mails: subject, text and markup from one set of facts.

use serde::Serialize;

use super::sanitize::plain;
use super::{Error, Kind, Themes, Voice};

/// A mail that a theme can write: templates `html/NAME.j2` and `text/NAME.j2`.
pub trait Mail: Serialize {
    /// The template's name, without folder and ending.
    const TEMPLATE: &'static str;
    /// The message key of the subject.
    const SUBJECT: &'static str;

    /// What the subject's placeholders stand for.
    fn subject_args(&self) -> Vec<serde_json::Value> {
        Vec::new()
    }

    /// An example, for tests and for whoever writes a theme.
    fn sample() -> Self;
}

/// A mail as it is sent: `multipart/alternative` of text and markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line, without markup.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The markup.
    pub html: String,
}

impl Themes {
    /// Writes a mail.
    ///
    /// # Errors
    /// As [`Themes::page`].
    pub fn mail<M: Mail>(&self, voice: &Voice, mail: &M) -> Result<Letter, Error> {
        let subject = self.message(voice, Kind::Email, M::SUBJECT, &mail.subject_args());
        let text = self.render(voice, Kind::Email, &format!("text/{}.j2", M::TEMPLATE), mail)?;
        let html = self.render(voice, Kind::Email, &format!("html/{}.j2", M::TEMPLATE), mail)?;
        Ok(Letter {
            subject: one_line(&plain(&subject)),
            text,
            html,
        })
    }
}

/// A subject never breaks into another header line.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
