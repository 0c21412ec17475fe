//! A mail server that keeps what it is given: in clear, or with TLS and signing in.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// When the connection becomes TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secured {
    Never,
    /// After `STARTTLS`, and nothing is taken before.
    Later,
    FromTheStart,
}

/// What a server wants.
#[derive(Debug, Clone)]
pub struct Wants {
    pub secured: Secured,
    /// The way to sign in (`PLAIN`, `LOGIN`), user and password.
    pub login: Option<(&'static str, &'static str, &'static str)>,
}

/// A certificate for this machine, and the file by which it is trusted.
pub struct Authority {
    pub file: PathBuf,
    acceptor: TlsAcceptor,
    _folder: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let text = STANDARD.encode(made.cert.der());
        std::fs::write(
            &file,
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"),
        )
        .unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        Self {
            file,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            _folder: folder,
        }
    }
}

/// What a server was told.
#[derive(Default)]
struct Kept {
    mails: Vec<(String, String)>,
    /// Everything that came in clear, line by line.
    clear: Vec<String>,
}

/// SMTP on a port of its own. Mails are kept as they came.
pub struct SmtpServer {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

impl SmtpServer {
    /// A server that takes everything, in clear.
    pub async fn start() -> Self {
        let wants = Wants {
            secured: Secured::Never,
            login: None,
        };
        Self::with(&Authority::new(), wants).await
    }

    pub async fn with(authority: &Authority, wants: Wants) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let (all, acceptor) = (Arc::clone(&kept), authority.acceptor.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = Session {
                    wants: wants.clone(),
                    kept: Arc::clone(&all),
                    acceptor: acceptor.clone(),
                    is_secure: false,
                    is_signed_in: false,
                    recipient: String::new(),
                };
                tokio::spawn(session.serve(stream));
            }
        });
        Self { address, kept }
    }

    /// Recipient and text of all mails so far.
    pub fn mails(&self) -> Vec<(String, String)> {
        self.kept.lock().unwrap().mails.clone()
    }

    /// Every line that came in clear.
    pub fn clear(&self) -> Vec<String> {
        self.kept.lock().unwrap().clear.clone()
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

/// A stream, in clear or not.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

struct Session {
    wants: Wants,
    kept: Arc<Mutex<Kept>>,
    acceptor: TlsAcceptor,
    is_secure: bool,
    is_signed_in: bool,
    recipient: String,
}

impl Session {
    async fn serve(mut self, stream: TcpStream) -> Option<()> {
        let mut wire: BufReader<Box<dyn Wire>> = BufReader::new(Box::new(stream));
        if self.wants.secured == Secured::FromTheStart {
            wire = self.secure(wire).await?;
        }
        say(&mut wire, "220 test ESMTP").await?;
        loop {
            let line = self.line(&mut wire).await?;
            let command = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            match command.as_str() {
                "EHLO" => say(&mut wire, &self.greeting()).await?,
                "STARTTLS" if self.wants.secured == Secured::Later && !self.is_secure => {
                    say(&mut wire, "220 go on").await?;
                    wire = self.secure(wire).await?;
                }
                "QUIT" => return say(&mut wire, "221 bye").await,
                _ if self.wants.secured == Secured::Later && !self.is_secure => {
                    say(&mut wire, "530 5.7.0 Must issue a STARTTLS command first").await?;
                }
                "AUTH" => self.sign_in(&mut wire, &line).await?,
                _ if self.wants.login.is_some() && !self.is_signed_in => {
                    say(&mut wire, "530 5.7.0 Authentication required").await?;
                }
                "RCPT" => {
                    let address = line.split_once('<').and_then(|(_, rest)| rest.split('>').next());
                    self.recipient = address.unwrap_or_default().to_owned();
                    say(&mut wire, "250 ok").await?;
                }
                "DATA" => self.take(&mut wire).await?,
                "MAIL" | "RSET" | "NOOP" => say(&mut wire, "250 ok").await?,
                _ => say(&mut wire, "502 5.5.1 not implemented").await?,
            }
        }
    }

    async fn secure(&mut self, wire: BufReader<Box<dyn Wire>>) -> Option<BufReader<Box<dyn Wire>>> {
        let secured = self.acceptor.accept(wire.into_inner()).await.ok()?;
        self.is_secure = true;
        Some(BufReader::new(Box::new(secured)))
    }

    fn greeting(&self) -> String {
        let mut lines = vec!["test".to_owned(), "8BITMIME".to_owned(), "SMTPUTF8".to_owned()];
        if self.wants.secured == Secured::Later && !self.is_secure {
            lines.push("STARTTLS".to_owned());
        } else if let Some((mechanism, ..)) = self.wants.login {
            lines.push(format!("AUTH {mechanism}"));
        }
        let last = lines.pop().unwrap();
        let first: Vec<String> = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        format!("{}250 {last}", first.concat())
    }

    async fn line(&mut self, wire: &mut BufReader<Box<dyn Wire>>) -> Option<String> {
        let mut line = String::new();
        let read = wire.read_line(&mut line).await.ok()?;
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        if !self.is_secure {
            self.kept.lock().unwrap().clear.push(line.clone());
        }
        (read > 0).then_some(line)
    }

    async fn sign_in(&mut self, wire: &mut BufReader<Box<dyn Wire>>, line: &str) -> Option<()> {
        let (mechanism, user, password) = self.wants.login?;
        let mut words = line.split(' ').skip(1);
        let (asked, first) = (words.next().unwrap_or_default(), words.next());
        let is_right = if asked != mechanism {
            false
        } else if mechanism == "PLAIN" {
            decoded(first.unwrap_or_default()) == format!("\0{user}\0{password}")
        } else {
            say(wire, &format!("334 {}", STANDARD.encode("Username:"))).await?;
            let name = decoded(&self.line(wire).await?);
            say(wire, &format!("334 {}", STANDARD.encode("Password:"))).await?;
            let secret = decoded(&self.line(wire).await?);
            (name.as_str(), secret.as_str()) == (user, password)
        };
        self.is_signed_in = is_right;
        let answer = if is_right {
            "235 2.7.0 welcome"
        } else {
            "535 5.7.8 Authentication credentials invalid"
        };
        say(wire, answer).await
    }

    async fn take(&mut self, wire: &mut BufReader<Box<dyn Wire>>) -> Option<()> {
        say(wire, "354 go on").await?;
        let mut text = String::new();
        loop {
            let line = self.line(wire).await?;
            if line == "." {
                break;
            }
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push('\n');
        }
        self.kept.lock().unwrap().mails.push((self.recipient.clone(), text));
        say(wire, "250 kept").await
    }
}

fn decoded(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap_or_default()).unwrap_or_default()
}

async fn say(wire: &mut BufReader<Box<dyn Wire>>, text: &str) -> Option<()> {
    wire.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    wire.flush().await.ok()
}
