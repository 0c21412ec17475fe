//! Registration policies: what an application must be like to register itself, and who may at all.

use std::collections::HashMap;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::desk::{Desk, Refused};
use super::shown::Sheet;
use super::trial;
use crate::client_registration::policy::TYPE;
use crate::page::path_part;

const SECTION: &str = "policies";
/// Where the Admin API lists them.
pub(super) const POLICIES: &str =
    "/components?type=org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
const ACCESS: &str = "clientRegistration.access";

/// For whom a policy is: `subType` of the component.
const WHOSE: &[&str] = &["anonymous", "authenticated", "token"];

async fn providers(desk: &Desk) -> Result<Vec<Value>, Refused> {
    let all = desk.read("/client-registration-policy/providers").await?;
    Ok(all.as_array().cloned().unwrap_or_default())
}

/// `GET policies`.
pub async fn list(desk: Desk) -> Result<Response, Refused> {
    let all = desk.read(POLICIES).await?;
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    let described = providers(&desk).await?;
    let help = |id: &Value| described.iter().find(|p| p["id"] == *id).map(|p| p["helpText"].clone());
    let groups: Vec<Value> = WHOSE
        .iter()
        .map(|whose| {
            let of = all.iter().filter(|c| c["subType"] == *whose);
            let rows: Vec<Value> = of
                .map(|c| json!({ "id": c["id"], "name": c["name"], "kind": c["providerId"], "help": help(&c["providerId"]) }))
                .collect();
            json!({ "whose": whose, "policies": rows })
        })
        .collect();
    let realm = desk.read("").await?;
    let access = realm["attributes"][ACCESS].as_str().unwrap_or("optional");
    let page = json!({ "groups": groups, "access": access, "trial": trial::blank(&desk).await? });
    Ok(desk.page("policies.j2", SECTION, page).await?)
}

/// Which policy is begun.
#[derive(Deserialize)]
pub struct Begun {
    whose: Option<String>,
    kind: Option<String>,
}

/// `GET policies/new`: first the kind, then its settings.
pub async fn form(desk: Desk, Query(begun): Query<Begun>) -> Result<Response, Refused> {
    let described = providers(&desk).await?;
    let whose = begun
        .whose
        .as_deref()
        .filter(|w| WHOSE.contains(w))
        .unwrap_or("anonymous");
    let kind = begun.kind.unwrap_or_default();
    let Some(provider) = described.iter().find(|p| p["id"] == kind) else {
        let kinds: Vec<Value> = described
            .iter()
            .map(|p| json!({ "id": p["id"], "help": p["helpText"] }))
            .collect();
        let page = json!({ "whose": whose, "kinds": kinds });
        return Ok(desk.page("policy-kind.j2", SECTION, page).await?);
    };
    let page = json!({ "whose": whose, "kind": kind, "help": provider["helpText"], "name": "", "fields": fields(provider, None) });
    Ok(desk.page("policy.j2", SECTION, page).await?)
}

/// The settings of a policy as fields, with what is set.
fn fields(provider: &Value, config: Option<&Value>) -> Vec<Value> {
    let all = provider["properties"].as_array().into_iter().flatten();
    all.map(|p| {
        let name = p["name"].as_str().unwrap_or_default();
        let set = config.map(|c| c[name].clone()).filter(Value::is_array);
        let set: Vec<Value> = match (&set, config, &p["defaultValue"]) {
            (Some(Value::Array(values)), ..) => values.clone(),
            (None, None, Value::Null) => Vec::new(),
            (None, None, default) => vec![default.clone()],
            _ => Vec::new(),
        };
        let kind = match p["type"].as_str().unwrap_or_default() {
            "boolean" => "switch",
            "MultivaluedString" => "lines",
            "MultivaluedList" if p["options"].as_array().is_some_and(|o| !o.is_empty()) => "choices",
            "MultivaluedList" => "lines",
            "Text" => "long",
            _ => "text",
        };
        let on = set.first().is_some_and(|v| *v == json!("true") || *v == json!(true));
        let options: Vec<Value> = p["options"].as_array().into_iter().flatten().cloned().collect();
        let options: Vec<Value> = options.into_iter().map(|o| json!({ "on": set.contains(&o), "value": o })).collect();
        json!({ "name": name, "label": p["label"], "help": p["helpText"], "kind": kind, "values": set, "on": on, "options": options })
    })
    .collect()
}

/// `GET policies/{id}`.
pub async fn one(desk: Desk, Path(names): Path<HashMap<String, String>>) -> Result<Response, Refused> {
    let component = desk.read(&component_path(&names)).await?;
    let described = providers(&desk).await?;
    let none = Value::Null;
    let provider = described
        .iter()
        .find(|p| p["id"] == component["providerId"])
        .unwrap_or(&none);
    let page = json!({
        "id": component["id"], "name": component["name"], "kind": component["providerId"], "whose": component["subType"],
        "help": provider["helpText"], "fields": fields(provider, Some(&component["config"]))
    });
    Ok(desk.page("policy.j2", SECTION, page).await?)
}

fn component_path(names: &HashMap<String, String>) -> String {
    let id = names.get("id").map(String::as_str).unwrap_or_default();
    format!("/components/{}", path_part(id))
}

/// The settings that a form sends.
fn config(provider: &Value, sheet: &Sheet) -> Value {
    let all = provider["properties"].as_array().into_iter().flatten();
    let set: Map<String, Value> = all
        .filter_map(|p| {
            let name = p["name"].as_str()?;
            let field = format!("config.{name}");
            let values = match p["type"].as_str() {
                Some("boolean") => json!([(!sheet.text(&field).is_empty()).to_string()]),
                Some("Text") => json!([sheet.text(&field)]),
                _ => json!(sheet.lines(&field)),
            };
            Some((name.to_owned(), values))
        })
        .collect();
    Value::Object(set)
}

/// `POST policies`.
pub async fn create(desk: Desk, sheet: Sheet) -> Result<Response, Refused> {
    save(desk, sheet, "POST", "/components".to_owned()).await
}

/// `POST policies/{id}`.
pub async fn update(desk: Desk, Path(names): Path<HashMap<String, String>>, sheet: Sheet) -> Result<Response, Refused> {
    save(desk, sheet, "PUT", component_path(&names)).await
}

async fn save(desk: Desk, sheet: Sheet, method: &str, path: String) -> Result<Response, Refused> {
    if !desk.is_own(&sheet) {
        return Ok(desk.go_realm("policies"));
    }
    let kind = sheet.text("kind");
    let described = providers(&desk).await?;
    let none = Value::Null;
    let provider = described.iter().find(|p| p["id"] == kind).unwrap_or(&none);
    let config = config(provider, &sheet);
    let component = json!({
        "name": sheet.text("name"), "providerId": kind, "providerType": TYPE, "subType": sheet.text("whose"), "config": config
    });
    let said = desk.ask_realm(method, &path, Some(&component)).await?;
    if said.status == StatusCode::BAD_REQUEST {
        let id = path.strip_prefix("/components/");
        let page = json!({
            "id": id, "name": sheet.text("name"), "kind": kind, "whose": sheet.text("whose"), "help": provider["helpText"],
            "fields": fields(provider, Some(&config)), "error": said.reason()
        });
        return Ok(desk.page("policy.j2", SECTION, page).await?);
    }
    if !said.status.is_success() {
        return Ok(desk.refused(&said).await?);
    }
    Ok(desk.go_realm("policies"))
}

/// `POST policies/{id}/remove`.
pub async fn remove(desk: Desk, Path(names): Path<HashMap<String, String>>, sheet: Sheet) -> Result<Response, Refused> {
    if desk.is_own(&sheet) {
        let said = desk.ask_realm("DELETE", &component_path(&names), None).await?;
        if !said.status.is_success() {
            return Ok(desk.refused(&said).await?);
        }
    }
    Ok(desk.go_realm("policies"))
}
