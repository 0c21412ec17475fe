//! `client_secret_basic` and `client_secret_post`.

use vestibule_oauth::error::Refusal;

use super::Refused;
use super::presented::{Presented, Way};
use crate::app::App;
use crate::client_secret;
use crate::error::Error;
use crate::store::client::Client;

/// Whether the secret is the client's, and came in the way that the client is registered with.
pub(super) fn check(app: &App, client: &Client, presented: &Presented) -> Result<Result<(), Refused>, Error> {
    if presented.assertion.is_some() {
        return Ok(Err(Refused::unknown("invalid_client")));
    }
    let Some((secret, way)) = &presented.secret else {
        return Ok(Err(Refused::credentials()));
    };
    let used = match way {
        Way::Basic => "client_secret_basic",
        Way::Post => "client_secret_post",
    };
    if let Some(required) = client.attribute("client.secret.authentication.allowed.method")
        && required != used
    {
        let text = format!(
            "Invalid method used to get client secret. Client requires method '{required}' to obtain client secret from the request"
        );
        return Ok(Err(Refused {
            refusal: Refusal::new(401, "unauthorized_client", text),
            event_error: "invalid_client_credentials",
            client_id: None,
        }));
    }
    Ok(if client_secret::matches(app, client, secret)? {
        Ok(())
    } else {
        Err(Refused::credentials())
    })
}
