//! Some things are added to a realm that is there (`partialImport`): clients, roles, identity providers, groups, users.
//!
//! First it is looked whether anything is there already that must not be, then all is added, in Keycloak's order.

mod identity_providers;
mod resources;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::users::Incoming;
use super::{Known, Refused, items};
use crate::app::App;
use crate::client_policy::Judge;
use crate::password::{self, policy};
use crate::store::Tx;
use crate::store::json::{Doc, text};
use crate::store::realm::Realm;

/// Most passwords in plain text in one request: they are hashed one by one.
const MOST_PLAIN: usize = 2000;

/// What is done about what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfExists {
    Fail,
    Skip,
    Overwrite,
}

/// What was done with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Added,
    Skipped,
    Overwritten,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Skipped => "SKIPPED",
            Self::Overwritten => "OVERWRITTEN",
        }
    }
}

/// One thing of the import, and what was done with it.
pub struct Outcome {
    pub action: Action,
    /// `USER`, `GROUP`, `CLIENT`, `REALM_ROLE`, `CLIENT_ROLE`, `IDP` or `IDP_MAPPER`.
    pub kind: &'static str,
    pub name: String,
    pub id: String,
    /// What was sent, with the id that it has now.
    pub sent: Doc,
}

impl Outcome {
    /// Where an admin event says that it is, as Keycloak does.
    pub fn path(&self) -> String {
        let folder = match self.kind {
            "USER" => "users",
            "GROUP" => "groups",
            "CLIENT" | "CLIENT_ROLE" => "clients",
            "REALM_ROLE" => "realms",
            "IDP" => "identity-provider-settings",
            _ => "mappers",
        };
        format!("{folder}/{}", self.id)
    }
}

/// A partial import that is about to be committed.
pub struct Done {
    pub outcomes: Vec<Outcome>,
    /// The ids of roles that were given to somebody, or put into others: see first whether the caller may.
    pub given_roles: Vec<String>,
}

/// Keycloak's answer: how much of what was done, and all of it.
pub fn answer(outcomes: &[Outcome]) -> Value {
    let count = |action| outcomes.iter().filter(|o| o.action == action).count();
    let results: Vec<Value> = outcomes
        .iter()
        .map(|o| json!({ "action": o.action.as_str(), "resourceType": o.kind, "resourceName": o.name, "id": o.id }))
        .collect();
    json!({
        "overwritten": count(Action::Overwritten), "added": count(Action::Added), "skipped": count(Action::Skipped),
        "results": results
    })
}

/// Takes the users out of a document and hashes their passwords as their realm wants it, which is the document's own where it
/// is not there yet. Call it before the transaction.
///
/// # Errors
///
/// [`Refused::Bad`] for passwords that the realm does not accept; [`Refused::Failed`] if too many hashes wait.
pub async fn users(app: &App, realm: Option<&Realm>, given: &mut Doc) -> Result<Vec<Incoming>, Refused> {
    let Some(Value::Array(all)) = given.shift_remove("users") else {
        return Ok(Vec::new());
    };
    let policy = realm.map_or_else(|| policy::of_document(given), policy::of);
    let mut read = Vec::with_capacity(all.len());
    let mut plain = 0;
    for sent in all {
        let Value::Object(sent) = sent else { continue };
        if let (Some(realm), Some(value)) = (realm, plain_password(&sent)) {
            let (username, email) = (text(&sent, "username"), text(&sent, "email"));
            if let Err(broken) = password::accept(app, realm, value, username, email, None).await? {
                return Err(Refused::Bad(broken.text));
            }
        }
        let incoming = Incoming::read(app, policy.recipe(), sent).await?;
        plain += usize::from(incoming.password.is_some());
        if plain > MOST_PLAIN {
            return Err(Refused::Bad(format!("More than {MOST_PLAIN} passwords are not hashed")));
        }
        read.push(incoming);
    }
    Ok(read)
}

fn plain_password(sent: &Doc) -> Option<&str> {
    let mut all = items(sent, "credentials").filter(|c| !c.contains_key("secretData"));
    all.find_map(|c| text(c, "value"))
}

/// Adds everything. `users`: from [`users`]; `judge`: who adds it, for the realm's client policies;
/// `base`: where links to this server begin.
///
/// # Errors
///
/// [`Refused`]: drop the transaction.
pub async fn add(
    tx: &mut Tx,
    app: &App,
    realm: &Realm,
    given: &Doc,
    users: Vec<Incoming>,
    policy: IfExists,
    (judge, base): (&Judge<'_>, &str),
) -> Result<Done, Refused> {
    let mut import = resources::Import {
        tx,
        app,
        realm,
        known: Known::new(&realm.id),
        policy,
        judge,
        base,
        former_roles: HashMap::new(),
        outcomes: Vec::new(),
    };
    if policy == IfExists::Fail {
        import.refuse_what_is_there(given, &users).await?;
    }
    import.clients(given).await?;
    import.roles(given).await?;
    identity_providers::add(&mut import, given).await?;
    import.groups(given).await?;
    import.users(users).await?;
    import.end().await
}
