//! Settings that name roles, groups, client scopes or members of metadata: what is misspelt is refused when it is sent.

use serde_json::{Value, json};

use crate::support::{self, Server};

/// Sets an attribute of a realm; the text of what refuses it.
async fn set(server: &Server, realm: &str, key: &str, value: &str) -> Result<(), String> {
    let sent = json!({ "attributes": { key: value } });
    let answer = server.admin("PUT", &format!("/{realm}"), sent).await;
    match answer.status {
        204 => Ok(()),
        400 => Err(answer.json()["errorMessage"].as_str().unwrap().to_owned()),
        other => panic!("{other}: {}", answer.body),
    }
}

async fn made(server: &Server, realm: &str) {
    for (path, body) in [
        ("roles", json!({ "name": "reader" })),
        ("groups", json!({ "name": "staff" })),
        (
            "client-scopes",
            json!({ "name": "orders", "protocol": "openid-connect" }),
        ),
    ] {
        let answer = server.admin("POST", &format!("/{realm}/{path}"), body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    let id = server.client(realm, json!({ "clientId": "shop" })).await;
    let path = format!("/{realm}/clients/{id}/roles");
    assert_eq!(
        server.admin("POST", &path, json!({ "name": "buyer" })).await.status,
        201
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_setting_of_a_realm_names_is_there() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        made(&server, &realm).await;
        for (key, right, wrong, what) in [
            ("clientRegistration.roles", "reader, shop:buyer", "raeder", "role"),
            ("clientRegistration.roles", "reader,", "shop:seller", "role"),
            ("registration.roles", "shop:buyer", "shopp:buyer", "role"),
            ("registration.groups", "/staff", "/stuff", "group"),
            ("clientRegistration.scopes.default", "orders", "odrers", "client scope"),
        ] {
            assert_eq!(set(&server, &realm, key, right).await, Ok(()), "{key}");
            let told = format!("{key}: there is no {what} \"{wrong}\"");
            assert_eq!(set(&server, &realm, key, wrong).await, Err(told));
        }
        let key = "clientRegistration.reapproval";
        assert_eq!(set(&server, &realm, key, "redirect_uris, scope").await, Ok(()));
        let told = set(&server, &realm, key, "redirect_uri,scope").await.unwrap_err();
        assert!(told.contains("redirect_uri,scope"), "{told}");
        // What is gone since does not stand in the way of other changes.
        let gone = server
            .admin("DELETE", &format!("/{realm}/roles/reader"), Value::Null)
            .await;
        assert_eq!(gone.status, 204);
        let whole = server.admin("GET", &format!("/{realm}"), Value::Null).await.json();
        assert_eq!(server.admin("PUT", &format!("/{realm}"), whole).await.status, 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_registration_policy_gives_is_there() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        made(&server, &realm).await;
        let path = format!("/{realm}/components");
        for (provider, setting, right, wrong, what) in [
            ("assign-roles", "roles", "shop:buyer", "shop:seller", "role"),
            ("default-scopes", "scopes", "orders", "odrers", "client scope"),
        ] {
            let policy = |name: &str| {
                json!({
                    "name": provider, "providerId": provider, "subType": "anonymous",
                    "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
                    "config": { setting: [name] }
                })
            };
            let told = json!({ "errorMessage": format!("{setting}: there is no {what} \"{wrong}\"") });
            let refused = server.admin("POST", &path, policy(wrong)).await;
            assert_eq!((refused.status, refused.json()), (400, told.clone()));
            let id = server.admin("POST", &path, policy(right)).await.created();
            let own = format!("{path}/{id}");
            let refused = server.admin("PUT", &own, policy(wrong)).await;
            assert_eq!((refused.status, refused.json()), (400, told));
            assert_eq!(server.admin("PUT", &own, policy(right)).await.status, 204);
        }
    }
}
