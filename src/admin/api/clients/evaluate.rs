//! What a client would get for a scope: which mappers act, which roles pass, what its tokens would say.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::auth::Right;
use super::super::error::{Answer, ApiError};
use super::super::query::Query;
use super::super::representation::role as shown;
use super::super::{answer, scope_mappings};
use super::Found;
use crate::oidc::tokens::context::Context;
use crate::oidc::tokens::id::Beside;
use crate::oidc::tokens::make::{self, Grant, Place, Wanted};
use crate::oidc::tokens::resource::Resources;
use crate::oidc::tokens::scope;
use crate::oidc::userinfo;
use crate::store::json::Doc;
use crate::store::realm::{ClientScope, ProtocolMapper};
use crate::store::session::{ClientSession, UserSession};
use crate::store::{client, user};

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
    let all = realm.roles.of(&of).map(|r| r.id.as_str());
    let wanted = all.filter(|id| passed.contains(*id) == granted);
    answer::json(&shown::list(realm, wanted, Some(&of)))
}

pub(super) async fn access_token(found: Found, query: Query) -> Answer {
    let (context, place) = example(&found, &query).await?;
    let resources = Resources::default();
    let wanted = wanted(&place, &resources);
    let made = make::access_claims(&found.admin.app, &found.admin.caller, &context, &wanted);
    answer::json(&made.claims.finish())
}

pub(super) async fn id_token(found: Found, query: Query) -> Answer {
    let (context, place) = example(&found, &query).await?;
    let (app, caller) = (&found.admin.app, &found.admin.caller);
    let resources = Resources::default();
    let wanted = wanted(&place, &resources);
    let access = make::access_claims(app, caller, &context, &wanted);
    answer::json(&make::id_claims(caller, &context, &wanted, Beside::Access, access.exp, access.iat).finish())
}

pub(super) async fn user_info(found: Found, query: Query) -> Answer {
    let (context, _) = example(&found, &query).await?;
    answer::json(&userinfo::claims(&context).finish())
}

fn wanted<'a>(place: &'a Place, resources: &'a Resources) -> Wanted<'a> {
    Wanted {
        grant: Grant::None,
        place: Some(place),
        nonce: None,
        chain: None,
        refresh: false,
        refresh_scope: None,
        bound: &crate::oidc::bound::TO_NOTHING,
        resources,
        audience: &[],
    }
}

/// What tokens for a user would be made from, had they just signed in at the client. Nothing of it is kept.
async fn example(found: &Found, query: &Query) -> Result<(Context, Place), ApiError> {
    let (admin, client) = (&found.admin, &found.client);
    admin.require(&[Right::ViewUsers, Right::ManageUsers])?;
    let id = query.text("userId").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| ApiError::not_found("No userId provided"))?;
    let user = user::by_id(&admin.app.db, &admin.realm.id, id).await?;
    let user = user.ok_or_else(|| ApiError::not_found("No user found"))?;
    let has = |name: &str| name == "openid" || client.texts("optionalClientScopes").contains(&name);
    let asked = query.text("scope").unwrap_or_default().split_whitespace();
    let asked: Vec<&str> = asked.filter(|name| has(name)).collect();
    let asked = Some(asked.join(" ")).filter(|s| !s.is_empty());
    let scopes = scope::resolve(&admin.realm, client, asked.as_deref())
        .map_err(|_| ApiError::error(StatusCode::BAD_REQUEST, "Invalid scopes"))?;
    let now = admin.app.now();
    let session = UserSession {
        id: crate::random::session_id(),
        realm_id: admin.realm.id.clone(),
        user_id: user.id.clone(),
        offline: false,
        ip_address: None,
        started: now,
        last_refresh: now,
        expires: now,
        notes: Doc::new(),
    };
    let part = ClientSession {
        session_id: session.id.clone(),
        offline: false,
        client_uuid: client.id.clone(),
        realm_id: admin.realm.id.clone(),
        started: now,
        last_refresh: now,
        doc: Doc::new(),
    };
    let context = Context::load(&admin.app, &admin.realm, client, user, scopes, Doc::new(), Doc::new()).await?;
    Ok((context, Place { session, part }))
}
