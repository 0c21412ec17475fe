//! Where a theme's files come from: `DATA/themes/NAME/KIND/` first, then what is built into the program.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::messages;

/// The theme of a realm that names none, or one that is not there.
pub const DEFAULT: &str = "vestibule";
/// Where every chain of parents ends.
pub const BASE: &str = "base";

#[derive(rust_embed::Embed)]
#[folder = "themes/"]
struct BuiltIn;

/// What a theme is for; the folder below the theme's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sign-in, registration, and all pages around them.
    Login,
    /// A user's own pages.
    Account,
    /// The texts of the Admin Console.
    Admin,
    /// Mails.
    Email,
    /// What the other kinds share: design tokens, the mark.
    Common,
    /// The demonstration: the application that plays with the server, and the inbox.
    Demo,
}

impl Kind {
    /// The folder's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Account => "account",
            Self::Admin => "admin",
            Self::Email => "email",
            Self::Common => "common",
            Self::Demo => "demo",
        }
    }

    /// The kind whose folder has this name, as in the path of a resource.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Login,
            Self::Account,
            Self::Admin,
            Self::Email,
            Self::Common,
            Self::Demo,
        ];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// The two places of theme files.
pub struct Files {
    dir: Option<PathBuf>,
}

impl Files {
    /// `dir`: the folder of the operator's themes, if there is one.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Self { dir }
    }

    /// The folder of the operator's themes.
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// The theme of that name if it exists, else the default one.
    pub fn known<'a>(&self, theme: &'a str) -> &'a str {
        let on_disk = || self.dir.as_ref().is_some_and(|dir| dir.join(theme).is_dir());
        let built_in = theme == DEFAULT || theme == BASE;
        if built_in || (is_name(theme) && on_disk()) {
            theme
        } else {
            DEFAULT
        }
    }

    /// One file of one theme, without looking at its parents. `path` has plain segments only.
    pub fn read(&self, theme: &str, kind: Kind, path: &str) -> Option<Cow<'static, [u8]>> {
        if !is_name(theme) || !path.split('/').all(is_name) {
            return None;
        }
        let name = format!("{theme}/{}/{path}", kind.name());
        let on_disk = self.dir.as_ref().and_then(|dir| std::fs::read(dir.join(&name)).ok());
        on_disk
            .map(Cow::Owned)
            .or_else(|| BuiltIn::get(&name).map(|file| file.data))
    }

    /// The same as text; bytes that are no UTF-8 are replaced.
    pub fn text(&self, theme: &str, kind: Kind, path: &str) -> Option<String> {
        self.read(theme, kind, path)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A theme and its parents, the theme itself first, `base` last.
    pub fn chain(&self, theme: &str, kind: Kind) -> Vec<String> {
        let mut chain = vec![self.known(theme).to_owned()];
        while let Some(last) = chain.last().filter(|last| *last != BASE) {
            let named = self
                .text(last, kind, "theme.properties")
                .and_then(|file| messages::parse(&file).remove("parent"));
            let parent = named.map_or(DEFAULT.to_owned(), |parent| self.known(&parent).to_owned());
            // A circle of parents, and a default theme without one, end in the base.
            chain.push(if chain.contains(&parent) {
                BASE.to_owned()
            } else {
                parent
            });
        }
        chain
    }

    /// Everything built in: for the version in the resources' addresses.
    pub fn built_in_hashes() -> impl Iterator<Item = [u8; 32]> {
        BuiltIn::iter()
            .filter_map(|name| BuiltIn::get(&name))
            .map(|file| file.metadata.sha256_hash())
    }
}

/// A plain segment of a path: nothing hidden, nothing that climbs.
pub(crate) fn is_name(segment: &str) -> bool {
    !segment.is_empty()
        && !segment.starts_with('.')
        && segment
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_climbs_out_of_a_theme() {
        let files = Files::new(None);
        for path in [
            "../login/theme.properties",
            "a//b",
            "/etc/passwd",
            ".hidden",
            "a\\b",
            "templates/%2e",
        ] {
            assert!(files.read(BASE, Kind::Login, path).is_none(), "{path}");
        }
        assert!(files.read("..", Kind::Login, "theme.properties").is_none());
        assert!(files.read(BASE, Kind::Login, "theme.properties").is_some());
    }

    #[test]
    fn every_theme_ends_in_the_base() {
        let dir = tempfile::tempdir().unwrap();
        for (name, parent) in [
            ("a", "parent=b"),
            ("b", "parent=a"),
            ("c", ""),
            ("d", "parent=keycloak.v2"),
        ] {
            let home = dir.path().join(name).join("login");
            std::fs::create_dir_all(&home).unwrap();
            std::fs::write(home.join("theme.properties"), parent).unwrap();
        }
        let files = Files::new(Some(dir.path().to_owned()));
        assert_eq!(files.chain("a", Kind::Login), ["a", "b", "base"]);
        assert_eq!(files.chain("c", Kind::Login), ["c", "vestibule", "base"]);
        assert_eq!(files.chain("d", Kind::Login), ["d", "vestibule", "base"]);
        assert_eq!(files.chain("unknown", Kind::Email), ["vestibule", "base"]);
    }
}
