//! Names of realms, and what follows from one.

use serde_json::{Value, json};

use crate::admin::api::error::ApiError;
use crate::admin::api::reserved;
use crate::app::App;
use crate::error::Error;
use crate::realm_setup;
use crate::store::realm::Realm;
use crate::store::{Tx, client, realm};

/// Whether a realm may have a name.
///
/// # Errors
///
/// 400 with Keycloak's texts.
pub(super) fn check(name: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() {
        return Err(ApiError::bad("Realm name cannot be empty"));
    }
    match realm_setup::name::fault(name) {
        None => Ok(()),
        Some(_) if name.chars().count() > realm_setup::name::LONGEST => Err(ApiError::bad("Database operation failed")),
        Some(text) => Err(ApiError::error(axum::http::StatusCode::BAD_REQUEST, &text)),
    }
}

/// Whether a text may stand as one part of an address or a path.
///
/// # Errors
///
/// As [`check`].
pub(super) fn check_part(text: &str) -> Result<(), ApiError> {
    let wrong = reserved::in_part(text);
    wrong.map_or(Ok(()), |text| {
        Err(ApiError::error(axum::http::StatusCode::BAD_REQUEST, &text))
    })
}

/// The same refusal as a change of a realm words it: under `errorMessage`.
pub(super) fn as_message(refused: ApiError) -> ApiError {
    match refused {
        ApiError::Refused(status, body) => match body["error"].as_str() {
            Some(text) => ApiError::message(status, text),
            None => ApiError::Refused(status, body),
        },
        failed @ ApiError::Failed(_) => failed,
    }
}

/// Gives a realm's client in `master` its new name, and the realm's own pages their new addresses.
pub(super) async fn rename(tx: &mut Tx, app: &App, old: &Realm, name: &str) -> Result<(), ApiError> {
    if let Some(master) = realm::by_name(&app.db, "master").await?
        && let Some(mut holder) =
            client::read_by_client_id(&mut *tx, &master.id, &format!("{}-realm", old.name)).await?
    {
        holder.client_id = format!("{name}-realm");
        let other = client::read_by_client_id(&mut *tx, &master.id, &holder.client_id).await?;
        if other.is_some_and(|o| o.id != holder.id) {
            return Err(ApiError::conflict(&realm_setup::holder_taken(name)));
        }
        holder.doc.insert("name".into(), json!(format!("{name} Realm")));
        client::update(tx, &holder).await?;
    }
    for client_id in ["account", "account-console", "security-admin-console"] {
        let Some(mut page) = client::read_by_client_id(&mut *tx, &old.id, client_id).await? else {
            continue;
        };
        for key in ["baseUrl", "redirectUris"] {
            if let Some(value) = page.doc.get_mut(key) {
                moved(value, &old.name, name);
            }
        }
        client::update(tx, &page).await?;
    }
    Ok(())
}

fn moved(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) => {
            for root in ["/realms/", "/admin/"] {
                if let Some(rest) = text.strip_prefix(&format!("{root}{old}/")) {
                    *text = format!("{root}{new}/{rest}");
                    return;
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|v| moved(v, old, new)),
        _ => {}
    }
}

/// Removes the client of a realm that is gone.
pub(super) async fn remove_from_master(tx: &mut Tx, app: &App, name: &str) -> Result<(), Error> {
    if let Some(master) = realm::by_name(&app.db, "master").await?
        && let Some(holder) = client::read_by_client_id(&mut *tx, &master.id, &format!("{name}-realm")).await?
    {
        client::remove(tx, &master.id, &holder.id).await?;
    }
    Ok(())
}
