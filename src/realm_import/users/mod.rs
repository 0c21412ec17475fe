//! Users of an import. They get the roles and groups that are named, and no others.

mod credentials;

pub use credentials::{Password, of_old};

use serde_json::Value;

use super::{Known, Refused, items, texts};
use crate::app::App;
use crate::password::{Recipe, policy};
use crate::service_account as accounts;
use crate::store::client::{self, Client};
use crate::store::consent::{self, Consent};
use crate::store::federated_identity::{self, FederatedIdentity};
use crate::store::json::{Doc, flag, number, text};
use crate::store::user::{self, Attributes, Kept, User};
use crate::store::{Tx, group, realm, role, user_export};

/// Members that are understood; others are kept for the next export.
const UNDERSTOOD: &[&str] = &[
    "id",
    "username",
    "firstName",
    "lastName",
    "email",
    "emailVerified",
    "attributes",
    "userProfileMetadata",
    "enabled",
    "self",
    "origin",
    "createdTimestamp",
    "totp",
    "serviceAccountClientId",
    "credentials",
    "disableableCredentialTypes",
    "requiredActions",
    "federatedIdentities",
    "socialLinks",
    "realmRoles",
    "clientRoles",
    "applicationRoles",
    "clientConsents",
    "notBefore",
    "groups",
    "access",
];

/// A user with the password that was hashed for them.
pub struct Incoming {
    pub given: Doc,
    /// One that came in plain text, hashed: do it before the transaction.
    pub password: Option<Password>,
}

impl Incoming {
    /// Hashes the password, if it comes in plain text.
    ///
    /// # Errors
    ///
    /// [`Refused::Bad`] if it is too long; [`Refused::Failed`] if too many hashes wait.
    pub async fn read(app: &App, recipe: Recipe, given: Doc) -> Result<Self, Refused> {
        Ok(Self {
            password: credentials::hash(app, recipe, &given).await?,
            given,
        })
    }
}

/// What the import of users needs to know of their realm.
pub struct Rules {
    pub unique_emails: bool,
    /// How passwords are hashed.
    pub recipe: Recipe,
}

impl Rules {
    /// Reads them from the realm's document as it is in the transaction.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn of(tx: &mut Tx, realm_id: &str) -> Result<Self, Refused> {
        let doc = realm::latest(tx, realm_id).await?.unwrap_or_default();
        Ok(Self {
            unique_emails: !flag(&doc, "duplicateEmailsAllowed"),
            recipe: policy::of_document(&doc).recipe(),
        })
    }
}

/// Adds a user with all that belongs to them; returns the id. `None`: the service account of a client that is not there.
///
/// # Errors
///
/// [`Refused`] for a name that is taken, and groups and clients that are not there.
pub async fn add(
    tx: &mut Tx,
    app: &App,
    known: &mut Known,
    rules: &Rules,
    incoming: &Incoming,
) -> Result<Option<String>, Refused> {
    let given = &incoming.given;
    let Some(new) = user_of(tx, app, known, given).await? else {
        return Ok(None);
    };
    match user::add(tx, &new, rules.unique_emails).await? {
        Kept::Yes => {}
        _ => return Err(taken(tx, &new).await?),
    }
    for of_clients in ["clientRoles", "applicationRoles"] {
        let of_realm = if of_clients == "clientRoles" { "realmRoles" } else { "" };
        for id in known.named(tx, given, of_realm, of_clients).await? {
            role::grant_to_user(tx, &new.id, &id).await?;
        }
    }
    for path in texts(given, "groups") {
        let found = known.group(tx, path).await?;
        let missing = || Refused::Bad(format!("Unable to find group specified by path: {path}"));
        let joined = found.ok_or_else(missing)?;
        group::join(tx, &new.id, &joined).await?;
        known.note_joined(&joined);
    }
    for link in links(given) {
        federated_identity::add(tx, &known.realm_id, &new.id, &link).await?;
    }
    consents(tx, app, known, &new.id, given).await?;
    credentials::add(tx, app, &new.id, incoming).await?;
    let mut extra = given.clone();
    extra.retain(|name, value| !UNDERSTOOD.contains(&name.as_str()) && !value.is_null());
    if !extra.is_empty() {
        user_export::keep_extra(tx, &new.id, &extra).await?;
    }
    Ok(Some(new.id))
}

/// Why there was no room for a user.
async fn taken(tx: &mut Tx, new: &User) -> Result<Refused, Refused> {
    if user::by_username(&mut *tx, &new.realm_id, &new.username)
        .await?
        .is_some()
    {
        return Ok(Refused::Conflict(format!(
            "User exists with same username: {}",
            new.username
        )));
    }
    if let Some(email) = &new.email
        && user::by_email(&mut *tx, &new.realm_id, email).await?.is_some()
    {
        return Ok(Refused::Conflict(format!(
            "User exists with same email: {}",
            new.username
        )));
    }
    Ok(Refused::Conflict(format!(
        "The id of the user {} is taken",
        new.username
    )))
}

async fn user_of(tx: &mut Tx, app: &App, known: &mut Known, given: &Doc) -> Result<Option<User>, Refused> {
    let mut attributes: Attributes = Attributes::new();
    for (name, values) in given.get("attributes").and_then(Value::as_object).into_iter().flatten() {
        let values: Vec<String> = match values {
            Value::Array(all) => all.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            Value::String(one) => vec![one.clone()],
            _ => continue,
        };
        if !values.is_empty() {
            attributes.insert(name.clone(), values);
        }
    }
    let owned = |name: &str| text(given, name).map(str::to_owned);
    let mut new = User {
        id: owned("id").unwrap_or_else(crate::random::uuid),
        realm_id: known.realm_id.clone(),
        username: text(given, "username").map(user::normal).unwrap_or_default(),
        email: text(given, "email").map(user::normal),
        first_name: owned("firstName"),
        last_name: owned("lastName"),
        enabled: flag(given, "enabled"),
        email_verified: flag(given, "emailVerified"),
        created: Some(number(given, "createdTimestamp"))
            .filter(|t| *t > 0)
            .unwrap_or_else(|| app.now()),
        not_before: number(given, "notBefore"),
        service_client: None,
        required_actions: texts(given, "requiredActions").map(str::to_owned).collect(),
        attributes,
    };
    if new.username.is_empty() {
        return Err(Refused::Bad("User name is missing".into()));
    }
    if let Some(client_id) = text(given, "serviceAccountClientId") {
        let Some(holder) = known.client(tx, client_id).await? else {
            return Ok(None);
        };
        if user::service_account(&mut *tx, &known.realm_id, &holder)
            .await?
            .is_some()
        {
            return Ok(None);
        }
        new.service_client = Some(holder);
    }
    if credentials::is_temporary(given) && !new.required_actions.iter().any(|a| a == "UPDATE_PASSWORD") {
        new.required_actions.push("UPDATE_PASSWORD".into());
    }
    Ok(Some(new))
}

/// Links to identity providers; old exports called them social.
fn links(given: &Doc) -> Vec<FederatedIdentity> {
    let read = |list: &'static str, names: [&'static str; 3]| {
        items(given, list).filter_map(move |link| {
            Some(FederatedIdentity {
                provider: text(link, names[0])?.to_owned(),
                external_id: text(link, names[1])?.to_owned(),
                username: text(link, names[2]).map(str::to_owned),
            })
        })
    };
    let now = read("federatedIdentities", ["identityProvider", "userId", "userName"]);
    let once = read("socialLinks", ["socialProvider", "socialUserId", "socialUsername"]);
    now.chain(once).collect()
}

async fn consents(tx: &mut Tx, app: &App, known: &mut Known, user_id: &str, given: &Doc) -> Result<(), Refused> {
    for sent in items(given, "clientConsents") {
        let name = text(sent, "clientId").unwrap_or_default();
        let Some(client_uuid) = known.client(tx, name).await? else {
            return Err(Refused::Bad(format!(
                "Unable to find client consent mappings for client: {name}"
            )));
        };
        let scopes = known.scopes(tx).await?;
        let granted = texts(sent, "grantedClientScopes");
        let granted = granted.filter_map(|n| scopes.iter().find(|s| s.name == n).map(|s| s.id.clone()));
        let time = |name: &str| Some(number(sent, name)).filter(|t| *t > 0);
        let created = time("createdDate").unwrap_or_else(|| app.now());
        let new = Consent {
            user_id: user_id.to_owned(),
            client_uuid,
            scopes: granted.collect(),
            created,
            updated: time("lastUpdatedDate").unwrap_or(created),
        };
        consent::restore(tx, &new).await?;
    }
    Ok(())
}

/// Makes the service account of a client that came without one, with the realm's default role.
pub(super) async fn ensure_service_account(
    tx: &mut Tx,
    app: &App,
    known: &mut Known,
    client: &Client,
) -> Result<(), Refused> {
    let realm_id = known.realm_id.clone();
    if user::service_account(&mut *tx, &realm_id, &client.id).await?.is_some()
        || client::read(&mut *tx, &realm_id, &client.id).await?.is_none()
    {
        return Ok(());
    }
    let new = User {
        id: crate::random::uuid(),
        realm_id: realm_id.clone(),
        username: accounts::username(&client.client_id),
        enabled: true,
        created: app.now(),
        service_client: Some(client.id.clone()),
        ..User::default()
    };
    if user::add(tx, &new, true).await? != Kept::Yes {
        return Err(taken(tx, &new).await?);
    }
    let doc = realm::latest(tx, &realm_id).await?.unwrap_or_default();
    if let Some(role_id) = doc.get("defaultRole").and_then(|r| r["id"].as_str()) {
        role::grant_to_user(tx, &new.id, role_id).await?;
    }
    Ok(())
}
