//! The client scopes of a client.

use serde_json::{Value, json};

use super::super::error::Answer;
use super::super::record::{Operation, record};
use super::super::representation::client as shown;
use super::super::{answer, client_scopes};
use super::Found;
use crate::client_registration::approval;
use crate::store::client;

const DEFAULT: &str = "defaultClientScopes";
const OPTIONAL: &str = "optionalClientScopes";

pub(super) async fn defaults(found: Found) -> Answer {
    listed(&found, DEFAULT)
}

pub(super) async fn optionals(found: Found) -> Answer {
    listed(&found, OPTIONAL)
}

fn listed(found: &Found, member: &str) -> Answer {
    let realm = &found.admin.realm;
    let scopes = shown::scopes_of(realm, &found.client, member);
    answer::json(
        &scopes
            .iter()
            .map(|s| json!({ "id": s.id, "name": s.name }))
            .collect::<Vec<_>>(),
    )
}

pub(super) async fn add_default(found: Found) -> Answer {
    change(&found, DEFAULT, Operation::Create).await
}

pub(super) async fn add_optional(found: Found) -> Answer {
    change(&found, OPTIONAL, Operation::Create).await
}

pub(super) async fn remove_default(found: Found) -> Answer {
    change(&found, DEFAULT, Operation::Delete).await
}

pub(super) async fn remove_optional(found: Found) -> Answer {
    change(&found, OPTIONAL, Operation::Delete).await
}

/// A scope that the client has already, in either list, stays where it is; taking it away takes it from both.
async fn change(found: &Found, member: &str, operation: Operation) -> Answer {
    found.require_manage()?;
    let admin = &found.admin;
    let scope = client_scopes::find(&admin.realm, found.param("scope"), "Client scope not found")?;
    let mut tx = admin.app.db.begin().await?;
    let mut changed = found.latest(&mut tx).await?;
    if operation == Operation::Create {
        let has = [DEFAULT, OPTIONAL]
            .iter()
            .any(|m| changed.texts(m).contains(&scope.name.as_str()));
        if let Value::Array(names) = changed.doc.entry(member).or_insert_with(|| json!([]))
            && !has
        {
            names.push(json!(scope.name));
        }
    } else {
        for member in [DEFAULT, OPTIONAL] {
            if let Some(Value::Array(names)) = changed.doc.get_mut(member) {
                names.retain(|n| n != &json!(scope.name));
            }
        }
    }
    let list = if member == DEFAULT { "default" } else { "optional" };
    let path = found.path(&format!("/{list}-client-scopes/{}", scope.id));
    client::update(&mut tx, &changed).await?;
    approval::ask_again(&mut tx, &admin.app, &admin.realm, &admin.caller.base, &changed).await?;
    record(&mut tx, admin, operation, "CLIENT_SCOPE_CLIENT_MAPPING", &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
