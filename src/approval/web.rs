//! `login-actions/approval`: a link from a mail to those who decide. Opening it shows a page and changes nothing, as mail
//! scanners open links, too; its button decides.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::link::{self, Link};
use super::person::managing_role;
use super::{Action, Decided, Outcome, Person, Refusal, Stop};
use crate::app::App;
use crate::client_registration::approval as applications;
use crate::error::Error;
use crate::login::address;
use crate::login::web::{open_realm, posted, query};
use crate::oidc::action_token::Refused;
use crate::oidc::token_roles;
use crate::page::{Caching, Draft};
use crate::store::client::{self, Client};
use crate::store::realm::{self, Realm};
use crate::store::{approval as rows, client_registration, user};
use crate::theme::pages::Info;
use crate::theme::pages::approval::Approval as Shown;
use crate::visitor::Visitor;

/// The longest reason that is taken.
const REASON: usize = 1000;

/// A link that is good.
struct Opened {
    app: App,
    visitor: Visitor,
    realm: Arc<Realm>,
    link: Link,
    /// As it was sent.
    key: String,
    by: Person,
    client: Client,
}

impl Opened {
    fn draft(&self) -> Draft<'_> {
        let mut draft = Draft::new(&self.app, &self.realm, &self.visitor, None);
        draft.caching = Caching::NoStore;
        draft
    }
}

/// `GET`: the page with the button.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn page(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    RawQuery(q): RawQuery,
) -> Result<Response, Error> {
    let key = query(q).text("key").unwrap_or_default().to_owned();
    let opened = match open(app, &realm, visitor, key).await? {
        Ok(opened) => opened,
        Err(answer) => return Ok(answer),
    };
    let row = rows::read(&opened.app.db, &opened.realm.id, &opened.link.id).await?;
    let Some(row) = row else {
        return refused(&opened, &Refusal::AlreadyDecided);
    };
    let decided = decided(&opened.link, None);
    let registered = client_registration::of_client(&opened.app.db, &opened.realm.id, &opened.link.id).await?;
    let owner = registered.as_ref().and_then(|known| known.owner.as_deref());
    match super::check(&opened.app, &opened.realm, (&row, owner), &opened.by, &decided).await {
        Ok(()) => {}
        Err(Stop::Refused(refusal)) => return refused(&opened, &refusal),
        Err(Stop::Failed(failed)) => return Err(failed),
    }
    let shown = Shown {
        action: opened.link.action.as_str().to_owned(),
        form_action: format!(
            "{}/login-actions/approval",
            address::realm_path(&opened.visitor.caller, &opened.realm)
        ),
        key: opened.key.clone(),
        client_name: opened.client.display_name().to_owned(),
        client_id: opened.client.client_id.clone(),
        is_change: row.is_change,
        facts: applications::asked_for(&opened.realm, &opened.client, &row),
    };
    opened.draft().answer(StatusCode::OK, &shown)
}

/// `POST` of the page's form: decides.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn decide(
    State(app): State<App>,
    Path(realm): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let sent = posted(&headers, &body);
    let key = sent.text("key").unwrap_or_default().to_owned();
    let opened = match open(app, &realm, visitor, key).await? {
        Ok(opened) => opened,
        Err(answer) => return Ok(answer),
    };
    let reason: Option<String> = sent.text("reason").map(|text| text.chars().take(REASON).collect());
    let reason = reason.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let decided = decided(&opened.link, reason);
    let (app, caller) = (&opened.app, &opened.visitor.caller);
    let done = applications::decide(app, caller, &opened.realm, &opened.by, &opened.link.id, &decided).await;
    let key = match done {
        Ok(Outcome::Approved) => "approvalDoneApproved",
        Ok(Outcome::Refused) => "approvalDoneRefused",
        Ok(Outcome::Next) => "approvalDoneNext",
        Err(Stop::Refused(refusal)) => return refused(&opened, &refusal),
        Err(Stop::Failed(failed)) => return Err(failed),
    };
    tell(&opened, "approvalDoneTitle", key)
}

fn decided<'a>(link: &'a Link, reason: Option<&'a str>) -> Decided<'a> {
    Decided {
        action: link.action,
        reason: reason.filter(|_| link.action == Action::Refuse),
        note: None,
        notify: true,
        ask: Some(&link.ask),
        link: Some(link),
    }
}

/// Opens a link: for whom it is, and what it is about.
async fn open(app: App, realm: &str, visitor: Visitor, key: String) -> Result<Result<Opened, Response>, Error> {
    let realm = match open_realm(&app, &visitor, realm).await? {
        Ok(realm) => realm,
        Err(answer) => return Ok(Err(answer)),
    };
    let bad = |key: &str| {
        let mut draft = Draft::new(&app, &realm, &visitor, None);
        draft.caching = Caching::NoStore;
        draft.error(StatusCode::BAD_REQUEST, key, &[])
    };
    if !crate::oidc::door::is_secure_enough(&realm, &visitor.caller) {
        return Ok(Err(bad("httpsRequiredMessage")?));
    }
    if !realm.enabled() {
        return Ok(Err(bad("realmNotEnabledMessage")?));
    }
    let link = match link::read(&app, &visitor.caller, &realm, &key) {
        Ok(link) => link,
        Err(Refused::Expired(_)) => return Ok(Err(bad("approvalOver")?)),
        Err(Refused::Invalid | Refused::OtherKind) => return Ok(Err(bad("invalidCodeMessage")?)),
    };
    let Some(client) = client::read(&app.db, &realm.id, &link.id).await? else {
        return Ok(Err(bad("approvalOver")?));
    };
    match person(&app, &realm, &visitor, &link).await? {
        Some(by) => Ok(Ok(Opened {
            app,
            visitor,
            realm,
            link,
            key,
            by,
            client,
        })),
        None => Ok(Err(bad("approvalNotYours")?)),
    }
}

/// For whom a link is: with the rights that they have now.
async fn person(app: &App, realm: &Realm, visitor: &Visitor, link: &Link) -> Result<Option<Person>, Error> {
    let Some(home) = realm::by_name(&app.db, &link.home).await? else {
        return Ok(None);
    };
    let found = user::by_id(&app.db, &home.id, &link.user_id).await?;
    let Some(user) = found.filter(|user| user.enabled && (home.id == realm.id || home.name == "master")) else {
        return Ok(None);
    };
    let roles = token_roles::of_user(app, &home, &user.id).await?;
    let right = managing_role(app, &home, realm, applications::RIGHT).await?;
    let manages = right.is_some_and(|id| roles.contains(&id));
    let by = Person::of(app, realm, &home, &user, visitor.caller.ip, manages).await?;
    Ok(Some(by))
}

fn refused(opened: &Opened, refusal: &Refusal) -> Result<Response, Error> {
    let (title, key) = match refusal {
        Refusal::NotFound | Refusal::AlreadyDecided => ("approvalOverTitle", "approvalOver"),
        Refusal::NotTheirs => ("approvalOverTitle", "approvalNotYours"),
        Refusal::Own => ("approvalOverTitle", "approvalOwn"),
        Refusal::Changed => ("approvalOverTitle", "approvalChanged"),
        Refusal::Impossible(why) => {
            let text = [why.clone().into()];
            return opened.draft().error(StatusCode::CONFLICT, "approvalImpossible", &text);
        }
    };
    tell(opened, title, key)
}

fn tell(opened: &Opened, title: &str, key: &str) -> Result<Response, Error> {
    let draft = opened.draft();
    let info = Info {
        message_header: Some(draft.text(title, &[])),
        skip_link: true,
        ..Info::default()
    };
    draft.info(key, &[], &info)
}
