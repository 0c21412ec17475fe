//! The public half of a key pair, in the two forms it is published in.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use crate::alg::Curve;
use crate::digest::b64url;
use crate::{Error, Jwk, Result, der};

/// The public half of a key pair: its JWK without `kid`, `alg` and `use`, and its DER.
pub(crate) struct Public {
    pub(crate) jwk: Jwk,
    pub(crate) spki: Vec<u8>,
}

pub(crate) fn of_rsa(pair: &rsa::KeyPair) -> Result<Public> {
    let public = pair.public_key();
    let (n, e) = der::rsa_public(public.as_ref()).ok_or(Error::Crypto)?;
    let jwk = Jwk {
        kty: "RSA".into(),
        n: Some(b64url(n)),
        e: Some(b64url(e)),
        ..Jwk::default()
    };
    Ok(Public {
        jwk,
        spki: public.as_der()?.as_ref().to_vec(),
    })
}

pub(crate) fn of_ec(curve: Curve, pair: &EcdsaKeyPair) -> Result<Public> {
    let public = pair.public_key();
    // An uncompressed point: the byte 4, then x and y.
    let point = public.as_ref().get(1..).ok_or(Error::Crypto)?;
    let (x, y) = point.split_at_checked(curve.coordinate_len()).ok_or(Error::Crypto)?;
    let jwk = Jwk {
        kty: "EC".into(),
        crv: Some(curve.name().into()),
        x: Some(b64url(x)),
        y: Some(b64url(y)),
        ..Jwk::default()
    };
    Ok(Public {
        jwk,
        spki: public.as_der()?.as_ref().to_vec(),
    })
}

pub(crate) fn of_ed25519(pair: &Ed25519KeyPair) -> Result<Public> {
    let public = pair.public_key();
    let jwk = Jwk {
        kty: "OKP".into(),
        crv: Some("Ed25519".into()),
        x: Some(b64url(public.as_ref())),
        ..Jwk::default()
    };
    Ok(Public {
        jwk,
        spki: public.as_der()?.as_ref().to_vec(),
    })
}
