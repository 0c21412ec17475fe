//! What the realm's client policies say of an authorization request.

use vestibule_oauth::params::Params;

use super::Asking;
use super::checks::{ForTheClient, ForThePerson};
use crate::client_policy::{self, Asked, Event};
use crate::error::Error;
use crate::oidc::policy;
use crate::store::client::Client;
use crate::store::json::Doc;

/// Why a policy refuses, by where that is told.
pub(super) enum Refused {
    ForThePerson(ForThePerson),
    ForTheClient(ForTheClient),
}

/// A request as policies see it.
pub(super) struct Judged<'a> {
    pub client: &'a Client,
    /// What the address itself says.
    pub sent: &'a Params,
    /// What counts was pushed before.
    pub pushed: bool,
    /// The claims of the object that it came in, and whether it was encrypted.
    pub object: Option<(&'a Doc, bool)>,
}

impl Judged<'_> {
    fn asked<'a>(&'a self, asking: &Asking<'a>, issuer: &'a str) -> Asked<'a> {
        Asked {
            sent: self.sent,
            pushed: self.pushed,
            object: self.object,
            ..policy::asked(asking.app, &asking.visitor.caller, issuer, asking.params)
        }
    }

    /// Before it is known that the redirect URI is the client's.
    pub(super) async fn before(&self, asking: &Asking<'_>) -> Result<Result<(), ForThePerson>, Error> {
        let issuer = asking.visitor.caller.issuer(&asking.realm.name);
        let asked = Event::PreAuthorization(self.asked(asking, &issuer));
        match client_policy::judge(asking.app, asking.realm, self.client, asked).await {
            Ok(_) => Ok(Ok(())),
            Err(client_policy::Stop::Refused(refused)) => Ok(Err(page(refused))),
            Err(client_policy::Stop::Failed(failed)) => Err(failed),
        }
    }

    /// When all else is in order.
    pub(super) async fn judge(&self, asking: &Asking<'_>) -> Result<Result<(), Refused>, Error> {
        let issuer = asking.visitor.caller.issuer(&asking.realm.name);
        let asked = Event::Authorization(self.asked(asking, &issuer));
        match client_policy::judge(asking.app, asking.realm, self.client, asked).await {
            Ok(_) => Ok(Ok(())),
            Err(client_policy::Stop::Failed(failed)) => Err(failed),
            Err(client_policy::Stop::Refused(refused)) if refused.for_the_person => {
                Ok(Err(Refused::ForThePerson(page(refused))))
            }
            Err(client_policy::Stop::Refused(refused)) => Ok(Err(Refused::ForTheClient(ForTheClient {
                code: refused.code,
                details: refused.details(),
                description: Some(refused.text.into_owned()),
                event: refused.code,
                reason: None,
                mode_known: true,
            }))),
        }
    }
}

fn page(refused: client_policy::Refused) -> ForThePerson {
    ForThePerson {
        status: refused.status,
        details: refused.details(),
        message: refused.text,
        argument: None,
        event: refused.code,
        reason: None,
    }
}
