//! An administrator looks at applications.

use reqwest::Method;

use super::Worker;
use crate::bench::client::Fault;
use crate::bench::site::{CLIENT_ID, Site};

/// The first page, as the console asks for it.
///
/// # Errors
/// Anything but 200.
pub async fn page(site: &Site, worker: &Worker) -> Result<(), Fault> {
    let path = "clients?first=0&max=20";
    site.call(&worker.token, Method::GET, path, None, 200).await.map(|_| ())
}

/// One application by its name.
///
/// # Errors
/// Anything but 200 with the one that is there.
pub async fn one(site: &Site, worker: &Worker) -> Result<(), Fault> {
    let path = format!("clients?clientId={CLIENT_ID}");
    let found = site.call(&worker.token, Method::GET, &path, None, 200).await?.value()?;
    match found.pointer("/0/clientId") {
        Some(_) => Ok(()),
        None => Err(Fault::Failed("the application was not found".to_owned())),
    }
}
