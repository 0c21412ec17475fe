//! The secret key of an installation: it encrypts realm keys, mail passwords and secrets that must be read back.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule_jose::secretbox::MasterKey;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::error::Error;

/// The key that seals, and those before it, which still open. To change the key, put a new one on the first line of the
/// file, above the old one: what is written from then on is sealed with the new one, and what is there is sealed again
/// ([`crate::resealing`]).
pub struct SecretKey {
    newest: MasterKey,
    earlier: Vec<MasterKey>,
}

impl SecretKey {
    /// Seals a value for a purpose and an owner.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if the cipher fails.
    pub fn seal(&self, purpose: &str, owner: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        let sealed = self.newest.seal(purpose, owner, plain);
        sealed.map_err(|e| Error::Key(e.to_string()))
    }

    /// Whether there are keys from before the newest.
    pub fn has_earlier(&self) -> bool {
        !self.earlier.is_empty()
    }

    /// Whether the newest key sealed this.
    pub fn is_newest(&self, purpose: &str, owner: &[u8], sealed: &[u8]) -> bool {
        self.newest.open(purpose, owner, sealed).is_ok()
    }

    /// 32 bytes for a purpose and an owner, of the oldest key: the same for as long as that one is kept.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if the library fails.
    pub fn derive(&self, purpose: &str, owner: &[u8]) -> Result<[u8; 32], Error> {
        let oldest = self.earlier.last().unwrap_or(&self.newest);
        let derived = oldest.derive(purpose, owner);
        derived.map_err(|e| Error::Key(e.to_string()))
    }

    /// Opens what [`SecretKey::seal`] sealed, now or with an earlier key.
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if none of the keys opens it.
    pub fn open(&self, purpose: &str, owner: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut keys = std::iter::once(&self.newest).chain(&self.earlier);
        keys.find_map(|key| key.open(purpose, owner, sealed).ok()).ok_or_else(|| {
            Error::Key(format!(
                "a {purpose} was sealed with another secret key: the file given with --secret-key-file (else secret.key \
                 in the data folder) is not the one that this database was made with, or the old key is missing below \
                 the new one"
            ))
        })
    }
}

/// Reads the key. With SQLite, or in development, a missing one is made at the first start; nodes that share a
/// PostgreSQL must be given the same file.
///
/// # Errors
///
/// [`Error::Setup`] if the file is missing, readable by others, or not a key.
pub fn load(config: &Config) -> Result<Arc<SecretKey>, Error> {
    let path = &config.secret_key_file;
    if !path.exists() {
        if !config.db.starts_with("sqlite:") && !config.dev {
            return Err(Error::Setup(format!(
                "the secret key {} is missing: all nodes on one PostgreSQL need the same file. Make one with: \
                 (umask 077; head -c 32 /dev/urandom | base64 > {})",
                path.display(),
                path.display()
            )));
        }
        make(path)?;
    }
    private(path)?;
    let text = fs::read_to_string(path).map_err(|e| Error::Setup(format!("{}: {e}", path.display())))?;
    let text = Zeroizing::new(text);
    let wrong = || Error::Setup(format!("{} is not a key: 32 bytes in base64 on a line", path.display()));
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let mut keys = lines.map(|line| {
        let bytes = STANDARD.decode(line).ok();
        let bytes = bytes.and_then(|b| <[u8; 32]>::try_from(b).ok());
        bytes.map(MasterKey::from_bytes).ok_or_else(wrong)
    });
    let newest = keys.next().ok_or_else(wrong)??;
    let earlier = keys.collect::<Result<_, _>>()?;
    Ok(Arc::new(SecretKey { newest, earlier }))
}

fn make(path: &Path) -> Result<(), Error> {
    let failed = |e: std::io::Error| Error::Setup(format!("the secret key {} cannot be made: {e}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(STANDARD.encode(crate::random::bytes::<32>()).as_bytes())
        .map_err(failed)?;
    file.sync_all().map_err(failed)
}

#[cfg(unix)]
fn private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)
        .map_err(|e| Error::Setup(format!("{}: {e}", path.display())))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::Setup(format!(
        "others can read {0}: run chmod 600 {0}",
        path.display()
    )))
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), Error> {
    Ok(())
}
