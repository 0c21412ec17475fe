//! Whether a user still allows what an application was given.

use crate::app::App;
use crate::error::Error;
use crate::oidc::tokens::scope::Scopes;
use crate::store::client::Client;
use crate::store::consent;
use crate::store::realm::{ClientScope, Realm};

fn is_asked(scope: &ClientScope) -> bool {
    scope
        .attributes
        .get("display.on.consent.screen")
        .is_none_or(|shown| shown != "false")
}

/// Whether every scope that is asked for on the consent page is allowed, for clients that need consent.
pub(super) async fn is_given(
    app: &App,
    realm: &Realm,
    client: &Client,
    user_id: &str,
    scopes: &Scopes,
) -> Result<bool, Error> {
    if !client.flag("consentRequired") {
        return Ok(true);
    }
    let Some(given) = consent::of(&app.db, user_id, &client.id).await? else {
        return Ok(false);
    };
    let mut asked = scopes.iter(realm).filter(|scope| is_asked(scope));
    Ok(asked.all(|scope| given.scopes.contains(&scope.id)))
}
