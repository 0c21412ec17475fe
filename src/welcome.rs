//! What a start in development makes and prints.

use serde_json::json;

use crate::app::App;
use crate::error::Error;
use crate::realm_setup::{self, Admin};
use crate::store::client::{self, Client, Secrets, Source};
use crate::store::json::Doc;
use crate::store::part::{self, Kind};
use crate::store::realm;

/// Makes realm `demo` if it is not there: registration with proof of the address, and a client for the page that plays
/// an application.
///
/// # Errors
///
/// Those of the database; [`Error::Key`] if no key can be made.
pub async fn make_demo_realm(app: &App) -> Result<(), Error> {
    if realm::by_name(&app.db, "demo").await?.is_some() {
        return Ok(());
    }
    let given = json!({
        "enabled": true, "displayName": "Demo", "registrationAllowed": true, "verifyEmail": true,
        "resetPasswordAllowed": true, "rememberMe": true, "eventsEnabled": true, "adminEventsEnabled": true,
        "internationalizationEnabled": true, "supportedLocales": ["en", "de"], "defaultLocale": "en"
    });
    let given: Doc = given.as_object().cloned().unwrap_or_default();
    realm_setup::create(app, "demo", &given).await?;
    let Some(demo) = realm::by_name(&app.db, "demo").await? else {
        return Ok(());
    };
    let doc = json!({
        "name": "Demo application", "enabled": true, "publicClient": true, "standardFlowEnabled": true,
        "directAccessGrantsEnabled": true, "implicitFlowEnabled": false, "serviceAccountsEnabled": false,
        "bearerOnly": false, "consentRequired": false, "protocol": "openid-connect",
        "clientAuthenticatorType": "client-secret", "fullScopeAllowed": true,
        "redirectUris": ["/demo/*"], "webOrigins": ["+"], "baseUrl": "/demo/",
        "attributes": { "pkce.code.challenge.method": "S256", "post.logout.redirect.uris": "+" },
        "defaultClientScopes": ["web-origins", "acr", "roles", "profile", "basic", "email"],
        "optionalClientScopes": ["address", "phone", "offline_access", "organization", "microprofile-jwt"]
    });
    let new = Client {
        id: crate::random::uuid(),
        realm_id: demo.id.clone(),
        client_id: "demo-app".into(),
        doc: doc.as_object().cloned().unwrap_or_default(),
        secrets: Secrets::default(),
        created: app.now(),
        standing: crate::store::client::Standing::Live,
        source: Source::Admin,
        life: crate::store::client::Life::default(),
    };
    let mut tx = app.db.begin().await?;
    client::add(&mut tx, &new).await?;
    // Who calls from this machine may register applications (contract 5), also those that run elsewhere, as MCP clients on
    // the web do; and so may pages, such as those of tools that try an MCP server.
    for component in &demo.components {
        let settings: &[(&str, &[&str])] = match component.provider_id.as_str() {
            "trusted-hosts" => &[
                ("trusted-hosts", &["localhost", "127.0.0.1", "::1"]),
                ("client-uris-must-match", &["false"]),
            ],
            "registration-web-origins" if component.sub_type.as_deref() == Some("anonymous") => {
                &[("web-origins", &["*"])]
            }
            _ => continue,
        };
        let mut open = component.clone();
        for (key, values) in settings {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            open.config.insert((*key).into(), values);
        }
        let doc = serde_json::to_value(&open)?.as_object().cloned().unwrap_or_default();
        let name = open.name.as_deref().unwrap_or_default();
        part::put(&mut tx, &demo.id, Kind::Component, &open.id, name, &doc).await?;
    }
    tx.commit().await
}

/// Prints what to open next. Outside development nothing secret is printed, and nothing else either.
pub fn print(app: &App, admin: Option<&Admin>) {
    let config = &app.config;
    let base = config
        .hostname
        .clone()
        .unwrap_or_else(|| format!("http://localhost:{}", config.http_port));
    if !config.dev {
        println!(
            "Vestibule {} serves {base} from {}",
            env!("CARGO_PKG_VERSION"),
            app.db.engine_name()
        );
        return;
    }
    println!(
        "\n  Vestibule {}  ({}, data in {})\n",
        env!("CARGO_PKG_VERSION"),
        app.db.engine_name(),
        config.data.display()
    );
    let line = |what: &str, value: &str| println!("  {what:<18} {value}");
    if config.demo {
        line("Demo application", &format!("{base}/demo/"));
        line("Registration", &format!("{base}/demo/register"));
    }
    if let Some(https) = &config.https {
        line("By TLS", &format!("https://localhost:{}", https.port));
    }
    line("Mail inbox", &format!("{base}/inbox"));
    line("Console", &format!("{base}/admin/"));
    line("Admin API", &format!("{base}/admin/realms"));
    match admin {
        Some(Admin {
            username,
            shown_password: Some(password),
        }) => {
            line(
                "Administrator",
                &format!("{username}  password {password}  (shown once)"),
            );
        }
        Some(Admin { username, .. }) => line("Administrator", &format!("{username}  (password as given)")),
        None => line("Administrator", "as before"),
    }
    if config.demo {
        println!("\n  Try next:");
        println!(
            "  curl -s {base}/realms/demo/protocol/openid-connect/registrations -H 'Content-Type: application/json' \\"
        );
        println!(
            "    -d '{{\"username\":\"mia\",\"email\":\"mia@example.org\",\"firstName\":\"Mia\",\"lastName\":\"Berg\",\"password\":\"correct horse\"}}'"
        );
    }
    println!();
}
