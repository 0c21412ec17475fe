//! What the authenticator says and signs (authenticator data, WebAuthn §6.1).

use aws_lc_rs::digest::{SHA256, digest};

use crate::key::Key;
use crate::{Expected, Refusal, cbor};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// The longest id of a credential (§4).
const LONGEST_ID: usize = 1023;

pub(crate) struct AuthenticatorData<'a> {
    pub(crate) rp_id_hash: &'a [u8],
    flags: u8,
    pub(crate) counter: u32,
    pub(crate) credential: Option<Attested<'a>>,
}

/// A new credential.
pub(crate) struct Attested<'a> {
    pub(crate) aaguid: [u8; 16],
    pub(crate) id: &'a [u8],
    /// The key as it was sent.
    pub(crate) encoded: &'a [u8],
    pub(crate) key: Key,
}

impl<'a> AuthenticatorData<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let malformed = Refusal::Malformed;
        let (rp_id_hash, rest) = bytes.split_at_checked(32).ok_or(malformed)?;
        let (&flags, rest) = rest.split_first().ok_or(malformed)?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
        let mut credential = None;
        if flags & HAS_CREDENTIAL != 0 {
            let (attested, after) = Attested::read(rest)?;
            credential = Some(attested);
            rest = after;
        }
        if flags & HAS_EXTENSIONS != 0 {
            let (extensions, after) = cbor::read(rest).ok_or(malformed)?;
            if !matches!(extensions, cbor::Value::Map(_)) {
                return Err(malformed);
            }
            rest = after;
        }
        if !rest.is_empty() || flags & (BACKUP_ELIGIBLE | BACKED_UP) == BACKED_UP {
            return Err(malformed);
        }
        Ok(Self {
            rp_id_hash,
            flags,
            counter: u32::from_be_bytes(*counter),
            credential,
        })
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    /// Checks for which site it was made, and who was there.
    pub(crate) fn check(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        if self.rp_id_hash != digest(&SHA256, expected.rp_id.as_bytes()).as_ref() {
            return Err(Refusal::RelyingParty);
        }
        if self.flags & USER_PRESENT == 0 {
            return Err(Refusal::UserPresence);
        }
        if expected.user_verification && !self.is_verified() {
            return Err(Refusal::UserVerification);
        }
        Ok(())
    }
}

impl<'a> Attested<'a> {
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Refusal> {
        let malformed = Refusal::Malformed;
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(malformed)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (id, key) = rest.split_at_checked(length).ok_or(malformed)?;
        if id.is_empty() || id.len() > LONGEST_ID {
            return Err(malformed);
        }
        let (value, rest) = cbor::read(key).ok_or(malformed)?;
        let attested = Self {
            aaguid: *aaguid,
            id,
            encoded: &key[..key.len() - rest.len()],
            key: Key::of(&value)?,
        };
        Ok((attested, rest))
    }
}
