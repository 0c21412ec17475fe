//! Client policies: which profiles a realm's policies lay on what a client does or becomes, and what those demand.
//!
//! A policy has conditions and profiles; where the conditions hold, the executors of its profiles run: on a client as it
//! would become, which they may complete, and on what it asks for. Conditions and executors are pure; what they need to know
//! of others is gathered before. The doors call [`Judge::change`] and
//! [`judge`].

mod at;
mod condition;
mod config;
mod effects;
mod executor;
mod gathered;
mod refused;
mod rules;

pub use at::{Asked, Change, Event, Source, Updater};
pub use config::whole;
pub use effects::Effects;
pub use refused::Refused;
pub use rules::GLOBAL;

use at::At;
use gathered::Gathered;

use crate::app::App;
use crate::error::Error;
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::Realm;

/// Why something ended: a policy refused, or we failed.
#[derive(Debug)]
pub enum Stop {
    Refused(Refused),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(failed: Error) -> Self {
        Self::Failed(failed)
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Who makes or changes a client, with what the realm's policies need to know of them.
pub struct Judge<'a> {
    realm: &'a Realm,
    updater: Updater<'a>,
    known: Gathered,
}

/// Asks about whoever is going to make or change a client. Do it before a transaction is opened.
///
/// # Errors
///
/// Those of the database.
pub async fn judge_of<'a>(app: &App, realm: &'a Realm, updater: Updater<'a>) -> Result<Judge<'a>, Error> {
    let known = gathered::of(app, realm, &updater).await?;
    Ok(Judge { realm, updater, known })
}

impl Judge<'_> {
    /// Makes of a client what the realm's policies want, and judges the result. `before`: as it is, `None` for a new one;
    /// `names_authenticator`: whether the way to authenticate was said, and is not just what clients have by default.
    ///
    /// # Errors
    ///
    /// What is wrong, in Keycloak's words.
    pub fn change(
        &self,
        before: Option<&Client>,
        names_authenticator: bool,
        doc: &mut Doc,
    ) -> Result<Effects, Refused> {
        let mut effects = Effects::default();
        if !rules::any(self.realm) {
            return Ok(effects);
        }
        let change = Change {
            updater: self.updater,
            names_authenticator,
        };
        let wanted = doc.clone();
        let at = At {
            realm: self.realm,
            doc: &wanted,
            client: before,
            event: Event::Change(&change),
            updater: Some(&self.known),
        };
        for rule in rules::matching(&at) {
            executor::on_change(&rule, doc, &change).map_err(|refused| refused.by(&rule))?;
            effects.add(&rule, &at);
        }
        Ok(effects)
    }

    /// Whether something may be done with a client that leaves it what it is, such as giving it a new secret.
    ///
    /// # Errors
    ///
    /// What rejects it.
    pub fn touch(&self, client: &Client) -> Result<(), Refused> {
        let change = Change {
            updater: self.updater,
            names_authenticator: false,
        };
        rejected(&At {
            event: Event::Change(&change),
            updater: Some(&self.known),
            ..At::request(self.realm, client, Event::Look)
        })
    }
}

/// What the policies of today make of an authorization request that was judged when it came.
pub fn effects(realm: &Realm, client: &Client, asked: Asked<'_>) -> Effects {
    let mut effects = Effects::default();
    if rules::any(realm) {
        let at = At::request(realm, client, Event::Authorization(asked));
        for rule in rules::matching(&at) {
            effects.add(&rule, &at);
        }
    }
    effects
}

/// Judges what a client asks for, and tells what the policies make of it beside.
///
/// # Errors
///
/// [`Stop::Refused`] in Keycloak's words.
pub async fn judge(app: &App, realm: &Realm, client: &Client, event: Event<'_>) -> Result<Effects, Stop> {
    let mut effects = Effects::default();
    if !rules::any(realm) {
        return Ok(effects);
    }
    let at = At::request(realm, client, event);
    for rule in rules::matching(&at) {
        let judged = match executor::on_request(&rule, &at) {
            Ok(()) => executor::ask_others(app, &rule, &at).await,
            refused => refused,
        };
        judged.map_err(|refused| {
            // Keycloak's door for codes has one word for all of them but this one, which it asks before.
            let of_code = event.grant() == Some("authorization_code") && rule.executor != REJECT;
            Refused {
                told: of_code.then_some("invalid_grant"),
                ..refused.by(&rule)
            }
        })?;
        effects.add(&rule, &at);
    }
    Ok(effects)
}

/// The executor that lets nothing pass.
const REJECT: &str = "reject-request";

/// Whether a client may be read or removed: all that is asked is whether something rejects whatever is done.
///
/// # Errors
///
/// What rejects it.
pub fn look(realm: &Realm, client: &Client) -> Result<(), Refused> {
    rejected(&At::request(realm, client, Event::Look))
}

fn rejected(at: &At<'_>) -> Result<(), Refused> {
    if !rules::any(at.realm) {
        return Ok(());
    }
    match rules::matching(at).iter().find(|rule| rule.executor == REJECT) {
        Some(rule) => executor::reject().map_err(|refused| refused.by(rule)),
        None => Ok(()),
    }
}
