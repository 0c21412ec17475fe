//! A realm per tenant: at one of many realms an application finds its way, registers with that realm's initial access token,
//! acts for itself, and begins the sign-in of a device.

use reqwest::Method;
use serde_json::{Value, json};

use super::Worker;
use crate::bench::client::{Answer, Fault};
use crate::bench::site::Site;

/// The device grant. RFC 8628.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// As many tokens of realms as are made while one of the administrator's lives.
const BATCH: usize = 100;

/// A realm of somebody's own.
pub struct Tenant {
    /// Its name.
    pub realm: String,
    /// Its initial access token.
    token: String,
}

/// Makes so many realms, each with an initial access token.
///
/// # Errors
/// What the server refused.
pub async fn build(site: &Site, number: u32) -> Result<Vec<Tenant>, Fault> {
    let mut tenants = Vec::new();
    let numbers: Vec<u32> = (0..number).collect();
    for batch in numbers.chunks(BATCH) {
        let admin = site.admin_token().await?;
        for number in batch {
            let realm = format!("{}-tenant-{number}", site.realm);
            let all = site.server_url("admin/realms");
            let doc = json!({
                "realm": realm, "enabled": true, "sslRequired": "none",
                "attributes": { "registration.limit.address": "off", "registration.limit.subnet": "off" },
            });
            site.client
                .post(&all)
                .bearer(&admin)
                .json(&doc)
                .send()
                .await?
                .expect(201)?;
            let token = site
                .client
                .request(Method::POST, &format!("{all}/{realm}/clients-initial-access"))
                .bearer(&admin)
                .json(&json!({ "count": 1_000_000, "expiration": 86400 }));
            let answer = token.send().await?;
            let status = if answer.status == 200 { 200 } else { 201 };
            let token = answer.expect(status)?.member("token")?;
            tenants.push(Tenant { realm, token });
        }
        if tenants.len() % 500 == 0 {
            eprintln!("{} realms are made ...", tenants.len());
        }
    }
    Ok(tenants)
}

/// Deletes them.
///
/// # Errors
/// What the server refused.
pub async fn delete(site: &Site) -> Result<(), Fault> {
    for batch in site.tenants().chunks(BATCH) {
        let admin = site.admin_token().await?;
        for tenant in batch {
            let url = site.server_url(&format!("admin/realms/{}", tenant.realm));
            let request = site.client.request(Method::DELETE, &url).bearer(&admin);
            request.send().await?.expect(204)?;
        }
    }
    Ok(())
}

/// Five requests at one realm, another each time.
///
/// # Errors
/// When anything is not as it should be.
pub async fn once(site: &Site, worker: &mut Worker) -> Result<(), Fault> {
    let name = worker.new_name();
    let all = site.tenants();
    let turn = u64::from(worker.number) * 7919 + worker.done * 104_729;
    let Some(tenant) = usize::try_from(turn)
        .ok()
        .and_then(|turn| all.get(turn % all.len().max(1)))
    else {
        return Err(Fault::NotOffered("there are no realms: --realms".to_owned()));
    };
    let at = |path: &str| site.server_url(&format!("realms/{}/{path}", tenant.realm));
    site.client
        .get(&at(".well-known/openid-configuration"))
        .send()
        .await?
        .expect(200)?;
    let body =
        json!({ "client_name": name, "grant_types": ["client_credentials", DEVICE_GRANT], "response_types": [] });
    let register = site.client.post(&at("clients-registrations/openid-connect"));
    let client = register.bearer(&tenant.token).json(&body).send().await?.expect(201)?;
    let (id, secret) = (client.member("client_id")?, client.member("client_secret")?);
    let endpoint = |name: &str| at(&format!("protocol/openid-connect/{name}"));
    let send = async |to: &str, more: &[(&str, &str)]| -> Result<Answer, Fault> {
        let form = [&[("client_id", id.as_str()), ("client_secret", secret.as_str())], more].concat();
        site.client.post(&endpoint(to)).form(&form).send().await
    };
    let acts = send("token", &[("grant_type", "client_credentials")]).await?;
    acts.expect(200)?.member("access_token")?;
    let device_code = send("auth/device", &[]).await?.expect(200)?.member("device_code")?;
    let waits = send("token", &[("grant_type", DEVICE_GRANT), ("device_code", &device_code)]).await?;
    let said: Value = waits.expect(400)?.value()?;
    if said["error"] == "authorization_pending" {
        Ok(())
    } else {
        Err(Fault::Failed(format!("a device that waits is told {}", said["error"])))
    }
}
