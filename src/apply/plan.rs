//! Makes a realm what a file declares, in one transaction, and tells what was not so.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::diff::{self, Act, Entry};
use super::file::Declared;
use super::names;
use crate::admin::api::clients::write;
use crate::admin::api::error::ApiError;
use crate::admin::api::record::{Operation, record_by_operator};
use crate::admin::api::{declared, default_client_scopes};
use crate::app::App;
use crate::client_policy::Judge;
use crate::client_registration::{BUILT_IN, approval, cimd, policy};
use crate::client_secret;
use crate::error::Error;
use crate::service_account;
use crate::store::client::{self, Client};
use crate::store::client_registration::{self, Registration};
use crate::store::json::{self, Doc};
use crate::store::part::{self, Kind};
use crate::store::realm::{ClientScope, Component, Realm};
use crate::store::{Tx, applied, client_scope_use};

const LISTS: [&str; 2] = ["defaultClientScopes", "optionalClientScopes"];

/// Kinds of objects, as they are owned and told.
const CLIENT: &str = "client";
const SCOPE: &str = "client scope";
const POLICY: &str = "registration policy";

/// Why it cannot be.
#[derive(Debug)]
pub enum Refused {
    /// What is wrong with the file; says where.
    File(String),
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(failed: Error) -> Self {
        Self::Failed(failed)
    }
}

/// What is worked on.
pub struct Work<'a> {
    pub app: &'a App,
    pub realm: &'a Realm,
    pub judge: &'a Judge<'a>,
    /// Where links to this server begin.
    pub base: &'a str,
    pub declared: &'a Declared,
    pub prune: bool,
}

impl Work<'_> {
    /// Does it. What was done is told even if the transaction then ends without a commit.
    ///
    /// # Errors
    ///
    /// [`Refused::File`] with the first object that cannot be; those of the database.
    pub async fn run(&self, tx: &mut Tx) -> Result<Vec<Entry>, Refused> {
        let mut told = Vec::new();
        // As they are in this transaction: the realm was read a while ago.
        let scopes: Vec<ClientScope> = parts(&mut *tx, self.realm, Kind::ClientScope).await?;
        for given in &self.declared.scopes {
            told.extend(self.scope(tx, &scopes, given).await?);
        }
        for given in &self.declared.clients {
            told.extend(self.client(tx, given).await?);
        }
        let mut policies: Vec<Component> = parts(&mut *tx, self.realm, Kind::Component).await?;
        policies.retain(|component| component.provider_type == policy::TYPE);
        for given in &self.declared.policies {
            told.extend(self.policy(tx, &policies, given).await?);
        }
        if self.prune {
            self.prune(tx, &mut told).await?;
        }
        Ok(told)
    }

    async fn scope(&self, tx: &mut Tx, all: &[ClientScope], given: &Doc) -> Result<Option<Entry>, Refused> {
        let name = json::text(given, "name").unwrap_or_default();
        let known = all.iter().find(|scope| scope.name == name);
        let scope = declared::scope(self.realm, known, given).map_err(|e| at(SCOPE, name, e))?;
        let lines = match known {
            Some(known) => diff::between(&doc(known)?, &doc(&scope)?),
            None => diff::all(given),
        };
        if known.is_none() || !lines.is_empty() {
            let doc = doc(&scope)?;
            part::put(tx, &self.realm.id, Kind::ClientScope, &scope.id, &scope.name, &doc).await?;
        }
        self.settle(tx, SCOPE, (&scope.id, name), (known.is_some(), given), lines)
            .await
    }

    async fn policy(&self, tx: &mut Tx, all: &[Component], given: &Doc) -> Result<Option<Entry>, Refused> {
        let name = policy_name(given);
        let known = all
            .iter()
            .find(|one| doc(one).is_ok_and(|doc| policy_name(&doc) == name));
        let component = declared::policy(self.realm, known, given).map_err(|e| at(POLICY, &name, e))?;
        if let Some(why) = names::fault(tx, self.realm, self.declared, &component).await? {
            return Err(Refused::File(format!("{POLICY} {name}: {why}")));
        }
        let lines = match known {
            Some(known) => diff::between(&doc(known)?, &doc(&component)?),
            None => diff::all(given),
        };
        if known.is_none() || !lines.is_empty() {
            let doc = doc(&component)?;
            let plain = component.name.as_deref().unwrap_or_default();
            part::put(tx, &self.realm.id, Kind::Component, &component.id, plain, &doc).await?;
        }
        self.settle(tx, POLICY, (&component.id, &name), (known.is_some(), given), lines)
            .await
    }

    async fn client(&self, tx: &mut Tx, given: &Doc) -> Result<Option<Entry>, Refused> {
        let (app, realm) = (self.app, self.realm);
        let name = json::text(given, "clientId").unwrap_or_default();
        let known = latest(tx, realm, name).await?;
        if known
            .as_ref()
            .is_some_and(|known| known.attribute("realm_client") == Some("true"))
        {
            return Err(Refused::File(format!(
                "client {name}: the realm itself needs it; leave it out"
            )));
        }
        let mut client =
            declared::client(app, realm, self.judge, known.as_ref(), given).map_err(|e| at(CLIENT, name, e))?;
        self.name_scopes(&mut client.doc, given, name)?;
        let lines = match &known {
            Some(known) => {
                let mut lines = diff::between(&known.doc, &client.doc);
                // A secret is told to be another one, and no more.
                let chosen = json::text(given, "secret").filter(|_| !client.public());
                let other = chosen.is_some_and(|chosen| !client_secret::matches(app, known, chosen).unwrap_or(false));
                lines.extend(other.then(|| "secret: changed".to_owned()));
                lines
            }
            None => diff::all(given),
        };
        match &known {
            None => self.add(tx, &client).await?,
            Some(_) if lines.is_empty() => {}
            Some(known) => {
                client::update(tx, &client).await?;
                approval::ask_if_changed(tx, app, realm, self.base, (known, &client)).await?;
            }
        }
        let was_on = known.as_ref().is_some_and(|known| known.flag("serviceAccountsEnabled"));
        if known.is_none() || !lines.is_empty() {
            let account = write::service_account(tx, app, realm, &client, was_on).await;
            account.map_err(|e| at(CLIENT, name, e))?;
        }
        self.settle(tx, CLIENT, (&client.id, name), (known.is_some(), given), lines)
            .await
    }

    async fn add(&self, tx: &mut Tx, client: &Client) -> Result<(), Refused> {
        if !client::add(tx, client).await? {
            return Err(Refused::File(format!("client {}: its name is taken", client.client_id)));
        }
        Ok(client_registration::add(tx, &Registration::new(client, "admin")).await?)
    }

    /// Sets the lists of client scopes that are named; the API has addresses of their own for them.
    fn name_scopes(&self, doc: &mut Doc, given: &Doc, client: &str) -> Result<(), Refused> {
        let is_there = |name: &&str| {
            let declared = &self.declared.scopes;
            self.realm.client_scope(name).is_some() || declared.iter().any(|s| json::text(s, "name") == Some(*name))
        };
        for list in LISTS {
            if !given.get(list).is_some_and(Value::is_array) {
                continue;
            }
            let names = json::texts(given, list);
            if let Some(name) = names.iter().find(|name| !is_there(name)) {
                return Err(Refused::File(format!(
                    "client {client}: {list}: there is no client scope {name}"
                )));
            }
            doc.insert(list.to_owned(), json!(names));
        }
        if json::flag(doc, "serviceAccountsEnabled") {
            service_account::give_scope(self.realm, doc);
        }
        Ok(())
    }

    /// Notes whose it is, and tells what was not as declared: to whoever applies it, and among the admin events.
    async fn settle(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        (id, name): (&str, &str),
        (was_there, given): (bool, &Doc),
        lines: Vec<String>,
    ) -> Result<Option<Entry>, Refused> {
        let owner = &self.declared.owner;
        let had = applied::owner(&mut *tx, &self.realm.id, kind, id).await?;
        if let Some(other) = had.as_ref().filter(|had| *had != owner) {
            return Err(Refused::File(format!(
                "{kind} {name} is declared by the files of `{other}`"
            )));
        }
        if had.is_none() {
            applied::own(tx, &self.realm.id, kind, id, owner).await?;
        }
        let act = match (was_there, lines.is_empty(), had.is_some()) {
            (false, ..) => Act::Add,
            (true, false, _) => Act::Change,
            (true, true, false) => Act::TakeOver,
            (true, true, true) => return Ok(None),
        };
        match act {
            Act::Add => self.record(tx, Operation::Create, kind, id, Some(given)).await?,
            Act::Change => self.record(tx, Operation::Update, kind, id, Some(given)).await?,
            Act::TakeOver | Act::Remove => {}
        }
        let name = name.to_owned();
        Ok(Some(Entry { act, kind, name, lines }))
    }

    /// Records what is done, as the Admin API would.
    async fn record(
        &self,
        tx: &mut Tx,
        operation: Operation,
        kind: &str,
        id: &str,
        given: Option<&Doc>,
    ) -> Result<(), Error> {
        let (resource, folder) = match kind {
            CLIENT => ("CLIENT", "clients"),
            SCOPE => ("CLIENT_SCOPE", "client-scopes"),
            _ => ("COMPONENT", "components"),
        };
        let told = given.map(|given| Value::Object(given.clone()));
        let path = format!("{folder}/{id}");
        record_by_operator(tx, self.app, self.realm, operation, (resource, &path), told.as_ref()).await
    }

    /// Removes what files of this owner declared before and this one does not.
    async fn prune(&self, tx: &mut Tx, told: &mut Vec<Entry>) -> Result<(), Refused> {
        let (realm, owner) = (self.realm, &self.declared.owner);
        for kind in [POLICY, CLIENT, SCOPE] {
            for id in applied::of_owner(&mut *tx, &realm.id, kind, owner).await? {
                let Some(name) = self.name_of(tx, kind, &id).await? else {
                    applied::forget(tx, &realm.id, kind, &id).await?;
                    continue;
                };
                if self.is_declared(kind, &name) {
                    continue;
                }
                if kind == CLIENT && BUILT_IN.contains(&name.as_str()) {
                    // The realm does not work without it; it is nobody's file's any more.
                    applied::forget(tx, &realm.id, kind, &id).await?;
                    continue;
                }
                match kind {
                    CLIENT => {
                        service_account::remove(tx, realm, &id).await?;
                        if let Some(known) = client::read(&mut *tx, &realm.id, &id).await? {
                            cimd::deleted(tx, realm, &known).await?;
                        }
                        client::remove(tx, &realm.id, &id).await?;
                    }
                    SCOPE => {
                        part::remove(tx, &realm.id, Kind::ClientScope, &id).await?;
                        default_client_scopes::take_away(tx, realm, &name).await?;
                        client_scope_use::remove(tx, &realm.id, &name).await?;
                    }
                    _ => {
                        part::remove(tx, &realm.id, Kind::Component, &id).await?;
                    }
                }
                applied::forget(tx, &realm.id, kind, &id).await?;
                self.record(tx, Operation::Delete, kind, &id, None).await?;
                let lines = Vec::new();
                told.push(Entry {
                    act: Act::Remove,
                    kind,
                    name,
                    lines,
                });
            }
        }
        Ok(())
    }

    /// What an object is called that is there still. Of those that were only just made it is not asked.
    async fn name_of(&self, tx: &mut Tx, kind: &str, id: &str) -> Result<Option<String>, Error> {
        Ok(match kind {
            CLIENT => client::read(tx, &self.realm.id, id)
                .await?
                .map(|client| client.client_id),
            SCOPE => {
                let scope = part::read(tx, &self.realm.id, Kind::ClientScope, id).await?;
                scope.and_then(|scope| json::text(&scope, "name").map(str::to_owned))
            }
            _ => {
                let component = part::read(tx, &self.realm.id, Kind::Component, id).await?;
                component.map(|component| policy_name(&component))
            }
        })
    }

    fn is_declared(&self, kind: &str, name: &str) -> bool {
        let is_called = |all: &[Doc], key: &str| all.iter().any(|one| json::text(one, key) == Some(name));
        match kind {
            CLIENT => is_called(&self.declared.clients, "clientId"),
            SCOPE => is_called(&self.declared.scopes, "name"),
            _ => self.declared.policies.iter().any(|one| policy_name(one) == name),
        }
    }
}

/// A client as it is in this transaction, in which nobody else changes it any more.
async fn latest(tx: &mut Tx, realm: &Realm, client_id: &str) -> Result<Option<Client>, Error> {
    let Some(known) = client::read_by_client_id(&mut *tx, &realm.id, client_id).await? else {
        return Ok(None);
    };
    client_registration::lock(tx, &realm.id, &known.id).await?;
    client::read(tx, &realm.id, &known.id).await
}

async fn parts<T: DeserializeOwned>(tx: &mut Tx, realm: &Realm, kind: Kind) -> Result<Vec<T>, Error> {
    let all = part::of_kind(tx, &realm.id, kind).await?;
    let read = all
        .into_iter()
        .map(|part| serde_json::from_value(Value::Object(part.doc)));
    Ok(read.collect::<Result<_, _>>()?)
}

/// Policies are told apart by their name and by whom they judge.
pub(super) fn policy_name(given: &Doc) -> String {
    let sub_type = json::text(given, "subType").unwrap_or("anonymous");
    format!("{} ({sub_type})", json::text(given, "name").unwrap_or_default())
}

fn doc(thing: &impl serde::Serialize) -> Result<Doc, Error> {
    let value = serde_json::to_value(thing)?;
    Ok(value.as_object().cloned().unwrap_or_default())
}

fn at(kind: &str, name: &str, refused: ApiError) -> Refused {
    match refused {
        ApiError::Failed(failed) => Refused::Failed(failed),
        ApiError::Refused(_, told) => {
            let text = ["errorMessage", "error_description", "error"];
            let text = text.iter().find_map(|name| told.get(*name)?.as_str());
            Refused::File(format!("{kind} {name}: {}", text.unwrap_or("it is not valid")))
        }
    }
}
