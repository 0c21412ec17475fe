//! Themes: the pages and mails that people see, in their language.
//!
//! A theme is a folder `NAME/KIND/` with `theme.properties` (`parent=`), `templates/*.j2`, `messages/messages_xx.properties`
//! and `resources/`; it holds only what differs from its parent. The words that templates find (`realm`, `url`,
//! `messagesPerField`, `profile` ...) are those of Keycloak's.

pub mod email;
pub mod files;
pub mod format;
pub mod locale;
pub mod messages;
pub mod pages;
mod render;
mod resources;
pub mod sanitize;
#[cfg(test)]
mod tests;
pub mod web;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

use files::Files;
pub(crate) use files::is_name;
pub use files::{DEFAULT, Kind};
use messages::Texts;
use pages::{Page, Shell};
use render::{Loaded, Resources};
pub use resources::Resource;
pub(crate) use resources::{content_type, hex};

/// How a realm speaks to one visitor.
#[derive(Clone, Default)]
pub struct Voice {
    /// The name of the theme (`loginTheme`, `emailTheme` ...); an unknown one, or none, is [`DEFAULT`].
    pub theme: String,
    /// The language: what [`locale::choose`] answered.
    pub locale: String,
    /// The realm's own texts, by locale.
    pub texts: Arc<HashMap<String, Texts>>,
}

/// A template could not be rendered. The cause is for the log.
#[derive(Debug, thiserror::Error)]
#[error("template {template}: {cause}")]
pub struct Error {
    template: String,
    cause: String,
}

impl Error {
    fn new(template: &str, cause: &minijinja::Error) -> Self {
        let mut text = format!("{cause}");
        let mut source = std::error::Error::source(cause);
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            source = inner.source();
        }
        Self {
            template: template.to_owned(),
            cause: text,
        }
    }
}

/// All themes: those of the operator's folder and the built-in ones.
pub struct Themes {
    files: Arc<Files>,
    reload: bool,
    version: String,
    loaded: RwLock<HashMap<(String, Kind), Arc<Loaded>>>,
    resources: resources::Cache,
}

impl Themes {
    /// `dir`: the operator's themes. `reload`: read everything anew for each page (`--dev`), so that a change shows at once.
    pub fn new(dir: Option<PathBuf>, reload: bool) -> Self {
        let files = Arc::new(Files::new(dir));
        let version = resources::version(&files);
        Self {
            files,
            reload,
            version,
            loaded: RwLock::default(),
            resources: resources::Cache::default(),
        }
    }

    /// A page with its shell.
    ///
    /// # Errors
    /// The template is wrong, and so is the built-in one (which a test excludes).
    pub fn page<P: Page>(&self, voice: &Voice, shell: &Shell, page: &P) -> Result<String, Error> {
        let context = minijinja::value::merge_maps([Value::from(Serde(page)), Value::from(Serde(shell))]);
        self.render_value(voice, P::KIND, P::TEMPLATE, &context)
    }

    /// Any template with any context.
    ///
    /// # Errors
    /// As [`Themes::page`].
    pub fn render(&self, voice: &Voice, kind: Kind, template: &str, context: &impl Serialize) -> Result<String, Error> {
        self.render_value(voice, kind, template, &Value::from(Serde(context)))
    }

    /// A message in the visitor's language, with its arguments (strings and numbers); an unknown key answers itself.
    pub fn message(&self, voice: &Voice, kind: Kind, key: &str, args: &[serde_json::Value]) -> String {
        self.loaded(&voice.theme, kind).message(voice, key, args)
    }

    /// Does the theme or the realm have a text under this key?
    pub fn has_message(&self, voice: &Voice, kind: Kind, key: &str) -> bool {
        self.loaded(&voice.theme, kind).pattern(voice, key).is_some()
    }

    /// `${key}` in the visitor's language, or the text itself: for display names of realms, clients, scopes, attributes.
    pub fn advanced(&self, voice: &Voice, kind: Kind, text: &str) -> String {
        self.loaded(&voice.theme, kind).advanced(voice, text)
    }

    /// All texts of one language, for whoever hands them on (account console, localization API).
    pub fn texts(&self, theme: &str, kind: Kind, locale: &str) -> Arc<Texts> {
        self.loaded(theme, kind).texts(locale)
    }

    /// The names of the themes there are for a kind: the built-in one, and those in the operator's folder.
    pub fn names(&self, kind: Kind) -> Vec<String> {
        let mut names = vec![DEFAULT.to_owned()];
        for entry in self
            .files
            .dir()
            .and_then(|dir| dir.read_dir().ok())
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.path().join(kind.name()).is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// May browsers keep resources? Not while themes are being written.
    pub fn is_reloading(&self) -> bool {
        self.reload
    }

    fn render_value(&self, voice: &Voice, kind: Kind, template: &str, context: &Value) -> Result<String, Error> {
        let theme = self.files.known(&voice.theme);
        let resources = self.resources(theme, kind);
        match self
            .loaded(theme, kind)
            .render(voice, template, context.clone(), &resources)
        {
            // A broken theme must not lock people out; its author wants to see what is wrong.
            Err(e) if theme != DEFAULT && !self.reload => {
                tracing::warn!(theme, error = %e, "theme is broken, using the built-in one");
                let resources = self.resources(DEFAULT, kind);
                self.loaded(DEFAULT, kind)
                    .render(voice, template, context.clone(), &resources)
            }
            answer => answer,
        }
    }

    fn resources(&self, theme: &str, kind: Kind) -> Resources {
        Resources {
            own: self.resources_path(theme, kind),
            common: self.resources_path(theme, Kind::Common),
        }
    }

    fn loaded(&self, theme: &str, kind: Kind) -> Arc<Loaded> {
        let theme = self.files.known(theme);
        if self.reload {
            return Arc::new(Loaded::new(&self.files, theme, kind));
        }
        let key = (theme.to_owned(), kind);
        if let Some(loaded) = self.loaded.read().ok().and_then(|map| map.get(&key).cloned()) {
            return loaded;
        }
        let loaded = Arc::new(Loaded::new(&self.files, theme, kind));
        if let Ok(mut map) = self.loaded.write() {
            map.insert(key, loaded.clone());
        }
        loaded
    }
}
