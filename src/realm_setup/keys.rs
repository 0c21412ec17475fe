//! Keys of realms: a pool made in the background, and one key per key provider.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};
use vestibule_jose::{Alg, EncryptionKey, SigningKey};

use crate::app::App;
use crate::error::Error;
use crate::store::json::Doc;
use crate::store::key::{self, Material, RealmKey};
use crate::store::part::{self, Kind};
use crate::store::realm::{Component, Realm};
use crate::store::{Tx, realm};

/// RSA keys made ahead, as making one takes 0.1 s.
const AHEAD: usize = 4;

type Pair = (SigningKey, EncryptionKey);

/// RSA keys for realms to come.
#[derive(Clone, Default)]
pub struct KeyPool(Arc<Mutex<Vec<Pair>>>);

impl KeyPool {
    fn pop(&self) -> Option<Pair> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Fills the pool in the background.
    pub fn fill(&self) {
        let pool = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            while pool.lock().unwrap_or_else(PoisonError::into_inner).len() < AHEAD {
                let Ok(pair) = make_pair() else { return };
                pool.lock().unwrap_or_else(PoisonError::into_inner).push(pair);
            }
        });
    }

    async fn take(&self) -> Result<Pair, Error> {
        match self.pop() {
            Some(pair) => {
                self.fill();
                Ok(pair)
            }
            None => tokio::task::spawn_blocking(make_pair)
                .await
                .map_err(|e| Error::Key(e.to_string()))?,
        }
    }
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::Key(e.to_string())
}

fn make_pair() -> Result<Pair, Error> {
    Ok((
        SigningKey::generate(Alg::RS256).map_err(failed)?,
        EncryptionKey::generate(2048).map_err(failed)?,
    ))
}

/// The keys of a realm that is being made.
pub struct Fresh {
    keys: Vec<(&'static str, RealmKey)>,
}

/// Makes the four keys of a new realm.
///
/// # Errors
///
/// [`Error::Key`] if one cannot be made.
pub async fn for_new_realm(app: &App, name: &str) -> Result<Fresh, Error> {
    let (signing, encryption) = app.key_pool.take().await?;
    let secret = |alg, n: usize| -> Result<SigningKey, Error> {
        let bytes: [u8; 128] = crate::random::bytes();
        SigningKey::from_secret(alg, crate::random::uuid(), &bytes[..n]).map_err(failed)
    };
    let aes: [u8; 16] = crate::random::bytes();
    let made = [
        ("rsa-generated", Material::Sign(signing)),
        ("rsa-enc-generated", Material::Encrypt(encryption)),
        ("hmac-generated", Material::Sign(secret(Alg::HS512, 128)?)),
        ("aes-generated", Material::Secret(aes.to_vec())),
    ];
    let keys = made
        .into_iter()
        .map(|(provider, material)| Ok((provider, realm_key(name, material, app.now())?)));
    Ok(Fresh {
        keys: keys.collect::<Result<_, Error>>()?,
    })
}

impl Fresh {
    pub(super) async fn add(
        self,
        tx: &mut Tx,
        app: &App,
        realm_id: &str,
        providers: &Map<String, Value>,
    ) -> Result<(), Error> {
        for (provider, mut new) in self.keys {
            // A provider that an import brings has its own key.
            let Some(component_id) = providers.get(provider).and_then(Value::as_str) else {
                continue;
            };
            new.component_id = component_id.to_owned();
            key::add(tx, &app.db, realm_id, &new).await?;
        }
        Ok(())
    }
}

fn realm_key(realm_name: &str, material: Material, now: i64) -> Result<RealmKey, Error> {
    let (kid, algorithm, certificate) = match &material {
        Material::Sign(k) if k.alg().is_rsa() => (
            k.kid().to_owned(),
            k.alg().as_str(),
            Some(certificate(realm_name, &k.to_der().map_err(failed)?)?),
        ),
        Material::Sign(k) => (k.kid().to_owned(), k.alg().as_str(), None),
        Material::Encrypt(k) => (
            k.kid().to_owned(),
            "RSA-OAEP",
            Some(certificate(realm_name, &k.to_der().map_err(failed)?)?),
        ),
        Material::Secret(_) => (crate::random::uuid(), "AES", None),
    };
    Ok(RealmKey {
        id: crate::random::uuid(),
        component_id: String::new(),
        kid,
        algorithm: algorithm.to_owned(),
        certificate,
        created: now,
        material,
    })
}

/// A self-signed certificate for an RSA key, with the realm's name, as Keycloak publishes one beside each key.
fn certificate(realm_name: &str, pkcs8: &[u8]) -> Result<Vec<u8>, Error> {
    let der = pkcs8.to_vec().into();
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_RSA_SHA256).map_err(failed)?;
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, realm_name);
    Ok(params.self_signed(&pair).map_err(failed)?.der().to_vec())
}

/// The same for a key that is there.
///
/// # Errors
///
/// [`Error::Key`] if it is no RSA key.
pub fn self_signed(realm_name: &str, key: &RealmKey) -> Result<Vec<u8>, Error> {
    let der = match &key.material {
        Material::Sign(key) => key.to_der().map_err(failed)?,
        Material::Encrypt(key) => key.to_der().map_err(failed)?,
        Material::Secret(_) => return Err(Error::Key("a secret has no certificate".into())),
    };
    certificate(realm_name, &der)
}

/// Why no key can be made for a provider with such settings, in Keycloak's words; `None`: one can.
pub fn provider_fault(component: &Component) -> Option<String> {
    let provider = component.provider_id.as_str();
    if matches!(provider, "rsa-generated" | "rsa-enc-generated") {
        let size = component.first("keySize").unwrap_or("2048");
        match size {
            "2048" | "3072" | "4096" => {}
            "1024" => return Some("'Key size' should be 2048, 3072 or 4096".into()),
            _ => return Some("'Key size' should be 1024, 2048, 3072 or 4096".into()),
        }
    }
    let known = component.first("algorithm").and_then(Alg::parse);
    let fits = match provider {
        "rsa-generated" => known.is_none_or(Alg::is_rsa),
        "hmac-generated" => known.is_none_or(|alg| matches!(alg, Alg::HS256 | Alg::HS384 | Alg::HS512)),
        _ => true,
    };
    (!fits).then(|| "'Algorithm' is not one of this provider".to_owned())
}

/// Makes the key of a key provider component that an administrator added, such as `ecdsa-generated`. A provider that is
/// not ours to make keys for (imported certificates, keystores) gets none. Call it before the transaction: an RSA key may take
/// a second.
///
/// # Errors
///
/// [`Error::Key`] if no key can be made.
pub async fn provider_key(app: &App, realm_name: &str, component: &Component) -> Result<Option<RealmKey>, Error> {
    let setting = |name: &str, default: &'static str| component.first(name).unwrap_or(default).to_owned();
    let provider = component.provider_id.clone();
    let (size, curve, secret) = (
        setting("keySize", "2048"),
        setting("ecdsaEllipticCurveKey", "P-256"),
        setting("secretSize", "0"),
    );
    let algorithm = component.first("algorithm").map(str::to_owned);
    let made = tokio::task::spawn_blocking(move || material(&provider, algorithm.as_deref(), &size, &curve, &secret));
    let Some(material) = made.await.map_err(failed)?? else {
        return Ok(None);
    };
    let mut new = realm_key(realm_name, material, app.now())?;
    new.component_id.clone_from(&component.id);
    Ok(Some(new))
}

/// Makes and adds such a key, for a realm (id and name) that is being made: nobody else waits for that.
///
/// # Errors
///
/// As [`provider_key`], and those of the database.
pub async fn make_provider_key(
    tx: &mut Tx,
    app: &App,
    (realm_id, realm_name): (&str, &str),
    component: &Component,
) -> Result<(), Error> {
    match provider_key(app, realm_name, component).await? {
        Some(new) => key::add(tx, &app.db, realm_id, &new).await,
        None => Ok(()),
    }
}

fn material(
    provider: &str,
    algorithm: Option<&str>,
    size: &str,
    curve: &str,
    secret: &str,
) -> Result<Option<Material>, Error> {
    let bits: u32 = size.parse().unwrap_or(2048);
    let named = |default: Alg| algorithm.and_then(Alg::parse).unwrap_or(default);
    let wide: [u8; 512] = crate::random::bytes();
    let length = |default: usize| {
        secret
            .parse()
            .ok()
            .filter(|n| (16..=512).contains(n))
            .unwrap_or(default)
    };
    let sign = |key: Result<SigningKey, vestibule_jose::Error>| key.map(|k| Some(Material::Sign(k))).map_err(failed);
    match provider {
        "rsa-generated" => sign(SigningKey::generate_rsa(named(Alg::RS256), bits)),
        "rsa-enc-generated" => Ok(Some(Material::Encrypt(EncryptionKey::generate(bits).map_err(failed)?))),
        "ecdsa-generated" => sign(SigningKey::generate(match curve {
            "P-384" => Alg::ES384,
            "P-521" => Alg::ES512,
            _ => Alg::ES256,
        })),
        "eddsa-generated" => sign(SigningKey::generate(Alg::EdDSA)),
        "hmac-generated" => sign(SigningKey::from_secret(
            named(Alg::HS512),
            crate::random::uuid(),
            &wide[..length(128).max(64)],
        )),
        "aes-generated" => Ok(Some(Material::Secret(wide[..length(16)].to_vec()))),
        _ => Ok(None),
    }
}

/// Makes a key for an algorithm that a client asks for and the realm has none of, as Keycloak does (`fallback-ES256`).
/// Returns the realm as it is then.
///
/// # Errors
///
/// As [`provider_key`], and those of the database.
pub async fn ensure_signing_key(app: &App, known: &Arc<Realm>, alg: Alg) -> Result<Arc<Realm>, Error> {
    if known.keys.signing(alg).is_some() {
        return Ok(Arc::clone(known));
    }
    let (provider, extra) = match alg {
        Alg::ES256 => ("ecdsa-generated", ("ecdsaEllipticCurveKey", "P-256")),
        Alg::ES384 => ("ecdsa-generated", ("ecdsaEllipticCurveKey", "P-384")),
        Alg::ES512 => ("ecdsa-generated", ("ecdsaEllipticCurveKey", "P-521")),
        Alg::EdDSA => ("eddsa-generated", ("eddsaEllipticCurveKey", "Ed25519")),
        Alg::HS256 | Alg::HS384 | Alg::HS512 => ("hmac-generated", ("algorithm", alg.as_str())),
        _ => ("rsa-generated", ("algorithm", alg.as_str())),
    };
    let (id, name) = (crate::random::uuid(), format!("fallback-{}", alg.as_str()));
    let doc = json!({
        "id": id, "name": name, "providerId": provider, "providerType": "org.keycloak.keys.KeyProvider",
        "parentId": known.id, "config": { "priority": ["-100"], extra.0: [extra.1] }
    });
    let component: Component = serde_json::from_value(doc.clone())?;
    let doc: Doc = doc.as_object().cloned().unwrap_or_default();
    let new = provider_key(app, &known.name, &component).await?;
    let mut tx = app.db.begin().await?;
    part::put(&mut tx, &known.id, Kind::Component, &id, &name, &doc).await?;
    if let Some(new) = &new {
        key::add(&mut tx, &app.db, &known.id, new).await?;
    }
    tx.commit().await?;
    realm::by_id(&app.db, &known.id)
        .await?
        .ok_or_else(|| Error::Key("the realm is gone".into()))
}

/// A private key and the certificate beside it, as a client signs its assertions with. Not `Debug`.
pub struct ClientKey {
    /// `RSAPrivateKey` (RFC 8017) in DER.
    pub pkcs1: zeroize::Zeroizing<Vec<u8>>,
    /// The certificate in DER.
    pub certificate: Vec<u8>,
}

/// Makes an RSA key for a client.
///
/// # Errors
///
/// [`Error::Key`] if none can be made.
pub async fn client_key(client_id: &str) -> Result<ClientKey, Error> {
    let name = client_id.to_owned();
    let made = tokio::task::spawn_blocking(move || {
        let pkcs8 = SigningKey::generate(Alg::RS256)
            .map_err(failed)?
            .to_der()
            .map_err(failed)?;
        let certificate = certificate(&name, &pkcs8)?;
        let pkcs1 = pkcs1(&pkcs8).ok_or_else(|| Error::Key("a key has another form".into()))?;
        Ok(ClientKey { pkcs1, certificate })
    });
    made.await.map_err(failed)?
}

/// The key within a `PrivateKeyInfo` (RFC 5208): the content of its only `OCTET STRING`, which begins a sequence.
fn pkcs1(pkcs8: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let at = pkcs8.windows(2).position(|w| w == [0x04, 0x82])?;
    let length = usize::from(*pkcs8.get(at + 2)?) << 8 | usize::from(*pkcs8.get(at + 3)?);
    let inner = pkcs8.get(at + 4..at + 4 + length)?;
    (inner.first() == Some(&0x30)).then(|| zeroize::Zeroizing::new(inner.to_vec()))
}
