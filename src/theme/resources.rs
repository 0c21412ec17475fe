//! Static files of themes, under `/resources/{version}/{kind}/{theme}/{path}`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use aws_lc_rs::digest::{Context, SHA256, digest};

use super::Themes;
use super::files::{Files, Kind};

/// One static file.
pub struct Resource {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, by the file's name.
    pub content_type: &'static str,
    /// Its entity tag, quotes included: part of the content's SHA-256.
    pub etag: String,
}

pub(super) type Cache = RwLock<HashMap<(String, Kind, String), Arc<Resource>>>;

impl Themes {
    /// A theme's file, or its nearest parent's. `path` is what follows the theme's name in the address.
    pub fn resource(&self, theme: &str, kind: Kind, path: &str) -> Option<Arc<Resource>> {
        let key = (self.files.known(theme).to_owned(), kind, path.to_owned());
        if !self.reload
            && let Some(known) = self.resources.read().ok().and_then(|map| map.get(&key).cloned())
        {
            return Some(known);
        }
        let chain = self.files.chain(theme, kind);
        let bytes = chain
            .iter()
            .find_map(|theme| self.files.read(theme, kind, &format!("resources/{path}")))?;
        let etag = format!("\"{}\"", hex(&digest(&SHA256, &bytes).as_ref()[..10]));
        let resource = Arc::new(Resource {
            content_type: content_type(path),
            etag,
            bytes,
        });
        if let Ok(mut map) = self.resources.write() {
            map.insert(key, resource.clone()); // only files that exist: bounded by the themes
        }
        Some(resource)
    }

    /// The segment of resource addresses that changes whenever a theme does.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where a theme's resources are found, from the root: `/resources/{version}/{kind}/{theme}`.
    pub fn resources_path(&self, theme: &str, kind: Kind) -> String {
        format!(
            "/resources/{}/{}/{}",
            self.version,
            kind.name(),
            self.files.known(theme)
        )
    }
}

/// Five characters from the hash of all built-in files and of the names and sizes of the operator's.
pub(super) fn version(files: &Files) -> String {
    let mut context = Context::new(&SHA256);
    for hash in Files::built_in_hashes() {
        context.update(&hash);
    }
    if let Some(dir) = files.dir() {
        let mut found = Vec::new();
        walk(dir, 6, &mut found);
        found.sort();
        context.update(found.join("\n").as_bytes());
    }
    hex(context.finish().as_ref())[..5].to_owned()
}

fn walk(dir: &Path, depth: usize, found: &mut Vec<String>) {
    for entry in dir.read_dir().into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.metadata() {
            Ok(meta) if meta.is_dir() && depth > 0 => walk(&path, depth - 1, found),
            Ok(meta) if meta.is_file() => {
                found.push(format!("{} {} {:?}", path.display(), meta.len(), meta.modified().ok()));
            }
            _ => {}
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        out.extend([digit(byte >> 4), digit(byte & 15)]);
        out
    })
}

pub(crate) fn content_type(path: &str) -> &'static str {
    match path
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .as_deref()
    {
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
