//! Signed JSON Web Tokens in compact form (RFC 7519 on RFC 7515 §7.1).
//!
//! # Examples
//!
//! ```
//! use vestibule_jose::{Alg, SigningKey, jwt};
//! let key = SigningKey::generate(Alg::EdDSA)?;
//! let token = jwt::encode(&key, "JWT", &serde_json::json!({ "sub": "ada" }))?;
//!
//! let parsed = jwt::decode(&token)?;
//! assert_eq!(parsed.kid(), Some(key.kid()));
//! let claims = parsed.verify(&key.verifier())?;
//! assert_eq!(claims["sub"], "ada");
//! # Ok::<(), vestibule_jose::Error>(())
//! ```

mod decode;
mod encode;

pub use decode::{MAX_LEN, Parsed, decode};
pub(crate) use encode::Headers;
pub use encode::encode;

/// The claims of a token.
pub type Claims = serde_json::Map<String, serde_json::Value>;
