//! Our own console: a token for "team blue, 5 applications, a month, only public clients, only https://*.blue.example" on
//! one page.

use serde_json::{Value, json};

use super::client_registration::register;
use super::own_console::{open, with_administrator};
use super::support::{self, Browser};

const MANAGER: &[&str] = &["manage-clients", "manage-realm"];

/// What a page shows once.
fn token_of(page: &str) -> String {
    let at = page.find("<textarea id=\"token\"").unwrap_or_else(|| panic!("{page}"));
    page[at..].split(['>', '<']).nth(2).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_policies_of_its_own_is_made_on_one_page() {
    for server in support::servers().await {
        let realm = with_administrator(&server, MANAGER).await;
        let mut browser = Browser::new(&server);
        let page = open(&mut browser, &realm, "tokens/new").await;
        let fields = [
            ("name", "team blue"),
            ("owner", "blue@example.org"),
            ("count", "5"),
            ("expires", "2592000"),
            ("public", "on"),
            ("redirects", "https://*.blue.example"),
            ("scopes", "profile"),
            ("origins", "https://register.blue.example"),
            ("defaults", "{\"client_uri\": \"https://www.blue.example/\"}"),
        ];
        let form = page.form("new-token");
        let made = browser.submit(&form, &fields).await;
        let token = token_of(&made.body);
        // The page loaded anew: the form is sent once more, and makes nothing.
        let again = browser.submit(&form, &fields).await;
        assert_eq!((again.status, again.body.contains(&token)), (303, false));
        let kept = format!("/{realm}/clients-initial-access");
        let kept = server.admin("GET", &kept, Value::Null).await.json();
        assert_eq!(kept.as_array().unwrap().len(), 1, "{kept}");
        let public = |uri: &str| json!({ "redirect_uris": [uri], "token_endpoint_auth_method": "none" });
        let good = register(&server, &realm, Some(&token), &public("https://a.blue.example/cb")).await;
        assert_eq!(good.status, 201, "{}", good.body);
        assert_eq!(good.json()["client_uri"], "https://www.blue.example/");
        for uri in [
            "http://a.blue.example/cb",
            "https://a.green.example/cb",
            "https://a.blue.example.evil.example/cb",
        ] {
            let refused = register(&server, &realm, Some(&token), &public(uri)).await;
            assert_eq!(
                (refused.status, &refused.json()["field"]),
                (403, &json!("redirect_uris")),
                "{uri}"
            );
            assert_eq!(refused.json()["policy"], "team blue: redirect URIs");
        }
        let secret = json!({ "redirect_uris": ["https://a.blue.example/cb"] });
        let refused = register(&server, &realm, Some(&token), &secret).await;
        assert_eq!(
            refused.json()["policy"],
            "team blue: only public clients",
            "{}",
            refused.body
        );

        let kept = server
            .admin("GET", &format!("/{realm}/clients-initial-access"), Value::Null)
            .await
            .json();
        let here = format!("/admin/{realm}/console/{realm}");
        let page = browser
            .get(&format!("{here}/tokens/{}", kept[0]["id"].as_str().unwrap()))
            .await;
        for told in [
            "team blue: only public clients",
            "register.blue.example",
            "client_uri",
            "127.0.0.1",
            "1 of 5",
        ] {
            assert!(page.body.contains(told), "{told}: {}", page.body);
        }
        let list = browser.get(&format!("{here}/tokens")).await;
        assert!(
            list.body.contains("client_uri") && list.body.contains("register.blue.example"),
            "{}",
            list.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_stands_beside_its_field_and_leaves_nothing_behind() {
    for server in support::servers().await {
        let realm = with_administrator(&server, MANAGER).await;
        let mut browser = Browser::new(&server);
        let page = open(&mut browser, &realm, "tokens/new").await;
        let form = page.form("new-token");
        let sent = [
            ("name", "team red"),
            ("count", "0"),
            ("expires", "3600"),
            ("redirects", "https://red.example/path"),
            ("origins", "red.example"),
            ("defaults", "{\"client_uri\": }"),
        ];
        let refused = browser.submit(&form, &sent).await;
        assert_eq!(refused.status, 400);
        for field in ["count", "redirects", "origins", "defaults"] {
            assert!(
                refused.body.contains(&format!("id=\"{field}-error\"")),
                "{field}: {}",
                refused.body
            );
        }
        assert!(refused.body.contains("JSON: ") && refused.body.contains("value=\"team red\""));
        // What only the Admin API knows: then the policies that were made for it are gone again.
        let sent = [
            ("count", "1"),
            ("expires", "3600"),
            ("public", "on"),
            ("scopes", "nosuch"),
        ];
        let refused = browser.submit(&form, &sent).await;
        assert!(refused.body.contains("id=\"scopes-error\""), "{}", refused.body);
        let components = server
            .admin("GET", &format!("/{realm}/components"), Value::Null)
            .await
            .json();
        assert!(!components.as_array().unwrap().iter().any(|c| c["subType"] == "token"));
        let kept = server
            .admin("GET", &format!("/{realm}/clients-initial-access"), Value::Null)
            .await
            .json();
        assert_eq!(kept, json!([]));
    }
}
