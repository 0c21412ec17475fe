//! What a client would get for a scope: which mappers act, which roles pass, what its tokens would say.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::error::{Answer, ApiError};
use super::super::query::Query;
use super::super::representation::role as shown;
use super::super::{answer, scope_mappings};
use super::Found;
use crate::store::client;
use crate::store::realm::{ClientScope, ProtocolMapper};

/// The scopes that apply: the client's default ones, and the optional ones that are asked for.
fn applied<'a>(found: &'a Found, requested: &str) -> Vec<&'a ClientScope> {
    let realm = &found.admin.realm;
    let asked: Vec<&str> = requested.split_whitespace().collect();
    let optional = found
        .client
        .texts("optionalClientScopes")
        .into_iter()
        .filter(|name| asked.contains(name));
    let names = found.client.texts("defaultClientScopes").into_iter().chain(optional);
    names.filter_map(|name| realm.client_scope(name)).collect()
}

pub(super) async fn protocol_mappers(found: Found, query: Query) -> Answer {
    let client = &found.client;
    let own: Vec<ProtocolMapper> = match client.doc.get("protocolMappers") {
        Some(all) if !all.is_null() => serde_json::from_value(all.clone())?,
        _ => Vec::new(),
    };
    let one = |m: &ProtocolMapper, id: &str, name: &str, kind: &str| {
        json!({ "mapperId": m.id, "mapperName": m.name, "containerId": id, "containerName": name,
                "containerType": kind, "protocolMapper": m.protocol_mapper })
    };
    let mut all: Vec<Value> = own
        .iter()
        .map(|m| one(m, &client.id, &client.client_id, "client"))
        .collect();
    for scope in applied(&found, query.text("scope").unwrap_or_default()) {
        all.extend(
            scope
                .protocol_mappers
                .iter()
                .map(|m| one(m, &scope.id, &scope.name, "client-scope")),
        );
    }
    answer::json(&all)
}

pub(super) async fn granted(found: Found, query: Query) -> Answer {
    roles(&found, &query, true).await
}

pub(super) async fn not_granted(found: Found, query: Query) -> Answer {
    roles(&found, &query, false).await
}

/// Of the roles of the realm or of a client: those that pass with a scope, or those that do not.
async fn roles(found: &Found, query: &Query, granted: bool) -> Answer {
    let (realm, container) = (&found.admin.realm, found.param("container"));
    let of = if container == realm.name || container == realm.id {
        String::new()
    } else {
        let holder = client::by_id(&found.admin.app.db, &realm.id, container).await?;
        holder
            .ok_or_else(|| ApiError::not_found("Role Container not found"))?
            .id
            .clone()
    };
    let mut passed: BTreeSet<String> = scope_mappings::passed(realm, &found.client);
    for scope in applied(found, query.text("scope").unwrap_or_default()) {
        passed.extend(realm.roles.expand(scope.scope_roles.iter().map(String::as_str)));
    }
    let all = realm.roles.of(&of).into_iter().map(|r| r.id.as_str());
    let wanted = all.filter(|id| passed.contains(*id) == granted);
    answer::json(&shown::list(realm, wanted, Some(&of)))
}
