//! An authenticator in software: makes a passkey, signs in with it, and lies where a test wants it to.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

pub const PRESENT: u8 = 1;
pub const VERIFIED: u8 = 4;

/// One passkey of it. What a test changes, it says wrongly.
pub struct Authenticator {
    pub key: EcdsaKeyPair,
    pub id: Vec<u8>,
    pub origin: String,
    pub rp_id: String,
    pub flags: u8,
    pub counter: u32,
    pub aaguid: [u8; 16],
    /// The algorithm that the key says it is for.
    pub algorithm: i64,
    /// The attestation: `none`, or `packed` by the key itself.
    pub format: &'static str,
    pub cross_origin: bool,
}

/// What is sent when a passkey is made, and when it is used.
pub struct Created {
    pub client_data: Vec<u8>,
    pub object: Vec<u8>,
}
pub struct Signed {
    pub client_data: Vec<u8>,
    pub data: Vec<u8>,
    pub signature: Vec<u8>,
}

fn head(major: u8, number: usize) -> Vec<u8> {
    let major = major << 5;
    match number {
        0..24 => vec![major | number as u8],
        24..256 => vec![major | 0x18, number as u8],
        _ => vec![major | 0x19, (number >> 8) as u8, number as u8],
    }
}

pub fn int(number: i64) -> Vec<u8> {
    if number < 0 {
        head(1, (-1 - number) as usize)
    } else {
        head(0, number as usize)
    }
}

pub fn bytes(content: &[u8]) -> Vec<u8> {
    [head(2, content.len()), content.to_vec()].concat()
}

pub fn text(content: &str) -> Vec<u8> {
    [head(3, content.len()), content.as_bytes().to_vec()].concat()
}

pub fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [head(4, items.len()), items.concat()].concat()
}

pub fn map(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let pairs: Vec<Vec<u8>> = pairs.iter().map(|(k, v)| [k.clone(), v.clone()].concat()).collect();
    [head(5, pairs.len()), pairs.concat()].concat()
}

/// An attestation object.
pub fn object(format: &str, statement: Vec<u8>, data: &[u8]) -> Vec<u8> {
    map(&[
        (text("fmt"), text(format)),
        (text("attStmt"), statement),
        (text("authData"), bytes(data)),
    ])
}

impl Authenticator {
    /// A new passkey for the pages of an origin.
    pub fn new(origin: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let host = origin.split("://").nth(1).unwrap().split(':').next().unwrap();
        Self {
            id: digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec(),
            key,
            origin: origin.to_owned(),
            rp_id: host.to_owned(),
            flags: PRESENT | VERIFIED,
            counter: 0,
            aaguid: [7; 16],
            algorithm: -7,
            format: "none",
            cross_origin: false,
        }
    }

    pub fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let (origin, cross) = (&self.origin, self.cross_origin);
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":{cross}}}"#)
            .into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let hash = digest(&SHA256, self.rp_id.as_bytes());
        [hash.as_ref(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    pub fn cose(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        map(&[
            (int(1), int(2)),
            (int(3), int(self.algorithm)),
            (int(-1), int(1)),
            (int(-2), bytes(&point[1..33])),
            (int(-3), bytes(&point[33..])),
        ])
    }

    /// The authenticator data of a new passkey.
    pub fn attested(&self) -> Vec<u8> {
        let length = (self.id.len() as u16).to_be_bytes();
        let new = [&self.aaguid[..], &length, &self.id, &self.cose()].concat();
        [self.data(self.flags | 64), new].concat()
    }

    pub fn sign(&self, data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let signed = [data, digest(&SHA256, client_data).as_ref()].concat();
        self.key.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec()
    }

    /// Makes the passkey.
    pub fn create(&mut self, challenge: &str) -> Created {
        self.counter += 1;
        let client_data = self.client_data("webauthn.create", challenge);
        let data = self.attested();
        let statement = match self.format {
            "packed" => map(&[
                (text("alg"), int(self.algorithm)),
                (text("sig"), bytes(&self.sign(&data, &client_data))),
            ]),
            _ => map(&[]),
        };
        let object = object(self.format, statement, &data);
        Created { client_data, object }
    }

    /// Signs in with it.
    pub fn get(&mut self, challenge: &str) -> Signed {
        self.counter += 1;
        let client_data = self.client_data("webauthn.get", challenge);
        let data = self.data(self.flags);
        let signature = self.sign(&data, &client_data);
        Signed {
            client_data,
            data,
            signature,
        }
    }
}
