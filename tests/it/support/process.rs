//! The built binary as a process of its own, spoken to over TCP.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Answer;

/// A running `vestibule serve`. Killed when dropped.
pub struct Process {
    child: Child,
    pub port: u16,
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Process {
    /// Starts the server and waits until it answers. `wrapper` runs it, such as `strace`.
    pub async fn start(data: &Path, db: Option<&str>, wrapper: &[&str]) -> Self {
        let binary = env!("CARGO_BIN_EXE_vestibule");
        let (port, management) = (free_port(), free_port());
        let mut command = match wrapper {
            [] => Command::new(binary),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary);
                command
            }
        };
        command
            // One name across restarts, whatever the port: tokens stay good.
            .args([
                "serve",
                "--dev",
                "--no-demo",
                "--hostname",
                "http://localhost:8080",
                "--data",
            ])
            .arg(data)
            .args([
                "--http-port",
                &port.to_string(),
                "--http-management-port",
                &management.to_string(),
            ])
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", super::ADMIN.0)
            .env("KC_BOOTSTRAP_ADMIN_PASSWORD", super::ADMIN.1)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(db) = db {
            command.args(["--db", db]);
        }
        let process = Self {
            child: command.spawn().unwrap(),
            port,
        };
        for _ in 0..600 {
            if process
                .call("GET", "/realms/master", &[], "")
                .await
                .is_some_and(|a| a.status == 200)
            {
                return process;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server did not start");
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Calls the server; `None` if the connection broke before the whole answer was there.
    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
        call(self.port, method, path, headers, body).await
    }

    /// An administrator's call below `/admin/realms`.
    pub async fn admin(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.call(method, &format!("/admin/realms{path}"), &headers, &text)
            .await
            .expect("an answer")
    }

    /// An access token of the administrator.
    pub async fn admin_token(&self) -> String {
        let fields = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", super::ADMIN.0),
            ("password", super::ADMIN.1),
        ];
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let path = "/realms/master/protocol/openid-connect/token";
        let answer = self
            .call("POST", path, &headers, &super::encode(&fields))
            .await
            .expect("an answer");
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Speaks HTTP/1.1 to a port of this machine.
pub async fn call(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    let answer = exchange(port, format!("{text}\r\n{body}").as_bytes()).await?;
    parse(&answer)
}

/// Sends bytes and reads until the server closes, for at most 30 seconds.
pub async fn exchange(port: u16, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    stream.write_all(bytes).await.ok()?;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    // A reset after a whole answer is an answer.
    (read.is_ok() && !answer.is_empty()).then_some(answer)
}

/// An answer as it came over the wire; `None` if it is cut off.
pub fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|l| l.split_once(": ")) {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_str(value).ok()?,
        );
    }
    let length = headers
        .get("content-length")
        .and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|n| body.len() < n) {
        return None;
    }
    Some(Answer {
        status,
        headers,
        body: body.to_owned(),
    })
}
