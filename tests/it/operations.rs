//! Every operation of Keycloak's Admin REST API is known here; what is not here says so, to those who may use it.

use serde_json::{Value, json};

use super::support::{self, Answer, Server};

/// A path of `operations.txt` with its methods, each with whether it is here.
struct Operations {
    path: &'static str,
    methods: Vec<(&'static str, bool)>,
}

fn operations() -> Vec<Operations> {
    let lines = include_str!("operations.txt").lines().filter(|l| !l.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let path = words.next().unwrap();
            let methods = words.map(|w| (w.trim_end_matches('!'), !w.ends_with('!')));
            Operations {
                path,
                methods: methods.collect(),
            }
        })
        .collect()
}

/// A realm with one of what addresses name.
struct World {
    server: Server,
    realm: String,
    names: Vec<(&'static str, String)>,
}

impl World {
    async fn new() -> Self {
        let server = support::sqlite().await;
        let realm = server.realm(json!({ "organizationsEnabled": true })).await;
        let make = async |path: &str, body: Value| server.admin("POST", &format!("/{realm}{path}"), body).await;
        let client = make("/clients", json!({ "clientId": "app" })).await.created();
        let group = make("/groups", json!({ "name": "staff" })).await.created();
        let organization = make("/organizations", json!({ "name": "acme" })).await.created();
        let provider = json!({ "alias": "idp", "providerId": "oidc" });
        assert_eq!(make("/identity-provider/instances", provider).await.status, 201);
        for of in ["/roles".to_owned(), format!("/clients/{client}/roles")] {
            assert_eq!(make(&of, json!({ "name": "editor" })).await.status, 201);
        }
        let role = server
            .admin("GET", &format!("/{realm}/roles/editor"), Value::Null)
            .await;
        let role = role.json()["id"].as_str().unwrap().to_owned();
        let user = server.user(&realm, "ann", "passw0rd").await;
        let names = vec![
            ("{realm}", realm.clone()),
            ("{client-uuid}", client),
            ("{group-id}", group),
            ("{org-id}", organization),
            ("{role-id}", role),
            ("{role-name}", "editor".to_owned()),
            ("{user-id}", user),
            ("{alias}", "idp".to_owned()),
        ];
        Self { server, realm, names }
    }

    fn address(&self, path: &str) -> String {
        let mut path = path.trim_end_matches('/').to_owned();
        for (name, value) in &self.names {
            path = path.replace(name, value);
        }
        while let Some((before, rest)) = path.split_once('{') {
            path = format!("{before}x{}", rest.split_once('}').unwrap().1);
        }
        format!("/admin/realms{path}")
    }

    async fn send(&self, token: &str, method: &str, path: &str) -> Answer {
        let body = if matches!(method, "POST" | "PUT") {
            json!({})
        } else {
            Value::Null
        };
        self.server.with_token(token, method, &self.address(path), body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_an_address_of_its_own() {
    let world = World::new().await;
    let token = world.server.admin_token().await;
    // A method that nobody serves tells an address that is known (405) from one that is not.
    let nowhere = world.send(&token, "PROPFIND", "/{realm}/nosuch").await;
    let unknown = (404, json!({ "error": "HTTP 404 Not Found" }));
    assert_eq!((nowhere.status, nowhere.json()), unknown);
    let mut count = 0;
    for Operations { path, methods } in operations() {
        let answer = world.send(&token, "PROPFIND", path).await;
        assert!(matches!(answer.status, 405 | 501), "{path}: {}", answer.status);
        count += methods.len();
    }
    assert_eq!(count, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_here_or_says_that_it_is_off() {
    let world = World::new().await;
    let token = world.server.admin_token().await;
    let off = json!({
        "error": "Feature not enabled", "error_description": "For more on this error consult the server log."
    });
    // What is deleted on the way is no more there for the others.
    for deletes in [false, true] {
        for Operations { path, methods } in operations() {
            for (method, here) in methods.into_iter().filter(|(m, _)| (*m == "DELETE") == deletes) {
                if (method, path) == ("DELETE", "/{realm}") {
                    continue;
                }
                let answer = world.send(&token, method, path).await;
                if here {
                    assert!(
                        !matches!(answer.status, 405 | 501),
                        "{method} {path}: {}",
                        answer.status
                    );
                } else if !deletes {
                    assert_eq!((answer.status, answer.json()), (501, off.clone()), "{method} {path}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_use_it_is_told_that_something_is_off() {
    let world = World::new().await;
    let ann = world
        .server
        .password_token(&world.realm, "admin-cli", "ann", "passw0rd")
        .await;
    let mut count = 0;
    for Operations { path, methods } in operations() {
        for (method, _) in methods.into_iter().filter(|(_, here)| !here) {
            assert_eq!(world.send(&ann, method, path).await.status, 403, "{method} {path}");
            let stranger = world.server.request(method, &world.address(path), &[], "").await;
            assert_eq!(stranger.status, 401, "{method} {path}");
            count += 1;
        }
    }
    assert_eq!(count, 57);
}
