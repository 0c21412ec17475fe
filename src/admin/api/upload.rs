//! Forms with a file.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};

use super::error::ApiError;
use super::json::wrong_content_type;

/// A form with texts and one file, by the names of their fields.
#[derive(Default)]
pub struct Upload {
    /// Its texts.
    pub texts: Vec<(String, String)>,
    /// What is in the file.
    pub file: Option<Bytes>,
}

impl Upload {
    /// Reads a form whose file is named `file`.
    ///
    /// # Errors
    ///
    /// 400 if it cannot be read, 415 if it is none.
    pub async fn read(request: Request) -> Result<Self, ApiError> {
        let mut form = Multipart::from_request(request, &())
            .await
            .map_err(|_| wrong_content_type())?;
        let unreadable = |_| ApiError::bad("Could not read file");
        let mut read = Self::default();
        while let Some(field) = form.next_field().await.map_err(unreadable)? {
            let name = field.name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(unreadable)?;
            if name == "file" {
                read.file = Some(bytes);
            } else {
                read.texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        Ok(read)
    }

    /// A text of the form, if it is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.texts.iter().find(|(n, _)| n == name);
        found.map(|(_, text)| text.as_str()).filter(|t| !t.is_empty())
    }
}
