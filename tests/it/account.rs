//! A user's own account, by Keycloak's Account REST API. Answers as a Keycloak 26.7.4 was seen to give them.

use serde_json::{Value, json};

use crate::support::{self, Server};

const PASSWORD: &str = "Passw0rd!";

/// Somebody with a token of an application.
pub struct Ann<'a> {
    pub server: &'a Server,
    pub realm: String,
    pub id: String,
    token: String,
}

pub async fn ann(server: &Server, settings: Value) -> Ann<'_> {
    let realm = server.realm(settings).await;
    let app = json!({
        "clientId": "app", "name": "The App", "publicClient": true, "directAccessGrantsEnabled": true,
        "redirectUris": ["https://app.example.com/*"], "webOrigins": ["https://app.example.com"],
        "baseUrl": "https://app.example.com/"
    });
    assert_eq!(
        server.admin("POST", &format!("/{realm}/clients"), app).await.status,
        201
    );
    let id = person(server, &realm, "ann").await;
    let token = server.password_token(&realm, "app", "ann", PASSWORD).await;
    Ann {
        server,
        realm,
        id,
        token,
    }
}

pub async fn person(server: &Server, realm: &str, name: &str) -> String {
    let user = json!({
        "username": name, "email": format!("{name}@example.com"), "firstName": "Ann", "lastName": "Lee", "enabled": true,
        "emailVerified": true, "credentials": [{ "type": "password", "value": PASSWORD }]
    });
    server.admin("POST", &format!("/{realm}/users"), user).await.created()
}

impl Ann<'_> {
    pub async fn call(&self, method: &str, path: &str, body: Value) -> support::Answer {
        self.call_as(&self.token, method, path, body, &[]).await
    }

    async fn call_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Value,
        more: &[(&str, &str)],
    ) -> support::Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str()), ("accept", "application/json")];
        headers.extend_from_slice(more);
        let text = if body.is_null() {
            String::new()
        } else {
            headers.push(("content-type", "application/json"));
            body.to_string()
        };
        let address = format!("/realms/{}/account{path}", self.realm);
        self.server.request(method, &address, &headers, &text).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    pub async fn admin(&self, method: &str, path: &str, body: Value) -> support::Answer {
        let answer = self.server.admin(method, &format!("/{}{path}", self.realm), body).await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.body);
        answer
    }
}

/// A whole profile of Ann, changed.
#[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
pub fn profile(changes: Value) -> Value {
    let mut all = json!({
        "username": "ann", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee", "attributes": {}
    });
    all.as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    all
}

/// Method, address, and the statuses for who has only one of the roles in `ROLES`.
const RIGHTS: &[(&str, &str, [u16; 8])] = &[
    ("GET", "", [403, 200, 403, 403, 403, 403, 403, 200]),
    ("POST", "", [403, 204, 403, 403, 403, 403, 403, 403]),
    ("GET", "/sessions", [403, 200, 403, 403, 403, 403, 403, 200]),
    ("GET", "/sessions/devices", [403, 200, 403, 403, 403, 403, 403, 200]),
    ("DELETE", "/sessions", [403, 204, 403, 403, 403, 403, 403, 403]),
    ("DELETE", "/sessions/x", [403, 204, 403, 403, 403, 403, 403, 403]),
    ("GET", "/credentials", [403, 200, 403, 403, 403, 403, 403, 200]),
    ("DELETE", "/credentials/x", [403, 404, 403, 403, 403, 403, 403, 403]),
    ("PUT", "/credentials/x/label", [403, 404, 403, 403, 403, 403, 403, 403]),
    ("GET", "/applications", [403, 200, 403, 403, 200, 403, 403, 403]),
    (
        "GET",
        "/applications/app/consent",
        [403, 204, 403, 204, 403, 204, 403, 403],
    ),
    (
        "POST",
        "/applications/app/consent",
        [403, 200, 403, 200, 403, 403, 403, 403],
    ),
    ("GET", "/linked-accounts", [403, 200, 403, 403, 403, 403, 403, 200]),
    ("GET", "/linked-accounts/x", [403, 404, 403, 403, 403, 403, 403, 403]),
    ("DELETE", "/linked-accounts/x", [403, 400, 403, 403, 403, 403, 403, 403]),
    ("GET", "/groups", [403, 200, 403, 403, 403, 403, 200, 403]),
    ("GET", "/organizations", [403, 200, 403, 403, 403, 403, 403, 200]),
    ("GET", "/resources", [403, 403, 403, 403, 403, 403, 403, 403]),
    ("GET", "/supportedLocales", [200, 200, 200, 200, 200, 200, 200, 200]),
];

const ROLES: [&str; 8] = [
    "delete-account",
    "manage-account",
    "manage-account-links",
    "manage-consent",
    "view-applications",
    "view-consent",
    "view-groups",
    "view-profile",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_role_opens_what_it_opens_in_keycloak() {
    let server = support::sqlite().await;
    let ann = ann(&server, json!({ "organizationsEnabled": true })).await;
    let clients = ann.admin("GET", "/clients?clientId=account", Value::Null).await.json();
    let account = clients[0]["id"].as_str().unwrap().to_owned();
    let default = format!("/roles/default-roles-{}", ann.realm);
    let default = ann.admin("GET", &default, Value::Null).await.json();
    for (column, role) in ROLES.into_iter().enumerate() {
        let name = role.replace('-', "");
        let id = person(&server, &ann.realm, &name).await;
        let of_realm = format!("/users/{id}/role-mappings/realm");
        ann.admin("DELETE", &of_realm, json!([default])).await;
        let before = server.password_token(&ann.realm, "app", &name, PASSWORD).await;
        let nothing = ann.call_as(&before, "GET", "/supportedLocales", Value::Null, &[]).await;
        assert_eq!(nothing.status, 401, "a token that is not meant for the account");
        let found = format!("/clients/{account}/roles/{role}");
        let found = ann.admin("GET", &found, Value::Null).await.json();
        let of_client = format!("/users/{id}/role-mappings/clients/{account}");
        ann.admin("POST", &of_client, json!([found])).await;
        let token = server.password_token(&ann.realm, "app", &name, PASSWORD).await;
        for (method, path, expected) in RIGHTS {
            let body = match (*method, *path) {
                ("POST", "") => profile(json!({ "username": name, "email": format!("{name}@example.com") })),
                ("POST", _) => json!({ "grantedScopes": [] }),
                ("PUT", _) => json!("label"),
                _ => Value::Null,
            };
            let answer = ann.call_as(&token, method, path, body, &[]).await;
            assert_eq!(
                answer.status, expected[column],
                "{role}: {method} {path}: {}",
                answer.body
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_told_by_device_and_ended() {
    for server in support::servers().await {
        let ann = ann(&server, json!({})).await;
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let form = format!("grant_type=password&client_id=app&username=ann&password={PASSWORD}");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("user-agent", firefox),
        ];
        let address = format!("/realms/{}/protocol/openid-connect/token", ann.realm);
        let other = server.request("POST", &address, &headers, &form).await.json();
        let other = other["access_token"].as_str().unwrap().to_owned();

        let devices = ann.get("/sessions/devices").await;
        assert_eq!(devices.as_array().unwrap().len(), 2);
        let linux = devices.as_array().unwrap().iter().find(|d| d["os"] == "Linux").unwrap();
        assert_eq!(linux["sessions"][0]["browser"], "Firefox/140.0");
        assert!(linux.get("current").is_none());
        let sessions = ann.get("/sessions").await;
        let current: Vec<&Value> = sessions
            .as_array()
            .unwrap()
            .iter()
            .filter(|s| s["current"] == true)
            .collect();
        assert_eq!(current.len(), 1);
        assert_eq!(current[0]["clients"][0]["clientName"], "The App");

        // Nobody ends the sessions of others.
        person(&server, &ann.realm, "bob").await;
        let bob = server.password_token(&ann.realm, "app", "bob", PASSWORD).await;
        let own = format!("/sessions/{}", current[0]["id"].as_str().unwrap());
        assert_eq!(ann.call_as(&bob, "DELETE", &own, Value::Null, &[]).await.status, 204);
        assert_eq!(ann.get("/sessions").await.as_array().unwrap().len(), 2);

        assert_eq!(ann.call("DELETE", "/sessions", Value::Null).await.status, 204);
        assert_eq!(ann.call_as(&other, "GET", "", Value::Null, &[]).await.status, 401);
        assert_eq!(
            ann.get("/sessions").await.as_array().unwrap().len(),
            1,
            "this one stays"
        );
        assert_eq!(
            ann.call("DELETE", "/sessions?current=true", Value::Null).await.status,
            204
        );
        assert_eq!(ann.call("GET", "", Value::Null).await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_are_listed_and_consents_given_and_taken_back() {
    for server in support::servers().await {
        let ann = ann(&server, json!({ "eventsEnabled": true })).await;
        for more in [
            json!({ "clientId": "always", "alwaysDisplayInConsole": true, "rootUrl": "https://r.example", "baseUrl": "/x" }),
            json!({ "clientId": "https://c.example/x", "consentRequired": true, "baseUrl": "https://c.example/",
                    "attributes": { "policyUri": "https://c.example/p" } }),
        ] {
            ann.admin("POST", "/clients", more).await;
        }
        let listed = |all: &Value| -> Vec<String> {
            let ids = all.as_array().unwrap().iter();
            ids.map(|c| c["clientId"].as_str().unwrap().to_owned()).collect()
        };
        let shown = ann.get("/applications").await;
        assert_eq!(listed(&shown), ["always", "app"]);
        assert_eq!(shown[0]["effectiveUrl"], "https://r.example/x");
        assert_eq!((&shown[0]["inUse"], &shown[1]["inUse"]), (&json!(false), &json!(true)));
        assert_eq!(listed(&ann.get("/applications?name=the").await), ["app"]);

        let scopes = ann.admin("GET", "/client-scopes", Value::Null).await.json();
        let of = |name: &str| {
            let found = scopes.as_array().unwrap().iter().find(|s| s["name"] == name);
            found.unwrap()["id"].clone()
        };
        let path = "/applications/https%3A%2F%2Fc.example%2Fx/consent";
        assert_eq!(ann.call("GET", path, Value::Null).await.status, 204);
        let asked = json!({ "grantedScopes": [{ "id": of("email") }, { "id": of("profile") }] });
        let given = ann.call("POST", path, asked).await;
        assert_eq!(given.status, 200, "{}", given.body);
        let given = given.json();
        assert_eq!(given["grantedScopes"][0]["name"], "${emailScopeConsentText}");
        assert_eq!(given["grantedScopes"][0]["displayText"], "Email address");
        let shown = ann.get("/applications").await;
        assert_eq!(shown[2]["consent"], given);
        assert_eq!(shown[2]["policyUri"], "https://c.example/p");
        let asked = json!({ "grantedScopes": [{ "id": "nosuch" }] });
        assert_eq!(ann.call("PUT", path, asked).await.status, 400);
        assert_eq!(ann.call("DELETE", path, Value::Null).await.status, 204);
        assert_eq!(ann.call("GET", path, Value::Null).await.status, 204);
        let unknown = ann.call("DELETE", "/applications/zzz/consent", Value::Null).await;
        assert_eq!(
            unknown.json(),
            json!({ "errorMessage": "No client with clientId: zzz found." })
        );
        let events = ann.admin("GET", "/events", Value::Null).await.json();
        let kinds: Vec<&str> = events
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|e| e["type"].as_str())
            .collect();
        let expected = [
            "REVOKE_GRANT_ERROR",
            "REVOKE_GRANT",
            "GRANT_CONSENT_ERROR",
            "GRANT_CONSENT",
        ];
        assert_eq!(kinds[..4], expected);

        // The application's own tokens end with what was granted.
        assert_eq!(
            ann.call("DELETE", "/applications/app/consent", Value::Null)
                .await
                .status,
            204
        );
        assert_eq!(ann.call("GET", "", Value::Null).await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_are_told_to_their_members() {
    for server in support::servers().await {
        let ann = ann(&server, json!({ "organizationsEnabled": true })).await;
        let acme =
            json!({ "name": "Acme", "alias": "acme", "domains": [{ "name": "acme.example", "verified": false }] });
        assert_eq!(ann.admin("POST", "/organizations", acme).await.status, 201);
        assert_eq!(ann.get("/organizations").await, json!([]));
        let all = ann.admin("GET", "/organizations", Value::Null).await.json();
        let path = format!("/organizations/{}/members", all[0]["id"].as_str().unwrap());
        let joined = ann.admin("POST", &path, json!(ann.id)).await;
        assert_eq!(joined.status, 201, "{}", joined.body);
        let told = ann.get("/organizations").await;
        assert_eq!(told[0]["alias"], "acme");
        assert_eq!(told[0]["domains"], json!(["acme.example"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_told_labelled_and_removed() {
    let server = support::sqlite().await;
    let ann = ann(&server, json!({ "eventsEnabled": true })).await;
    let otp = json!({
        "type": "otp", "userLabel": "phone", "secretData": "{\"value\":\"x\"}",
        "credentialData": "{\"subType\":\"totp\",\"digits\":6,\"period\":30,\"algorithm\":\"HmacSHA1\",\"counter\":0}"
    });
    ann.admin("PUT", &format!("/users/{}", ann.id), json!({ "credentials": [otp] }))
        .await;
    let shown = ann.get("/credentials").await;
    let kinds: Vec<&Value> = shown.as_array().unwrap().iter().map(|k| &k["type"]).collect();
    assert_eq!(kinds, ["password", "otp"]);
    assert_eq!(shown[0]["updateAction"], "UPDATE_PASSWORD");
    assert_eq!(shown[1]["createAction"], "CONFIGURE_TOTP");
    let id_of = |kind: usize| {
        let id = &shown[kind]["userCredentialMetadatas"][0]["credential"]["id"];
        format!("/credentials/{}", id.as_str().unwrap())
    };
    assert!(
        ann.get("/credentials?user-credentials=false").await[0]
            .get("userCredentialMetadatas")
            .is_none()
    );
    let (password, otp) = (id_of(0), id_of(1));
    assert_eq!(
        ann.call("PUT", &format!("{otp}/label"), json!("tablet")).await.status,
        204
    );
    let labelled = ann.get("/credentials?type=otp").await;
    assert_eq!(
        labelled[0]["userCredentialMetadatas"][0]["credential"]["userLabel"],
        "tablet"
    );
    let refused = ann.call("DELETE", &password, Value::Null).await;
    let error = json!({ "error": "Credential type cannot be removed" });
    assert_eq!((refused.status, refused.json()), (400, error));
    assert_eq!(ann.call("DELETE", &otp, Value::Null).await.status, 204);
    assert_eq!(ann.call("DELETE", &otp, Value::Null).await.status, 404);
    let events = ann
        .admin("GET", "/events?type=REMOVE_TOTP&type=REMOVE_CREDENTIAL", Value::Null)
        .await
        .json();
    assert_eq!(events.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_json_and_pages_only_where_they_are_registered() {
    let server = support::sqlite().await;
    let ann = ann(&server, json!({})).await;
    let base = format!("/realms/{}/account", ann.realm);
    let html = server.request("GET", &base, &[("accept", "text/html")], "").await;
    assert_eq!(html.status, 404, "no console is mounted");
    assert!(html.header("content-type").starts_with("text/html"));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(server.request("POST", &base, &form, "a=b").await.status, 405);

    let versioned = ann.get("/v1alpha1/").await;
    assert_eq!(versioned["username"], "ann");
    let old = ann.call("GET", "/v1", Value::Null).await;
    assert_eq!(
        (old.status, old.json()),
        (404, json!({ "error": "API version not found" }))
    );
    assert_eq!(ann.call("GET", "/nosuch", Value::Null).await.status, 404);
    assert_eq!(ann.call("POST", "/sessions", json!({})).await.status, 405);

    let own = [("origin", "https://app.example.com")];
    let answer = ann.call_as(&ann.token, "GET", "", Value::Null, &own).await;
    assert_eq!(answer.header("access-control-allow-origin"), own[0].1);
    let foreign = [("origin", "https://evil.example.com")];
    let answer = ann.call_as(&ann.token, "GET", "", Value::Null, &foreign).await;
    assert_eq!(
        (answer.status, answer.json()),
        (403, json!({ "error": "Invalid origin" }))
    );
    let preflight = server.request("OPTIONS", &base, &own, "").await;
    assert_eq!(preflight.status, 200);
    assert!(preflight.header("access-control-allow-methods").contains("DELETE"));

    let of_master = server.admin_token().await;
    assert_eq!(ann.call_as(&of_master, "GET", "", Value::Null, &[]).await.status, 401);
    ann.admin("PUT", &format!("/users/{}", ann.id), json!({ "enabled": false }))
        .await;
    assert_eq!(ann.call("GET", "", Value::Null).await.status, 401);
}
