//! What tests of the OpenID Connect endpoints do again and again.

use serde_json::{Value, json};
use vestibule_jose::digest::b64url;
use vestibule_jose::jwt;

use super::{Answer, Browser, Server};

/// The redirect URI of [`shop`].
pub const CALLBACK: &str = "https://shop.example/cb";

/// A realm with a public client `shop`, a confidential one `back` (secret `back-secret`, a service account) and the user
/// `mia` with the password `correct horse`.
pub async fn shop(server: &Server, settings: Value) -> String {
    let realm = server.realm(settings).await;
    let shop = json!({
        "clientId": "shop", "publicClient": true, "standardFlowEnabled": true, "directAccessGrantsEnabled": true,
        "redirectUris": [CALLBACK], "webOrigins": ["+"]
    });
    server.client(&realm, shop).await;
    let back = json!({
        "clientId": "back", "secret": "back-secret", "serviceAccountsEnabled": true, "directAccessGrantsEnabled": true,
        "standardFlowEnabled": true, "redirectUris": [CALLBACK]
    });
    server.client(&realm, back).await;
    server.user(&realm, "mia", "correct horse").await;
    realm
}

/// The address of an endpoint.
pub fn at(realm: &str, endpoint: &str) -> String {
    format!("/realms/{realm}/protocol/openid-connect/{endpoint}")
}

/// A request to the token endpoint.
pub async fn token(server: &Server, realm: &str, fields: &[(&str, &str)]) -> Answer {
    server.form(&at(realm, "token"), fields).await
}

/// Tokens of `mia` for `shop`, by password, with `openid` and this scope.
pub async fn tokens_of_mia(server: &Server, realm: &str, scope: &str) -> Value {
    let fields = [
        ("grant_type", "password"),
        ("client_id", "shop"),
        ("username", "mia"),
        ("password", "correct horse"),
        ("scope", scope),
    ];
    let answer = token(server, realm, &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// An access token of the service account of `back`.
pub async fn token_of_back(server: &Server, realm: &str) -> String {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "back"),
        ("client_secret", "back-secret"),
    ];
    let answer = token(server, realm, &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    text(&answer.json(), "access_token")
}

/// A refresh for `shop`.
pub async fn refresh(server: &Server, realm: &str, refresh_token: &str) -> Answer {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "shop"),
        ("refresh_token", refresh_token),
    ];
    token(server, realm, &fields).await
}

/// A call of userinfo.
pub async fn userinfo(server: &Server, realm: &str, access_token: &str) -> Answer {
    let bearer = format!("Bearer {access_token}");
    server
        .request("GET", &at(realm, "userinfo"), &[("authorization", &bearer)], "")
        .await
}

/// Introspection by `back`.
pub async fn introspect(server: &Server, realm: &str, sent: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("client_id", "back"), ("client_secret", "back-secret"), ("token", sent)];
    fields.extend(more);
    server.form(&at(realm, "token/introspect"), &fields).await
}

/// A code for `client`, after `mia` signed in; `more` is added to the authorization request. It may name the scope.
pub async fn code(server: &Server, realm: &str, client: &str, more: &str) -> String {
    let mut browser = Browser::new(server);
    let scope = if more.contains("&scope=") { "" } else { "&scope=openid" };
    let page = browser
        .get(&format!(
            "{}?client_id={client}&response_type=code{scope}&redirect_uri=https%3A%2F%2Fshop.example%2Fcb{more}",
            at(realm, "auth")
        ))
        .await;
    let fields = [("username", "mia"), ("password", "correct horse")];
    let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
    let answer = browser.follow(answer).await;
    answer.location_parameter("code").expect("a code")
}

/// Exchanges a code for `shop`.
pub async fn exchange(server: &Server, realm: &str, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", "shop"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ];
    fields.extend(more);
    token(server, realm, &fields).await
}

/// A member that is a text.
#[track_caller]
pub fn text(body: &Value, name: &str) -> String {
    body[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {body}"))
        .to_owned()
}

/// A token that nobody signed.
pub fn unsigned(claims: &Value) -> String {
    let claims = b64url(claims.to_string().as_bytes());
    format!("{}.{claims}.", b64url(br#"{"alg":"none"}"#))
}

/// What a token says. Its signature is not checked.
pub fn claims(token: &str) -> Value {
    Value::Object(jwt::decode(token).unwrap().unverified_claims().clone())
}
