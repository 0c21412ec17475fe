//! An application becomes a client, manages itself, and goes.
//!
//! RFC 7591 and 7592 at Keycloak's path. What a registrant may set is a closed schema (`vestibule_oauth::client_metadata`);
//! the realm's policies judge the client as it would become, on registration and on every change.

mod access;
mod addresses;
mod again;
pub mod api;
pub mod approval;
mod asked;
mod audit;
mod blame;
pub mod cimd;
mod descriptor;
mod error;
mod evaluate;
mod hook;
pub mod install;
pub mod life;
mod manage;
mod metadata;
mod names;
pub mod policy;
mod refusal;
mod register;
mod representation;
mod roles;
mod secret;
mod sector;
mod sent_as;
mod statement;
mod terms;
pub mod token;
pub mod web;

pub use evaluate::{By, evaluate};
pub use manage::BUILT_IN;
pub use metadata::{INVENTED, describe_as_client};
pub use sector::lists_all as check_sector;

use vestibule_oauth::error::Refusal as Fault;

use crate::app::App;
use crate::caller::Caller;
use crate::client_policy::{self, Judge, Source, Updater};
use crate::error::Error;
use crate::rules::Sender;
use crate::store::realm::Realm;
use access::Access;
use asked::Form;
use policy::Policies;
use token::Auth;

/// Who may register applications: the realm's `clientRegistration.access` (contract 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Policies decide about those without a token, as in Keycloak.
    Optional,
    /// Nobody without a token.
    Required,
    /// Everybody; tokens are not looked at.
    Open,
    /// Nobody.
    Off,
}

/// How a realm has it.
pub fn mode(realm: &Realm) -> Mode {
    match realm.attribute("clientRegistration.access") {
        Some("required") => Mode::Required,
        Some("open") => Mode::Open,
        Some("off") => Mode::Off,
        _ => Mode::Optional,
    }
}

/// Whether a realm offers registration at all: else discovery does not name it.
pub fn offered(realm: &Realm) -> bool {
    mode(realm) != Mode::Off
}

/// A call, with what is known of the caller.
struct Request<'a> {
    app: &'a App,
    realm: &'a Realm,
    caller: &'a Caller,
    access: Access,
    form: Form,
}

impl Request<'_> {
    /// How the request came, for rules.
    fn sender(&self) -> Sender {
        let (source, client) = match &self.access {
            Access::Anonymous => ("anonymous", None),
            Access::Initial { .. } => ("token", None),
            Access::Bearer(rights) => ("user", Some(rights.client_id.clone())),
            Access::Registration { .. } => ("client", None),
        };
        Sender {
            address: self.caller.ip.to_string(),
            client,
            locale: None,
            source,
        }
    }

    /// The policies of a realm for those who came in one way or the other.
    fn policies(&self, auth: Auth) -> Policies<'_> {
        Policies::of(self.realm, auth, mode(self.realm) == Mode::Open, self.sender())
    }
}

impl<'a> Request<'a> {
    /// Whoever calls, as client policies see them.
    async fn judge(&'a self) -> Result<Judge<'a>, Error> {
        let (source, user_id) = match &self.access {
            Access::Anonymous => (Source::Anonymous, None),
            Access::Initial { .. } => (Source::InitialAccessToken, None),
            Access::Bearer(rights) => (Source::User, Some(rights.user_id.as_str())),
            Access::Registration { .. } => (Source::RegistrationAccessToken, None),
        };
        let caller = self.caller;
        let updater = Updater {
            source,
            caller,
            user_id,
        };
        client_policy::judge_of(self.app, self.realm, updater).await
    }
}

/// A member of the wrong type is a fault of the JSON, which is told before anything is decided.
fn is_about_json(fault: &Fault) -> bool {
    matches!(fault.code, "unknown_error" | "invalid_request")
}
