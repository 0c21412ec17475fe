//! What was approved comes into force: a client begins, or changes.

use super::told::{asked_for, form_of};
use crate::app::App;
use crate::approval::{Refusal, Stop};
use crate::caller::Caller;
use crate::client_policy::Judge;
use crate::client_registration::access::Access;
use crate::client_registration::asked::{Asked, Form};
use crate::client_registration::manage::{apply, change};
use crate::client_registration::policy::Policies;
use crate::client_registration::register::have_account;
use crate::client_registration::token::Auth;
use crate::client_registration::{Request, hook, refusal, sector, statement, terms};
use crate::error::Error;
use crate::events;
use crate::store::approval::Approval;
use crate::store::client::{self, Client, Standing};
use crate::store::client_registration::{self, Registration};
use crate::store::event::Event;
use crate::store::json::{Doc, text};
use crate::store::realm::Realm;
use crate::store::{Tx, client_life};

/// The application in the place of which something is done.
pub(super) struct OnBehalf<'a> {
    request: Request<'a>,
    auth: Auth,
    bound: Doc,
    registration: Option<Registration>,
    /// Who issued the software statement of a change.
    issuer: Option<String>,
}

impl<'a> OnBehalf<'a> {
    pub(super) async fn of(
        app: &'a App,
        caller: &'a Caller,
        realm: &'a Realm,
        client: &Client,
        row: &Approval,
    ) -> Result<Self, Error> {
        let auth = Auth::parse(client.secrets.rat_auth.as_deref());
        let registration = client_registration::of_client(&app.db, &realm.id, &client.id).await?;
        let access = Access::Registration {
            token: String::new(),
            jti_hash: String::new(),
            auth,
            origins: None,
        };
        let form = if row.is_change { form_of(row) } else { Form::OpenId };
        Ok(Self {
            request: Request {
                app,
                realm,
                caller,
                access,
                form,
            },
            auth,
            bound: registration.as_ref().map(|r| r.terms.clone()).unwrap_or_default(),
            registration,
            issuer: text(&row.asked, super::ISSUER).map(str::to_owned),
        })
    }

    /// The policies of this moment.
    fn policies(&self) -> Policies<'_> {
        self.request
            .policies(self.auth)
            .and_remaining(&terms::policies(&self.bound))
    }

    /// Judges a new client, as it is, by the policies of this moment.
    pub(super) async fn judge(&self, client: &Client) -> Result<(), Stop> {
        let judge = self.request.judge().await?;
        let nothing = Asked::OpenId(Box::default());
        let judged = change(&self.request, self.auth, &self.bound, &judge, client, &nothing);
        judged.map(drop).map_err(|refused| impossible(refused.into()))
    }

    /// Lets a new client begin.
    pub(super) async fn begin(&self, tx: &mut Tx, client: &mut Client) -> Result<(), Stop> {
        begin(tx, &self.request, &self.policies(), client, self.registration.as_ref())
            .await
            .map_err(impossible)
    }

    /// Gets ready to judge the change of a row by the policies of this moment: what others publish is fetched here.
    pub(super) async fn change(&self, client: &Client, row: &Approval) -> Result<(Asked, Judge<'_>), Stop> {
        let unreadable = || Refusal::Impossible("The change cannot be read any more".to_owned());
        let asked = asked_for(self.request.realm, row).ok_or_else(unreadable)?;
        let judge = self.request.judge().await?;
        let wanted = change(&self.request, self.auth, &self.bound, &judge, client, &asked);
        let (wanted, _) = wanted.map_err(|refused| impossible(refused.into()))?;
        let checked = sector::check(self.request.app, &wanted).await;
        checked.map_err(|refused| impossible(refused.into()))?;
        Ok((asked, judge))
    }

    /// Changes the client, as it is now.
    pub(super) async fn put_in_force(
        &self,
        tx: &mut Tx,
        client: &mut Client,
        (asked, judge): &(Asked, Judge<'_>),
    ) -> Result<(), Stop> {
        let wanted = change(&self.request, self.auth, &self.bound, judge, client, asked);
        let (mut wanted, _) = wanted.map_err(|refused| impossible(refused.into()))?;
        statement::mark(&mut wanted, self.issuer.as_deref());
        let before = client.doc.clone();
        apply(tx, &self.request, &self.policies(), client, wanted)
            .await
            .map_err(impossible)?;
        let mut event = Event::new("CLIENT_UPDATE");
        event.client_id = Some(client.client_id.clone());
        let (realm, app) = (self.request.realm, self.request.app);
        hook::after(tx, &self.request, client, Some(&before)).await?;
        Ok(events::record(tx, realm, &event, app.now()).await?)
    }
}

/// Lets a client that waited begin: from now on it is of use.
///
/// # Errors
///
/// A person has the name that its service account would have; those of the database.
pub(in crate::client_registration) async fn begin(
    tx: &mut Tx,
    request: &Request<'_>,
    policies: &Policies<'_>,
    client: &mut Client,
    registration: Option<&Registration>,
) -> Result<(), refusal::Stop> {
    let (app, realm) = (request.app, request.realm);
    client.standing = Standing::Live;
    client::set_standing(tx, &realm.id, &client.id, Standing::Live).await?;
    if client.flag("serviceAccountsEnabled") {
        have_account(tx, request, client, &policies.roles()).await?;
        // Given once, as to all others.
        terms::give_roles(&mut *tx, client).await?;
    }
    client_life::begin(tx, &client.id, app.now()).await?;
    let mut event = Event::new("CLIENT_REGISTER");
    event.client_id = Some(client.client_id.clone());
    if let Some(known) = registration {
        event.ip_address.clone_from(&known.ip_address);
        event.user_id = known.owner.clone().filter(|_| known.source == "user");
        if let Some(token) = &known.token_id {
            event = event.detail("token", token.as_str());
        }
    }
    events::record(tx, realm, &event, app.now()).await?;
    hook::after(tx, request, client, None).await?;
    Ok(())
}

/// What refuses a registrant tells those who decide that nothing comes of it.
fn impossible(stop: refusal::Stop) -> Stop {
    match stop {
        refusal::Stop::Refused(refused) => Refusal::Impossible(refused.told()).into(),
        refusal::Stop::Failed(failed) => failed.into(),
    }
}
