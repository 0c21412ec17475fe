//! Keycloak's own Admin Console and Account Console, as `just console` builds them: files in a folder, served unmodified,
//! with the page around them that they expect.

mod environment;
pub mod web;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use serde::Deserialize;
use vestibule_jose::digest::sha256;

use crate::error::Error;
use crate::theme::Kind;
use crate::theme::messages::{self, Texts};

/// Where Vite lists what it built.
const MANIFEST: &str = ".vite/manifest.json";

/// The consoles' folder.
pub struct Console {
    dir: PathBuf,
    /// A part of their addresses that changes with them.
    version: String,
    admin: Entry,
    account: Entry,
    texts: RwLock<HashMap<(Kind, String), Arc<Texts>>>,
}

/// What a console's page loads, below the folder.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Entry {
    /// The script that begins everything.
    #[serde(rename = "file")]
    pub script: String,
    /// Its style sheets.
    #[serde(default, rename = "css")]
    pub styles: Vec<String>,
    #[serde(default)]
    imports: Vec<String>,
}

impl Console {
    /// Looks whether the consoles are in a folder.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if they are not.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let wrong = |why: String| {
            let folder = dir.display();
            Error::Setup(format!("--console {folder}: {why}; `just console` builds the folder"))
        };
        let text = std::fs::read(dir.join(MANIFEST)).map_err(|e| wrong(format!("{MANIFEST}: {e}")))?;
        let built: HashMap<String, Entry> =
            serde_json::from_slice(&text).map_err(|e| wrong(format!("{MANIFEST}: {e}")))?;
        let entry = |name: &str| {
            let mut found = built.get(name).cloned();
            if let Some(found) = &mut found {
                let shared = found.imports.iter().filter_map(|key| built.get(key));
                let more: Vec<String> = shared.flat_map(|part| part.styles.clone()).collect();
                found.styles.extend(more);
            }
            found.ok_or_else(|| wrong(format!("{MANIFEST} does not name {name}")))
        };
        Ok(Self {
            admin: entry("admin.jsx")?,
            account: entry("account.jsx")?,
            version: crate::theme::hex(&sha256(&text)[..4]),
            dir: dir.to_owned(),
            texts: RwLock::default(),
        })
    }

    /// Where a console's files are found, from the root. The names of the themes are those of Keycloak's.
    fn resources_path(&self, kind: Kind) -> String {
        let theme = if kind == Kind::Admin {
            "keycloak.v2"
        } else {
            "keycloak.v3"
        };
        format!("/resources/{}/{}/{theme}", self.version, kind.name())
    }

    /// All texts of a console in a language, those that nobody translated in English.
    pub fn texts(&self, kind: Kind, locale: &str) -> Arc<Texts> {
        let key = (kind, locale.to_owned());
        if let Some(known) = self.texts.read().ok().and_then(|map| map.get(&key).cloned()) {
            return known;
        }
        let mut all = Texts::new();
        let mut found = false;
        for part in messages::fallbacks(locale).into_iter().rev() {
            if let Some(texts) = self.read_texts(kind, part) {
                all.extend(texts);
                found |= part == locale;
            }
        }
        let all = Arc::new(all);
        // Only languages that there are: bounded by the folder.
        if found && let Ok(mut map) = self.texts.write() {
            map.insert(key, Arc::clone(&all));
        }
        all
    }

    fn read_texts(&self, kind: Kind, locale: &str) -> Option<Texts> {
        let name = format!("messages_{}.properties", locale.replace('-', "_"));
        if !crate::theme::is_name(&name) {
            return None;
        }
        let path = self.dir.join("messages").join(kind.name()).join(name);
        let text = std::fs::read(path).ok()?;
        Some(messages::parse(&String::from_utf8_lossy(&text)))
    }
}
