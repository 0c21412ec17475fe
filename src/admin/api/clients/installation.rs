//! Configuration files for the adapters that Keycloak once had; many programs still read `keycloak.json`.

use std::fmt::Write as _;

use axum::http::header;
use axum::response::IntoResponse as _;
use serde_json::{Value, json};

use super::super::error::{Answer, ApiError};
use super::{Found, secret};
use crate::client_registration::install::keycloak_json;

/// Keycloak's files for SAML and for Docker, of which Keycloak's console is told.
const ELSEWHERE: &[&str] = &[
    "keycloak-saml",
    "keycloak-saml-subsystem",
    "keycloak-saml-subsystem-cli",
    "saml-sp-descriptor",
    "mod-auth-mellon",
    "docker-v2-compose-yaml",
    "docker-v2-registry-config-file",
    "docker-v2-variable-override",
];

const NO_FILE: &str = "There is no file of this kind: nobody signs in here with SAML or for a Docker registry";

pub(super) async fn read(found: Found) -> Answer {
    let text = match found.param("provider") {
        "keycloak-oidc-keycloak-json" => {
            let mut text = String::new();
            let (realm, base) = (&found.admin.realm, &found.admin.caller.base);
            let secret = shown_secret(&found)?;
            let file = keycloak_json(realm, base, &found.client, secret.as_deref());
            write_json(&mut text, &Value::Object(file), 0);
            text
        }
        "keycloak-oidc-jboss-subsystem" => subsystem(&found)?,
        "keycloak-oidc-jboss-subsystem-cli" => subsystem_cli(&found)?,
        provider if ELSEWHERE.contains(&provider) => return Err(ApiError::bad(NO_FILE)),
        _ => return Err(ApiError::not_found("Unknown Provider")),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/plain"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, text).into_response())
}

/// The secret, for those who may see it.
fn shown_secret(found: &Found) -> Result<Option<String>, ApiError> {
    if found.manageable() {
        Ok(secret::visible(&found.admin.app, &found.client)?)
    } else {
        Ok(None)
    }
}

fn server(found: &Found) -> String {
    format!("{}/", found.admin.caller.base)
}

fn ssl(found: &Found) -> &str {
    found.admin.realm.text("sslRequired").unwrap_or("external")
}

/// JSON as Java's printer lays it out.
fn write_json(out: &mut String, value: &Value, depth: usize) {
    let Value::Object(members) = value else {
        out.push_str(&value.to_string());
        return;
    };
    out.push('{');
    for (n, (name, member)) in members.iter().enumerate() {
        out.push_str(if n == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        out.push_str(&json!(name).to_string());
        out.push_str(" : ");
        write_json(out, member, depth + 1);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push('}');
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn subsystem(found: &Found) -> Result<String, ApiError> {
    let (realm, client) = (&found.admin.realm, &found.client);
    let mut text = String::from("<secure-deployment name=\"WAR MODULE NAME.war\">\n");
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "    <{name}>{}</{name}>", xml(value));
    };
    line("realm", &realm.name);
    line("auth-server-url", &server(found));
    if client.flag("bearerOnly") {
        line("bearer-only", "true");
    } else if client.public() {
        line("public-client", "true");
    }
    line("ssl-required", &ssl(found).to_uppercase());
    line("resource", &client.client_id);
    if let Some(secret) = shown_secret(found)? {
        let _ = writeln!(text, "    <credential name=\"secret\">{}</credential>", xml(&secret));
    }
    text.push_str("</secure-deployment>\n");
    Ok(text)
}

fn subsystem_cli(found: &Found) -> Result<String, ApiError> {
    let (realm, client) = (&found.admin.realm, &found.client);
    let deployment = "/subsystem=keycloak/secure-deployment=\"WAR MODULE NAME.war\"/";
    let mut text = format!(
        "{deployment}:add( \\\n    realm=\"{}\", \\\n    resource=\"{}\", \\\n",
        realm.name, client.client_id
    );
    if client.flag("bearerOnly") {
        text.push_str("    bearer-only=true, \\\n");
    } else if client.public() {
        text.push_str("    public-client=true, \\\n");
    }
    let _ = write!(
        text,
        "    auth-server-url={}, \\\n    ssl-required={})\n\n",
        server(found),
        ssl(found).to_uppercase()
    );
    if let Some(secret) = shown_secret(found)? {
        let _ = writeln!(text, "{deployment}credential=secret:add(value={secret})");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_as_java_does() {
        let mut text = String::new();
        write_json(&mut text, &json!({ "a": "b", "c": { "d": 0 } }), 0);
        assert_eq!(text, "{\n  \"a\" : \"b\",\n  \"c\" : {\n    \"d\" : 0\n  }\n}");
    }
}
