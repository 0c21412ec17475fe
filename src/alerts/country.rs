//! In which country an address is, by a database in MaxMind's format (`--geoip`).

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{PathElement, Reader};

use crate::error::Error;

/// Countries by address.
pub struct Countries(Reader<Vec<u8>>);

impl Countries {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if it is not such a database, or has no countries.
    pub fn open(file: &Path) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Setup(format!("--geoip {}: {why}", file.display()));
        let bytes = std::fs::read(file).map_err(|e| wrong(&e.to_string()))?;
        let reader = Reader::from_source(bytes);
        let reader = reader.map_err(|e| wrong(&format!("this is no database in MaxMind's format (.mmdb): {e}")))?;
        let kind = &reader.metadata().database_type;
        if !["Country", "City", "Enterprise"]
            .iter()
            .any(|known| kind.contains(known))
        {
            return Err(wrong(&format!(
                "a database of countries or cities is needed, this is {kind:?}"
            )));
        }
        Ok(Self(reader))
    }

    /// The country's two letters (ISO 3166), if it is known.
    pub fn of(&self, address: IpAddr) -> Option<String> {
        let found = self.0.lookup(address.to_canonical()).ok()?;
        let code = |whose| {
            let path = [PathElement::Key(whose), PathElement::Key("iso_code")];
            found.decode_path::<String>(&path).ok().flatten()
        };
        let code = code("country").or_else(|| code("registered_country"))?;
        (code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())).then_some(code)
    }
}
