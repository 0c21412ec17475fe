//! Clients, roles, groups and users of a partial import.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Action, Done, IfExists, Outcome};
use crate::app::App;
use crate::client_policy::Judge;
use crate::password::policy;
use crate::privilege;
use crate::realm_import::groups::Former;
use crate::realm_import::overwritten::Overwritten;
use crate::realm_import::users::{self, Incoming, Rules};
use crate::realm_import::{Known, Refused, clients, groups, items, roles};
use crate::store::json::{Doc, text};
use crate::store::realm::Realm;
use crate::store::user::{self, User};
use crate::store::{Tx, group, role};

/// Clients that every realm has for itself; an import leaves them alone, with their roles.
const INTERNAL: &[&str] = &[
    "account",
    "account-console",
    "admin-cli",
    "broker",
    "realm-management",
    "security-admin-console",
];

/// A partial import under way.
pub(super) struct Import<'a> {
    pub tx: &'a mut Tx,
    pub app: &'a App,
    pub realm: &'a Realm,
    pub known: Known,
    pub policy: IfExists,
    pub judge: &'a Judge<'a>,
    pub base: &'a str,
    /// What roles were whose clients are overwritten, by the client's name and their own.
    pub former_roles: HashMap<(String, String), Doc>,
    pub outcomes: Vec<Outcome>,
}

/// Whether a client is the realm's own, or holds the roles of administrators.
fn is_internal(realm: &Realm, client_id: &str) -> bool {
    INTERNAL.contains(&client_id) || privilege::is_holder(&realm.name, client_id)
}

/// Roles of the realm (`""`) and of clients that may be imported, with the `clientId`.
fn sent_roles<'a>(realm: &Realm, given: &'a Doc) -> Vec<(&'a str, &'a Doc)> {
    let Some(sent) = given.get("roles").and_then(Value::as_object) else {
        return Vec::new();
    };
    let of_realm = items(sent, "realm").map(|r| ("", r));
    let of_clients = sent.get("client").and_then(Value::as_object).into_iter().flatten();
    let of_clients = of_clients.filter(|(client_id, _)| !privilege::is_holder(&realm.name, client_id));
    let of_clients = of_clients.flat_map(|(client_id, roles)| {
        let roles = roles.as_array().into_iter().flatten().filter_map(Value::as_object);
        roles.map(move |r| (client_id.as_str(), r))
    });
    of_realm.chain(of_clients).collect()
}

fn sent_clients<'a>(realm: &'a Realm, given: &'a Doc) -> impl Iterator<Item = &'a Doc> {
    items(given, "clients").filter(|c| !is_internal(realm, text(c, "clientId").unwrap_or_default()))
}

impl Import<'_> {
    /// Notes what was done; the event tells of it with the id.
    pub(super) fn note(&mut self, action: Action, kind: &'static str, name: &str, id: &str, sent: &Doc) {
        let mut told = Doc::new();
        if kind != "IDP" && kind != "CLIENT_ROLE" {
            told.insert("id".into(), json!(id));
        }
        told.extend(sent.clone());
        self.outcomes.push(Outcome {
            action,
            kind,
            name: name.to_owned(),
            id: id.to_owned(),
            sent: told,
        });
    }

    pub(super) async fn refuse_what_is_there(&mut self, given: &Doc, users: &[Incoming]) -> Result<(), Refused> {
        for sent in sent_clients(self.realm, given) {
            let name = text(sent, "clientId").unwrap_or_default();
            if self.known.client(self.tx, name).await?.is_some() {
                return Err(Refused::Conflict(format!("Client id '{name}' already exists")));
            }
        }
        for (client_id, sent) in sent_roles(self.realm, given) {
            let name = text(sent, "name").unwrap_or_default();
            let Some(holder) = self.holder(client_id).await? else {
                continue;
            };
            if self.known.role(self.tx, &holder, name).await?.is_some() {
                return Err(Refused::Conflict(match client_id {
                    "" => format!("Realm role '{name}' already exists."),
                    _ => format!("Client role '{name}' for client '{client_id}' already exists."),
                }));
            }
        }
        for sent in items(given, "groups") {
            let Some(path) = text(sent, "path") else { continue };
            if self.known.group(self.tx, path).await?.is_some() {
                return Err(Refused::Conflict(format!("Group '{path}' already exists")));
            }
        }
        for incoming in users {
            if self.user(&incoming.given).await?.is_some() {
                let name = text(&incoming.given, "username").unwrap_or_default();
                return Err(Refused::Conflict(format!("User with user name {name} already exists.")));
            }
        }
        super::identity_providers::refuse_what_is_there(self, given).await
    }

    /// Whose a role is; `""` is the realm.
    async fn holder(&mut self, client_id: &str) -> Result<Option<String>, Refused> {
        if client_id.is_empty() {
            return Ok(Some(String::new()));
        }
        Ok(self.known.client(self.tx, client_id).await?)
    }

    pub(super) async fn clients(&mut self, given: &Doc) -> Result<(), Refused> {
        for sent in sent_clients(self.realm, given) {
            let name = text(sent, "clientId").unwrap_or_default();
            let there = self.known.client(self.tx, name).await?;
            let mut wanted = sent.clone();
            let mut over = None;
            let action = match (there, self.policy) {
                (Some(id), IfExists::Skip) => {
                    self.note(Action::Skipped, "CLIENT", name, &id, sent);
                    continue;
                }
                (Some(id), _) => {
                    for role in self.realm.roles.of(&id) {
                        let of = (name.to_owned(), role.name.clone());
                        self.former_roles.insert(of, role.doc.clone());
                    }
                    over = Overwritten::take(self.tx, &self.realm.id, &id).await?;
                    if let Some(over) = &over {
                        over.keep_secrets(&mut wanted);
                    }
                    self.known.forget_client(name);
                    Action::Overwritten
                }
                (None, _) => Action::Added,
            };
            let into = clients::Into {
                realm: self.realm,
                judge: self.judge,
                base: self.base,
                over: over.as_ref(),
            };
            let id = clients::add(self.tx, self.app, &mut self.known, Some(&into), &wanted).await?;
            self.note(action, "CLIENT", name, &id, sent);
        }
        Ok(())
    }

    /// A role that is overwritten keeps its id, and who has it. Keycloak counts it as added, too.
    pub(super) async fn roles(&mut self, given: &Doc) -> Result<(), Refused> {
        let mut composed = Vec::new();
        for (client_id, sent) in sent_roles(self.realm, given) {
            let name = text(sent, "name").unwrap_or_default();
            let holder = self.holder(client_id).await?;
            let missing = || {
                Refused::Missing(format!(
                    "Can not import client roles for nonexistent client named {client_id}"
                ))
            };
            let holder = holder.ok_or_else(missing)?;
            let there = self.known.role(self.tx, &holder, name).await?;
            let (kind, shown) = if client_id.is_empty() {
                ("REALM_ROLE", name.to_owned())
            } else {
                ("CLIENT_ROLE", format!("{client_id}-->{name}"))
            };
            // Of a client's role Keycloak tells the id of the client.
            let told = |id: &str| {
                if holder.is_empty() {
                    id.to_owned()
                } else {
                    holder.clone()
                }
            };
            if let Some(id) = &there {
                if self.policy == IfExists::Skip {
                    self.note(Action::Skipped, kind, &shown, &told(id), sent);
                    continue;
                }
                self.note(Action::Overwritten, kind, &shown, &told(id), sent);
                if sent.contains_key("composites") {
                    for child in self.realm.roles.children(id) {
                        role::decompose(self.tx, &self.realm.id, id, child).await?;
                    }
                }
            }
            let id = {
                let former = self.former_roles.get(&(client_id.to_owned(), name.to_owned()));
                roles::add_one(self.tx, &mut self.known, &holder, sent, former).await?
            };
            self.note(Action::Added, kind, &shown, &told(&id), sent);
            composed.push((holder, sent));
        }
        roles::compose(self.tx, &mut self.known, &composed).await
    }

    pub(super) async fn groups(&mut self, given: &Doc) -> Result<(), Refused> {
        for sent in items(given, "groups") {
            let name = text(sent, "name").unwrap_or_default();
            let path = text(sent, "path").map_or_else(|| format!("/{name}"), str::to_owned);
            let there = self.known.group(self.tx, &path).await?;
            let mut former = None;
            let action = match (there, self.policy) {
                (Some(id), IfExists::Skip) => {
                    self.note(Action::Skipped, "GROUP", name, &id, sent);
                    continue;
                }
                (Some(_), IfExists::Fail) => return Err(Refused::Conflict("Duplicate resource error".into())),
                (Some(id), IfExists::Overwrite) => {
                    former = Some(Former::of(self.tx, &self.realm.id, &id).await?);
                    group::remove(self.tx, &self.realm.id, &id).await?;
                    self.known.forget_groups();
                    Action::Overwritten
                }
                (None, _) => Action::Added,
            };
            let parent = match path.strip_suffix(name).map(|p| p.trim_end_matches('/')) {
                None | Some("") => String::new(),
                Some(above) => {
                    let found = self.known.group(self.tx, above).await?;
                    found.ok_or_else(|| Refused::Bad(format!("Group {above} not found")))?
                }
            };
            let id = groups::add(self.tx, &mut self.known, &parent, sent, former.as_ref()).await?;
            self.note(action, "GROUP", name, &id, sent);
        }
        Ok(())
    }

    /// Who has the user name, else the address, of a user that was sent.
    async fn user(&mut self, sent: &Doc) -> Result<Option<User>, Refused> {
        if let Some(name) = text(sent, "username")
            && let Some(found) = user::by_username(&mut *self.tx, &self.realm.id, name).await?
        {
            return Ok(Some(found));
        }
        let email = text(sent, "email").filter(|_| self.realm.unique_emails());
        Ok(match email {
            Some(email) => user::by_email(&mut *self.tx, &self.realm.id, email).await?,
            None => None,
        })
    }

    pub(super) async fn users(&mut self, users: Vec<Incoming>) -> Result<(), Refused> {
        let rules = Rules {
            unique_emails: self.realm.unique_emails(),
            recipe: policy::of(self.realm).recipe(),
        };
        let mut mine: Vec<String> = Vec::new();
        for incoming in users {
            let name = text(&incoming.given, "username").unwrap_or_default().to_owned();
            let there = self.user(&incoming.given).await?;
            let action = match (there, self.policy) {
                // The document has it twice.
                (Some(u), _) if mine.contains(&u.id) => {
                    return Err(Refused::Conflict("Duplicate resource error".into()));
                }
                (Some(u), IfExists::Skip) => {
                    self.note(Action::Skipped, "USER", &name, &u.id, &incoming.given);
                    continue;
                }
                (Some(u), _) => {
                    user::remove(self.tx, &self.realm.id, &u.id).await?;
                    Action::Overwritten
                }
                (None, _) => Action::Added,
            };
            let added = users::add(self.tx, self.app, &mut self.known, &rules, &incoming).await;
            // Keycloak's words for whatever is taken at this point.
            let added = added.map_err(|refused| match refused {
                Refused::Conflict(_) => Refused::Conflict("Duplicate resource error".into()),
                other => other,
            })?;
            if let Some(id) = added {
                self.note(action, "USER", &name, &id, &incoming.given);
                mine.push(id);
            }
        }
        Ok(())
    }

    /// Ends the import.
    pub(super) async fn end(mut self) -> Result<Done, Refused> {
        crate::realm_import::finish(self.tx, self.app, &mut self.known).await?;
        Ok(Done {
            given_roles: self.known.take_given(self.tx).await?,
            outcomes: self.outcomes,
        })
    }
}
