//! Organizations in the Admin API, with the answers of a Keycloak 26.7.

use serde_json::{Value, json};

use super::support::{self, Server};

pub fn message(text: &str) -> Value {
    json!({ "errorMessage": text })
}

/// The Admin API of one realm with organizations.
pub struct Realm<'a> {
    pub server: &'a Server,
    pub name: String,
}

impl<'a> Realm<'a> {
    pub async fn new(server: &'a Server, mut settings: Value) -> Self {
        settings["organizationsEnabled"] = json!(true);
        let name = server.realm(settings).await;
        Self { server, name }
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self
            .server
            .admin("GET", &format!("/{}{path}", self.name), Value::Null)
            .await;
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
        answer.json()
    }

    /// Sends something and expects a status; gives the body, or the id of what was made.
    pub async fn send(&self, method: &str, path: &str, body: Value, status: u16) -> Value {
        let answer = self
            .server
            .admin(method, &format!("/{}{path}", self.name), body.clone())
            .await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.body);
        match status {
            201 => json!(answer.created()),
            _ if answer.body.is_empty() => Value::Null,
            _ => answer.json(),
        }
    }

    /// An organization; its id.
    pub async fn organization(&self, doc: Value) -> String {
        let id = self.send("POST", "/organizations", doc, 201).await;
        id.as_str().unwrap().to_owned()
    }

    pub async fn user(&self, name: &str) -> String {
        self.server.user(&self.name, name, "passw0rd").await
    }

    pub async fn names(&self, path: &str, member: &str) -> Vec<String> {
        let all = self.get(path).await;
        let all = all.as_array().unwrap().iter();
        all.map(|o| o[member].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_has_organizations_when_it_is_told_so() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    for (method, path) in [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/count"),
        ("GET", "/x"),
        ("GET", "/members/x/organizations"),
    ] {
        let answer = server
            .admin(method, &format!("/{realm}/organizations{path}"), json!({ "name": "x" }))
            .await;
        let told = message("Organizations not enabled for this realm.");
        assert_eq!((answer.status, answer.json()), (404, told), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_made_read_changed_and_removed() {
    for server in support::servers().await {
        let realm = Realm::new(&server, json!({})).await;
        let sent = json!({
            "name": "Acme", "alias": "acme", "enabled": true, "description": "d", "redirectUrl": "https://acme.example/x",
            "attributes": { "k": ["v", "w"] },
            "domains": [{ "name": "Acme.example", "verified": true }, { "name": "acme.org" }]
        });
        let id = realm.organization(sent.clone()).await;
        let one = format!("/organizations/{id}");
        let mut expected = sent.clone();
        expected["id"] = json!(id);
        expected["domains"] =
            json!([{ "name": "acme.example", "verified": true }, { "name": "acme.org", "verified": false }]);
        assert_eq!(realm.get(&one).await, expected);
        expected.as_object_mut().unwrap().remove("attributes");
        assert_eq!(realm.get("/organizations").await, json!([expected]));

        for (sent, status, told) in [
            (json!({}), 400, "Name can not be null"),
            (
                json!({ "name": "Acme" }),
                409,
                "A organization with the same name already exists.",
            ),
            (
                json!({ "name": "acme" }),
                409,
                "A organization with the same alias already exists",
            ),
            (
                json!({ "name": "with space" }),
                400,
                "Name cannot be used as alias: Empty Space not allowed.",
            ),
            (
                json!({ "name": "d", "domains": [{ "name": "ACME.EXAMPLE" }] }),
                400,
                &format!(
                    "Domain acme.example is already linked to organization Acme in realm {}",
                    realm.name
                ),
            ),
            (
                json!({ "name": "d", "domains": [{ "name": "nonsense domain" }] }),
                400,
                "Invalid domain format: nonsense domain",
            ),
            (
                json!({ "name": "d", "domains": [{ "name": "" }] }),
                400,
                "Domain name cannot be empty",
            ),
            (
                json!({ "name": "d", "domains": [{}] }),
                400,
                "Domain name cannot be empty",
            ),
            (
                json!({ "name": "d", "redirectUrl": "javascript:x" }),
                400,
                "Organization redirect URL is not valid.",
            ),
            (
                json!({ "name": "d", "redirectUrl": "https://acme.example/\r\nX: y" }),
                400,
                "Organization redirect URL is not valid.",
            ),
        ] {
            assert_eq!(realm.send("POST", "/organizations", sent, status).await, message(told));
        }
        let refused = realm
            .send("POST", "/organizations", json!({ "name": "d", "alias": "a:b" }), 400)
            .await;
        assert_eq!(refused, json!({ "error": "Character ':' not allowed." }));
        assert_eq!(
            realm.get("/organizations/count").await,
            json!(1),
            "nothing is half made"
        );

        for (sent, status, told) in [
            (json!({ "name": "Acme" }), 400, "Cannot change the alias"),
            (json!({}), 409, "A organization with the same name already exists."),
            (
                json!({ "name": "Acme", "redirectUrl": "nonsense" }),
                400,
                "Organization redirect URL is not valid.",
            ),
        ] {
            assert_eq!(realm.send("PUT", &one, sent, status).await, message(told));
        }
        let changed = json!({ "name": "Acme Two", "alias": "acme" });
        realm.send("PUT", &one, changed, 204).await;
        let shown = json!({ "id": id, "name": "Acme Two", "alias": "acme", "enabled": true, "attributes": { "k": ["v", "w"] } });
        assert_eq!(realm.get(&one).await, shown);
        realm.send("DELETE", &one, Value::Null, 204).await;
        let gone = realm.send("GET", &one, Value::Null, 404).await;
        assert_eq!(gone, message("Organization not found."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_are_found_by_names_domains_and_attributes() {
    for server in support::servers().await {
        let realm = Realm::new(&server, json!({})).await;
        for (name, domain, value) in [
            ("Acme", "acme.example", "v"),
            ("beta", "beta.org", "w"),
            ("Gamma", "acme.net", "v"),
        ] {
            let doc =
                json!({ "name": name, "domains": [{ "name": domain }], "attributes": { "k": [value], "n": ["1"] } });
            realm.organization(doc).await;
        }
        for (query, found) in [
            ("", vec!["Acme", "Gamma", "beta"]),
            ("?search=ACME", vec!["Acme", "Gamma"]),
            ("?search=acme&exact=true", vec![]),
            ("?search=Acme&exact=true", vec!["Acme"]),
            ("?search=acme.net&exact=true", vec!["Gamma"]),
            ("?q=k:v", vec!["Acme", "Gamma"]),
            ("?q=k:v%20n:2", vec![]),
            ("?q=nope", vec!["Acme", "Gamma", "beta"]),
            ("?first=1&max=1", vec!["Gamma"]),
            ("?max=0", vec![]),
            ("?max=-1&first=9", vec![]),
        ] {
            assert_eq!(
                realm.names(&format!("/organizations{query}"), "name").await,
                found,
                "{query}"
            );
        }
        assert_eq!(realm.get("/organizations/count?search=acme").await, json!(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_join_and_leave() {
    for server in support::servers().await {
        let realm = Realm::new(&server, json!({})).await;
        let id = realm.organization(json!({ "name": "acme" })).await;
        let (ann, bob) = (realm.user("ann").await, realm.user("bob").await);
        let all = format!("/organizations/{id}/members");
        for user in [&ann, &bob] {
            realm.send("POST", &all, json!(user), 201).await;
        }
        let again = realm.send("POST", &all, json!(ann), 409).await;
        assert_eq!(again, message("User is already a member of the organization."));
        let nobody = realm.send("POST", &all, json!("nope"), 404).await;
        assert_eq!(nobody, json!({ "error": "HTTP 404 Not Found" }));
        for (query, found) in [
            ("", vec!["ann", "bob"]),
            ("?search=NN", vec!["ann"]),
            ("?search=an&exact=true", vec![]),
            ("?search=bob@example.org&exact=true", vec!["bob"]),
            ("?first=1", vec!["bob"]),
            ("?membershipType=MANAGED", vec![]),
            ("?membershipType=UNMANAGED&max=1", vec!["ann"]),
        ] {
            assert_eq!(
                realm.names(&format!("{all}{query}"), "username").await,
                found,
                "{query}"
            );
        }
        assert_eq!(realm.get(&format!("{all}/count")).await, json!(2));
        let shown = realm.get(&format!("{all}/{ann}")).await;
        assert_eq!(
            (shown["membershipType"].clone(), shown["totp"].clone()),
            (json!("UNMANAGED"), json!(false))
        );
        for path in [
            format!("{all}/{ann}/organizations"),
            format!("/organizations/members/{ann}/organizations"),
        ] {
            assert_eq!(realm.names(&path, "alias").await, ["acme"]);
        }
        realm.send("DELETE", &format!("{all}/{bob}"), Value::Null, 204).await;
        realm.send("DELETE", &format!("{all}/{bob}"), Value::Null, 404).await;
        realm.get(&format!("/users/{bob}")).await;
        realm.send("DELETE", &format!("/users/{ann}"), Value::Null, 204).await;
        assert_eq!(realm.get(&format!("{all}/count")).await, json!(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_member_sleeps_and_goes_with_the_organization() {
    for server in support::servers().await {
        let realm = Realm::new(&server, json!({})).await;
        let id = realm.organization(json!({ "name": "acme" })).await;
        let (ann, bob, eve) = (
            realm.user("ann").await,
            realm.user("bob").await,
            realm.user("eve").await,
        );
        let one = format!("/organizations/{id}");
        for user in [&ann, &bob, &eve] {
            realm.send("POST", &format!("{one}/members"), json!(user), 201).await;
        }
        for user in [&ann, &bob] {
            let path = format!("{one}/members/{user}/membership-type");
            realm.send("PUT", &path, json!("MANAGED"), 204).await;
        }
        let token = server.password_token(&realm.name, "admin-cli", "ann", "passw0rd").await;
        let whole = |enabled: bool| json!({ "name": "acme", "alias": "acme", "enabled": enabled });
        realm.send("PUT", &one, whole(false), 204).await;
        let enabled = async |user: &str| realm.get(&format!("/users/{user}")).await["enabled"].clone();
        assert_eq!((enabled(&ann).await, enabled(&eve).await), (json!(false), json!(true)));
        assert_eq!(realm.names("/users?enabled=false", "username").await, ["ann", "bob"]);
        let userinfo = format!("/realms/{}/protocol/openid-connect/userinfo", realm.name);
        assert_eq!(
            server.with_token(&token, "GET", &userinfo, Value::Null).await.status,
            401
        );
        let refused = realm
            .send("PUT", &format!("/users/{ann}"), json!({ "firstName": "X" }), 400)
            .await;
        let told = "The user is read-only. Not possible to write 'attribute(firstName)' when updating user 'ann'.";
        assert_eq!(refused, message(told));

        realm.send("PUT", &one, whole(true), 204).await;
        assert_eq!(enabled(&ann).await, json!(true));
        realm
            .send("DELETE", &format!("{one}/members/{bob}"), Value::Null, 204)
            .await;
        realm.send("GET", &format!("/users/{bob}"), Value::Null, 404).await;
        realm.send("DELETE", &one, Value::Null, 204).await;
        realm.send("GET", &format!("/users/{ann}"), Value::Null, 404).await;
        assert_eq!(enabled(&eve).await, json!(true));
    }
}
