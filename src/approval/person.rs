//! Whoever decides, and who could.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::stage::{self, Stage};
use crate::app::App;
use crate::error::Error;
use crate::oidc::token_roles;
use crate::store::client;
use crate::store::realm::{self, Realm};
use crate::store::user::{User, normal};
use crate::store::{group, role_member};

/// The most people who are told of one stage.
const MOST: usize = 20;

/// Somebody who decides or wants to.
#[derive(Debug, Clone)]
pub struct Person {
    pub user_id: String,
    /// The id of their realm: the one that is administered, or `master`.
    pub home_id: String,
    /// The id of the client that they use; none by a link.
    pub client_uuid: Option<String>,
    pub ip: IpAddr,
    /// Whether they manage what is decided on.
    pub manages: bool,
    /// Ids of their roles in the realm that is administered, and the paths of their groups there.
    roles: BTreeSet<String>,
    groups: Vec<String>,
    user: User,
}

/// Whether a user is the one that is named: by their id or, where somebody has typed it, by their name or address.
fn is_named(user: &User, owner: &str) -> bool {
    let owner = normal(owner.trim());
    let names = [Some(&user.id), Some(&user.username), user.email.as_ref()];
    names.into_iter().flatten().any(|name| normal(name) == owner)
}

impl Person {
    /// A user of a realm, in front of another or the same.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn of(
        app: &App,
        realm: &Realm,
        home: &Realm,
        user: &User,
        ip: IpAddr,
        manages: bool,
    ) -> Result<Self, Error> {
        let mut person = Self {
            user_id: user.id.clone(),
            home_id: home.id.clone(),
            client_uuid: None,
            ip,
            manages,
            roles: BTreeSet::new(),
            groups: Vec::new(),
            user: user.clone(),
        };
        if home.id == realm.id {
            person.roles = token_roles::of_user(app, realm, &user.id).await?.all();
            for group in group::of_user(&app.db, &user.id).await? {
                person.groups.push(group::path(&app.db, &realm.id, &group).await?);
            }
        }
        Ok(person)
    }

    /// The same through an application that passes on only some roles, and says nothing of groups.
    #[must_use]
    pub fn through(mut self, passes_on: impl Fn(&str) -> bool) -> Self {
        self.roles.retain(|id| passes_on(id));
        self.groups.clear();
        self
    }

    /// Whether they are the owner of something.
    pub fn is(&self, owner: &str) -> bool {
        is_named(&self.user, owner)
    }

    /// Whether they decide at a stage.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn fits(&self, app: &App, realm: &Realm, stage: &str) -> Result<bool, Error> {
        Ok(match Stage::parse(stage) {
            Some(Stage::Any) => self.manages,
            Some(Stage::Group(path)) => self.groups.iter().any(|own| own == path),
            Some(Stage::Role(name)) => {
                let id = stage::role_id(&app.db, realm, name).await?;
                id.is_some_and(|id| self.roles.contains(&id))
            }
            None => false,
        })
    }

    /// Whether they decide at one of these stages.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn fits_any(&self, app: &App, realm: &Realm, stages: &[String]) -> Result<bool, Error> {
        for stage in stages {
            if self.fits(app, realm, stage).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Those of some stages that they decide at.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn fitting(&self, app: &App, realm: &Realm, stages: Vec<String>) -> Result<Vec<String>, Error> {
        let mut fitting = Vec::new();
        for stage in stages {
            if self.fits(app, realm, &stage).await? {
                fitting.push(stage);
            }
        }
        Ok(fitting)
    }
}

/// Somebody who is told that something waits for them.
pub struct Approver {
    pub home: Arc<Realm>,
    pub user: User,
}

impl Approver {
    /// Whether they are the owner of something.
    pub fn is(&self, owner: &str) -> bool {
        is_named(&self.user, owner)
    }
}

/// Those who decide at a stage and have an address, no more than a few. `right`: the role that manages what is decided on.
///
/// # Errors
///
/// Those of the database.
pub async fn approvers(app: &App, realm: &Arc<Realm>, stage: &str, right: &str) -> Result<Vec<Approver>, Error> {
    let mut found = Vec::new();
    match Stage::parse(stage) {
        Some(Stage::Role(name)) => {
            if let Some(id) = stage::role_id(&app.db, realm, name).await? {
                add_holders(app, realm, &id, &mut found).await?;
            }
        }
        Some(Stage::Group(path)) => {
            if let Some(group) = group::by_path(&app.db, &realm.id, path).await? {
                let members = group::members(&app.db, &realm.id, &group.id, 0, MOST as i64).await?;
                add(realm, members, &mut found);
            }
        }
        Some(Stage::Any) => {
            let master = realm::by_name(&app.db, "master").await?;
            let others = master.filter(|master| master.id != realm.id);
            for home in std::iter::once(Arc::clone(realm)).chain(others) {
                if let Some(id) = managing_role(app, &home, realm, right).await? {
                    add_holders(app, &home, &id, &mut found).await?;
                }
            }
        }
        None => {}
    }
    Ok(found)
}

/// The id of the role of one realm that manages something of another, or of itself.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn managing_role(
    app: &App,
    home: &Realm,
    realm: &Realm,
    right: &str,
) -> Result<Option<String>, Error> {
    let holder = if home.name == "master" {
        format!("{}-realm", realm.name)
    } else {
        "realm-management".to_owned()
    };
    let holder = client::by_client_id(&app.db, &home.id, &holder).await?;
    let role = holder.and_then(|holder| home.roles.by_name(&holder.id, right).cloned());
    Ok(role.map(|role| role.id.clone()))
}

/// Those who have a role: by itself, within another, or through a group.
async fn add_holders(app: &App, home: &Arc<Realm>, role_id: &str, found: &mut Vec<Approver>) -> Result<(), Error> {
    for id in home.roles.containing(role_id) {
        if found.len() >= MOST {
            break;
        }
        add(
            home,
            role_member::users(&app.db, &home.id, id, 0, MOST as i64).await?,
            found,
        );
        for group in role_member::groups(&app.db, &home.id, id, 0, MOST as i64).await? {
            let members = group::members(&app.db, &home.id, &group.id, 0, MOST as i64).await?;
            add(home, members, found);
        }
    }
    Ok(())
}

fn add(home: &Arc<Realm>, users: Vec<User>, found: &mut Vec<Approver>) {
    for user in users {
        let told = user.enabled && user.service_client.is_none() && user.email.is_some();
        if told && found.len() < MOST && !found.iter().any(|known| known.user.id == user.id) {
            found.push(Approver {
                home: Arc::clone(home),
                user,
            });
        }
    }
}
