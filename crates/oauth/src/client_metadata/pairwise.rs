//! `subject_type` and `sector_identifier_uri`: Keycloak's mapper of pairwise identifiers.
//! `OpenID` Connect Core §8.1.

use super::{Metadata, SubjectType, attribute};
use serde_json::{Map, Value, json};

/// Keycloak's mapper that makes pairwise identifiers.
const MAPPER: &str = "oidc-sha256-pairwise-sub-mapper";
/// The attribute of the client, and the setting of the mapper.
const SECTOR: &str = "sectorIdentifierUri";

fn is_pairwise(mapper: &Value) -> bool {
    mapper.get("protocolMapper").and_then(Value::as_str) == Some(MAPPER)
}

fn mappers(client: &Map<String, Value>) -> &[Value] {
    let mappers = client.get("protocolMappers").and_then(Value::as_array);
    mappers.map(Vec::as_slice).unwrap_or_default()
}

/// How a client is told who somebody is.
pub(super) fn subject_type(client: &Map<String, Value>) -> SubjectType {
    if mappers(client).iter().any(is_pairwise) {
        SubjectType::Pairwise
    } else {
        SubjectType::Public
    }
}

/// The sector of a client, if it has one.
pub(super) fn sector(client: &Map<String, Value>) -> Option<&str> {
    let of_mapper = || {
        mappers(client)
            .iter()
            .find(|one| is_pairwise(one))?
            .get("config")?
            .get(SECTOR)?
            .as_str()
    };
    attribute(client, SECTOR)
        .or_else(of_mapper)
        .filter(|url| !url.is_empty())
}

/// Adds, changes or removes the mapper. A new one has no `id` and no salt yet.
pub(super) fn write(metadata: &Metadata, client: &mut Map<String, Value>, attributes: &mut Map<String, Value>) {
    if let Some(url) = &metadata.sector_identifier_uri {
        super::apply::set(attributes, SECTOR, url);
    }
    let mut kept = mappers(client).to_vec();
    match metadata.subject_type {
        Some(SubjectType::Public) => kept.retain(|mapper| !is_pairwise(mapper)),
        Some(SubjectType::Pairwise) if !kept.iter().any(is_pairwise) => kept.push(json!({
            "name": "pairwise subject identifier", "protocol": "openid-connect", "protocolMapper": MAPPER,
            "consentRequired": false, "config": {},
        })),
        _ => {}
    }
    let sector = attributes.get(SECTOR).and_then(Value::as_str);
    let configs = kept.iter_mut().filter(|mapper| is_pairwise(mapper));
    for config in configs.filter_map(|mapper| mapper.get_mut("config")?.as_object_mut()) {
        match sector {
            Some(sector) => config.insert(SECTOR.to_owned(), json!(sector)),
            None if metadata.sector_identifier_uri.is_some() => config.shift_remove(SECTOR),
            None => None,
        };
    }
    if !kept.is_empty() || client.contains_key("protocolMappers") {
        client.insert("protocolMappers".to_owned(), json!(kept));
    }
}
