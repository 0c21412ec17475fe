//! Clients as lists of administrators show them: by name, by how they came, by whose they are, by how long nobody used them.

use serde_json::{Value, json};

use super::client_registration::{initial, register, text};
use super::support::{self, Server};

async fn get(server: &Server, path: &str) -> Value {
    let answer = server.admin("GET", path, Value::Null).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|c| text(c, "id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_narrowed_and_counted() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let (token_id, token) = initial(
            &server,
            &realm,
            json!({ "count": 5, "owner": "blue", "scopes": ["profile"] }),
        )
        .await;
        let metadata = |name: &str| json!({ "client_name": name, "redirect_uris": ["https://a.example/cb"] });
        let weather = register(&server, &realm, Some(&token), &metadata("Überwetter %"))
            .await
            .json();
        let tides = register(&server, &realm, Some(&token), &metadata("Tides")).await.json();
        let by_hand = server
            .client(&realm, json!({ "clientId": "by-hand", "name": "Handmade" }))
            .await;
        let (weather, tides) = (text(&weather, "client_id"), text(&tides, "client_id"));
        server.app.clock.advance(100_000);
        for (query, expected) in [
            ("registered=true", vec![tides, weather]),
            ("registered=true&search=%C3%BCberw", vec![weather]),
            ("registered=true&search=%25", vec![weather]),
            ("registered=true&search=nosuch", vec![]),
            ("source=admin", vec![by_hand.as_str()]),
            ("source=admin&search=handm", vec![by_hand.as_str()]),
            ("source=token&owner=blue&first=1", vec![weather]),
            ("owner=red", vec![]),
            (&format!("tokenId={token_id}&max=1"), vec![tides]),
            (&format!("id={weather}&id={by_hand}"), vec![by_hand.as_str(), weather]),
            ("registered=true&stale=50", vec![weather, tides]),
            ("registered=true&stale=500", vec![]),
        ] {
            let listed = get(&server, &format!("/{realm}/clients?{query}")).await;
            assert_eq!(ids(&listed), expected, "{query}");
            assert!(
                listed
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|c| c["registration"]["source"].is_string())
            );
            if !query.contains("first") && !query.contains("max") {
                let count = get(&server, &format!("/{realm}/clients/count?{query}")).await;
                assert_eq!(count, expected.len(), "{query}");
            }
        }
        assert_eq!(
            get(&server, &format!("/{realm}/clients/count?registered=true&max=1")).await,
            1
        );
        let told = get(&server, &format!("/{realm}/clients/{weather}/registration")).await;
        assert_eq!((&told["scopes"], &told["owner"]), (&json!(["profile"]), &json!("blue")));
        let of_token = get(&server, &format!("/{realm}/clients-initial-access/{token_id}/clients")).await;
        assert_eq!(ids(&of_token), [weather, tides]);
        assert_eq!(of_token[0]["registration"], told);

        // A name that changes is found as it is now.
        let renamed = server
            .admin("PUT", &format!("/{realm}/clients/{tides}"), json!({ "name": "Moon" }))
            .await;
        assert_eq!(renamed.status, 204, "{}", renamed.body);
        let search = |text: &str| format!("/{realm}/clients?registered=true&search={text}");
        assert_eq!(ids(&get(&server, &search("MOON")).await), [tides]);
        assert_eq!(get(&server, &search("tides")).await, json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_tell_their_origins_and_bounds_that_mean_nothing_are_refused() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let path = format!("/{realm}/clients-initial-access");
    let (id, _) = initial(&server, &realm, json!({ "webOrigins": ["https://a.example"] })).await;
    assert!(get(&server, &path).await[0].get("webOrigins").is_none(), "as Keycloak");
    let expected = json!(["https://a.example"]);
    assert_eq!(
        get(&server, &format!("{path}?briefRepresentation=false")).await[0]["webOrigins"],
        expected
    );
    assert_eq!(get(&server, &format!("{path}/{id}")).await["webOrigins"], expected);
    for (member, value) in [
        ("scopes", json!(["profile", "nosuch"])),
        ("defaults", json!({ "client_secret": "x" })),
        ("defaults", json!({ "client_id": "x" })),
    ] {
        let refused = server.admin("POST", &path, json!({ member: value })).await;
        assert_eq!(
            (refused.status, refused.json()["error"].clone()),
            (400, json!(format!("Invalid value for {member}")))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_for_saml_and_docker_say_that_there_are_none() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let id = server
        .client(&realm, json!({ "clientId": "sp", "protocol": "saml" }))
        .await;
    let info = server.admin_token().await;
    let info = server
        .with_token(&info, "GET", "/admin/serverinfo", Value::Null)
        .await
        .json();
    for protocol in ["saml", "docker-v2"] {
        for one in info["clientInstallations"][protocol].as_array().unwrap() {
            let path = format!("/{realm}/clients/{id}/installation/providers/{}", text(one, "id"));
            let answer = server.admin("GET", &path, Value::Null).await;
            assert_eq!(answer.status, 400, "{}", answer.body);
            assert!(text(&answer.json(), "errorMessage").starts_with("There is no file"));
        }
    }
    let unknown = format!("/{realm}/clients/{id}/installation/providers/nonsense");
    assert_eq!(server.admin("GET", &unknown, Value::Null).await.status, 404);
}
