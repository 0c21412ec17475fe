//! `ClientScopeRepresentation` and `ProtocolMapperRepresentation`.

use serde_json::{Value, json};

use crate::secret_settings;
use crate::store::json::Doc;
use crate::store::realm::{ClientScope, ProtocolMapper};

/// A client scope with its mappers, which are left out where there are none. Attributes that are secrets are masked.
pub fn full(scope: &ClientScope) -> Value {
    let mut doc = Doc::new();
    doc.insert("id".into(), json!(scope.id));
    doc.insert("name".into(), json!(scope.name));
    if let Some(description) = &scope.description {
        doc.insert("description".into(), json!(description));
    }
    doc.insert("protocol".into(), json!(scope.protocol));
    let mut attributes = json!(scope.attributes);
    if let Value::Object(attributes) = &mut attributes {
        secret_settings::mask(attributes);
    }
    doc.insert("attributes".into(), attributes);
    if !scope.protocol_mappers.is_empty() {
        doc.insert("protocolMappers".into(), mappers(&scope.protocol_mappers));
    }
    Value::Object(doc)
}

/// Mappers as lists show them.
pub fn mappers(all: &[ProtocolMapper]) -> Value {
    all.iter().map(mapper).collect()
}

/// One mapper.
pub fn mapper(mapper: &ProtocolMapper) -> Value {
    json!({
        "id": mapper.id, "name": mapper.name, "protocol": mapper.protocol, "protocolMapper": mapper.protocol_mapper,
        "consentRequired": mapper.consent_required, "config": mapper.config
    })
}
