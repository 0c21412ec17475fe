//! What a request may ask for one by one: claims (`claims`), a person (`id_token_hint`), tokens at once (hybrid, implicit).

use serde_json::{Value, json};
use vestibule_jose::{Alg, digest};

use crate::support::oidc::{CALLBACK, at, claims, code, exchange, shop, text, userinfo};
use crate::support::{self, Answer, Browser, Server, encode};

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_named_is_told_where_it_is_named() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let mia = server
        .admin("GET", &format!("/{realm}/users?username=mia"), Value::Null)
        .await
        .json()[0]
        .clone();
    let mut changed = mia.clone();
    changed["attributes"] = json!({ "phoneNumber": ["+49 30 1"] });
    let unmanaged = json!({ "unmanagedAttributePolicy": "ENABLED" });
    let profile = server
        .admin("GET", &format!("/{realm}/users/profile"), Value::Null)
        .await
        .json();
    let mut profile = profile.as_object().unwrap().clone();
    profile.extend(unmanaged.as_object().unwrap().clone());
    server
        .admin("PUT", &format!("/{realm}/users/profile"), Value::Object(profile))
        .await;
    let path = format!("/{realm}/users/{}", text(&mia, "id"));
    assert_eq!(server.admin("PUT", &path, changed).await.status, 204);
    let asked = json!({ "userinfo": { "phone_number": { "essential": true } }, "id_token": { "phone_number": null } });
    let more = format!("&{}", encode(&[("claims", &asked.to_string())]));
    let code = code(&server, &realm, "shop", &more).await;
    let tokens = exchange(&server, &realm, &code, &[]).await.json();
    assert_eq!(claims(&text(&tokens, "id_token"))["phone_number"], "+49 30 1");
    assert!(claims(&text(&tokens, "access_token"))["phone_number"].is_null());
    let told = userinfo(&server, &realm, &text(&tokens, "access_token")).await.json();
    assert_eq!(told["phone_number"], "+49 30 1");
    // Not named, not told.
    let plain = crate::support::oidc::code(&server, &realm, "shop", "").await;
    let tokens = exchange(&server, &realm, &plain, &[]).await.json();
    assert!(claims(&text(&tokens, "id_token"))["phone_number"].is_null());
}

async fn asking(browser: &mut Browser<'_>, realm: &str, client: &str, more: &[(&str, &str)]) -> Answer {
    let mut query = vec![
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("nonce", "n1"),
        ("state", "s1"),
    ];
    query.extend(more);
    browser.get(&format!("{}?{}", at(realm, "auth"), encode(&query))).await
}

async fn signed_in<'a>(server: &'a Server, realm: &str, client: &str, kind: &str) -> (Browser<'a>, Answer) {
    let mut browser = Browser::new(server);
    let page = asking(&mut browser, realm, client, &[("response_type", kind)]).await;
    let fields = [("username", "mia"), ("password", "correct horse")];
    let answer = browser.submit(&page.form("kc-form-login"), &fields).await;
    let answer = browser.follow(answer).await;
    (browser, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_is_told_only_to_who_expects_them() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({})).await;
    let noah = server.user(&realm, "noah", "battery staple").await;
    let (mut browser, answer) = signed_in(&server, &realm, "shop", "code").await;
    let tokens = exchange(&server, &realm, &answer.location_parameter("code").unwrap(), &[])
        .await
        .json();
    let hint = text(&tokens, "id_token");
    let silent = [("response_type", "code"), ("prompt", "none")];
    let same = asking(
        &mut browser,
        &realm,
        "shop",
        &[&silent[..], &[("id_token_hint", &hint)]].concat(),
    )
    .await;
    assert!(same.location_parameter("code").is_some(), "{}", same.header("location"));
    let other = json!({ "id_token": { "sub": { "value": noah } } }).to_string();
    let wrong = asking(
        &mut browser,
        &realm,
        "shop",
        &[&silent[..], &[("claims", &other)]].concat(),
    )
    .await;
    assert_eq!(wrong.location_parameter("error").as_deref(), Some("login_required"));

    // Nor where people may be asked: whoever is expected may sign in, and nobody else.
    let nobody = json!({ "id_token": { "sub": { "value": "nobody" } } }).to_string();
    for (claims, name, password, error) in [
        (&other, "mia", "correct horse", Some("login_required")),
        (&nobody, "noah", "battery staple", Some("login_required")),
        (&other, "noah", "battery staple", None),
    ] {
        let asked = [("response_type", "code"), ("claims", claims)];
        let page = asking(&mut browser, &realm, "shop", &asked).await;
        assert_eq!(page.status, 200, "mia is signed in, but not who is expected");
        let mut fresh = Browser::new(&server);
        let page = asking(&mut fresh, &realm, "shop", &asked).await;
        let fields = [("username", name), ("password", password)];
        let answer = fresh.submit(&page.form("kc-form-login"), &fields).await;
        let answer = fresh.follow(answer).await;
        assert_eq!(answer.location_parameter("error").as_deref(), error, "{name} {claims}");
        assert_eq!(
            answer.location_parameter("code").is_some(),
            error.is_none(),
            "{name} {claims}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_come_at_once_where_the_client_is_switched_to_it() {
    let server = support::sqlite().await;
    let realm = shop(&server, json!({ "accessTokenLifespanForImplicitFlow": 77 })).await;
    let doc = json!({
        "clientId": "old", "publicClient": true, "redirectUris": [CALLBACK], "implicitFlowEnabled": true
    });
    server.client(&realm, doc).await;
    for kind in [
        "token",
        "id_token",
        "id_token token",
        "code id_token",
        "code token",
        "code id_token token",
    ] {
        let (_, refused) = {
            let mut browser = Browser::new(&server);
            let answer = asking(&mut browser, &realm, "shop", &[("response_type", kind)]).await;
            (browser, answer)
        };
        assert_eq!(
            refused.location_parameter("error").as_deref(),
            Some("unauthorized_client"),
            "{kind}"
        );
        let (_, answer) = signed_in(&server, &realm, "old", kind).await;
        assert!(answer.header("location").starts_with(&format!("{CALLBACK}#")), "{kind}");
        let has = |word: &str| kind.split(' ').any(|w| w == word);
        let got = |name: &str| answer.location_parameter(name);
        assert_eq!(got("code").is_some(), has("code"), "{kind}");
        assert_eq!(got("access_token").is_some(), has("token"), "{kind}");
        if has("token") && !has("code") {
            assert_eq!(got("expires_in").as_deref(), Some("77"), "{kind}");
        }
        if has("id_token") {
            let said = claims(&got("id_token").unwrap());
            assert_eq!(said["nonce"], "n1");
            let hash = |name: &str| got(name).map_or(Value::Null, |t| json!(digest::at_hash(Alg::RS256, &t)));
            assert_eq!(said["at_hash"], hash("access_token"), "{kind}");
            assert_eq!(said["c_hash"], hash("code"), "{kind}");
            assert_eq!(said["s_hash"], hash("state"), "{kind}");
        }
    }
}
