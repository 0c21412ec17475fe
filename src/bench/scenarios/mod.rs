//! The scenarios: what a person, a program or an application does, over and over.

mod admin_user_create;
mod browser_login;
mod browser_registration;
mod client_credentials;
mod client_list;
pub(super) mod client_registration;
mod discovery;
mod introspection;
mod json_registration;
mod login_page;
mod password_grant;
mod refresh;
mod ruled_registration;
pub(super) mod tenants;
mod userinfo;

use std::fmt::Write as _;

use clap::ValueEnum;

use super::client::Fault;
use super::site::{Site, reason, unique};

/// A scenario by name, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// A person registers by JSON
    JsonRegistration,
    /// A service account creates a user with a password
    AdminUserCreate,
    /// A person registers in a browser: page, form, code
    BrowserRegistration,
    /// The password grant, with an ID token
    PasswordGrant,
    /// A person signs in in a browser: page, form, code, tokens
    BrowserLogin,
    /// The client credentials grant
    ClientCredentials,
    /// The refresh grant, with an ID token
    Refresh,
    /// An application registers with an initial access token
    ClientRegistration,
    /// The same under ten policies, one of them an expression
    RuledRegistration,
    /// At one of many realms: discovery, registration, its own token, a device
    Tenants,
    /// The Admin API's first page of applications
    ClientList,
    /// The Admin API's look-up of an application by its name
    ClientLookup,
    /// Token introspection
    Introspection,
    /// Userinfo
    Userinfo,
    /// The login page of a new browser
    LoginPage,
    /// The discovery document
    Discovery,
}

/// One of many that do the same at the same time.
pub struct Worker {
    /// Which one it is.
    pub number: u32,
    /// The token that its scenario needs.
    pub token: String,
    done: u64,
    unique: String,
}

impl Worker {
    /// A new one, that has done nothing yet.
    pub fn new(number: u32) -> Self {
        Self {
            number,
            token: String::new(),
            done: 0,
            unique: unique(),
        }
    }

    /// A name that nobody had before.
    pub fn new_name(&mut self) -> String {
        self.done += 1;
        format!("{}-{}", self.unique, self.done)
    }
}

impl Scenario {
    /// All, or those that were asked for, in the table's order.
    pub fn chosen(asked: &[Self]) -> impl Iterator<Item = Self> {
        Self::value_variants()
            .iter()
            .copied()
            .filter(move |scenario| asked.is_empty() || asked.contains(scenario))
    }

    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// What one worker needs before it begins.
    ///
    /// # Errors
    /// When it cannot be had, or is not offered.
    pub async fn prepare(self, site: &Site, worker: &mut Worker) -> Result<(), Fault> {
        // Only a scenario's own request tells whether it is offered.
        let token = match self {
            Self::AdminUserCreate => client_credentials::token(site).await,
            Self::Refresh => password_grant::member(site, worker.number, "refresh_token").await,
            Self::Introspection | Self::Userinfo => password_grant::member(site, worker.number, "access_token").await,
            Self::ClientRegistration => client_registration::initial_token(site).await,
            Self::RuledRegistration => ruled_registration::initial_token(site).await,
            Self::ClientList | Self::ClientLookup => site.admin_token().await,
            _ => return Ok(()),
        };
        worker.token = token.map_err(|fault| Fault::Failed(format!("not prepared: {}", reason(fault))))?;
        Ok(())
    }

    /// Do all workers use one token? Else each has its own.
    pub fn shares_token(self) -> bool {
        matches!(
            self,
            Self::AdminUserCreate
                | Self::ClientRegistration
                | Self::RuledRegistration
                | Self::ClientList
                | Self::ClientLookup
        )
    }

    /// Does it once.
    ///
    /// # Errors
    /// When anything is not as it should be.
    pub async fn once(self, site: &Site, worker: &mut Worker) -> Result<(), Fault> {
        match self {
            Self::JsonRegistration => json_registration::once(site, worker).await,
            Self::AdminUserCreate => admin_user_create::once(site, worker).await,
            Self::BrowserRegistration => browser_registration::once(site, worker).await,
            Self::PasswordGrant => password_grant::once(site, worker).await,
            Self::BrowserLogin => browser_login::once(site, worker).await,
            Self::ClientCredentials => client_credentials::once(site).await,
            Self::Refresh => refresh::once(site, worker).await,
            Self::ClientRegistration => client_registration::once(site, worker).await,
            Self::RuledRegistration => ruled_registration::once(site, worker).await,
            Self::Tenants => tenants::once(site, worker).await,
            Self::ClientList => client_list::page(site, worker).await,
            Self::ClientLookup => client_list::one(site, worker).await,
            Self::Introspection => introspection::once(site, worker).await,
            Self::Userinfo => userinfo::once(site, worker).await,
            Self::LoginPage => login_page::once(site).await,
            Self::Discovery => discovery::once(site).await,
        }
    }
}

/// Names and what they mean, aligned.
pub fn list() -> String {
    let mut text = String::new();
    for value in Scenario::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
    {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "{:<21} {help}", value.get_name());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_chosen_unless_some_are_asked_for() {
        assert_eq!(Scenario::chosen(&[]).count(), 16);
        let chosen: Vec<_> = Scenario::chosen(&[Scenario::Discovery, Scenario::Refresh]).collect();
        assert_eq!(chosen, [Scenario::Refresh, Scenario::Discovery]);
    }

    #[test]
    fn the_list_names_each_with_its_meaning() {
        assert_eq!(list().lines().count(), 16);
        assert!(list().starts_with("json-registration     A person registers by JSON\n"));
    }

    #[test]
    fn names_never_repeat() {
        let (mut one, mut other) = (Worker::new(0), Worker::new(0));
        let names = [one.new_name(), one.new_name(), other.new_name()];
        assert!(names[0] != names[1] && names[0] != names[2]);
    }
}
