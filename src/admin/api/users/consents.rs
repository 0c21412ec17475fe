//! What a user allowed applications.

use axum::Router;
use axum::extract::Path;
use axum::routing::{delete, get};
use serde_json::{Value, json};

use super::{CHANGE, SEE, find};
use crate::admin::api::answer;
use crate::admin::api::auth::Admin;
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::store::{client, consent, session};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/users/{id}/consents", get(list))
        .route("/realms/{realm}/users/{id}/consents/{client}", delete(revoke))
}

async fn list(admin: Admin, Path((_, id)): Path<(String, String)>) -> Answer {
    let user = find(&admin, &id, SEE).await?;
    let mut shown: Vec<Value> = Vec::new();
    for given in consent::of_user(&admin.app.db, &user.id).await? {
        let Some(application) = client::by_id(&admin.app.db, &admin.realm.id, &given.client_uuid).await? else {
            continue;
        };
        let name = |id: &String| {
            let (id, parameter) = id.split_once(':').map_or((id.as_str(), None), |(id, p)| (id, Some(p)));
            let scope = admin.realm.client_scopes.iter().find(|s| s.id == id)?;
            Some(parameter.map_or_else(|| scope.name.clone(), |p| format!("{}:{p}", scope.name)))
        };
        shown.push(json!({
            "clientId": application.client_id,
            "grantedClientScopes": given.scopes.iter().filter_map(name).collect::<Vec<_>>(),
            "createdDate": given.created, "lastUpdatedDate": given.updated, "additionalGrants": []
        }));
    }
    for offline in session::of_user(&admin.app.db, &admin.realm.id, &user.id, true).await? {
        for part in session::parts(&admin.app.db, &offline.id, true).await? {
            let Some(application) = client::by_id(&admin.app.db, &admin.realm.id, &part.client_uuid).await? else {
                continue;
            };
            let grant = json!({ "client": application.id, "key": "Offline Token" });
            match shown
                .iter_mut()
                .find(|s| s["clientId"] == application.client_id.as_str())
            {
                Some(known) if known["additionalGrants"] == json!([]) => known["additionalGrants"] = json!([grant]),
                Some(_) => {}
                None => shown.push(json!({
                    "clientId": application.client_id, "grantedClientScopes": [], "additionalGrants": [grant]
                })),
            }
        }
    }
    answer::json(&shown)
}

/// Takes back what a user allowed an application, its offline access too; the application is named by its `client_id`.
async fn revoke(admin: Admin, Path((_, id, client_id)): Path<(String, String, String)>) -> Answer {
    let user = find(&admin, &id, CHANGE).await?;
    let found = client::by_client_id(&admin.app.db, &admin.realm.id, &client_id).await?;
    let application = found.ok_or_else(|| ApiError::not_found("Client not found"))?;
    let mut tx = admin.app.db.begin().await?;
    let had_consent = consent::remove(&mut tx, &user.id, &application.id).await?;
    let had_offline = session::detach_of_user(&mut tx, &admin.realm.id, &user.id, &application.id).await?;
    if !had_consent && !had_offline {
        return Err(ApiError::not_found("Consent nor offline token not found"));
    }
    let path = format!("users/{id}/consents/{client_id}");
    record(&mut tx, &admin, Operation::Action, "USER", &path, None).await?;
    tx.commit().await?;
    answer::uncached(answer::nothing())
}
