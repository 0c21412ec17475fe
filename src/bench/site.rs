//! The realm that the bench makes, works in and deletes, all by Keycloak's Admin API.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, Fault, Request};
use super::scenarios::client_registration;
use super::scenarios::tenants::{self, Tenant};
use super::server::Server;

/// The password of everybody here.
pub const PASSWORD: &str = "Bench-Pass-1";
/// Where the application would be. Nobody goes there: redirects are read, not followed.
pub const REDIRECT_URI: &str = "http://localhost/bench/callback";
/// The application that signs people in.
pub const CLIENT_ID: &str = "bench";
/// Its secret.
pub const CLIENT_SECRET: &str = "bench-secret-0123456789abcdef0123456789";

/// What a server has before the load begins.
#[derive(Clone, Copy)]
pub struct More {
    /// People up to this number, without passwords.
    pub people: u32,
    /// Applications that register themselves.
    pub applications: u32,
    /// Realms beside that of the bench.
    pub realms: u32,
}

/// A realm of the bench at one server.
pub struct Site {
    /// The realm's name.
    pub realm: String,
    /// The client for all its requests.
    pub client: Client,
    base: String,
    admin: String,
    admin_password: String,
    /// Was its realm asked for?
    begun: AtomicBool,
    /// Realms beside it.
    tenants: OnceLock<Vec<Tenant>>,
}

impl Site {
    /// A realm that is not made yet.
    ///
    /// # Errors
    /// If there is no HTTP client to make it with.
    pub fn at(server: &Server) -> Result<Self, String> {
        Ok(Self {
            realm: format!("bench-{}", unique()),
            client: Client::new()?,
            base: server.base.clone(),
            admin: server.admin.clone(),
            admin_password: server.admin_password.clone(),
            begun: AtomicBool::new(false),
            tenants: OnceLock::new(),
        })
    }

    /// Makes the realm with an application, one person for each worker and what else is asked for.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn build(&self, workers: u32, more: More) -> Result<(), String> {
        self.create_realm()
            .await
            .map_err(|fault| format!("no realm of its own: {}", reason(fault)))?;
        let unfinished = |fault| format!("the realm could not be set up: {}", reason(fault));
        self.add_application().await.map_err(unfinished)?;
        self.add_people(0..workers, true).await.map_err(unfinished)?;
        self.add_people(workers..more.people, false).await.map_err(unfinished)?;
        self.register_applications(more.applications)
            .await
            .map_err(unfinished)?;
        let tenants = tenants::build(self, more.realms).await.map_err(unfinished)?;
        let _ = self.tenants.set(tenants);
        Ok(())
    }

    /// The realms beside it.
    pub fn tenants(&self) -> &[Tenant] {
        self.tenants.get().map_or(&[], Vec::as_slice)
    }

    /// An address of the server.
    pub fn server_url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// The address of a protocol endpoint of the realm.
    pub fn oidc(&self, endpoint: &str) -> String {
        self.url(&format!("protocol/openid-connect/{endpoint}"))
    }

    /// An address below the realm.
    pub fn url(&self, path: &str) -> String {
        format!("{}/realms/{}/{path}", self.base, self.realm)
    }

    /// An address of the realm's Admin API.
    pub fn admin_at(&self, path: &str) -> String {
        format!("{}/admin/realms/{}/{path}", self.base, self.realm)
    }

    /// The name of the person that a worker signs in.
    pub fn username(worker: u32) -> String {
        format!("person-{worker}")
    }

    /// A grant at the token endpoint, as the application.
    pub fn grant(&self, pairs: &[(&str, &str)]) -> Request {
        let mut form = vec![("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
        form.extend_from_slice(pairs);
        self.client.post(&self.oidc("token")).form(&form)
    }

    /// A token of the administrator; Keycloak's live for a minute only.
    ///
    /// # Errors
    /// When the administrator cannot sign in.
    pub async fn admin_token(&self) -> Result<String, Fault> {
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", &self.admin),
            ("password", &self.admin_password),
        ];
        let url = format!("{}/realms/master/protocol/openid-connect/token", self.base);
        self.client
            .post(&url)
            .form(&form)
            .send()
            .await?
            .expect(200)?
            .member("access_token")
    }

    /// A call of the realm's Admin API.
    ///
    /// # Errors
    /// When the answer has another status.
    pub async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        status: u16,
    ) -> Result<Answer, Fault> {
        let request = self.client.request(method, &self.admin_at(path)).bearer(token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await?.expect(status)
    }

    /// Deletes the realm with everything in it.
    ///
    /// # Errors
    /// What the server refused.
    pub async fn delete(&self) -> Result<(), String> {
        if !self.begun.load(Ordering::Relaxed) {
            return Ok(());
        }
        tenants::delete(self).await.map_err(reason)?;
        let token = self.admin_token().await.map_err(reason)?;
        let url = format!("{}/admin/realms/{}", self.base, self.realm);
        let answer = self
            .client
            .request(Method::DELETE, &url)
            .bearer(&token)
            .send()
            .await
            .map_err(reason)?;
        match answer.expect(204) {
            // It was not made in the first place.
            Ok(_) | Err(Fault::NotOffered(_)) => Ok(()),
            Err(fault) => Err(reason(fault)),
        }
    }

    async fn create_realm(&self) -> Result<(), Fault> {
        let token = self.admin_token().await?;
        self.begun.store(true, Ordering::Relaxed);
        let realm = json!({
            "realm": self.realm,
            "enabled": true,
            "sslRequired": "none",
            "registrationAllowed": true,
            "verifyEmail": false,
            "accessTokenLifespan": 3600,
            // One address sends everything here. Keycloak keeps these and has no use for them.
            "attributes": { "registration.limit.address": "off", "registration.limit.subnet": "off" },
        });
        let url = format!("{}/admin/realms", self.base);
        self.client
            .post(&url)
            .bearer(&token)
            .json(&realm)
            .send()
            .await?
            .expect(201)
            .map(|_| ())
    }

    async fn add_application(&self) -> Result<(), Fault> {
        let token = self.admin_token().await?;
        let created = self
            .call(&token, Method::POST, "clients", Some(application()), 201)
            .await?;
        self.let_manage_users(&token, created.created_id()).await
    }

    async fn add_people(&self, numbers: Range<u32>, sign_in: bool) -> Result<(), Fault> {
        // As many as can be made while one of the administrator's tokens lives.
        const BATCH: usize = 250;
        let numbers: Vec<u32> = numbers.collect();
        for batch in numbers.chunks(BATCH) {
            let token = self.admin_token().await?;
            stream::iter(batch)
                .map(|number| self.call(&token, Method::POST, "users", Some(person(*number, sign_in)), 201))
                .buffer_unordered(8)
                .try_for_each(|_| async { Ok(()) })
                .await?;
        }
        Ok(())
    }

    async fn register_applications(&self, number: u32) -> Result<(), Fault> {
        if number == 0 {
            return Ok(());
        }
        let token = &client_registration::initial_token(self).await?;
        stream::iter(0..number)
            .map(|i| async move {
                client_registration::register(self, token, &format!("application {i}")).await?;
                if (i + 1) % 100_000 == 0 {
                    eprintln!("{} applications are registered ...", i + 1);
                }
                Ok(())
            })
            .buffer_unordered(16)
            .try_collect()
            .await
    }

    /// Gives the application's service account the role that creates users.
    async fn let_manage_users(&self, token: &str, application_id: &str) -> Result<(), Fault> {
        let path = format!("clients/{application_id}/service-account-user");
        let account = self.call(token, Method::GET, &path, None, 200).await?.member("id")?;
        let found = self
            .call(token, Method::GET, "clients?clientId=realm-management", None, 200)
            .await?
            .value()?;
        let management = found.pointer("/0/id").and_then(Value::as_str).unwrap_or_default();
        let path = format!("clients/{management}/roles/manage-users");
        let role = self.call(token, Method::GET, &path, None, 200).await?.value()?;
        let path = format!("users/{account}/role-mappings/clients/{management}");
        self.call(token, Method::POST, &path, Some(json!([role])), 204)
            .await
            .map(|_| ())
    }
}

/// The application: every way to a token, and in the audience of its own tokens, without
/// which Keycloak tells it nothing about them.
fn application() -> Value {
    json!({
        "clientId": CLIENT_ID,
        "secret": CLIENT_SECRET,
        "enabled": true,
        "publicClient": false,
        "standardFlowEnabled": true,
        "directAccessGrantsEnabled": true,
        "serviceAccountsEnabled": true,
        "redirectUris": [REDIRECT_URI],
        "protocolMappers": [{
            "name": "own audience",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": {
                "included.client.audience": CLIENT_ID,
                "access.token.claim": "true",
                "id.token.claim": "false",
                "introspection.token.claim": "true"
            }
        }]
    })
}

fn person(number: u32, sign_in: bool) -> Value {
    let mut person = user(&Site::username(number));
    if !sign_in && let Some(members) = person.as_object_mut() {
        members.remove("credentials");
    }
    person
}

/// A user as the Admin API takes it, ready to sign in.
pub fn user(username: &str) -> Value {
    json!({
        "username": username,
        "email": format!("{username}@example.org"),
        "firstName": "Bench",
        "lastName": "Person",
        "enabled": true,
        "emailVerified": true,
        "credentials": [{ "type": "password", "value": PASSWORD, "temporary": false }]
    })
}

/// Twelve characters that nobody had before.
#[expect(
    clippy::disallowed_methods,
    reason = "the bench is a client, without an App of its own"
)]
pub fn unique() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    random[..12].to_owned()
}

/// What a fault says.
pub fn reason(fault: Fault) -> String {
    match fault {
        Fault::NotOffered(said) | Fault::Failed(said) => said,
    }
}
