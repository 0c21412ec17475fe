//! Realms, and the snapshot of one that requests work with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vestibule_jose::digest::b64url;

use super::cache::{names_topic, realm_topic};
use super::db::{Db, Query, Tx};
use super::json::{self, Doc};
use super::key::{self, Keys};
use super::part::{self, Part};
use super::realm_removal::is_going;
pub use super::realm_removal::remove;
pub use super::realm_secret::realms_again as seal_again;
use super::role::{self, Roles};
use super::{realm_secret, webhook};
use crate::error::Error;

/// A component: Keycloak's `ComponentRepresentation`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default)]
    pub provider_id: String,
    #[serde(default)]
    pub provider_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<String>,
    #[serde(default)]
    pub config: BTreeMap<String, Vec<String>>,
}

impl Component {
    /// The first value of a setting.
    pub fn first(&self, key: &str) -> Option<&str> {
        self.config.get(key)?.first().map(String::as_str)
    }
}

/// A protocol mapper: what goes into a token, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProtocolMapper {
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub protocol: String,
    /// The provider, as `oidc-usermodel-attribute-mapper`.
    #[serde(default)]
    pub protocol_mapper: String,
    #[serde(default)]
    pub consent_required: bool,
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

/// A client scope: Keycloak's `ClientScopeRepresentation`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientScope {
    pub id: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default)]
    pub protocol: String,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub protocol_mappers: Vec<ProtocolMapper>,
    /// Ids of the roles that the scope passes on; only who has one of them gets the scope.
    #[serde(default, rename = "_scopeRoles", skip_serializing_if = "Vec::is_empty")]
    pub scope_roles: Vec<String>,
}

impl ClientScope {
    /// Whether its name is listed in the `scope` of tokens.
    pub fn in_token_scope(&self) -> bool {
        self.attributes
            .get("include.in.token.scope")
            .is_none_or(|v| v != "false")
    }
}

/// One step of a flow: an authenticator, or a flow inside the flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    pub id: String,
    /// The provider, as `auth-username-password-form`; for a form flow the form's provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<String>,
    /// The id of an authenticator configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator_config: Option<String>,
    /// The id of the flow inside, where this is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// `REQUIRED`, `ALTERNATIVE`, `CONDITIONAL` or `DISABLED`.
    pub requirement: String,
    #[serde(default)]
    pub priority: i64,
    /// A member of old exports that nothing reads any more, kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub user_setup_allowed: bool,
}

/// An authentication flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    pub id: String,
    pub alias: String,
    #[serde(default)]
    pub description: String,
    /// `basic-flow`, `form-flow` or `client-flow`.
    pub provider_id: String,
    pub top_level: bool,
    pub built_in: bool,
    #[serde(default)]
    pub executions: Vec<Execution>,
}

/// The configuration of one step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthenticatorConfig {
    pub id: String,
    pub alias: String,
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

/// A required action: Keycloak's `RequiredActionProviderRepresentation`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequiredAction {
    pub alias: String,
    pub name: String,
    pub provider_id: String,
    pub enabled: bool,
    pub default_action: bool,
    #[serde(default)]
    pub priority: i64,
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

/// A realm with all its configuration, immutable. Clients, groups and users are looked up by key instead.
pub struct Realm {
    pub id: String,
    pub name: String,
    /// `RealmRepresentation` without `id`, `realm` and its collections; `defaultGroups` holds ids.
    pub doc: Doc,
    pub components: Vec<Component>,
    pub client_scopes: Vec<ClientScope>,
    pub flows: Vec<Flow>,
    pub authenticator_configs: Vec<AuthenticatorConfig>,
    /// By priority.
    pub required_actions: Vec<RequiredAction>,
    /// Message texts by language.
    pub localization: BTreeMap<String, Doc>,
    pub roles: Arc<Roles>,
    pub keys: Keys,
    /// What the salts of pairwise subjects are made of that a sector's applications share.
    pub pairwise_salt: String,
    pub webhooks: Vec<webhook::Webhook>,
    /// What doors made of this snapshot.
    pub made: Made,
}

/// Documents made of a snapshot, which live as long as it does.
#[derive(Default)]
pub struct Made(Mutex<Vec<(String, Bytes)>>);

impl Made {
    /// The document that was made under a name, or is made now. As few are kept as a server has addresses.
    pub fn get(&self, name: &str, make: impl FnOnce() -> Bytes) -> Bytes {
        const KEPT: usize = 8;
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = lock().iter().find(|(known, _)| known == name) {
            return known.clone();
        }
        let made = make();
        let mut all = lock();
        if all.len() >= KEPT {
            all.remove(0);
        }
        all.push((name.to_owned(), made.clone()));
        made
    }
}

impl Realm {
    /// A switch, such as `registrationAllowed`.
    pub fn flag(&self, key: &str) -> bool {
        json::flag(&self.doc, key)
    }

    /// A number, such as `accessTokenLifespan` (seconds).
    pub fn number(&self, key: &str) -> i64 {
        json::number(&self.doc, key)
    }

    /// A text that is not empty, such as `passwordPolicy`.
    pub fn text(&self, key: &str) -> Option<&str> {
        json::text(&self.doc, key)
    }

    /// A list of texts, such as `supportedLocales`.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        json::texts(&self.doc, key)
    }

    /// A realm attribute that is not empty; our own settings are kept there (contract 2, 5).
    pub fn attribute(&self, key: &str) -> Option<&str> {
        json::attribute(&self.doc, key)
    }

    /// A realm attribute that is a comma list.
    pub fn listed(&self, key: &str) -> impl Iterator<Item = &str> {
        let list = self.attribute(key).unwrap_or_default().split(',');
        list.map(str::trim).filter(|one| !one.is_empty())
    }

    pub fn enabled(&self) -> bool {
        self.flag("enabled")
    }

    /// Emails belong to one user only.
    pub fn unique_emails(&self) -> bool {
        !self.flag("duplicateEmailsAllowed")
    }

    /// The name that people see.
    pub fn display_name(&self) -> &str {
        self.text("displayName").unwrap_or(&self.name)
    }

    /// The client scope with a name.
    pub fn client_scope(&self, name: &str) -> Option<&ClientScope> {
        self.client_scopes.iter().find(|s| s.name == name)
    }

    /// The flow with an id.
    pub fn flow(&self, id: &str) -> Option<&Flow> {
        self.flows.iter().find(|f| f.id == id)
    }

    /// The flow with an alias.
    pub fn flow_by_alias(&self, alias: &str) -> Option<&Flow> {
        self.flows.iter().find(|f| f.alias == alias)
    }

    /// The configuration of a step.
    pub fn authenticator_config(&self, id: &str) -> Option<&AuthenticatorConfig> {
        self.authenticator_configs.iter().find(|c| c.id == id)
    }

    /// The required action with an alias.
    pub fn required_action(&self, alias: &str) -> Option<&RequiredAction> {
        self.required_actions.iter().find(|a| a.alias == alias)
    }

    /// The components of a provider type.
    pub fn components_of<'a>(&'a self, provider_type: &'a str) -> impl Iterator<Item = &'a Component> {
        self.components.iter().filter(move |c| c.provider_type == provider_type)
    }

    /// The id of the composite role that every user gets, `default-roles-REALM`.
    pub fn default_role_id(&self) -> Option<&str> {
        self.doc.get("defaultRole")?.get("id")?.as_str()
    }
}

/// The id of the realm with a name, from the database or an open transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn id_by_name(q: impl Query, name: &str) -> Result<Option<String>, Error> {
    let row = q.first("select id from realm where name = $1", &[&name]).await?;
    row.map(|mut r| r.next()).transpose()
}

/// The snapshot of the realm with a name.
///
/// # Errors
///
/// Those of the database; [`Error::Corrupt`] or [`Error::Key`] if what is stored cannot be read.
pub async fn by_name(db: &Db, name: &str) -> Result<Option<Arc<Realm>>, Error> {
    let ids = &db.caches.realm_ids;
    let known = match ids.get(name) {
        None => Box::pin(db.caches.get(ids, name.to_owned(), id_by_name(db, name))).await?,
        known => known,
    };
    let Some(id) = known else {
        return Ok(None);
    };
    Ok(by_id(db, &id).await?.filter(|r| r.name == name))
}

/// As [`by_name`], but while the database cannot be asked, the realm as it was last seen: for what changes seldom and many
/// depend on, such as the keys that tokens are checked with.
///
/// # Errors
///
/// As [`by_name`], for a realm that this node has not seen.
pub async fn last_seen(db: &Db, name: &str) -> Result<Option<Arc<Realm>>, Error> {
    match by_name(db, name).await {
        Ok(Some(found)) => {
            db.caches.last_seen.insert(name.to_owned(), Arc::clone(&found));
            Ok(Some(found))
        }
        Ok(None) => {
            db.caches.last_seen.invalidate(name);
            Ok(None)
        }
        Err(e @ (Error::Unreachable(_) | Error::Busy(_) | Error::Storage(_))) => match db.caches.last_seen.get(name) {
            Some(known) => Ok(Some(known)),
            None => Err(e),
        },
        Err(e) => Err(e),
    }
}

/// The snapshot of the realm with an id.
///
/// # Errors
///
/// As [`by_name`].
pub async fn by_id(db: &Db, id: &str) -> Result<Option<Arc<Realm>>, Error> {
    if let Some(known) = db.caches.realms.get(id) {
        return Ok(Some(known));
    }
    Box::pin(keep(db, id)).await
}

async fn keep(db: &Db, id: &str) -> Result<Option<Arc<Realm>>, Error> {
    let _turn = db.caches.turn(id).await;
    db.caches.get(&db.caches.realms, id.to_owned(), load(db, id)).await
}

async fn load(db: &Db, id: &str) -> Result<Option<Arc<Realm>>, Error> {
    let Some(mut row) = db.first("select name, doc from realm where id = $1", &[&id]).await? else {
        return Ok(None);
    };
    let (name, mut doc): (String, _) = (row.next()?, json::parse(&row.next::<String>()?)?);
    if is_going(&name) {
        return Ok(None);
    }
    realm_secret::open(db.secret_key(), id, &mut doc);
    let roles = role::known(db, id).await?;
    let mut realm = Realm {
        id: id.to_owned(),
        name,
        doc,
        components: Vec::new(),
        client_scopes: Vec::new(),
        flows: Vec::new(),
        authenticator_configs: Vec::new(),
        required_actions: Vec::new(),
        localization: BTreeMap::new(),
        roles,
        keys: Keys::default(),
        pairwise_salt: b64url(&db.secret_key().derive("pairwise-salt", id.as_bytes())?),
        webhooks: webhook::of_realm(db, id).await?,
        made: Made::default(),
    };
    for mut part in part::of_realm(db, id).await? {
        if part.kind == "component" {
            realm_secret::open_component(db.secret_key(), id, &mut part.doc);
        }
        place(&mut realm, part)?;
    }
    realm.required_actions.sort_by_key(|a| a.priority);
    realm.keys = Keys::new(key::of_realm(db, id).await?, &realm.components)?;
    Ok(Some(Arc::new(realm)))
}

fn place(realm: &mut Realm, part: Part) -> Result<(), Error> {
    let doc = Value::Object(part.doc);
    match part.kind.as_str() {
        "component" => realm.components.push(serde_json::from_value(doc)?),
        "client-scope" => realm.client_scopes.push(serde_json::from_value(doc)?),
        "flow" => {
            let mut flow: Flow = serde_json::from_value(doc)?;
            flow.executions.sort_by_key(|e| e.priority);
            realm.flows.push(flow);
        }
        "authenticator-config" => realm.authenticator_configs.push(serde_json::from_value(doc)?),
        "required-action" => realm.required_actions.push(serde_json::from_value(doc)?),
        "localization" => {
            if let Value::Object(texts) = doc {
                realm.localization.insert(part.name, texts);
            }
        }
        // Written by a newer version: kept, not understood.
        _ => {}
    }
    Ok(())
}

/// Adds the row of a realm, unless its name or id is taken: then `false`.
///
/// # Errors
///
/// Those of the database.
pub async fn add(tx: &mut Tx, id: &str, name: &str, doc: &Doc) -> Result<bool, Error> {
    let text = serde_json::to_string(&realm_secret::sealed(tx, id, doc)?)?;
    let sql = "insert into realm (id, name, doc) values ($1, $2, $3) on conflict do nothing";
    Ok(tx.exec(sql, &[&id, &name, &text]).await? > 0)
}

/// Completes the document of a realm that was added in this transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn complete(tx: &mut Tx, id: &str, doc: &Doc) -> Result<(), Error> {
    let text = serde_json::to_string(&realm_secret::sealed(tx, id, doc)?)?;
    tx.exec("update realm set doc = $2 where id = $1", &[&id, &text])
        .await?;
    tx.touch(realm_topic(id));
    Ok(())
}

/// Replaces a realm's name and document. `false` if another realm has the name.
///
/// # Errors
///
/// Those of the database.
pub async fn update(tx: &mut Tx, id: &str, name: &str, doc: &Doc) -> Result<bool, Error> {
    let text = serde_json::to_string(&realm_secret::sealed(tx, id, doc)?)?;
    let sql = "update realm set name = $2, doc = $3
               where id = $1 and not exists (select 1 from realm o where o.name = $2 and o.id <> $1)";
    let changed = tx.exec(sql, &[&id, &name, &text]).await?;
    tx.touch(realm_topic(id));
    tx.touch(names_topic());
    Ok(changed > 0)
}

/// Makes other writers of a realm's configuration wait until the transaction ends, so that what is read now is what is
/// changed. `false`: there is no such realm.
///
/// # Errors
///
/// Those of the database.
pub async fn lock(tx: &mut Tx, id: &str) -> Result<bool, Error> {
    // Writing takes the row's lock on both databases.
    let sql = "update realm set name = name where id = $1";
    Ok(tx.exec(sql, &[&id]).await? > 0)
}

/// A realm's document as it is now; it stays so until the transaction ends. What changes a document begins here, so that
/// of two changes at once neither is lost.
///
/// # Errors
///
/// Those of the database.
pub async fn latest(tx: &mut Tx, id: &str) -> Result<Option<Doc>, Error> {
    lock(tx, id).await?;
    let Some(mut row) = tx.first("select doc from realm where id = $1", &[&id]).await? else {
        return Ok(None);
    };
    let mut doc = json::parse(&row.next::<String>()?)?;
    realm_secret::open(tx.secret_key(), id, &mut doc);
    Ok(Some(doc))
}

/// Changes some of a realm's settings. `false` if it is gone.
///
/// # Errors
///
/// Those of the database.
pub async fn change(tx: &mut Tx, id: &str, change: impl FnOnce(&mut Doc)) -> Result<bool, Error> {
    let Some(mut doc) = latest(tx, id).await? else {
        return Ok(false);
    };
    change(&mut doc);
    let text = serde_json::to_string(&realm_secret::sealed(tx, id, &doc)?)?;
    tx.exec("update realm set doc = $2 where id = $1", &[&id, &text])
        .await?;
    tx.touch(realm_topic(id));
    Ok(true)
}
