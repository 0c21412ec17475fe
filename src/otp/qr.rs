//! A picture that phones read, as SVG inside the page: nothing is fetched, and nobody else learns the secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::{Color, EcLevel, QrCode};

use crate::error::Error;

/// The white around the picture, in modules: readers need it.
const MARGIN: usize = 4;

/// A text as a `data:` address of its picture.
///
/// # Errors
///
/// [`Error::Corrupt`] if the text is longer than such a picture can hold.
pub fn picture(text: &str) -> Result<String, Error> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M);
    let code = code.map_err(|e| Error::Corrupt(format!("a text does not fit into a QR code: {e}")))?;
    let width = code.width();
    let mut path = String::new();
    for (at, _) in code.to_colors().iter().enumerate().filter(|(_, c)| **c == Color::Dark) {
        path.push_str(&format!("M{} {}h1v1h-1z", at % width + MARGIN, at / width + MARGIN));
    }
    let whole = width + 2 * MARGIN;
    let svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{whole}v{whole}H0z"/><path fill="#000" d="{path}"/></svg>"##
    );
    Ok(format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg)))
}
