//! Files with realms: read once for everything but the users, and once for the users one by one, so that memory stays
//! bounded however many there are.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::error::Error;
use crate::store::json::Doc;

/// Members that are read one by one, or belong to users who live elsewhere.
const USERS: &str = "users";
const FEDERATED: &str = "federatedUsers";

/// A realm in a file, and the files with its users.
pub struct Source {
    /// The representation without its users.
    pub realm: Doc,
    /// Where its users are: a file, and which of the realms in it.
    pub users: Vec<(PathBuf, usize)>,
}

fn failed(path: &Path, e: &dyn std::fmt::Display) -> Error {
    Error::Setup(format!("{}: {e}", path.display()))
}

/// The realms of a file, or of a folder as Keycloak's `export --dir` writes it: `REALM-realm.json` beside
/// `REALM-users-N.json`, or other files that each hold a realm or a list of realms.
///
/// # Errors
///
/// [`Error::Setup`] if something cannot be read, or is no realm.
pub fn sources(path: &Path) -> Result<Vec<Source>, Error> {
    if path.is_file() {
        return of_file(path);
    }
    let entries = std::fs::read_dir(path).map_err(|e| failed(path, &e))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.is_file() && p.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let (users, realms): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(|f| owner_of_users(f).is_some());
    let mut all = Vec::new();
    for file in realms {
        for mut source in of_file(&file)? {
            let name = source
                .realm
                .get("realm")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let mut own: Vec<_> = users.iter().filter_map(|f| Some((owner_of_users(f)?, f))).collect();
            own.retain(|((owner, _), _)| *owner == name);
            own.sort_by_key(|((_, n), _)| *n);
            source.users.extend(own.into_iter().map(|(_, f)| (f.clone(), 0)));
            all.push(source);
        }
    }
    Ok(all)
}

/// The realm and the number of a file with users.
fn owner_of_users(path: &Path) -> Option<(String, u64)> {
    let stem = path.file_stem()?.to_str()?;
    let (owner, n) = stem.rsplit_once('-')?;
    let owner = owner
        .strip_suffix("-users")
        .or_else(|| owner.strip_suffix("-federated-users"))?;
    Some((owner.to_owned(), n.parse().ok()?))
}

fn of_file(path: &Path) -> Result<Vec<Source>, Error> {
    let file = File::open(path).map_err(|e| failed(path, &e))?;
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, file));
    let realms = Realms.deserialize(&mut json).map_err(|e| failed(path, &e))?;
    json.end().map_err(|e| failed(path, &e))?;
    let named = |doc: &Doc| doc.get("realm").is_some_and(Value::is_string);
    if realms.is_empty() || !realms.iter().all(named) {
        return Err(failed(path, &"this is no realm: it has no member \"realm\""));
    }
    let sources = realms.into_iter().enumerate().map(|(n, realm)| Source {
        realm,
        users: vec![(path.to_owned(), n)],
    });
    Ok(sources.collect())
}

/// Everything but users: of one realm, or of a list of them.
struct Realms;

impl<'de> DeserializeSeed<'de> for Realms {
    type Value = Vec<Doc>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Vec<Doc>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Realms {
    type Value = Vec<Doc>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a realm or a list of realms")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Doc>, A::Error> {
        let mut doc = Doc::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == USERS || key == FEDERATED {
                map.next_value::<IgnoredAny>()?;
            } else {
                doc.insert(key, map.next_value()?);
            }
        }
        Ok(vec![doc])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Doc>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element_seed(Realms)? {
            all.extend(one);
        }
        Ok(all)
    }
}

/// Bytes that were read of all files, for a progress bar.
#[derive(Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// How many.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counting<R>(R, Progress);

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(buffer)?;
        self.1.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Reads the users of a realm in a file, one by one, until `take` says no.
///
/// # Errors
///
/// [`Error::Setup`] if the file cannot be read.
pub fn users(path: &Path, realm: usize, progress: &Progress, take: impl FnMut(Doc) -> bool) -> Result<(), Error> {
    let file = File::open(path).map_err(|e| failed(path, &e))?;
    let reader = BufReader::with_capacity(1 << 16, Counting(file, progress.clone()));
    let mut json = serde_json::Deserializer::from_reader(reader);
    let mut take = take;
    let mut seed = Users {
        take: &mut take,
        skip: realm,
    };
    (&mut seed).deserialize(&mut json).map_err(|e| failed(path, &e))
}

/// Hands the users of one realm on.
struct Users<'a> {
    take: &'a mut dyn FnMut(Doc) -> bool,
    /// Realms before it.
    skip: usize,
}

impl<'de> DeserializeSeed<'de> for &mut Users<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Users<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a realm or a list of realms")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == USERS {
                map.next_value_seed(List(&mut *self.take))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for _ in 0..self.skip {
            seq.next_element::<IgnoredAny>()?;
        }
        seq.next_element_seed(&mut *self)?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

struct List<'a>(&'a mut dyn FnMut(Doc) -> bool);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(user) = seq.next_element::<Doc>()? {
            if !(self.0)(user) {
                return Err(A::Error::custom("the import was stopped"));
            }
        }
        Ok(())
    }
}
