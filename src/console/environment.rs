//! What the consoles are told of server and realm: the JSON that their page carries.

use serde_json::{Value, json};

use super::Console;
use crate::admin::api::query::Query;
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::login::address;
use crate::oidc::token_roles;
use crate::page;
use crate::profile;
use crate::store::client::{self, Source};
use crate::store::identity_provider;
use crate::store::realm::Realm;
use crate::store::user::User;
use crate::theme::{Kind, Voice};
use crate::visitor::Visitor;

/// Dark where the visitor's system is, unless the realm says never.
fn dark(realm: &Realm) -> bool {
    realm.attribute("darkMode") != Some("false")
}

/// The environment of a realm's Admin Console.
pub fn admin(console: &Console, realm: &Realm, caller: &Caller) -> Value {
    json!({
        "serverBaseUrl": caller.base, "adminBaseUrl": caller.base, "authUrl": caller.base, "authServerUrl": caller.base,
        "realm": realm.name, "clientId": "security-admin-console",
        "resourceUrl": format!("{}{}", caller.prefix, console.resources_path(Kind::Admin)),
        "logo": "", "logoUrl": "", "darkMode": dark(realm),
        "consoleBaseUrl": super::web::admin_path(caller, realm), "masterRealm": "master",
        "resourceVersion": console.version
    })
}

/// The environment of a realm's Account Console, for whoever is signed in.
///
/// # Errors
///
/// Those of the database.
pub async fn account(
    app: &App,
    console: &Console,
    realm: &Realm,
    visitor: &Visitor,
    user: Option<&User>,
    query: &Query,
    language: &str,
) -> Result<Value, Error> {
    let caller = &visitor.caller;
    let (name, url) = referrer(app, realm, caller, query, language).await?.unwrap_or_default();
    let base = format!("{}/", caller.base);
    Ok(json!({
        "serverBaseUrl": caller.base, "authUrl": base, "authServerUrl": base, "realm": realm.name,
        "clientId": "account-console",
        "resourceUrl": format!("{}{}", caller.prefix, console.resources_path(Kind::Account)),
        "logo": "", "logoUrl": "", "darkMode": dark(realm),
        "baseUrl": format!("{}/account/", address::realm_url(caller, realm)), "locale": language,
        "referrerName": name, "referrerUrl": url, "features": features(app, realm, user).await?, "scope": ""
    }))
}

/// The application that somebody came from, and the address there to go back to.
async fn referrer(
    app: &App,
    realm: &Realm,
    caller: &Caller,
    query: &Query,
    language: &str,
) -> Result<Option<(String, String)>, Error> {
    let Some(client_id) = query.text("referrer") else {
        return Ok(None);
    };
    let found = client::by_client_id(&app.db, &realm.id, client_id).await?;
    let Some(known) = found.filter(|c| c.enabled()) else {
        return Ok(None);
    };
    let url = match query.text("referrer_uri") {
        Some(sent) => address::redirect_uri(caller, &known, sent),
        None => Some(address::base_url(caller, &known)).filter(|url| !url.is_empty()),
    };
    let voice = Voice {
        theme: realm.text("loginTheme").unwrap_or_default().to_owned(),
        locale: language.to_owned(),
        texts: page::realm_texts(realm),
    };
    let name = match known.source {
        Source::Admin => app.themes.advanced(&voice, Kind::Login, known.display_name()),
        // What an application says of itself is no key of our texts.
        _ => known.display_name().to_owned(),
    };
    Ok(url.map(|url| (name, url)))
}

async fn features(app: &App, realm: &Realm, user: Option<&User>) -> Result<Value, Error> {
    let mut held = Vec::new();
    if let (Some(user), Some(holder)) = (user, client::by_client_id(&app.db, &realm.id, "account").await?) {
        let roles = token_roles::of_user(app, realm, &user.id).await?;
        let of_account = realm.roles.of(&holder.id);
        held.extend(of_account.filter(|r| roles.contains(&r.id)).map(|r| r.name.as_str()));
    }
    let has = |role: &str| held.contains(&role);
    let action = |alias: &str| realm.required_action(alias).is_some_and(|a| a.enabled);
    Ok(json!({
        "isRegistrationEmailAsUsername": realm.flag("registrationEmailAsUsername"),
        "isEditUserNameAllowed": realm.flag("editUsernameAllowed"),
        "isInternationalizationEnabled": realm.flag("internationalizationEnabled"),
        "isLinkedAccountsEnabled": identity_provider::is_any(&app.db, &realm.id).await?,
        "isMyResourcesEnabled": realm.flag("userManagedAccessAllowed"),
        "isViewOrganizationsEnabled": realm.flag("organizationsEnabled"),
        "deleteAccountAllowed": has("delete-account") && action("delete_account"),
        "updateEmailFeatureEnabled": true,
        "updateEmailActionEnabled": profile::changes_email_by_action(realm),
        "isViewApplicationsEnabled": has("view-applications"),
        "isViewGroupsEnabled": has("view-groups"),
        "isOid4VciEnabled": false
    }))
}
