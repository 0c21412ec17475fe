//! Nodes of a client that runs on several machines, and telling them what was revoked. We call nobody: the answer is the
//! one that Keycloak gives where there is nobody to call.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::answer;
use super::super::error::{Answer, ApiError};
use super::super::json::Body;
use super::super::record::{Operation, record};
use super::Found;
use crate::store::Tx;
use crate::store::client::{self, Client};

pub(super) async fn add(found: Found, body: Body) -> Answer {
    found.require_manage()?;
    let given = body.map()?;
    let Some(node) = given.get("node").and_then(Value::as_str) else {
        return Err(ApiError::error(StatusCode::BAD_REQUEST, "Node not found in params"));
    };
    let mut tx = found.admin.app.db.begin().await?;
    let mut changed = found.latest(&mut tx).await?;
    let now = found.admin.app.now_seconds();
    if let Value::Object(nodes) = changed.doc.entry("registeredNodes").or_insert_with(|| json!({})) {
        nodes.insert(node.to_owned(), json!(now));
    }
    save(tx, &found, &changed, Operation::Create, node).await?;
    answer::nothing()
}

pub(super) async fn remove(found: Found) -> Answer {
    found.require_manage()?;
    let node = found.param("node").to_owned();
    let mut tx = found.admin.app.db.begin().await?;
    let mut changed = found.latest(&mut tx).await?;
    let nodes = changed.doc.get_mut("registeredNodes").and_then(Value::as_object_mut);
    if nodes.and_then(|nodes| nodes.shift_remove(&node)).is_none() {
        return Err(ApiError::not_found("Client does not have node "));
    }
    save(tx, &found, &changed, Operation::Delete, &node).await?;
    answer::uncached(answer::nothing())
}

async fn save(mut tx: Tx, found: &Found, changed: &Client, operation: Operation, node: &str) -> Result<(), ApiError> {
    client::update(&mut tx, changed).await?;
    let path = found.path(&format!("/nodes/{}", answer::segment(node)));
    record(&mut tx, &found.admin, operation, "CLUSTER_NODE", &path, None).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn test(found: Found) -> Answer {
    found.require_manage()?;
    answer::json(&json!({}))
}

pub(super) async fn push_revocation(found: Found) -> Answer {
    found.require_manage()?;
    let mut tx = found.admin.app.db.begin().await?;
    let path = found.path("/push-revocation");
    record(&mut tx, &found.admin, Operation::Action, "CLIENT", &path, None).await?;
    tx.commit().await?;
    answer::json_plain(&json!({}))
}
