//! A mail server that keeps what it is given.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// SMTP on a port of its own. Mails are kept as they came.
pub struct SmtpServer {
    pub address: SocketAddr,
    mails: Arc<Mutex<Vec<(String, String)>>>,
}

#[allow(dead_code)]
impl SmtpServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mails: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let kept = Arc::clone(&mails);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        Self { address, mails }
    }

    /// Recipient and text of all mails so far.
    pub fn mails(&self) -> Vec<(String, String)> {
        self.mails.lock().unwrap().clone()
    }

    /// Waits until there are `n` mails.
    pub async fn wait_for(&self, n: usize) -> Vec<(String, String)> {
        for _ in 0..200 {
            if self.mails().len() >= n {
                return self.mails();
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{n} mails were expected, there are {}", self.mails().len());
    }
}

async fn serve(stream: TcpStream, mails: Arc<Mutex<Vec<(String, String)>>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut recipient = String::new();
    let _ = write.write_all(b"220 test ESMTP\r\n").await;
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_uppercase()
            .as_str()
        {
            "EHLO" => "250-test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "RCPT" => {
                recipient = line
                    .split_once('<')
                    .map(|(_, r)| r.split('>').next().unwrap().to_owned())
                    .unwrap_or_default();
                "250 ok\r\n"
            }
            "DATA" => {
                let _ = write.write_all(b"354 go on\r\n").await;
                let mut text = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push('\n');
                }
                mails.lock().unwrap().push((recipient.clone(), text));
                "250 kept\r\n"
            }
            "QUIT" => {
                let _ = write.write_all(b"221 bye\r\n").await;
                return;
            }
            _ => "250 ok\r\n",
        };
        if write.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
