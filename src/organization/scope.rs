//! Organizations that a request for tokens names: `organization:alias`.

use crate::app::App;
use crate::error::Error;
use crate::oidc::tokens::scope::form_of_organization;
use crate::store::organization;
use crate::store::realm::Realm;

/// Whether the organizations are there, and enabled, that a scope parameter names. Where a realm has none, the names mean
/// nothing.
///
/// # Errors
///
/// Those of the database.
pub async fn exist(app: &App, realm: &Realm, requested: Option<&str>) -> Result<bool, Error> {
    if !realm.flag("organizationsEnabled") {
        return Ok(true);
    }
    let names = requested.unwrap_or_default().split(' ');
    for alias in names.filter_map(form_of_organization).filter(|alias| *alias != "*") {
        let known = organization::by_alias(&app.db, &realm.id, alias).await?;
        if !known.is_some_and(|o| o.enabled) {
            return Ok(false);
        }
    }
    Ok(true)
}
