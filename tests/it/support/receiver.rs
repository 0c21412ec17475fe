//! An address that is called: it keeps what it is sent, and answers as the test wants it, however badly.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use vestibule::rules::hook::signature;

/// What was sent.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Method and path.
    pub line: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether it is signed with a secret, as Standard Webhooks has it.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let seconds = self.header("webhook-timestamp").parse().unwrap();
        let expected = signature::headers(Some(secret), self.header("webhook-id"), seconds, &self.body);
        self.header("webhook-signature") == expected[2].1
    }
}

/// How it answers.
pub enum Reply {
    Json(Value),
    /// With this status and nothing else.
    Status(u16),
    /// These bytes.
    Raw(String),
    /// Never.
    Hang,
    /// By closing the connection.
    Close,
    /// With more than anybody wants to read.
    Endless,
}

pub struct Receiver {
    pub url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub async fn start(reply: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let (kept, reply) = (Arc::clone(&heard), Arc::new(reply));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                tokio::spawn(async move {
                    serve(stream, &kept, &*reply).await;
                });
            }
        });
        Self { url, heard, task }
    }

    /// One that answers everything with a status.
    pub async fn with_status(status: u16) -> Self {
        Self::start(move |_| Reply::Status(status)).await
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Heard>>, reply: &(impl Fn(&Heard) -> Reply + ?Sized)) {
    let Some(heard) = read(&mut stream).await else { return };
    kept.lock().unwrap().push(heard.clone());
    let head = "connection: close\r\ncontent-type: application/json\r\n";
    let text = match reply(&heard) {
        Reply::Json(body) => {
            let body = body.to_string();
            format!("HTTP/1.1 200 OK\r\n{head}content-length: {}\r\n\r\n{body}", body.len())
        }
        Reply::Status(status) => format!("HTTP/1.1 {status} As Wanted\r\n{head}content-length: 0\r\n\r\n"),
        Reply::Raw(text) => text,
        Reply::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
        Reply::Close => return,
        Reply::Endless => {
            let text =
                format!("HTTP/1.1 200 OK\r\n{head}content-length: 1073741824\r\n\r\n{{\"decision\":\"allow\",\"x\":\"");
            stream.write_all(text.as_bytes()).await.ok();
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
            return;
        }
    };
    stream.write_all(text.as_bytes()).await.ok();
}

async fn read(stream: &mut TcpStream) -> Option<Heard> {
    let (mut seen, mut part) = (Vec::new(), [0; 8192]);
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let line = lines.next()?.to_owned();
            let headers: Vec<(String, String)> = lines
                .filter_map(|l| l.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let heard = Heard {
                line,
                headers,
                body: body.to_owned(),
            };
            if heard.header("content-length").parse::<usize>().unwrap_or(0) <= body.len() {
                return Some(heard);
            }
        }
        let read = stream.read(&mut part).await.ok().filter(|n| *n > 0)?;
        seen.extend_from_slice(&part[..read]);
    }
}
