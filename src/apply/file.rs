//! The file: YAML or JSON, with the names of the Admin API.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Number, Value};
use yaml_rust2::{Yaml, YamlLoader};

use crate::error::Error;
use crate::store::json::{self, Doc};

/// The largest file.
const BYTES: u64 = 16 * 1024 * 1024;

/// The deepest that lists and maps may lie in one another.
const DEPTH: usize = 50;

/// Whose a file's declarations are where it does not say.
const OWNER: &str = "default";

/// What a file declares.
#[derive(Debug, Default)]
pub struct Declared {
    /// The name of the realm.
    pub realm: String,
    /// Files of different owners know nothing of each other.
    pub owner: String,
    /// `ClientScopeRepresentation`s.
    pub scopes: Vec<Doc>,
    /// `ClientRepresentation`s.
    pub clients: Vec<Doc>,
    /// `ComponentRepresentation`s of client registration policies.
    pub policies: Vec<Doc>,
}

/// Reads a file; `-` is the standard input.
///
/// # Errors
///
/// [`Error::Setup`] with what is wrong with it.
pub fn read(path: &Path) -> Result<Declared, Error> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(BYTES).read_to_string(&mut text))
    };
    let wrong = |why: String| Error::Setup(format!("{}: {why}", path.display()));
    read.map_err(|e| wrong(e.to_string()))?;
    understand(&text, &|name| std::env::var(name).ok()).map_err(wrong)
}

/// `variable`: what stands in a variable of the environment.
fn understand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Declared, String> {
    // JSON is YAML, too.
    let all = YamlLoader::load_from_str(text).map_err(|e| e.to_string())?;
    let [one] = all.as_slice() else {
        return Err("there must be one document in it".into());
    };
    let Value::Object(whole) = value(one, DEPTH)? else {
        return Err("it must be a map, such as `realm: NAME`".into());
    };
    let mut declared = Declared {
        owner: OWNER.to_owned(),
        ..Declared::default()
    };
    for (name, value) in whole {
        match (name.as_str(), value) {
            ("realm", Value::String(realm)) => declared.realm = realm,
            ("owner", Value::String(owner)) if !owner.is_empty() => declared.owner = owner,
            ("clientScopes", all) => declared.scopes = named(all, "clientScopes", "name")?,
            ("clients", all) => declared.clients = named(all, "clients", "clientId")?,
            ("registrationPolicies", all) => declared.policies = named(all, "registrationPolicies", "name")?,
            ("realm" | "owner", _) => return Err(format!("{name} must be a text")),
            _ => {
                let known = "realm, owner, clientScopes, clients, registrationPolicies";
                return Err(format!("`{name}` is not known here; known are {known}"));
            }
        }
    }
    if declared.realm.is_empty() {
        return Err("`realm` is missing: say which one".into());
    }
    for client in &mut declared.clients {
        fill_secret(client, variable)?;
    }
    Ok(declared)
}

/// A list of maps, each with a name that no other has.
fn named(all: Value, list: &str, key: &str) -> Result<Vec<Doc>, String> {
    let all = match all {
        Value::Array(all) => all,
        Value::Null => Vec::new(),
        _ => return Err(format!("{list} must be a list")),
    };
    let mut found: Vec<Doc> = Vec::with_capacity(all.len());
    for (place, one) in all.into_iter().enumerate() {
        let name = one.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Value::Object(one) = one else {
            return Err(format!("{list}[{place}] must be a map"));
        };
        if name.is_empty() {
            return Err(format!("{list}[{place}] has no {key}"));
        }
        if one.contains_key("id") {
            return Err(format!("{list}[{place}]: {key} says which it is; leave id out"));
        }
        let same = |other: &Doc| json::text(other, key) == Some(&name) && other.get("subType") == one.get("subType");
        if found.iter().any(same) {
            return Err(format!("{list}: {name} is there twice"));
        }
        found.push(one);
    }
    Ok(found)
}

/// A secret does not stand in the file: `${env.NAME}` says where it is.
fn fill_secret(client: &mut Doc, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
    let Some(Value::String(secret)) = client.get_mut("secret") else {
        return Ok(());
    };
    let Some(name) = secret.strip_prefix("${env.").and_then(|rest| rest.strip_suffix('}')) else {
        return Ok(());
    };
    let found = variable(name).filter(|value| !value.is_empty());
    *secret = found.ok_or_else(|| format!("the environment has no {name}, where a secret is to be"))?;
    Ok(())
}

fn value(yaml: &Yaml, depth: usize) -> Result<Value, String> {
    let below = depth.checked_sub(1).ok_or("it is too deep")?;
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Boolean(on) => Value::Bool(*on),
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Real(text) => text
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| format!("{text} is not a number"))?,
        Yaml::String(text) => Value::String(text.clone()),
        Yaml::Array(all) => Value::Array(all.iter().map(|one| value(one, below)).collect::<Result<_, _>>()?),
        Yaml::Hash(all) => {
            let mut map = Map::with_capacity(all.len());
            for (key, one) in all {
                let key = match value(key, below)? {
                    Value::String(key) => key,
                    Value::Bool(_) | Value::Number(_) => return Err(format!("put quotes around the key {key:?}")),
                    _ => return Err("a key must be a text".into()),
                };
                map.insert(key, value(one, below)?);
            }
            Value::Object(map)
        }
        Yaml::Alias(_) | Yaml::BadValue => return Err("there is a value in it that cannot be read".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Declared, String> {
        understand(text, &|name| (name == "SHOP").then(|| "s3cret".to_owned()))
    }

    #[test]
    fn a_file_is_yaml_or_json() {
        let yaml =
            "realm: acme\nclients:\n- clientId: shop\n  publicClient: true\n  redirectUris: [https://a.example/cb]\n";
        let json = r#"{"realm": "acme", "clients": [{"clientId": "shop", "publicClient": true, "redirectUris": ["https://a.example/cb"]}]}"#;
        let (one, other) = (read(yaml).unwrap(), read(json).unwrap());
        assert_eq!((&one.realm, &one.owner), (&"acme".to_owned(), &"default".to_owned()));
        assert_eq!(one.clients, other.clients);
    }

    #[test]
    fn secrets_come_from_the_environment() {
        let with = |secret: &str| read(&format!("realm: a\nclients: [{{clientId: x, secret: \"{secret}\"}}]"));
        assert_eq!(with("${env.SHOP}").unwrap().clients[0]["secret"], "s3cret");
        assert!(with("${env.OTHER}").unwrap_err().contains("OTHER"));
        assert_eq!(with("plain").unwrap().clients[0]["secret"], "plain");
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, told) in [
            ("clients: []", "realm"),
            ("realm: a\nclient: []", "`client` is not known"),
            ("realm: a\nclients: {}", "must be a list"),
            ("realm: a\nclients: [{name: x}]", "clients[0] has no clientId"),
            ("realm: a\nclients: [{clientId: x}, {clientId: x}]", "x is there twice"),
            ("realm: a\nclients: [{clientId: x, id: y}]", "leave id out"),
            ("- a", "must be a map"),
            ("", "one document"),
            ("realm: a\n---\nrealm: b", "one document"),
            ("realm: [", ""),
            ("realm: 5", "must be a text"),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.contains(told), "{text}: {fault}");
        }
    }
}
