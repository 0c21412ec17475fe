//! What somebody said yes to is kept, so that it can be counted, shown, switched off, and told from what it becomes later.

use super::super::audit::{self, Act};
use super::super::life::quota;
use super::super::refusal::{Refusal, Stop};
use super::super::{Request, hook, sector};
use super::document::{self, Document};
use super::{DELETED, NEEDS_APPROVAL, Refused, is_document, judge, make, policies, request, version};
use crate::app::App;
use crate::caller::Caller;
use crate::client_policy::Judge;
use crate::error::Error;
use crate::events;
use crate::rules::hook::Decision;
use crate::store::client::{self, Client};
use crate::store::client_registration::{self, Registration};
use crate::store::realm::Realm;
use crate::store::{Tx, consent, limit, single_use};

/// A client that somebody has just said yes to, with its document.
pub struct Agreed<'a> {
    request: Request<'a>,
    judge: Judge<'a>,
    client: &'a Client,
    document: Document,
}

impl<'a> Agreed<'a> {
    /// Looks at the document once more, before a transaction is opened. `None`: it is not the one that was shown.
    ///
    /// # Errors
    ///
    /// Those of the database. Why the document cannot be used is in the inner result.
    pub async fn load(
        app: &'a App,
        caller: &'a Caller,
        realm: &'a Realm,
        client: &'a Client,
        shown: &str,
    ) -> Result<Result<Option<Self>, Refused>, Error> {
        let document = match document::read(app, realm, &client.client_id).await {
            Ok(document) => document,
            Err(refused) => return Ok(Err(refused)),
        };
        if version(client) != shown || document.digest != shown {
            return Ok(Ok(None));
        }
        let request = request(app, caller, realm);
        let kept = client::by_client_id(&app.db, &realm.id, &client.client_id).await?;
        let is_known = kept.as_deref().is_some_and(|kept| version(kept) == shown);
        if !is_known && let Err(refusal) = admitted(&request, client, kept.as_deref()).await {
            return Ok(Err(Refused::of(&refusal)));
        }
        Ok(Ok(Some(Self {
            request,
            judge: judge(app, caller, realm).await?,
            client,
            document,
        })))
    }

    /// Keeps the client, in the transaction of the consent. What others had said yes to before it changed, they are asked
    /// about again.
    ///
    /// # Errors
    ///
    /// Those of the database. Why it is not let in after all is in the inner result.
    pub async fn keep(&self, tx: &mut Tx, user_id: &str) -> Result<Result<(), Refused>, Error> {
        match self.put(tx, user_id).await {
            Ok(()) => Ok(Ok(())),
            Err(Stop::Refused(refusal)) => Ok(Err(Refused::of(&refusal))),
            Err(Stop::Failed(failed)) => Err(failed),
        }
    }

    async fn put(&self, tx: &mut Tx, user_id: &str) -> Result<(), Stop> {
        let (realm, client_id) = (self.request.realm, &self.client.client_id);
        // Many may say yes to the same one at once.
        limit::take_turn(tx, &realm.id, "cimd").await?;
        let Some(known) = client::read_by_client_id(&mut *tx, &realm.id, client_id).await? else {
            return self.add(tx, user_id).await;
        };
        if !is_document(&known) || !known.enabled() {
            return Err(Refusal::metadata("the client was switched off").into());
        }
        if version(&known) == self.document.digest {
            return Ok(());
        }
        client_registration::lock(tx, &realm.id, &known.id).await?;
        let known = client::read(&mut *tx, &realm.id, &known.id).await?.unwrap_or(known);
        let changed = make(&self.request, &self.judge, client_id, Some(&known), &self.document)?;
        client::update(tx, &changed).await?;
        consent::forget(tx, &known.id).await?;
        hook::after(tx, &self.request, &changed, Some(&known.doc)).await?;
        self.tell(tx, Act::Update, user_id).await
    }

    async fn add(&self, tx: &mut Tx, user_id: &str) -> Result<(), Stop> {
        let (app, realm, client) = (self.request.app, self.request.realm, self.client);
        if single_use::is_spent(&mut *tx, &realm.id, DELETED, &client.client_id).await? {
            return Err(Refusal::metadata("the client was deleted").into());
        }
        policies(&self.request).judge_number(tx).await??;
        quota::judge(tx, &self.request).await?;
        let registration = Registration {
            ip_address: Some(self.request.caller.ip.to_string()),
            created: app.now(),
            active: app.now(),
            ..Registration::new(client, "cimd")
        };
        client::add(tx, client).await?;
        client_registration::add(tx, &registration).await?;
        hook::after(tx, &self.request, client, None).await?;
        self.tell(tx, Act::Register, user_id).await
    }

    async fn tell(&self, tx: &mut Tx, act: Act, user_id: &str) -> Result<(), Stop> {
        let mut event = audit::done(&self.request, act, &self.client.client_id);
        event.user_id = Some(user_id.to_owned());
        Ok(events::record(tx, self.request.realm, &event, self.request.app.now()).await?)
    }
}

/// What the hook of the realm says. What it would add, nobody has seen: it only says yes or no.
async fn admitted(request: &Request<'_>, client: &Client, kept: Option<&Client>) -> Result<(), Refusal> {
    let said = hook::ask(request, &client.doc, None, kept).await?;
    if said.decision == Decision::Queue {
        return Err(Refusal::metadata(NEEDS_APPROVAL));
    }
    sector::check(request.app, &client.doc).await
}
