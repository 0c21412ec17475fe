//! A site on the web, whose pages a test writes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What an address answers: status and headers, and the body.
type Page = (String, String);

/// A site on the web, whose pages a test writes.
#[derive(Clone)]
pub struct Site {
    pub port: u16,
    pages: Arc<Mutex<BTreeMap<String, Page>>>,
    hits: Arc<AtomicUsize>,
}

impl Site {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let site = Self {
            port: listener.local_addr().unwrap().port(),
            pages: Arc::default(),
            hits: Arc::default(),
        };
        let serving = site.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move {
                    serving.hits.fetch_add(1, Ordering::SeqCst);
                    let mut seen = [0; 4096];
                    let read = stream.read(&mut seen).await.unwrap_or(0);
                    let line = String::from_utf8_lossy(&seen[..read]).into_owned();
                    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                    let page = serving.pages.lock().unwrap().get(&path).cloned();
                    let (head, body) = page.unwrap_or(("404 Not Found\r\n".to_owned(), String::new()));
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    let head = format!(
                        "HTTP/1.1 {head}content-length: {}\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                });
            }
        });
        site
    }

    pub fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// Publishes anything.
    pub fn put(&self, path: &str, head: &str, body: impl Into<String>) {
        let page = (head.to_owned(), body.into());
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    /// Publishes a description; gives its address.
    pub fn describe(&self, path: &str, more: Value) -> String {
        let address = self.address(path);
        let mut doc =
            json!({ "client_id": address, "client_name": "Sextant", "redirect_uris": ["https://app.example/cb"] });
        doc.as_object_mut().unwrap().extend(super::members(more));
        self.put(path, "200 OK\r\ncontent-type: application/json\r\n", doc.to_string());
        address
    }
}
