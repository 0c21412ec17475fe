//! The two ceremonies: a credential is made (§7.1), somebody is proved by it (§7.2).

use aws_lc_rs::digest::{SHA256, digest};

use crate::attestation::{Attestation, Proof};
use crate::authenticator::AuthenticatorData;
use crate::key::{Algorithm, Key};
use crate::{Refusal, client};

/// What a ceremony was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The domain that credentials are for.
    pub rp_id: &'a str,
    /// The origins of pages on which they may be used.
    pub origins: &'a [String],
    /// The challenge, in base64url without padding.
    pub challenge: &'a str,
    /// Whether the authenticator must have verified the user.
    pub user_verification: bool,
}

/// A credential that was made.
#[derive(Debug, Clone)]
pub struct NewCredential {
    pub id: Vec<u8>,
    /// The model of the authenticator, as a UUID.
    pub aaguid: String,
    /// The public key, as the authenticator encoded it (COSE).
    pub public_key: Vec<u8>,
    pub counter: u32,
    /// `none`, `packed`, `fido-u2f`.
    pub format: String,
    /// By what the model is borne out.
    pub proof: Proof,
}

/// What is sent to sign in.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    pub client_data: &'a [u8],
    pub authenticator_data: &'a [u8],
    pub signature: &'a [u8],
}

/// Somebody who was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authenticated {
    /// How often the authenticator has signed; 0 if it does not count.
    pub counter: u32,
    pub user_verified: bool,
}

/// Checks a new credential. The caller has asked for one of `algorithms`, and uses the challenge up.
///
/// # Errors
///
/// [`Refusal`], if anything is not as it was asked for.
pub fn register(
    expected: &Expected<'_>,
    algorithms: &[Algorithm],
    client_data: &[u8],
    attestation_object: &[u8],
) -> Result<NewCredential, Refusal> {
    client::check(client_data, "webauthn.create", expected)?;
    let attestation = Attestation::read(attestation_object)?;
    let data = AuthenticatorData::read(attestation.data)?;
    data.check(expected)?;
    let new = data.credential.as_ref().ok_or(Refusal::Malformed)?;
    if !algorithms.contains(&new.key.algorithm) {
        return Err(Refusal::Algorithm);
    }
    let proof = attestation.verify(&data, digest(&SHA256, client_data).as_ref())?;
    Ok(NewCredential {
        id: new.id.to_vec(),
        aaguid: uuid(new.aaguid),
        public_key: new.encoded.to_vec(),
        counter: data.counter,
        format: attestation.format.to_owned(),
        proof,
    })
}

/// Checks what is sent to sign in with a credential, by its public key. The caller compares the counter.
///
/// # Errors
///
/// [`Refusal`], if anything is not as it was asked for.
pub fn authenticate(
    expected: &Expected<'_>,
    public_key: &[u8],
    sent: &Assertion<'_>,
) -> Result<Authenticated, Refusal> {
    client::check(sent.client_data, "webauthn.get", expected)?;
    let data = AuthenticatorData::read(sent.authenticator_data)?;
    data.check(expected)?;
    let signed = [sent.authenticator_data, digest(&SHA256, sent.client_data).as_ref()].concat();
    if !Key::read(public_key)?.verify(&signed, sent.signature) {
        return Err(Refusal::Signature);
    }
    Ok(Authenticated {
        counter: data.counter,
        user_verified: data.is_verified(),
    })
}

fn uuid(bytes: [u8; 16]) -> String {
    let hex = bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
