//! A realm as `docs/certification.md` says that one is to be set up, and what the suite asks its operator for.

use serde_json::{Value, json};
use vestibule_jose::Jwks;

use super::Server;
use crate::client_registration::initial;
use crate::support::site::Site;
use crate::support::{self, oidc};

/// Whoever signs in: they have all that there is a claim for.
pub const PERSON: (&str, &str) = ("buffy", "sunnydale high");

/// The provider that is tested.
pub struct Op {
    pub server: Server,
    pub realm: String,
    /// An initial access token.
    pub token: String,
    /// What the application publishes: keys, request objects, sector documents.
    pub site: Site,
    /// What discovery says.
    pub metadata: Value,
    pub administrator: String,
}

impl Op {
    /// One on each database that is switched on.
    pub async fn all() -> Vec<Self> {
        let reachable = support::servers_with(|config| config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()]);
        let mut all = Vec::new();
        for server in reachable.await {
            all.push(Self::of(server).await);
        }
        all
    }

    async fn of(server: Server) -> Self {
        let realm = server
            .realm(json!({ "attributes": { "id.token.claims": "asked" } }))
            .await;
        let (_, token) = initial(&server, &realm, json!({})).await;
        let mut op = Self {
            administrator: server.admin_token().await,
            server,
            realm,
            token,
            site: Site::open().await,
            metadata: Value::Null,
        };
        op.make_scopes_optional().await;
        op.make_person().await;
        op.metadata = op.server.get(&op.discovery()).await.json();
        op
    }

    /// Where discovery is.
    pub fn discovery(&self) -> String {
        format!("/realms/{}/.well-known/openid-configuration", self.realm)
    }

    /// An address, or something else, that discovery says.
    #[track_caller]
    pub fn says(&self, member: &str) -> &str {
        self.metadata[member].as_str().unwrap_or_else(|| panic!("no {member}"))
    }

    /// The keys that discovery leads to.
    pub async fn keys(&self) -> Jwks {
        Jwks::parse(self.server.get(self.says("jwks_uri")).await.body.as_bytes()).unwrap()
    }

    pub async fn admin(&self, method: &str, path: &str, body: Value) -> support::Answer {
        let path = format!("/admin/realms/{}{path}", self.realm);
        self.server.with_token(&self.administrator, method, &path, body).await
    }

    /// Nobody is told a name or an address who has not asked for it.
    async fn make_scopes_optional(&self) {
        let scopes = self.admin("GET", "/client-scopes", Value::Null).await.json();
        for scope in scopes.as_array().unwrap() {
            if scope["name"] == "profile" || scope["name"] == "email" {
                let id = oidc::text(scope, "id");
                for (method, list) in [("DELETE", "default"), ("PUT", "optional")] {
                    let path = format!("/default-{list}-client-scopes/{id}");
                    let answer = self.admin(method, &path, Value::Null).await;
                    assert_eq!(answer.status, 204, "{}", answer.body);
                }
            }
        }
    }

    async fn make_person(&self) {
        let mut profile = self.admin("GET", "/users/profile", Value::Null).await.json();
        profile["unmanagedAttributePolicy"] = json!("ENABLED");
        let answer = self.admin("PUT", "/users/profile", profile).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let person = json!({
            "username": PERSON.0, "email": "buffy@example.org", "emailVerified": true, "enabled": true,
            "firstName": "Buffy", "lastName": "Summers",
            "credentials": [{ "type": "password", "value": PERSON.1, "temporary": false }],
            "attributes": {
                "middleName": ["Anne"], "nickname": ["Buff"], "profile": ["https://example.org/buffy"],
                "picture": ["https://example.org/buffy.png"], "website": ["https://example.org"], "gender": ["female"],
                "birthdate": ["1981-01-19"], "zoneinfo": ["America/Los_Angeles"], "locale": ["en"],
                "updatedAt": ["1764165600"], "phoneNumber": ["+1 555 0100"], "phoneNumberVerified": ["true"],
                "street": ["1630 Revello Drive"], "locality": ["Sunnydale"], "region": ["California"],
                "postal_code": ["90000"], "country": ["US"], "formatted": ["1630 Revello Drive, Sunnydale"]
            }
        });
        let answer = self.admin("POST", "/users", person).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
}
