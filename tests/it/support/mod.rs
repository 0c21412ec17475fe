//! A server per test, through its router: on SQLite always, on PostgreSQL too when `TEST_POSTGRES` names one.
//!
//! ```ignore
//! #[tokio::test(flavor = "multi_thread")]
//! async fn a_realm_says_who_it_is() {
//!     for server in support::servers().await {
//!         let realm = server.realm(json!({ "registrationAllowed": true })).await;
//!         let answer = server.get(&format!("/realms/{realm}")).await;
//!         assert_eq!(answer.status, 200);
//!     }
//! }
//! ```

pub mod authenticator;
mod browser;
mod database;
mod mail;
pub mod oidc;
pub mod process;
pub mod receiver;
pub mod site;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vestibule::app::App;
use vestibule::clock::Clock;
use vestibule::config::Config;

#[allow(unused_imports)]
pub use browser::{Browser, Form};
#[allow(unused_imports)]
pub use mail::{Authority, Secured, SmtpServer, Wants};

/// The address that requests are sent to unless a test says otherwise.
pub const HOST: &str = "localhost:8080";

/// The administrator of `master`.
pub const ADMIN: (&str, &str) = ("admin", "admin");

/// A server of its own on a fresh database with realm `master`.
pub struct Server {
    pub app: App,
    pub router: Router,
    _folder: tempfile::TempDir,
    realms: AtomicU32,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|e| panic!("not JSON ({e}), status {}: {}", self.status, self.body))
    }

    /// A header, or `""`.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The last part of `Location`: the id of what was created.
    #[track_caller]
    pub fn created(&self) -> String {
        assert_eq!(self.status, 201, "{}", self.body);
        self.header("location")
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    }
}

/// The members of a JSON object.
pub fn members(object: Value) -> serde_json::Map<String, Value> {
    match object {
        Value::Object(members) => members,
        other => panic!("not an object: {other}"),
    }
}

/// One server on each database that is switched on.
pub async fn servers() -> Vec<Server> {
    servers_with(|_| {}).await
}

/// The same with other settings than usual.
pub async fn servers_with(change: impl Fn(&mut Config)) -> Vec<Server> {
    let folder = tempfile::tempdir().unwrap();
    let file = database::sqlite_copy(folder.path()).await;
    let mut all = vec![open(format!("sqlite:{}", file.display()), folder, &change).await];
    if let Some(address) = database::postgres().await {
        all.push(open(address, tempfile::tempdir().unwrap(), &change).await);
    }
    all
}

/// The address of a fresh PostgreSQL database with realm `master`, if PostgreSQL is switched on.
pub async fn fresh_postgres() -> Option<String> {
    database::postgres().await
}

/// The address of a PostgreSQL database without any table, if PostgreSQL is switched on.
pub async fn empty_postgres() -> Option<String> {
    database::empty_postgres().await
}

/// A node that starts on a database; nothing runs in its background.
pub async fn node(address: &str) -> Result<App, vestibule::error::Error> {
    let data = database::template().await.to_owned();
    App::open(config(address.to_owned(), data), Clock::default()).await
}

/// A node that starts for the first time, on databases without any table.
pub async fn first_starts(change: impl Fn(&mut Config)) -> Vec<(App, tempfile::TempDir)> {
    let mut all = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("new.db").display());
    for (db, folder) in [
        (Some(file), folder),
        (empty_postgres().await, tempfile::tempdir().unwrap()),
    ] {
        let Some(db) = db else { continue };
        let mut config = config(db, folder.path().to_owned());
        change(&mut config);
        database::put_secret_key(folder.path()).await;
        all.push((App::open(config, Clock::default()).await.unwrap(), folder));
    }
    all
}

/// Puts the secret key that fresh databases were made with into a folder.
pub async fn put_secret_key(folder: &std::path::Path) {
    database::put_secret_key(folder).await;
}

/// A server on SQLite, for tests in which the database makes no difference.
pub async fn sqlite() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let file = database::sqlite_copy(folder.path()).await;
    open(format!("sqlite:{}", file.display()), folder, &|_| {}).await
}

async fn open(db: String, folder: tempfile::TempDir, change: &dyn Fn(&mut Config)) -> Server {
    database::put_secret_key(folder.path()).await;
    let mut config = config(db, folder.path().to_owned());
    change(&mut config);
    let app = App::open(config, Clock::default()).await.unwrap();
    let router = vestibule::routes::router(app.clone());
    Server {
        app,
        router,
        _folder: folder,
        realms: AtomicU32::new(0),
    }
}

fn config(db: String, data: PathBuf) -> Config {
    Config {
        dev: true,
        demo: false,
        db,
        http_host: IpAddr::from([127, 0, 0, 1]),
        http_port: 8080,
        https: None,
        management_port: 9000,
        hostname: None,
        proxy_headers: None,
        trusted_proxies: Vec::new(),
        client_certificate_header: None,
        client_verified_header: None,
        allow_private_hooks: true,
        egress_allow: Vec::new(),
        import_realm: false,
        egress_ca: None,
        geoip: None,
        console: None,
        secret_key_file: data.join("secret.key"),
        first_admin: (ADMIN.0.into(), Some(ADMIN.1.into())),
        first_service: None,
        data,
    }
}

impl Server {
    /// Another node on the same database, with snapshots of its own. Only PostgreSQL has several.
    pub async fn another_node(&self) -> App {
        let other = App::open(self.app.config.clone(), self.app.clock.clone())
            .await
            .unwrap();
        vestibule::jobs::start(&other);
        other
    }

    /// Sends any request; the caller's address is 127.0.0.1.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(build("GET", path, &[], String::new())).await
    }

    /// A request with headers and a body.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(build(method, path, headers, body.to_owned())).await
    }

    /// `POST` of a form.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(build("POST", path, &headers, encode(fields))).await
    }

    /// `POST` of JSON, without a token.
    pub async fn json(&self, path: &str, body: &Value) -> Answer {
        self.send(build(
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string(),
        ))
        .await
    }

    /// A call of the Admin API as the administrator of `master`: `path` below `/admin/realms`. `Value::Null` sends no body.
    pub async fn admin(&self, method: &str, path: &str, body: Value) -> Answer {
        let token = self.admin_token().await;
        self.with_token(&token, method, &format!("/admin/realms{path}"), body)
            .await
    }

    /// A call with a bearer token. `Value::Null` sends no body.
    pub async fn with_token(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        if !body.is_null() {
            headers.push(("content-type", "application/json"));
        }
        self.request(method, path, &headers, &text).await
    }

    /// An access token of the administrator.
    pub async fn admin_token(&self) -> String {
        self.password_token("master", "admin-cli", ADMIN.0, ADMIN.1).await
    }

    /// An access token by password grant for a public client.
    #[track_caller]
    pub fn password_token(
        &self,
        realm: &str,
        client: &str,
        user: &str,
        password: &str,
    ) -> impl Future<Output = String> {
        let fields = [
            ("grant_type", "password"),
            ("client_id", client),
            ("username", user),
            ("password", password),
        ];
        let request = build(
            "POST",
            &format!("/realms/{realm}/protocol/openid-connect/token"),
            &[("content-type", "application/x-www-form-urlencoded")],
            encode(&fields),
        );
        let router = self.router.clone();
        async move {
            let answer = send(&router, request).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()["access_token"].as_str().unwrap().to_owned()
        }
    }

    /// A new enabled realm with these settings; gives its name.
    pub async fn realm(&self, settings: Value) -> String {
        let name = format!("acme{}", self.realms.fetch_add(1, Ordering::Relaxed));
        let mut doc = json!({ "realm": name, "enabled": true });
        doc.as_object_mut()
            .unwrap()
            .extend(settings.as_object().unwrap().clone());
        let answer = self.admin("POST", "", doc).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        name
    }

    /// A new client of a realm; gives its id (not its `client_id`).
    pub async fn client(&self, realm: &str, doc: Value) -> String {
        self.admin("POST", &format!("/{realm}/clients"), doc).await.created()
    }

    /// A new enabled user with a password; gives their id.
    pub async fn user(&self, realm: &str, username: &str, password: &str) -> String {
        let doc = json!({
            "username": username, "email": format!("{username}@example.org"), "firstName": "First", "lastName": "Last",
            "enabled": true, "emailVerified": true,
            "credentials": [{ "type": "password", "value": password, "temporary": false }]
        });
        self.admin("POST", &format!("/{realm}/users"), doc).await.created()
    }
}

/// Sends a request through a router.
pub async fn send(router: &Router, mut request: Request<Body>) -> Answer {
    if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000))));
    }
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// A request to [`HOST`]. A full URL is taken apart.
pub fn build(method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Request<Body> {
    let (host, path) = match path.strip_prefix("http://") {
        Some(rest) => rest
            .split_once('/')
            .map_or((rest, "/".to_owned()), |(h, p)| (h, format!("/{p}"))),
        None => (HOST, path.to_owned()),
    };
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body)).unwrap()
}

/// A form's body.
pub fn encode(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}
