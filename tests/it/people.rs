//! What the tests of people share: an application, its registration page, the mails of the inbox.

use serde_json::{Value, json};

use crate::support::{Answer, Browser, Server, encode};

/// Where the application of these tests gets people back.
pub const BACK: &str = "https://app.example.com/cb";

/// A realm with registration on, and a public client `app`; gives the realm's name.
pub async fn realm(server: &Server, settings: Value) -> String {
    let mut all = json!({ "registrationAllowed": true, "resetPasswordAllowed": true, "eventsEnabled": true });
    all.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    let realm = server.realm(all).await;
    let client = json!({
        "clientId": "app", "publicClient": true, "directAccessGrantsEnabled": true, "redirectUris": [BACK],
        "webOrigins": ["https://app.example.com"], "baseUrl": "https://app.example.com/"
    });
    server.client(&realm, client).await;
    realm
}

fn request() -> String {
    encode(&[
        ("client_id", "app"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "st1"),
    ])
}

/// The address of the registration page.
pub fn registration_url(realm: &str) -> String {
    format!("/realms/{realm}/protocol/openid-connect/registrations?{}", request())
}

/// The address of the sign-in page.
pub fn sign_in_url(realm: &str) -> String {
    format!("/realms/{realm}/protocol/openid-connect/auth?{}", request())
}

/// The address of the JSON door.
pub fn json_url(realm: &str) -> String {
    format!("/realms/{realm}/protocol/openid-connect/registrations")
}

/// A form of somebody called `name`, without a password.
pub fn person(name: &str) -> Vec<(String, String)> {
    let fields = [
        ("username", name.to_owned()),
        ("email", format!("{name}@example.org")),
        ("firstName", "Mia".to_owned()),
        ("lastName", "Berg".to_owned()),
    ];
    fields.map(|(n, v)| (n.to_owned(), v)).to_vec()
}

/// The same with a password, for realms that ask for one.
pub fn person_with_password(name: &str, password: &str) -> Vec<(String, String)> {
    let mut all = person(name);
    for field in ["password", "password-confirm"] {
        all.push((field.to_owned(), password.to_owned()));
    }
    all
}

/// Opens the registration page and sends these fields.
pub async fn send_form(browser: &mut Browser<'_>, realm: &str, fields: &[(String, String)]) -> Answer {
    let page = browser.get(&registration_url(realm)).await;
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let sent = browser.submit(&page.form("kc-register-form"), &fields).await;
    browser.follow(sent).await
}

/// The mails to an address, the newest first.
pub async fn mails(server: &Server, to: &str) -> Vec<Value> {
    let answer = server.get(&format!("/inbox/messages?{}", encode(&[("to", to)]))).await;
    answer.json().as_array().unwrap().clone()
}

/// The link in the newest mail to an address.
pub async fn link(server: &Server, to: &str) -> String {
    let all = mails(server, to).await;
    all.first().unwrap_or_else(|| panic!("no mail to {to}"))["links"][0]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The code in the newest mail to an address.
pub async fn code(server: &Server, to: &str) -> String {
    let all = mails(server, to).await;
    let text = all.first().unwrap_or_else(|| panic!("no mail to {to}"))["text"]
        .as_str()
        .unwrap()
        .to_owned();
    let found = regex::Regex::new(r"(?m)^(\d{6})$")
        .unwrap()
        .captures(&text)
        .unwrap()
        .get(0)
        .unwrap();
    found.as_str().to_owned()
}

/// The users of a realm with a name.
pub async fn users(server: &Server, realm: &str, name: &str) -> Vec<Value> {
    let path = format!("/{realm}/users?{}", encode(&[("username", name), ("exact", "true")]));
    server
        .admin("GET", &path, Value::Null)
        .await
        .json()
        .as_array()
        .unwrap()
        .clone()
}

/// The types of a realm's events, the newest first.
pub async fn events(server: &Server, realm: &str) -> Vec<String> {
    let all = server
        .admin("GET", &format!("/{realm}/events"), Value::Null)
        .await
        .json();
    all.as_array()
        .unwrap()
        .iter()
        .map(|e| e["type"].as_str().unwrap().to_owned())
        .collect()
}

/// Whether an answer leads back to the application with a code.
pub fn is_signed_in(answer: &Answer) -> bool {
    answer.header("location").starts_with(BACK) && answer.location_parameter("code").is_some()
}

/// Signs in with a password; the answer after it.
pub async fn sign_in(browser: &mut Browser<'_>, realm: &str, name: &str, password: &str) -> Answer {
    let page = browser.get(&sign_in_url(realm)).await;
    let sent = browser
        .submit(
            &page.form("kc-form-login"),
            &[("username", name), ("password", password)],
        )
        .await;
    browser.follow(sent).await
}

/// A page without what differs each time: codes, tabs, nonces.
pub fn without_chance(page: &str) -> String {
    let chance = regex::Regex::new(r#"(session_code|tab_id|execution)=[^&"]*|nonce="[^"]*""#).unwrap();
    chance.replace_all(page, "").into_owned()
}
