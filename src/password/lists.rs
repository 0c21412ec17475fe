//! Lists of passwords that nobody may have, in `DATA/password-blacklists/`: Keycloak's block lists, and files of the hashes of
//! passwords that are known from breaches.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;

use vestibule_jose::digest::{sha1, sha256};

use crate::app::App;
use crate::error::Error;

/// The folder of the lists.
pub fn folder(app: &App) -> PathBuf {
    app.config.data.join("password-blacklists")
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> Error + use<> {
    let shown = path.display().to_string();
    move |e| Error::Setup(format!("the password list {shown} cannot be read: {e}"))
}

/// A block list as it is kept in memory: the beginnings of its passwords' hashes, in order.
struct Loaded {
    changed: Option<SystemTime>,
    size: u64,
    hashes: Arc<[u64]>,
}

static LOADED: LazyLock<Mutex<HashMap<PathBuf, Loaded>>> = LazyLock::new(Mutex::default);

fn short_hash(password: &str) -> u64 {
    let hash = sha256(password.to_lowercase().as_bytes());
    hash.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// Whether a password is on a block list: one password per line, compared without case. A list that was changed is read
/// again.
///
/// # Errors
///
/// [`Error::Setup`] if it cannot be read.
pub fn is_blocked(app: &App, file: &str, password: &str) -> Result<bool, Error> {
    let path = folder(app).join(file);
    let failed = unreadable(&path);
    let about = std::fs::metadata(&path).map_err(&failed)?;
    let (changed, size) = (about.modified().ok(), about.len());
    let known = LOADED.lock().ok().and_then(|all| {
        let kept = all.get(&path)?;
        (kept.changed == changed && kept.size == size).then(|| Arc::clone(&kept.hashes))
    });
    let hashes = match known {
        Some(hashes) => hashes,
        None => {
            let hashes: Arc<[u64]> = tokio::task::block_in_place(|| read(&path))?.into();
            if let Ok(mut all) = LOADED.lock() {
                let hashes = Arc::clone(&hashes);
                all.insert(path, Loaded { changed, size, hashes });
            }
            hashes
        }
    };
    Ok(hashes.binary_search(&short_hash(password)).is_ok())
}

fn read(path: &Path) -> Result<Vec<u64>, Error> {
    let failed = unreadable(path);
    let mut hashes = Vec::new();
    for line in BufReader::new(File::open(path).map_err(&failed)?).lines() {
        hashes.push(short_hash(line.map_err(&failed)?.trim_end_matches('\r')));
    }
    hashes.sort_unstable();
    hashes.dedup();
    Ok(hashes)
}

/// Whether a password is in a file of breached ones: a line per password that begins with its SHA-1 hash in 40 hexadecimal
/// digits, in order, as "Pwned Passwords" are offered ("ordered by hash"). The file is searched where it lies, however large.
///
/// # Errors
///
/// [`Error::Setup`] if it cannot be read.
pub fn is_breached(app: &App, file: &str, password: &str) -> Result<bool, Error> {
    let path = folder(app).join(file);
    let failed = unreadable(&path);
    let wanted = line_start(password);
    tokio::task::block_in_place(|| search(&path, &wanted)).map_err(&failed)
}

/// What a password's line begins with: its SHA-1 hash in hexadecimal digits.
fn line_start(password: &str) -> String {
    crate::theme::hex(&sha1(password.as_bytes())).to_uppercase()
}

/// The longest line: the hash, a colon, a count.
const LONGEST_LINE: usize = 128;

fn search(path: &Path, wanted: &str) -> Result<bool, std::io::Error> {
    let mut file = File::open(path)?;
    let (mut from, mut to) = (0, file.metadata()?.len());
    // A line that holds the hash begins at or after `from`, and before `to`.
    while from < to {
        let middle = from + (to - from) / 2;
        let Some((begins, line)) = line_at(&mut file, middle, from)? else {
            to = middle;
            continue;
        };
        if begins >= to {
            to = middle;
            continue;
        }
        let hash = line.get(..40).unwrap_or(&line).to_ascii_uppercase();
        match hash.as_str().cmp(wanted) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => from = begins + line.len() as u64 + 1,
            std::cmp::Ordering::Greater => to = middle,
        }
    }
    Ok(false)
}

/// The first line that begins at or after a place, and where it begins; `first` is known to be the beginning of one.
fn line_at(file: &mut File, place: u64, first: u64) -> Result<Option<(u64, String)>, std::io::Error> {
    let start = place.saturating_sub(1).max(first);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(2 * LONGEST_LINE as u64 + 2).read_to_end(&mut bytes)?;
    let skipped = if place <= first {
        0
    } else {
        match bytes.iter().position(|b| *b == b'\n') {
            Some(at) => at + 1,
            None => return Ok(None),
        }
    };
    let rest = &bytes[skipped..];
    if rest.is_empty() {
        return Ok(None);
    }
    let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    let line = String::from_utf8_lossy(&rest[..end]).into_owned();
    Ok(Some((start + skipped as u64, line)))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn every_hash_of_a_sorted_file_is_found_and_no_other() {
        let hashes: Vec<String> = (0..200_u32).map(|n| line_start(&n.to_string())).collect();
        for counts in [false, true] {
            let mut listed: Vec<&String> = hashes.iter().step_by(2).collect();
            listed.sort();
            let mut file = tempfile::NamedTempFile::new().unwrap();
            for (at, hash) in listed.iter().enumerate() {
                match counts {
                    true => write!(file, "{hash}:{}\r\n", at * 977).unwrap(),
                    false => writeln!(file, "{hash}").unwrap(),
                }
            }
            for (at, hash) in hashes.iter().enumerate() {
                assert_eq!(search(file.path(), hash).unwrap(), at % 2 == 0, "{at}");
            }
        }
    }
}
