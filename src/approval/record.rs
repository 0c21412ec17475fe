//! Decisions among the admin events, whichever way they came.

use serde_json::Value;

use super::Person;
use crate::app::App;
use crate::error::Error;
use crate::events;
use crate::store::Tx;
use crate::store::admin_event::AdminEvent;
use crate::store::realm::Realm;

/// The type of resource that is decided on.
const KIND: &str = "REGISTRATION";

/// Records what somebody did to something that waits. `path` is below the realm, as `client-registrations/ID/approve`.
///
/// # Errors
///
/// Those of the database.
pub async fn record(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    by: &Person,
    operation: &str,
    path: String,
    representation: &Value,
) -> Result<(), Error> {
    if !events::is_admin_told(realm, KIND, operation) {
        return Ok(());
    }
    let detailed = realm.flag("adminEventsDetailsEnabled");
    let event = AdminEvent {
        id: crate::random::row_id(),
        time: app.now(),
        auth_realm_id: Some(by.home_id.clone()),
        auth_client_id: by.client_uuid.clone(),
        auth_user_id: Some(by.user_id.clone()),
        ip_address: Some(by.ip.to_string()),
        operation: operation.to_owned(),
        resource_type: KIND.to_owned(),
        resource_path: path,
        representation: detailed.then(|| representation.to_string()),
        error: None,
        details: None,
    };
    events::record_admin(tx, realm, &event).await
}
