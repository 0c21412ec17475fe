//! A service account creates a user with a password, as a program of the platform would.

use reqwest::Method;

use super::Worker;
use crate::bench::client::Fault;
use crate::bench::site::{Site, user};

/// Creates one user.
///
/// # Errors
/// Anything but 201.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    let body = user(&worker.new_name());
    site.call(&worker.token, Method::POST, "users", Some(body), 201)
        .await
        .map(|_| ())
}
