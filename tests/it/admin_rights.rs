//! Whoever administers may do what Keycloak lets them do, and nothing else.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::support::{self, Server};

/// A line of `admin_rights.txt`.
struct Line<'a> {
    method: &'a str,
    path: &'a str,
    /// For those who get in.
    status: u16,
    /// Who is tried, and whether they get in.
    roles: Vec<(&'a str, bool)>,
}

fn lines() -> Vec<Line<'static>> {
    let mut tried = Vec::new();
    let mut all = Vec::new();
    for line in include_str!("admin_rights.txt").lines().filter(|l| !l.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["roles", names @ ..] => tried = names.to_vec(),
            [method, path, status, who @ ..] => {
                let gets_in = |role: &str| who[0] == "*" && !who.contains(&format!("-{role}").as_str());
                let roles = tried.iter().map(|r| (*r, who.contains(r) || gets_in(r)));
                all.push(Line {
                    method,
                    path: if *path == "/" { "" } else { path },
                    status: status.parse().unwrap(),
                    roles: roles.chain([("", false)]).collect(),
                });
            }
            _ => panic!("not understood: {line}"),
        }
    }
    all
}

fn body(method: &str, path: &str) -> Value {
    match (method, path) {
        ("POST", "/users") => json!({ "username": format!("new-{}", vestibule::random::uuid()) }),
        ("PUT", "/users/{user}/reset-password") => json!({ "type": "password", "value": "another-one" }),
        ("PUT", "/users/{user}") => json!({ "firstName": "Other" }),
        ("PUT", "") => json!({ "displayName": "Other" }),
        ("PUT", "/organizations/{organization}") => json!({ "name": "acme", "alias": "acme" }),
        ("PUT", "/organizations/{organization}/groups/{group}") => json!({ "name": "staff" }),
        ("POST", path) if path.ends_with("/role-mappings/realm") => json!([]),
        ("POST", path) if path.ends_with("/organizations") || path.contains("/groups") => {
            json!({ "name": format!("new-{}", vestibule::random::uuid()) })
        }
        ("POST", path) if path.ends_with("/copy") => json!({ "newName": "copied" }),
        ("PUT" | "POST", path) if !path.ends_with("priority") && !path.ends_with("impersonation") => json!({}),
        _ => Value::Null,
    }
}

/// An administrator with exactly one role, or two, or none.
struct Holder<'a> {
    server: &'a Server,
    mappings: String,
    roles: HashMap<String, Value>,
}

impl<'a> Holder<'a> {
    async fn new(server: &'a Server, realm: &str, id: &str) -> Self {
        let path = format!("/{realm}/clients?clientId=realm-management");
        let client = server.admin("GET", &path, Value::Null).await.json()[0]["id"].clone();
        let client = client.as_str().unwrap().to_owned();
        let path = format!("/{realm}/clients/{client}/roles");
        let roles = server.admin("GET", &path, Value::Null).await.json();
        let named = |role: &Value| (role["name"].as_str().unwrap().to_owned(), role.clone());
        Self {
            server,
            mappings: format!("/{realm}/users/{id}/role-mappings/clients/{client}"),
            roles: roles.as_array().unwrap().iter().map(named).collect(),
        }
    }

    async fn becomes(&self, role: &str) {
        let all: Vec<&Value> = self.roles.values().collect();
        let answer = self.server.admin("DELETE", &self.mappings, json!(all)).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
        if !role.is_empty() {
            let given: Vec<&Value> = role.split('+').map(|one| &self.roles[one]).collect();
            let answer = self.server.admin("POST", &self.mappings, json!(given)).await;
            assert_eq!(answer.status, 204, "{role}: {}", answer.body);
        }
    }
}

/// An organization with a member, a group and an identity provider; its id, and the group's.
async fn organization(server: &Server, realm: &str, member: &str) -> (String, String) {
    let send = async |method, path: &str, body| server.admin(method, &format!("/{realm}{path}"), body).await;
    let id = send("POST", "/organizations", json!({ "name": "acme" }))
        .await
        .created();
    let of = format!("/organizations/{id}");
    let joined = send("POST", &format!("{of}/members"), json!(member)).await;
    assert_eq!(joined.status, 201, "{}", joined.body);
    let provider = json!({ "alias": "idp", "providerId": "oidc" });
    assert_eq!(send("POST", "/identity-provider/instances", provider).await.status, 201);
    let linked = send("POST", &format!("{of}/identity-providers"), json!("idp")).await;
    assert_eq!(linked.status, 204, "{}", linked.body);
    let group = send("POST", &format!("{of}/groups"), json!({ "name": "staff" }))
        .await
        .created();
    (id, group)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_opens_what_it_opens_in_keycloak_and_nothing_else() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({ "organizationsEnabled": true })).await;
    let ann = server.user(&realm, "ann", "passw0rd").await;
    let (organization, group) = organization(&server, &realm, &ann).await;
    let id = server.user(&realm, "administrator", "passw0rd").await;
    let sign_in = || server.password_token(&realm, "admin-cli", "administrator", "passw0rd");
    let mut token = sign_in().await;
    let holder = Holder::new(&server, &realm, &id).await;
    let path = format!("/{realm}/clients?clientId=account");
    let found = server.admin("GET", &path, Value::Null).await;
    let client = found.json()[0]["id"].as_str().unwrap().to_owned();
    let lines = lines();
    let mut roles: Vec<&str> = lines.iter().flat_map(|l| l.roles.iter().map(|r| r.0)).collect();
    roles.sort_unstable();
    roles.dedup();
    let mut wrong = Vec::new();
    for role in roles {
        holder.becomes(role).await;
        for line in &lines {
            let Some((_, gets_in)) = line.roles.iter().find(|(name, _)| *name == role) else {
                continue;
            };
            let path = line
                .path
                .replace("{user}", &ann)
                .replace("{client}", &client)
                .replace("{organization}", &organization);
            let path = format!("/admin/realms/{realm}{}", path.replace("{group}", &group));
            let answer = server
                .with_token(&token, line.method, &path, body(line.method, line.path))
                .await;
            let expected = if *gets_in { line.status } else { 403 };
            if answer.status != expected {
                let (method, path, status) = (line.method, line.path, answer.status);
                wrong.push(format!("{role:?}: {method} {path}: {status}, expected {expected}"));
            }
            // Whoever becomes somebody else of the same realm is signed out.
            if line.path.ends_with("/impersonation") && *gets_in {
                token = sign_in().await;
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_administers_another_realm_or_without_a_token() {
    let server = support::sqlite().await;
    let (own, other) = (server.realm(json!({})).await, server.realm(json!({})).await);
    let id = server.user(&own, "administrator", "passw0rd").await;
    Holder::new(&server, &own, &id).await.becomes("realm-admin").await;
    let token = server
        .password_token(&own, "admin-cli", "administrator", "passw0rd")
        .await;
    let get = async |path: String| server.with_token(&token, "GET", &path, Value::Null).await;
    assert_eq!(get(format!("/admin/realms/{own}/users")).await.status, 200);
    let refused = get(format!("/admin/realms/{other}/users")).await;
    assert_eq!(
        (refused.status, refused.json()),
        (403, json!({ "error": "HTTP 403 Forbidden" }))
    );
    let new = json!({ "realm": "another" });
    assert_eq!(
        server.with_token(&token, "POST", "/admin/realms", new).await.status,
        403
    );
    for path in [
        format!("/admin/realms/{own}/users"),
        "/admin/realms/nosuch/users".to_owned(),
        "/admin/serverinfo".to_owned(),
    ] {
        let refused = server.get(&path).await;
        assert_eq!(
            (refused.status, refused.json()),
            (401, json!({ "error": "HTTP 401 Unauthorized" }))
        );
    }
    let refused = get(format!("/admin/{own}/console/whoami")).await;
    let text = "Token issued for an application that is not the admin console: admin-cli";
    assert_eq!((refused.status, refused.json()), (403, json!({ "error": text })));
}
