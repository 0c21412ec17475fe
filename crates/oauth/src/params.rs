//! Form bodies and queries, read strictly. RFC 6749 §3.1, §3.2 and appendix B.

use std::collections::HashSet;

/// How much one request may send. The size of the whole is the caller's to bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Parameters, repeated ones included.
    pub count: usize,
    /// Bytes of a decoded name.
    pub name: usize,
    /// Bytes of a decoded value.
    pub value: usize,
}

impl Default for Limits {
    /// A thousand parameters, names of 256 bytes, values of 1 MiB (request objects are long).
    fn default() -> Self {
        Self {
            count: 1000,
            name: 256,
            value: 1 << 20,
        }
    }
}

/// The longest value of a standard parameter that the authorization endpoint heeds, in
/// characters; Keycloak goes on as if a longer one had not been sent.
pub const MAX_HEEDED: usize = 4000;

/// So many are compared with each other; of more a set is made.
const FEW: usize = 16;

/// Why a body or query could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// More than [`Limits::count`].
    #[error("too many parameters")]
    TooMany,
    /// A name longer than [`Limits::name`] or a value longer than [`Limits::value`].
    #[error("a parameter is too long")]
    TooLong,
    /// A `%` without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("a parameter is not correctly encoded")]
    Encoding,
}

/// The parameters of a request, in the order sent, repeated ones included.
///
/// Not `Debug`: values are passwords, codes and secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text: a body, or a query without its `?`.
    ///
    /// # Errors
    ///
    /// [`Fault`], when a limit is passed or the encoding is broken. Nothing is guessed.
    ///
    /// # Examples
    ///
    /// ```
    /// use vestibule_oauth::params::{Fault, Limits, Params};
    /// let sent = Params::parse(b"grant_type=password&scope=a+b%21", Limits::default()).ok().unwrap();
    /// assert_eq!(sent.get("scope"), Some("a b!"));
    /// assert_eq!(Params::parse(b"a=%zz", Limits::default()).err(), Some(Fault::Encoding));
    /// assert_eq!(Params::parse(b"a=%ff", Limits::default()).err(), Some(Fault::Encoding));
    /// ```
    pub fn parse(text: &[u8], limits: Limits) -> Result<Self, Fault> {
        let mut pairs = Vec::new();
        for part in text.split(|b| *b == b'&').filter(|part| !part.is_empty()) {
            if pairs.len() == limits.count {
                return Err(Fault::TooMany);
            }
            let cut = part.iter().position(|b| *b == b'=');
            let (name, value) = match cut {
                Some(at) => (&part[..at], &part[at + 1..]),
                None => (part, &part[..0]),
            };
            pairs.push((decode(name, limits.name)?, decode(value, limits.value)?));
        }
        Ok(Self(pairs))
    }

    /// The first value of that name; an empty one counts as sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The first value of that name, unless it is empty or blank. RFC 6749 §3.1 treats
    /// parameters without a value as omitted.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }

    /// As [`Params::text`], and a value longer than [`MAX_HEEDED`] counts as not sent.
    pub fn heeded(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|value| value.chars().count() <= MAX_HEEDED)
    }

    /// Every value of that name, in order: `resource` (RFC 8707) may be repeated.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Whether that name was sent at all.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The first name sent more than once, but for those that may be. RFC 6749 §3.1:
    /// parameters must not be included more than once; Keycloak says `duplicated parameter`.
    ///
    /// ```
    /// use vestibule_oauth::params::{Limits, Params};
    /// let sent = Params::parse(b"resource=a&resource=b&state=1&state=1", Limits::default()).ok().unwrap();
    /// assert_eq!(sent.duplicate(&["resource"]), Some("state"));
    /// ```
    pub fn duplicate(&self, may_repeat: &[&str]) -> Option<&str> {
        let names = || self.0.iter().map(|(name, _)| name.as_str());
        let repeats = |name: &str| !may_repeat.contains(&name);
        if self.0.len() > FEW {
            let mut seen = HashSet::new();
            return names().filter(|name| repeats(name)).find(|name| !seen.insert(*name));
        }
        names()
            .enumerate()
            .find_map(|(n, name)| (repeats(name) && names().take(n).any(|earlier| earlier == name)).then_some(name))
    }

    /// All pairs in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// How many pairs were sent.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, String)> for Params {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// Decodes one name or value of a form. `+` is a space; `%` needs two hexadecimal digits.
///
/// # Errors
///
/// [`Fault::TooLong`] beyond `limit` bytes; [`Fault::Encoding`] if it is not UTF-8 percent-encoded.
pub fn decode(text: &[u8], limit: usize) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(text.len().min(limit));
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if bytes.len() == limit {
            return Err(Fault::TooLong);
        }
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, after) = rest.split_at_checked(2).ok_or(Fault::Encoding)?;
                rest = after;
                hex(digits[0])? << 4 | hex(digits[1])?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).map_err(|_| Fault::Encoding)
}

fn hex(digit: u8) -> Result<u8, Fault> {
    (digit as char)
        .to_digit(16)
        .map(|value| value as u8)
        .ok_or(Fault::Encoding)
}

/// Encodes pairs as a form: letters, digits and `*-._` stay, a space is `+`.
///
/// ```
/// use vestibule_oauth::params::encode;
/// assert_eq!(encode(&[("error_description", "Missing parameter: response_type")]),
///            "error_description=Missing+parameter%3A+response_type");
/// ```
pub fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}
