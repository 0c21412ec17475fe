//! Letting an application act.

use serde_json::{Value, json};

use crate::authorize::asking;
use crate::login::{arrived, sign_in};
use crate::support::{self, Answer, Browser, Server};

const RIGHT: &str = "Passw0rd!";

async fn acme(server: &Server) -> String {
    let realm = server.realm(json!({ "eventsEnabled": true })).await;
    let app = json!({
        "clientId": "app", "name": "The App", "publicClient": true, "consentRequired": true,
        "redirectUris": ["https://app.example.com/cb"],
        "attributes": { "policyUri": "https://app.example.com/privacy" }
    });
    server.client(&realm, app).await;
    server.user(&realm, "ann", RIGHT).await;
    realm
}

async fn asked<'a>(server: &'a Server, realm: &str) -> (Browser<'a>, Answer) {
    let mut browser = Browser::new(server);
    let page = browser.get(&asking(realm, &[])).await;
    let answer = sign_in(&mut browser, &page, "ann", RIGHT).await;
    assert!(
        answer
            .header("location")
            .contains("/login-actions/required-action?execution=OAUTH_GRANT&")
    );
    let page = browser.follow(answer).await;
    (browser, page)
}

#[track_caller]
fn form(page: &Answer) -> support::Form {
    let found = page
        .forms()
        .into_iter()
        .find(|f| f.action.contains("/login-actions/consent"));
    found.unwrap_or_else(|| panic!("{}", page.body))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_is_kept_and_not_asked_for_again() {
    for server in support::servers().await {
        let realm = acme(&server).await;
        let (mut browser, page) = asked(&server, &realm).await;
        for text in [
            "The App",
            "Email address",
            "User profile",
            "User roles",
            "https://app.example.com/privacy",
        ] {
            assert!(page.body.contains(text), "{text}: {}", page.body);
        }
        let answer = browser.submit(&form(&page), &[("accept", "Yes")]).await;
        arrived(&answer);
        arrived(&browser.get(&asking(&realm, &[("prompt", "none")])).await);
        let again = browser.get(&asking(&realm, &[("prompt", "consent")])).await;
        assert!(again.header("location").contains("OAUTH_GRANT"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_goes_back_as_access_denied() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let (mut browser, page) = asked(&server, &realm).await;
    let answer = browser.submit(&form(&page), &[("cancel", "No")]).await;
    assert_eq!(answer.location_parameter("error").as_deref(), Some("access_denied"));
    assert!(!browser.cookies.contains_key("KEYCLOAK_IDENTITY"));
    let events = server
        .admin("GET", &format!("/{realm}/events?type=LOGIN_ERROR"), Value::Null)
        .await
        .json();
    assert_eq!(events[0]["error"], "rejected_by_user");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_clear_yes_with_the_pages_code_is_one() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let (mut browser, page) = asked(&server, &realm).await;
    let silent = browser.submit(&form(&page), &[]).await;
    assert_eq!(silent.status, 200);
    assert!(silent.body.contains("Do you grant these access privileges?"));
    let old = browser.submit(&form(&page), &[("accept", "Yes")]).await;
    assert!(old.body.contains("Page has expired"));
    let mut stranger = Browser::new(&server);
    let stolen = stranger.submit(&form(&silent), &[("accept", "Yes")]).await;
    assert_eq!(stolen.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_where_nobody_may_be_asked() {
    let server = support::sqlite().await;
    let realm = acme(&server).await;
    let other = json!({ "clientId": "other", "publicClient": true, "redirectUris": ["https://app.example.com/cb"] });
    server.client(&realm, other).await;
    let mut browser = Browser::new(&server);
    let page = browser.get(&asking(&realm, &[("client_id", "other")])).await;
    arrived(&sign_in(&mut browser, &page, "ann", RIGHT).await);
    let answer = browser.get(&asking(&realm, &[("prompt", "none")])).await;
    assert_eq!(
        answer.location_parameter("error").as_deref(),
        Some("interaction_required")
    );
}
