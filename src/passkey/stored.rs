//! The passkeys of a user, as Keycloak keeps them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vestibule_jose::digest::b64url;
use vestibule_webauthn::NewCredential;

use super::{Kind, decode};
use crate::error::Error;
use crate::store::credential::{self, Credential};
use crate::store::json::{self as doc, Doc};
use crate::store::{Query, Tx};

/// A passkey of a user. One that cannot be read is there all the same, and nobody signs in with it.
pub struct Passkey {
    pub credential: Credential,
    data: Doc,
}

impl Passkey {
    fn read(credential: Credential) -> Self {
        let data = serde_json::from_str(&credential.credential_data).unwrap_or_default();
        Self { credential, data }
    }

    fn decoded(&self, name: &str) -> Vec<u8> {
        doc::text(&self.data, name).and_then(decode).unwrap_or_default()
    }

    /// The authenticator's id for it.
    pub fn id(&self) -> Vec<u8> {
        self.decoded("credentialId")
    }

    /// The public key, in COSE.
    pub fn public_key(&self) -> Vec<u8> {
        self.decoded("credentialPublicKey")
    }

    /// How the browser reaches the authenticator: `usb`, `internal`.
    pub fn transports(&self) -> Vec<&str> {
        let listed = self.data.get("transports").and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether an authenticator that has signed so often may be the one that made this passkey: it counts on, or never counts.
    pub fn may_follow(&self, counter: u32) -> bool {
        let known = doc::number(&self.data, "counter");
        (counter == 0 && known == 0) || i64::from(counter) > known
    }

    /// Keeps how often its authenticator has signed. `false`: somebody used it at the same moment, or it is gone.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn advance(&self, tx: &mut Tx, counter: u32) -> Result<bool, Error> {
        let mut data = self.data.clone();
        data.insert("counter".into(), json!(counter));
        let data = Value::Object(data).to_string();
        credential::swap(tx, &self.credential, &self.credential.secret_data, &data).await
    }
}

/// The passkeys of one kind that a user has, in their order.
///
/// # Errors
///
/// Those of the database.
pub async fn of_user(q: impl Query, user_id: &str, kind: Kind) -> Result<Vec<Passkey>, Error> {
    let all = credential::of_user(q, user_id).await?;
    Ok(of_kind(all, kind))
}

/// Those of one kind among credentials.
pub fn of_kind(all: Vec<Credential>, kind: Kind) -> Vec<Passkey> {
    let own = all.into_iter().filter(|c| c.kind == kind.credential_type());
    own.map(Passkey::read).collect()
}

/// A new passkey as it is kept.
pub fn credential(kind: Kind, new: &NewCredential, label: &str, transports: &[String], now: i64) -> Credential {
    let data = json!({
        "aaguid": new.aaguid, "credentialId": STANDARD.encode(&new.id), "counter": new.counter,
        "credentialPublicKey": b64url(&new.public_key), "attestationStatementFormat": new.format,
        "transports": transports
    });
    Credential {
        id: crate::random::uuid(),
        kind: kind.credential_type().to_owned(),
        label: Some(label.to_owned()).filter(|label| !label.is_empty()),
        created: now,
        priority: 0,
        secret_data: "{}".to_owned(),
        credential_data: data.to_string(),
    }
}

/// How the browser reaches the authenticator of a credential, if it is a passkey.
pub fn transports_of(credential: &Credential) -> Vec<String> {
    let passkey = Kind::of_type(&credential.kind).map(|_| Passkey::read(credential.clone()));
    passkey.map_or_else(Vec::new, |passkey| {
        passkey.transports().into_iter().map(str::to_owned).collect()
    })
}
