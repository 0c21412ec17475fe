//! Our own TLS listener: applications prove themselves with certificates without a proxy in front (RFC 8705), certificates are
//! read again, and who is silent costs nobody anything.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use vestibule::config::{ClientAuth, Https};
use vestibule::serve;
use vestibule::tls::Tls;
use vestibule_jose::digest::{b64, b64url, sha256};

use crate::support::oidc::{claims, shop, text};
use crate::support::process::parse;
use crate::support::{self, Answer, Server, encode};

/// A certificate with its key.
struct Own {
    der: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Own {
    fn pem(&self) -> (String, String) {
        let block = |kind: &str, der: &[u8]| format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", b64(der));
        (block("CERTIFICATE", &self.der), block("PRIVATE KEY", &self.key))
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Harbour");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn self_signed(name: &str) -> Own {
    let key = KeyPair::generate().unwrap();
    let der = params(name).self_signed(&key).unwrap().der().clone();
    let key = key.serialize_der();
    Own { der, key }
}

/// An authority, its own certificate, and one that it signed for `CN=machine,O=Harbour`.
fn signed() -> (Own, Own) {
    let above = KeyPair::generate().unwrap();
    let mut authority = params("authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&above).unwrap().der().clone();
    let root = Own {
        der: root,
        key: above.serialize_der(),
    };
    let issuer = Issuer::new(authority, above);
    let key = KeyPair::generate().unwrap();
    let der = params("machine").signed_by(&key, &issuer).unwrap().der().clone();
    let key = key.serialize_der();
    (root, Own { der, key })
}

/// A server that listens for TLS.
struct Listening {
    port: u16,
    tls: Arc<Tls>,
    settings: Https,
    certificate: CertificateDer<'static>,
    _folder: tempfile::TempDir,
}

impl Listening {
    async fn start(server: &Server, client_auth: ClientAuth, authority: Option<&Own>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = self_signed("server");
        let path = |name: &str| folder.path().join(name);
        let settings = Https {
            port: 0,
            certificate: path("server.pem"),
            key: path("server.key"),
            client_auth,
            trust_store: authority.map(|_| path("trusted.pem")),
        };
        write(&settings, &own);
        if let Some(authority) = authority {
            std::fs::write(path("trusted.pem"), authority.pem().0).unwrap();
        }
        let tls = Arc::new(Tls::open(&settings, server.app.clock.clone()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (router, by) = (server.router.clone(), Arc::clone(&tls));
        tokio::spawn(async move {
            serve::serve(listener, Some(by), router, |_| false, std::future::pending()).await;
        });
        Self {
            port,
            tls,
            settings,
            certificate: own.der,
            _folder: folder,
        }
    }

    /// Asks with a certificate, or without one; `None`: the connection came to nothing.
    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        shown: Option<&Own>,
    ) -> Option<Answer> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match shown {
            Some(own) => {
                let key = PrivateKeyDer::try_from(own.key.clone()).unwrap();
                config.with_client_auth_cert(vec![own.der.clone()], key).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n",
            self.port
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(text.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        parse(&answer)
    }

    async fn get(&self, path: &str) -> Option<Answer> {
        self.ask("GET", path, &[], "", None).await
    }

    async fn token(&self, realm: &str, fields: &[(&str, &str)], shown: Option<&Own>) -> Answer {
        let path = format!("/realms/{realm}/protocol/openid-connect/token");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.ask("POST", &path, &headers, &encode(fields), shown).await.unwrap()
    }
}

fn write(settings: &Https, own: &Own) {
    let (certificate, key) = own.pem();
    std::fs::write(&settings.certificate, certificate).unwrap();
    std::fs::write(&settings.key, key).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_proves_itself_with_the_certificate_of_its_connection() {
    for server in support::servers().await {
        let (authority, signed) = signed();
        let (alike, registered) = (self_signed("machine"), self_signed("registered"));
        let listening = Listening::start(&server, ClientAuth::Request, Some(&authority)).await;
        let realm = shop(&server, json!({})).await;
        let x5c = json!({ "keys": [{ "kty": "XYZ", "x5c": [b64(&registered.der)] }] });
        for (id, attributes) in [
            (
                "by-authority",
                json!({ "x509.subjectdn": "CN=machine,O=Harbour", "x509.allow.regex.pattern.comparison": "false" }),
            ),
            ("by-itself", json!({ "jwks.string": x5c.to_string() })),
        ] {
            let doc = json!({
                "clientId": id, "clientAuthenticatorType": "client-x509", "serviceAccountsEnabled": true,
                "attributes": attributes
            });
            server.client(&realm, doc).await;
        }
        for (client, shown, status) in [
            ("by-authority", Some(&signed), 200),
            // Whoever can make a certificate can write any name into it.
            ("by-authority", Some(&alike), 401),
            ("by-authority", None, 401),
            ("by-itself", Some(&registered), 200),
            ("by-itself", Some(&signed), 401),
        ] {
            let fields = [("grant_type", "client_credentials"), ("client_id", client)];
            let answer = listening.token(&realm, &fields, shown).await;
            assert_eq!(answer.status, status, "{client}: {}", answer.body);
        }

        // A token that is bound to the certificate serves nobody else.
        let doc = json!({
            "clientId": "bank", "secret": "bank-secret", "directAccessGrantsEnabled": true,
            "attributes": { "tls.client.certificate.bound.access.tokens": "true" }
        });
        server.client(&realm, doc).await;
        let fields = [
            ("grant_type", "password"),
            ("client_id", "bank"),
            ("client_secret", "bank-secret"),
            ("username", "mia"),
            ("password", "correct horse"),
            ("scope", "openid"),
        ];
        let token = text(
            &listening.token(&realm, &fields, Some(&alike)).await.json(),
            "access_token",
        );
        assert_eq!(claims(&token)["cnf"]["x5t#S256"], b64url(&sha256(&alike.der)));
        let bearer = format!("Bearer {token}");
        let path = format!("/realms/{realm}/protocol/openid-connect/userinfo");
        for (shown, status) in [(Some(&alike), 200), (Some(&signed), 401), (None, 401)] {
            let headers = [("authorization", bearer.as_str())];
            let answer = listening.ask("GET", &path, &headers, "", shown).await.unwrap();
            assert_eq!(answer.status, status, "{}", answer.body);
        }

        // What is told of addresses is told of these.
        let told = listening
            .get(&format!("/realms/{realm}/.well-known/openid-configuration"))
            .await
            .unwrap()
            .json();
        let issuer = format!("https://localhost:{}/realms/{realm}", listening.port);
        assert_eq!(told["issuer"], issuer);
        assert_eq!(
            told["mtls_endpoint_aliases"]["token_endpoint"],
            format!("{issuer}/protocol/openid-connect/token")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_asks_for_certificates_as_the_operator_wants() {
    let server = support::sqlite().await;
    let (authority, signed) = signed();
    let stranger = self_signed("machine");
    for (how, trusted, without, by_stranger) in [
        (ClientAuth::None, None, true, true),
        (ClientAuth::Request, None, true, true),
        (ClientAuth::Required, None, false, true),
        (ClientAuth::Required, Some(&authority), false, false),
    ] {
        let listening = Listening::start(&server, how, trusted).await;
        let is_served = async |shown| {
            let answer = listening.ask("GET", "/realms/master", &[], "", shown).await;
            answer.is_some_and(|a| a.status == 200)
        };
        let trusts = trusted.is_some();
        assert_eq!(is_served(None).await, without, "{how:?} {trusts}");
        assert_eq!(is_served(Some(&stranger)).await, by_stranger, "{how:?} {trusts}");
        assert!(is_served(Some(&signed)).await, "{how:?} {trusts}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_changes_is_read_again_and_a_bad_one_is_not_taken() {
    let server = support::sqlite().await;
    let mut listening = Listening::start(&server, ClientAuth::None, None).await;
    assert!(!listening.tls.reload().unwrap(), "nothing has changed");
    let next = self_signed("next");
    write(&listening.settings, &next);
    assert!(listening.tls.reload().unwrap());
    assert!(
        listening.get("/realms/master").await.is_none(),
        "another certificate now"
    );
    listening.certificate = next.der.clone();
    assert_eq!(listening.get("/realms/master").await.unwrap().status, 200);

    // While somebody writes the two files, they do not fit together for a moment.
    std::fs::write(&listening.settings.key, self_signed("other").pem().1).unwrap();
    let why = listening.tls.reload().unwrap_err().to_string();
    assert!(
        why.contains("the key in --https-certificate-key-file is not this certificate's"),
        "{why}"
    );
    assert_eq!(listening.get("/realms/master").await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_serve_are_named_at_the_start() {
    let server = support::sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let own = self_signed("server");
    let (certificate, key) = own.pem();
    let path = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (certificate, key, empty) = (path("a.pem", &certificate), path("a.key", &key), path("empty", "hello"));
    let other = path("b.key", &self_signed("other").pem().1);
    let locked = path(
        "c.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let away = folder.path().join("away");
    for (certificate, key, trust_store, said) in [
        (&away, &key, None, "--https-certificate-file"),
        (&certificate, &away, None, "--https-certificate-key-file"),
        (&empty, &key, None, "there is no certificate in it"),
        (&certificate, &certificate, None, "there is no private key in it"),
        (&certificate, &locked, None, "readable without a password"),
        (&certificate, &other, None, "is not this certificate's"),
        (&certificate, &key, Some(&empty), "--https-trust-store-file"),
    ] {
        let settings = Https {
            port: 0,
            certificate: certificate.clone(),
            key: key.clone(),
            client_auth: ClientAuth::Request,
            trust_store: trust_store.cloned(),
        };
        let opened = Tls::open(&settings, server.app.clock.clone());
        let why = opened.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(why.contains(said), "{said}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_silent_before_the_handshake_is_sent_away_and_holds_nobody_up() {
    let server = support::sqlite().await;
    let listening = Listening::start(&server, ClientAuth::Request, None).await;
    let mut silent = Vec::new();
    for at in 0..200 {
        let mut stream = TcpStream::connect(("127.0.0.1", listening.port)).await.unwrap();
        // Some say half a word, some what is not TLS.
        match at % 3 {
            0 => {}
            1 => stream.write_all(&[22, 3, 1, 2, 0]).await.unwrap(),
            _ => stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap(),
        }
        silent.push(stream);
    }
    let asked = listening.get("/realms/master");
    let answer = tokio::time::timeout(Duration::from_secs(5), asked).await.unwrap();
    assert_eq!(answer.unwrap().status, 200);
    let ended = async {
        for stream in &mut silent {
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended)
        .await
        .expect("all of them are sent away");
}
