//! The sessions of a realm as a whole.

use axum::Router;
use axum::extract::Path;
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

use crate::admin::api::answer;
use crate::admin::api::auth::{Admin, Right};
use crate::admin::api::error::{Answer, ApiError};
use crate::admin::api::query::Query;
use crate::admin::api::record::{Operation, record};
use crate::app::App;
use crate::error::Error;
use crate::oidc::logout::backchannel;
use crate::store::{Tx, realm, session, session_stats};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/realms/{realm}/sessions/{session}", delete(remove))
        .route("/realms/{realm}/client-session-stats", get(stats))
        .route("/realms/{realm}/logout-all", post(logout_all))
        .route("/realms/{realm}/push-revocation", post(push_revocation))
}

async fn remove(admin: Admin, Path((_, id)): Path<(String, String)>, query: Query) -> Answer {
    admin.require(&[Right::ManageUsers])?;
    let offline = query.flag("isOffline") == Some(true);
    let mut tx = admin.app.db.begin().await?;
    let removed = if offline {
        session::remove_one(&mut tx, &admin.realm.id, &id, true).await?
    } else {
        if let Some(ending) = session::by_id(&mut tx, &admin.realm.id, &id).await? {
            backchannel::queue(&mut tx, &admin.app, &admin.caller, &admin.realm, &ending, &[]).await?;
        }
        session::remove(&mut tx, &admin.realm.id, &id).await?
    };
    if !removed {
        // Keycloak's own spelling.
        return Err(ApiError::not_found("Sesssion not found"));
    }
    let (path, told) = (format!("sessions/{id}"), json!({ "offline": offline }));
    record(&mut tx, &admin, Operation::Delete, "USER_SESSION", &path, Some(&told)).await?;
    tx.commit().await?;
    answer::nothing()
}

async fn stats(admin: Admin) -> Answer {
    admin.require(&[Right::ViewRealm, Right::ManageRealm])?;
    let represent = |s: session_stats::OfClient| {
        json!({
            "offline": s.offline.to_string(), "clientId": s.client_id, "active": s.active.to_string(), "id": s.client_uuid
        })
    };
    let all = session_stats::by_client(&admin.app.db, &admin.realm.id, admin.app.now()).await?;
    answer::json(&all.into_iter().map(represent).collect::<Vec<Value>>())
}

/// As many sessions end in one transaction, so that nobody else waits long for their turn.
const AT_ONCE: u16 = 500;

/// Ends all sessions of the realm, and tells their applications; what was issued before is void.
async fn logout_all(admin: Admin) -> Answer {
    admin.require(&[Right::ManageUsers])?;
    // Whoever signs in from now on stays.
    let (until, now) = (admin.app.now(), admin.app.now_seconds());
    let mut tx = admin.app.db.begin().await?;
    realm::change(&mut tx, &admin.realm.id, |doc| {
        doc.insert("notBefore".into(), json!(now));
    })
    .await?;
    record(
        &mut tx,
        &admin,
        Operation::Action,
        "REALM",
        "logout-all",
        Some(&json!({})),
    )
    .await?;
    let mut next = end_oldest(&mut tx, &admin, 0, until).await?;
    tx.commit().await?;
    // On its own: it goes on to the end, even if the administrator does not wait.
    let rest = tokio::spawn(async move {
        while let Some(from) = next {
            let mut tx = admin.app.db.begin().await?;
            next = end_oldest(&mut tx, &admin, from, until).await?;
            tx.commit().await?;
        }
        Ok::<(), Error>(())
    });
    rest.await.map_err(|e| Error::Corrupt(e.to_string()))??;
    answer::json_plain(&json!({}))
}

/// Ends the oldest sessions that began between two instants. Gives from where to go on, `None` if they were all.
async fn end_oldest(tx: &mut Tx, admin: &Admin, from: i64, until: i64) -> Result<Option<i64>, Error> {
    let oldest = session::of_realm(&mut *tx, &admin.realm.id, from, until, AT_ONCE.into()).await?;
    for ending in &oldest {
        backchannel::queue(tx, &admin.app, &admin.caller, &admin.realm, ending, &[]).await?;
        session::remove(tx, &admin.realm.id, &ending.id).await?;
    }
    let last = oldest.last().map(|session| session.started);
    Ok(last.filter(|_| oldest.len() == usize::from(AT_ONCE)))
}

/// Tells the applications' `adminUrl` that older tokens are void. Our applications learn it by introspection: there is
/// nobody to push to.
async fn push_revocation(admin: Admin) -> Answer {
    admin.require(&[Right::ManageRealm])?;
    let mut tx = admin.app.db.begin().await?;
    record(
        &mut tx,
        &admin,
        Operation::Action,
        "REALM",
        "push-revocation",
        Some(&json!({})),
    )
    .await?;
    tx.commit().await?;
    answer::json(&json!({}))
}
