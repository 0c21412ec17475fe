//! What an authenticator says of itself when it makes a credential (§6.5, §8): `none`, `packed` and `fido-u2f`. Certificates
//! are checked as such; whether their maker is to be trusted is not asked, for there is no list of makers here.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::Refusal;
use crate::authenticator::{Attested, AuthenticatorData};
use crate::cbor::{self, Value};
use crate::key::Algorithm;

/// The extension in which a certificate names the model it is for.
const AAGUID_EXTENSION: &str = "1.3.6.1.4.1.45724.1.1.4";

/// By what an attestation is borne out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By nothing.
    None,
    /// By the new key itself.
    Own,
    /// By the certificate of the authenticator's model.
    Certificate,
}

/// An attestation object, taken apart.
pub(crate) struct Attestation<'a> {
    pub(crate) format: &'a str,
    statement: Value<'a>,
    pub(crate) data: &'a [u8],
}

impl<'a> Attestation<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let object = cbor::read_all(bytes).ok_or(Refusal::Malformed)?;
        let named = |name| object.named(name).ok_or(Refusal::Malformed);
        Ok(Self {
            format: named("fmt")?.text().ok_or(Refusal::Malformed)?,
            statement: named("attStmt")?.clone(),
            data: named("authData")?.bytes().ok_or(Refusal::Malformed)?,
        })
    }

    /// Checks the statement over what was read from [`Attestation::data`] and the hash of the client's data.
    pub(crate) fn verify(&self, read: &AuthenticatorData<'_>, hash: &[u8]) -> Result<Proof, Refusal> {
        let attested = read.credential.as_ref().ok_or(Refusal::Malformed)?;
        let signed = [self.data, hash].concat();
        match self.format {
            "none" if matches!(&self.statement, Value::Map(map) if map.is_empty()) => Ok(Proof::None),
            "none" => Err(Refusal::Attestation),
            "packed" => self.packed(attested, &signed),
            "fido-u2f" => self.u2f(read, attested, hash),
            _ => Err(Refusal::AttestationFormat),
        }
    }

    fn signature(&self) -> Result<&'a [u8], Refusal> {
        self.statement
            .named("sig")
            .and_then(Value::bytes)
            .ok_or(Refusal::Attestation)
    }

    /// The certificates, the model's first; `None`: there are none.
    fn certificates(&self) -> Result<Option<Vec<&'a [u8]>>, Refusal> {
        let Some(listed) = self.statement.named("x5c") else {
            return Ok(None);
        };
        let all: Option<Vec<&[u8]>> = listed.list().and_then(|list| list.iter().map(Value::bytes).collect());
        all.filter(|all| !all.is_empty()).map(Some).ok_or(Refusal::Attestation)
    }

    fn packed(&self, attested: &Attested<'_>, signed: &[u8]) -> Result<Proof, Refusal> {
        let id = self
            .statement
            .named("alg")
            .and_then(Value::int)
            .ok_or(Refusal::Attestation)?;
        let algorithm = Algorithm::of_id(id).ok_or(Refusal::Attestation)?;
        let signature = self.signature()?;
        let Some(certificates) = self.certificates()? else {
            let right = algorithm == attested.key.algorithm && attested.key.verify(signed, signature);
            return right.then_some(Proof::Own).ok_or(Refusal::Attestation);
        };
        let (_, model) = X509Certificate::from_der(certificates[0]).map_err(|_| Refusal::Attestation)?;
        let right = is_for_attestation(&model, &attested.aaguid)
            && algorithm.verify(&model.public_key().subject_public_key.data, signed, signature);
        right.then_some(Proof::Certificate).ok_or(Refusal::Attestation)
    }

    fn u2f(&self, read: &AuthenticatorData<'_>, attested: &Attested<'_>, hash: &[u8]) -> Result<Proof, Refusal> {
        let certificates = self
            .certificates()?
            .filter(|all| all.len() == 1)
            .ok_or(Refusal::Attestation)?;
        let (_, model) = X509Certificate::from_der(certificates[0]).map_err(|_| Refusal::Attestation)?;
        let point = attested.key.p256_point().ok_or(Refusal::Attestation)?;
        let signed = [&[0], read.rp_id_hash, hash, attested.id, point].concat();
        let key = &model.public_key().subject_public_key.data;
        let right = attested.aaguid == [0; 16] && Algorithm::Es256.verify(key, &signed, self.signature()?);
        right.then_some(Proof::Certificate).ok_or(Refusal::Attestation)
    }
}

/// Whether a certificate is one for attestations (§8.2.1), and not for another model.
fn is_for_attestation(certificate: &X509Certificate<'_>, aaguid: &[u8; 16]) -> bool {
    let subject = certificate.subject();
    let unit = subject
        .iter_organizational_unit()
        .any(|unit| unit.as_str() == Ok("Authenticator Attestation"));
    let ca = certificate
        .basic_constraints()
        .ok()
        .flatten()
        .is_some_and(|of| of.value.ca);
    let named = certificate
        .extensions()
        .iter()
        .find(|e| e.oid.to_id_string() == AAGUID_EXTENSION);
    // An OCTET STRING in an OCTET STRING.
    let fits = named.is_none_or(|e| e.value.strip_prefix(&[4, 16]) == Some(aaguid));
    certificate.version().0 == 2 && unit && !ca && fits
}
