//! The keys of a realm, opened and parsed once.

use std::sync::Arc;

use vestibule_jose::{Alg, EncryptionKey, Jwk, Jwks, SigningKey};

use super::cache::realm_topic;
use super::db::{Db, Query, Tx};
use super::realm::Component;
use crate::error::Error;

/// What private keys are sealed for.
pub const SEALED_FOR: &str = "realm-key";

/// What a key can do.
pub enum Material {
    /// Signs and verifies.
    Sign(SigningKey),
    /// Others encrypt to it (RSA-OAEP).
    Encrypt(EncryptionKey),
    /// A secret for symmetric encryption (AES).
    Secret(Vec<u8>),
}

/// A key of a realm. Not `Debug`.
pub struct RealmKey {
    pub id: String,
    /// The component (`KeyProvider`) that it belongs to.
    pub component_id: String,
    pub kid: String,
    /// `RS256`, `HS512`, `RSA-OAEP`, `AES`, ...
    pub algorithm: String,
    /// DER of the certificate beside it.
    pub certificate: Option<Vec<u8>>,
    /// Epoch milliseconds.
    pub created: i64,
    pub material: Material,
}

impl RealmKey {
    /// `sig` or `enc`.
    pub fn key_use(&self) -> &'static str {
        if matches!(self.material, Material::Sign(_)) {
            "sig"
        } else {
            "enc"
        }
    }

    /// The key as others may see it, with its certificate.
    pub fn jwk(&self) -> Option<Jwk> {
        let jwk = match &self.material {
            Material::Sign(key) => key.public_jwk()?,
            Material::Encrypt(key) => key.public_jwk(),
            Material::Secret(_) => return None,
        };
        Some(
            self.certificate
                .as_deref()
                .map_or(jwk.clone(), |der| jwk.with_certificate(der)),
        )
    }

    /// SPKI in DER, for Keycloak's `public_key`.
    pub fn public_der(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Sign(key) => key.public_der(),
            Material::Encrypt(key) => Some(key.public_der()),
            Material::Secret(_) => None,
        }
    }
}

/// A key in its place among the realm's keys.
struct Placed {
    key: Arc<RealmKey>,
    priority: i64,
    enabled: bool,
    active: bool,
}

/// All keys of a realm, the ones with the highest priority first.
#[derive(Default)]
pub struct Keys {
    placed: Vec<Placed>,
    /// The JWKS document, made once.
    jwks: String,
}

/// Whether a key signs now, only verifies, or does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
    Passive,
    Disabled,
}

impl Keys {
    pub(super) fn new(keys: Vec<Arc<RealmKey>>, components: &[Component]) -> Result<Self, Error> {
        let mut placed: Vec<Placed> = keys
            .into_iter()
            .map(|key| {
                let component = components.iter().find(|c| c.id == key.component_id);
                let setting = |name: &str| component.and_then(|c| c.first(name));
                Placed {
                    priority: setting("priority").and_then(|p| p.parse().ok()).unwrap_or(0),
                    enabled: setting("enabled") != Some("false"),
                    active: setting("active") != Some("false"),
                    key,
                }
            })
            .collect();
        placed.sort_by_key(|p| std::cmp::Reverse((p.priority, p.key.created)));
        let published = placed
            .iter()
            .filter(|p| p.enabled)
            .filter_map(|p| p.key.jwk())
            .collect();
        let jwks = serde_json::to_string(&Jwks { keys: published })?;
        Ok(Self { placed, jwks })
    }

    /// The key that signs now with an algorithm.
    pub fn signing(&self, alg: Alg) -> Option<&SigningKey> {
        self.placed
            .iter()
            .filter(|p| p.enabled && p.active)
            .find_map(|p| match &p.key.material {
                Material::Sign(key) if key.alg() == alg => Some(key),
                _ => None,
            })
    }

    /// The keys that others encrypt to.
    pub fn decrypting(&self) -> impl Iterator<Item = &EncryptionKey> {
        let enabled = self.placed.iter().filter(|p| p.enabled);
        enabled.filter_map(|p| match &p.key.material {
            Material::Encrypt(key) => Some(key),
            _ => None,
        })
    }

    /// The key for what only this server reads: refresh tokens, action tokens, registration tokens (HS512).
    ///
    /// # Errors
    ///
    /// [`Error::Key`] if the realm has none.
    pub fn internal(&self) -> Result<&SigningKey, Error> {
        self.signing(Alg::HS512)
            .ok_or_else(|| Error::Key("the realm has no active HS512 key".into()))
    }

    /// The key that verifies what was signed with `alg` under `kid`; passive keys verify, disabled ones do not.
    pub fn verifying(&self, kid: &str, alg: Alg) -> Option<&SigningKey> {
        self.placed
            .iter()
            .filter(|p| p.enabled)
            .find_map(|p| match &p.key.material {
                Material::Sign(key) if key.alg() == alg && key.kid() == kid => Some(key),
                _ => None,
            })
    }

    /// The document at `.../protocol/openid-connect/certs`.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// Every key with its priority and status, highest priority first.
    pub fn all(&self) -> impl Iterator<Item = (&Arc<RealmKey>, i64, Status)> {
        self.placed.iter().map(|p| {
            let status = match (p.enabled, p.active) {
                (false, _) => Status::Disabled,
                (true, false) => Status::Passive,
                (true, true) => Status::Active,
            };
            (&p.key, p.priority, status)
        })
    }
}

/// Reads and opens the keys of a realm; those already parsed on this node are used again.
pub(super) async fn of_realm(db: &Db, realm_id: &str) -> Result<Vec<Arc<RealmKey>>, Error> {
    let sql =
        "select id, component_id, kid, algorithm, sealed, certificate, created from realm_key where realm_id = $1";
    let mut keys = Vec::new();
    for mut r in db.all(sql, &[&realm_id]).await? {
        let id: String = r.next()?;
        if let Some(known) = db.caches.keys.get(&id) {
            keys.push(known);
            continue;
        }
        let (component_id, kid, algorithm): (String, String, String) = (r.next()?, r.next()?, r.next()?);
        let sealed: Vec<u8> = r.next()?;
        let der = db.open_sealed(SEALED_FOR, &id, &sealed)?;
        let material = parse(&algorithm, &kid, &der)?;
        let key = RealmKey {
            id: id.clone(),
            component_id,
            kid,
            algorithm,
            certificate: r.next()?,
            created: r.next()?,
            material,
        };
        let key = Arc::new(key);
        db.caches.keys.insert(id, Arc::clone(&key));
        keys.push(key);
    }
    Ok(keys)
}

fn parse(algorithm: &str, kid: &str, der: &[u8]) -> Result<Material, Error> {
    let failed = |e: vestibule_jose::Error| Error::Key(e.to_string());
    Ok(match Alg::parse(algorithm) {
        Some(alg) => Material::Sign(SigningKey::from_der(alg, kid, der).map_err(failed)?),
        None if algorithm == "RSA-OAEP" => Material::Encrypt(EncryptionKey::from_pkcs8(kid, der).map_err(failed)?),
        None => Material::Secret(der.to_vec()),
    })
}

/// Adds a key to a realm, sealed.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if it cannot be sealed.
pub async fn add(tx: &mut Tx, db: &Db, realm_id: &str, key: &RealmKey) -> Result<(), Error> {
    let failed = |e: vestibule_jose::Error| Error::Key(e.to_string());
    let der = match &key.material {
        Material::Sign(k) => k.to_der().map_err(failed)?.to_vec(),
        Material::Encrypt(k) => k.to_der().map_err(failed)?.to_vec(),
        Material::Secret(bytes) => bytes.clone(),
    };
    let sealed = db.seal(SEALED_FOR, &key.id, &der)?;
    tx.exec(
        "insert into realm_key (id, realm_id, component_id, kid, algorithm, key_use, sealed, certificate, created)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &key.id,
            &realm_id,
            &key.component_id,
            &key.kid,
            &key.algorithm,
            &key.key_use(),
            &sealed,
            &key.certificate,
            &key.created,
        ],
    )
    .await?;
    tx.touch(realm_topic(realm_id));
    Ok(())
}

/// Removes the keys of a component.
///
/// # Errors
///
/// Those of the database.
pub async fn remove_of_component(tx: &mut Tx, realm_id: &str, component_id: &str) -> Result<(), Error> {
    tx.exec(
        "delete from realm_key where realm_id = $1 and component_id = $2",
        &[&realm_id, &component_id],
    )
    .await?;
    tx.touch(realm_topic(realm_id));
    Ok(())
}
