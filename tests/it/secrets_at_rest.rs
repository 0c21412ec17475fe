//! What is secret stands nowhere in clear: not in the database, not in the log, in no event, in no answer but the one that gives
//! it.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::{Value, json};
use vestibule::mail;

use crate::admin_authz::token_with;
use crate::client_registration::{address, initial, register, text};
use crate::login::acme;
use crate::otp::with_device;
use crate::people;
use crate::support::oidc::{CALLBACK, at, code, shop, token};
use crate::support::{self, Browser, Server, SmtpServer, encode};

/// All that this process logs, whichever test it belongs to.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_env_filter("info,vestibule=debug")
        .with_writer(move || writer.clone())
        .try_init()
        .expect("nobody else reads the log");
    log
});

const THE_LOG: &str = "the log";

/// What people type as their name is part of events where a realm keeps them, as in Keycloak, but it is not logged.
const TYPED: &str = "typed as a name";

/// Secrets, and what each of them is.
#[derive(Default)]
struct Canaries(Vec<(String, String)>);

impl Canaries {
    /// A made-up secret for a door.
    fn made_up(&mut self, what: &str) -> String {
        let secret = format!("CANARY-{}", vestibule::random::token());
        self.add(what, &secret);
        secret
    }

    /// One in the form of the Standard Webhooks.
    fn hook(&mut self, what: &str) -> String {
        let bytes = vestibule::random::bytes::<32>();
        let secret = format!("whsec_{}", vestibule_jose::digest::b64(&bytes));
        self.add(what, &secret);
        secret
    }

    /// A secret that the server made. Of a token that can be read by everybody, only the signature is one; of a code, only what
    /// stands before its session.
    fn add(&mut self, what: &str, secret: &str) {
        let parts: Vec<&str> = secret.split('.').collect();
        let kept = match parts[..] {
            [header, _, signature] if header.starts_with("eyJ") => signature,
            [code, _, _] => code,
            _ => secret,
        };
        assert!(kept.len() >= 8, "{what}: {kept}");
        self.0.push((what.to_owned(), kept.to_owned()));
    }

    /// Those that stand in some text, plain, in base64 or in hexadecimal digits.
    fn found_in(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        let stands = |secret: &str| {
            let encoded = vestibule_jose::digest::b64(secret.as_bytes());
            let whole = encoded.len() - encoded.len() % 4 - 4;
            let hex: String = secret
                .bytes()
                .flat_map(|byte| [byte >> 4, byte & 15])
                .filter_map(|digit| char::from_digit(digit.into(), 16))
                .collect();
            has(secret.as_bytes()) || has(&encoded.as_bytes()[..whole]) || has(hex.as_bytes())
        };
        let sought = self
            .0
            .iter()
            .filter(|(what, _)| !what.starts_with(TYPED) || place == THE_LOG);
        let found = sought.filter(|(_, secret)| stands(secret));
        found.map(|(what, _)| format!("{what} in {place}")).collect()
    }
}

/// All that is kept in a folder, but for the key that opens it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.file_name().is_none_or(|name| name != "secret.key") {
            all.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    all
}

/// The tables of a PostgreSQL database, each row as text; those of SQLite are a file.
async fn tables(db: &str) -> Vec<(String, String)> {
    if !db.starts_with("postgres") {
        return Vec::new();
    }
    let (client, connection) = tokio_postgres::connect(db, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "select tablename::text from pg_tables where schemaname = 'public'";
    let mut all = Vec::new();
    for name in client.query(sql, &[]).await.unwrap() {
        let name: String = name.get(0);
        let rows = client
            .query(&format!("select t::text from \"{name}\" t"), &[])
            .await
            .unwrap();
        let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        all.push((name, rows.join("\n")));
    }
    assert!(all.len() > 20, "{}", all.len());
    all
}

/// A call of the Admin API that is answered well; what it answers.
pub async fn ok(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let answer = server.admin(method, path, body).await;
    assert!(
        answer.status < 300,
        "{method} {path}: {} {}",
        answer.status,
        answer.body
    );
    serde_json::from_str(&answer.body).unwrap_or_default()
}

fn events() -> Value {
    json!({ "eventsEnabled": true, "adminEventsEnabled": true, "adminEventsDetailsEnabled": true })
}

/// The doors of administrators.
async fn configuration(server: &Server, realm: &str, canaries: &mut Canaries) {
    let attributes = json!({
        "registration.proof.secret": canaries.made_up("proof of a realm"), "my.secret": canaries.made_up("attribute of a realm"),
        "registration.hook.secret": canaries.hook("hook of a realm"),
        "clientRegistration.hook.secret": canaries.hook("hook for applications")
    });
    let mail = json!({ "host": "127.0.0.1", "from": "a@example.org", "auth": "true", "user": "x",
                       "password": canaries.made_up("mail password") });
    ok(
        server,
        "PUT",
        &format!("/{realm}"),
        json!({ "attributes": attributes, "smtpServer": mail }),
    )
    .await;
    let client = |canaries: &mut Canaries, id: &str, how: &str| {
        json!({
            "clientId": id, "secret": canaries.made_up(&format!("secret, {how}")), "attributes": {
                "registration.proof.secret": canaries.made_up(&format!("proof of a client, {how}")),
                "registration.hook.secret": canaries.hook(&format!("hook of a client, {how}")),
                "my.secret": canaries.made_up(&format!("attribute of a client, {how}"))
            }
        })
    };
    let id = server.client(realm, client(canaries, "one", "POST")).await;
    let path = format!("/{realm}/clients/{id}");
    ok(server, "PUT", &path, client(canaries, "one", "PUT")).await;
    let made = ok(server, "POST", &format!("{path}/client-secret"), Value::Null).await;
    canaries.add("secret of a rotation", text(&made, "value"));
    let made = ok(
        server,
        "POST",
        &format!("{path}/registration-access-token"),
        Value::Null,
    )
    .await;
    canaries.add(
        "registration access token by an administrator",
        text(&made, "registrationAccessToken"),
    );
    let import = json!({ "ifResourceExists": "OVERWRITE", "clients": [client(canaries, "two", "partial import")] });
    ok(server, "POST", &format!("/{realm}/partialImport"), import).await;
    for how in ["POST", "PUT"] {
        let scope = json!({ "name": "s", "protocol": "openid-connect",
                            "attributes": { "x.secret": canaries.made_up(&format!("client scope, {how}")) } });
        let known = ok(server, "GET", &format!("/{realm}/client-scopes"), Value::Null).await;
        let known = known.as_array().unwrap().iter().find(|s| s["name"] == "s").cloned();
        match known {
            Some(known) => {
                ok(
                    server,
                    "PUT",
                    &format!("/{realm}/client-scopes/{}", text(&known, "id")),
                    scope,
                )
                .await
            }
            None => ok(server, "POST", &format!("/{realm}/client-scopes"), scope).await,
        };
    }
    let provider = json!({ "alias": "idp", "providerId": "oidc", "config": {
        "clientId": "x", "clientSecret": canaries.made_up("identity provider"), "authorizationUrl": "https://x.example/a",
        "tokenUrl": "https://x.example/t" } });
    ok(
        server,
        "POST",
        &format!("/{realm}/identity-provider/instances"),
        provider,
    )
    .await;
    let ldap = json!({ "name": "ldap", "providerId": "ldap", "providerType": "org.keycloak.storage.UserStorageProvider",
        "config": { "bindCredential": [canaries.made_up("directory")], "vendor": ["other"], "connectionUrl": ["ldap://x"],
                    "usersDn": ["x"], "editMode": ["READ_ONLY"] } });
    ok(server, "POST", &format!("/{realm}/components"), ldap).await;
}

/// A realm that comes as a document.
async fn import(server: &Server, canaries: &mut Canaries) {
    let key = vestibule_jose::digest::b64url(canaries.made_up("key of a realm").as_bytes());
    canaries.add("key of a realm, as sent", &key);
    let otp = json!({ "value": canaries.made_up("seed of a device") }).to_string();
    let document = json!({
        "realm": "brought", "enabled": true, "adminEventsEnabled": true, "adminEventsDetailsEnabled": true,
        "attributes": { "a.secret": canaries.made_up("attribute of an imported realm") },
        "smtpServer": { "host": "x", "from": "a@example.org", "password": canaries.made_up("imported mail password") },
        "clients": [{ "clientId": "x", "secret": canaries.made_up("imported secret"),
                      "attributes": { "registration.hook.secret": canaries.hook("hook of an imported client") } }],
        "clientScopes": [{ "name": "s", "protocol": "openid-connect",
                           "attributes": { "x.secret": canaries.made_up("imported client scope") } }],
        "identityProviders": [{ "alias": "i", "providerId": "oidc", "config": {
            "clientSecret": canaries.made_up("imported identity provider") } }],
        "users": [{ "username": "uuu", "credentials": [
            { "type": "otp", "secretData": otp,
              "credentialData": "{\"subType\":\"totp\",\"digits\":6,\"period\":30,\"algorithm\":\"HmacSHA1\"}" },
            { "type": "password", "value": canaries.made_up("imported password") }] }],
        "components": { "org.keycloak.keys.KeyProvider": [{ "name": "h", "providerId": "hmac-generated",
            "config": { "secret": [key], "kid": ["x"], "priority": ["100"] } }] }
    });
    ok(server, "POST", "", document).await;
}

/// An application that registers itself.
async fn application(server: &Server, realm: &str, canaries: &mut Canaries) {
    let (_, initial) = initial(server, realm, json!({})).await;
    canaries.add("initial access token", &initial);
    for (what, more) in [
        (
            "hashed",
            json!({ "grant_types": ["client_credentials", "authorization_code", "refresh_token"] }),
        ),
        (
            "for client_secret_jwt",
            json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
        ),
        ("for HS512", json!({ "id_token_signed_response_alg": "HS512" })),
    ] {
        let mut sent = json!({ "redirect_uris": [CALLBACK] });
        sent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = register(server, realm, Some(&initial), &sent).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made = made.json();
        canaries.add(&format!("secret {what}"), text(&made, "client_secret"));
        let rat = text(&made, "registration_access_token");
        canaries.add(&format!("registration access token {what}"), rat);
        let own = format!("{}/{}", address(realm), text(&made, "client_id"));
        let changed = server.with_token(rat, "PUT", &own, sent).await.json();
        let rat = text(&changed, "registration_access_token");
        canaries.add(&format!("second registration access token {what}"), rat);
        let renewed = server
            .with_token(rat, "POST", &format!("{own}/secret"), Value::Null)
            .await
            .json();
        canaries.add(&format!("renewed secret {what}"), text(&renewed, "client_secret"));
    }
}

/// Somebody signs in, in every way.
async fn sessions(server: &Server, canaries: &mut Canaries) {
    let realm = shop(server, events()).await;
    let app = json!({ "clientId": "app", "publicClient": true, "redirectUris": [people::BACK] });
    server.client(&realm, app).await;
    let password = canaries.made_up("password");
    let credential = json!({ "type": "password", "value": password, "temporary": false });
    let user = json!({ "username": "noa", "enabled": true, "credentials": [credential] });
    let id = server.admin("POST", &format!("/{realm}/users"), user).await.created();
    let new = json!({ "type": "password", "value": canaries.made_up("second password"), "temporary": false });
    ok(server, "PUT", &format!("/{realm}/users/{id}/reset-password"), new).await;
    let one = code(server, &realm, "shop", "&scope=openid%20offline_access").await;
    canaries.add("code", &one);
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "shop"),
        ("code", &one),
        ("redirect_uri", CALLBACK),
    ];
    let tokens = token(server, &realm, &fields).await.json();
    for name in ["access_token", "refresh_token", "id_token"] {
        canaries.add(name, text(&tokens, name));
    }
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "shop"),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    let tokens = token(server, &realm, &fields).await.json();
    canaries.add("second refresh token", text(&tokens, "refresh_token"));
    canaries.add("unused code", &code(server, &realm, "shop", "").await);
    let fields = [
        ("client_id", "back"),
        ("client_secret", "back-secret"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
    ];
    let pushed = server.form(&at(&realm, "ext/par/request"), &fields).await;
    assert_eq!(
        (pushed.status, pushed.header("cache-control")),
        (201, "no-store"),
        "{}",
        pushed.body
    );
    canaries.add(
        "pushed request",
        text(&pushed.json(), "request_uri").rsplit(':').next().unwrap(),
    );
    // In the wrong place: as a name, and in an address.
    let (name, query) = (canaries.made_up(TYPED), canaries.made_up("secret in an address"));
    let fields = [
        ("grant_type", "password"),
        ("client_id", "shop"),
        ("username", &name),
        ("password", "x"),
    ];
    let answer = token(server, &realm, &fields).await;
    assert_eq!(answer.json()["error"], "invalid_grant", "{}", answer.body);
    let path = format!("{}?{}", at(&realm, "token"), encode(&[("client_secret", &query)]));
    server
        .form(&path, &[("grant_type", "client_credentials"), ("client_id", "back")])
        .await;
    let mut browser = Browser::new(server);
    let arrived = people::sign_in(&mut browser, &realm, "mia", "correct horse").await;
    assert!(people::is_signed_in(&arrived), "{}", arrived.body);
    let cookies = browser.cookies.clone();
    for (name, value) in cookies.iter().filter(|(_, value)| value.len() > 20) {
        canaries.add(&format!("cookie {name}"), value);
    }
}

/// A link in a mail that nobody has opened.
async fn links(server: &Server, canaries: &mut Canaries) {
    let smtp = SmtpServer::start().await;
    let settings = json!({ "host": "127.0.0.1", "port": smtp.address.port().to_string(), "from": "door@example.org" });
    let realm = acme(server, json!({ "resetPasswordAllowed": true, "smtpServer": settings })).await;
    let id = crate::otp::id_of(server, &realm, "ann").await;
    let path = format!("/{realm}/users/{id}/execute-actions-email");
    ok(server, "PUT", &path, json!(["UPDATE_PASSWORD"])).await;
    mail::deliver_due(&server.app).await.unwrap();
    let (_, body) = smtp.wait_for(1).await.remove(0);
    let body = body.replace("=\r\n", "").replace("=3D", "=");
    let key = body
        .split("key=")
        .nth(1)
        .expect("a link")
        .split(['&', '"', '\r', '\n', ' '])
        .next()
        .unwrap();
    canaries.add("link in a mail", key);
}

#[tokio::test(flavor = "multi_thread")]
async fn dcr_24_nothing_secret_can_be_read_in_the_database_the_log_events_or_an_export() {
    let log = LOG.clone();
    for server in support::servers().await {
        nothing_secret_can_be_read(&server, &log).await;
    }
}

async fn nothing_secret_can_be_read(server: &Server, log: &Log) {
    let mut canaries = Canaries::default();
    let realm = server.realm(events()).await;
    configuration(server, &realm, &mut canaries).await;
    import(server, &mut canaries).await;
    application(server, &realm, &mut canaries).await;
    sessions(server, &mut canaries).await;
    links(server, &mut canaries).await;
    let (with_device, seed) = with_device(server, json!({})).await;
    canaries.add("seed of a device that was set up", &seed);
    assert!(canaries.0.len() > 50, "{}", canaries.0.len());

    let mut found = Vec::new();
    for (name, bytes) in files(&server.app.config.data) {
        found.extend(canaries.found_in(&name, &bytes));
    }
    for (table, text) in tables(&server.app.config.db).await {
        found.extend(canaries.found_in(&table, text.as_bytes()));
    }
    found.extend(canaries.found_in(THE_LOG, &log.0.lock().unwrap()));
    let looker = token_with(server, &realm, &["view-clients", "view-realm", "view-users"]).await;
    for path in ["clients", "client-scopes", "components", "clients-initial-access", ""] {
        let answer = server
            .with_token(&looker, "GET", &format!("/admin/realms/{realm}/{path}"), Value::Null)
            .await;
        let answer = if path.is_empty() {
            server.admin("GET", &format!("/{realm}"), Value::Null).await
        } else {
            answer
        };
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        found.extend(canaries.found_in(&format!("GET {path}"), answer.body.as_bytes()));
    }
    for realm in [realm.as_str(), "brought", with_device.as_str(), "master"] {
        for path in ["admin-events?max=1000", "events?max=1000"] {
            let answer = server.admin("GET", &format!("/{realm}/{path}"), Value::Null).await;
            found.extend(canaries.found_in(path, answer.body.as_bytes()));
        }
        let path = format!("/{realm}/partial-export?exportClients=true&exportGroupsAndRoles=true");
        let export = server.admin("POST", &path, Value::Null).await;
        assert_eq!(export.status, 200);
        found.extend(canaries.found_in("an export", export.body.as_bytes()));
    }
    assert_eq!(found, Vec::<String>::new());
    // Whoever looks for them finds what is there.
    let open = format!("x{}x", canaries.0[0].1);
    assert_eq!(canaries.found_in("a text", open.as_bytes()).len(), 1);
}
