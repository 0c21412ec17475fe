//! Letting an application act: which scopes need a yes, the page that asks, the answer.

mod strangers;

use crate::client_registration::cimd::{self, Agreed};
use crate::error::Error;
use crate::events;
use crate::login::actions::{self, CONSENT};
use crate::login::{Turn, answer, expired, record, session};
use crate::oidc::authorize::checks;
use crate::page::{Response, StatusCode};
use crate::store::client::Client;
use crate::store::consent;
use crate::store::realm::{ClientScope, Realm};
use crate::store::user::User;
use crate::theme::pages::{Oauth, OauthGrant, Scope};

/// The note that says which version of an application's description the person was shown.
const SHOWN: &str = "cimd";

/// Whether a scope is shown when somebody is asked.
fn is_shown(scope: &ClientScope) -> bool {
    scope
        .attributes
        .get("display.on.consent.screen")
        .is_none_or(|v| v != "false")
}

/// The scopes that a request gets and that people are asked about, in the order in which they are shown.
pub fn asked<'a>(realm: &'a Realm, client: &Client, scope: Option<&str>) -> Vec<&'a ClientScope> {
    let requested = |name: &str| scope.is_some_and(|s| vestibule_oauth::scope::contains(s, name));
    let default = client.texts("defaultClientScopes").into_iter();
    let optional = client
        .texts("optionalClientScopes")
        .into_iter()
        .filter(|name| requested(name));
    let mut all: Vec<&ClientScope> = default
        .chain(optional)
        .filter_map(|name| realm.client_scope(name))
        .filter(|s| is_shown(s))
        .collect();
    let order = |s: &ClientScope| s.attributes.get("gui.order").and_then(|o| o.parse::<i64>().ok());
    all.sort_by(|a, b| (order(a).unwrap_or(i64::MAX), &a.name).cmp(&(order(b).unwrap_or(i64::MAX), &b.name)));
    all.dedup_by(|a, b| a.id == b.id);
    all
}

/// The consent page, if this request needs one.
///
/// # Errors
///
/// Those of the database.
pub async fn next(turn: &mut Turn, user: &User) -> Result<Option<String>, Error> {
    let device = turn.session.request.device.is_some();
    if !turn.client.flag("consentRequired") && !device {
        turn.session.set_note("consent", "no_consent_required");
        return Ok(None);
    }
    if turn.session.note("consent") == Some("consent_granted") {
        return Ok(None);
    }
    let open = open_scopes(turn, user).await?;
    if open.is_empty() && !device && !is_new(turn, user).await? {
        turn.session.set_note("consent", "persistent_consent");
        return Ok(None);
    }
    Ok(Some(CONSENT.to_owned()))
}

/// Whether an application that describes itself is one to which this person has not said yes, whatever it asks for.
async fn is_new(turn: &Turn, user: &User) -> Result<bool, Error> {
    if !cimd::is_document(&turn.client) {
        return Ok(false);
    }
    let known = consent::of(&turn.app.db, &user.id, &turn.client.id).await?;
    Ok(known.is_none() || !cimd::is_kept(&turn.app, &turn.client).await?)
}

/// The scopes that the person has not agreed to yet; with `prompt=consent` all.
async fn open_scopes(turn: &Turn, user: &User) -> Result<Vec<ClientScope>, Error> {
    let request = &turn.session.request;
    let asked = asked(&turn.realm, &turn.client, request.scope.as_deref());
    // Who types the code of a device says yes to that device (RFC 8628 section 5.4), whatever they said before.
    let anew = request.prompts().consent || request.device.is_some() || is_new(turn, user).await?;
    let known = match anew {
        true => None,
        false => consent::of(&turn.app.db, &user.id, &turn.client.id).await?,
    };
    let agreed = |s: &ClientScope| known.as_ref().is_some_and(|k| k.scopes.contains(&s.id));
    Ok(asked.into_iter().filter(|s| !agreed(s)).cloned().collect())
}

/// Asks.
///
/// # Errors
///
/// Those of the database and of the page.
pub async fn page(mut turn: Turn, user: &User) -> Result<Response, Error> {
    let client_scopes_requested = open_scopes(&turn, user)
        .await?
        .into_iter()
        .map(|s| Scope {
            consent_screen_text: s
                .attributes
                .get("consent.screen.text")
                .filter(|t| !t.is_empty())
                .unwrap_or(&s.name)
                .clone(),
            dynamic_scope_parameter: String::new(),
        })
        .collect();
    let code = turn.session.fresh_code().to_owned();
    turn.session.set_note(SHOWN, cimd::version(&turn.client));
    let stranger = strangers::described(&turn);
    let draft = turn.notice();
    let answer = draft.answer(
        StatusCode::OK,
        &OauthGrant {
            oauth: Oauth {
                code,
                client_scopes_requested,
                stranger,
            },
        },
    )?;
    session::save(&turn.app, &mut turn.session).await?;
    Ok(answer)
}

/// What a yes keeps of the application.
enum Kept<'a> {
    /// The application that describes itself; `None`: it is a client as others are.
    As(Option<Agreed<'a>>),
    /// It is not any more what the person was shown.
    Changed,
}

async fn to_keep(turn: &Turn) -> Result<Result<Kept<'_>, cimd::Refused>, Error> {
    let (client, shown) = (&turn.client, turn.session.note(SHOWN).unwrap_or_default());
    if !cimd::is_document(client) {
        return Ok(Ok(Kept::As(None)));
    }
    let loaded = Agreed::load(&turn.app, &turn.visitor.caller, &turn.realm, client, shown).await?;
    Ok(loaded.map(|agreed| agreed.map_or(Kept::Changed, |agreed| Kept::As(Some(agreed)))))
}

fn undescribed(mut turn: Turn, refused: cimd::Refused) -> Result<Response, Error> {
    let message = checks::undescribed(refused).message;
    expired::error(turn.notice(), &message)
}

/// What the person said.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn answered(mut turn: Turn, user: User, agreed: bool) -> Result<Response, Error> {
    if !agreed {
        let event = record::settled(&turn, events::refusal("LOGIN", "rejected_by_user"));
        events::record_alone(&turn.app, &turn.realm, &event).await;
        return answer::refuse(turn, "access_denied", None).await;
    }
    let request = turn.session.request.clone();
    let now_agreed = asked(&turn.realm, &turn.client, request.scope.as_deref());
    let known = consent::of(&turn.app.db, &user.id, &turn.client.id).await?;
    let mut scopes = known.map(|k| k.scopes).unwrap_or_default();
    for scope in &now_agreed {
        if !scopes.contains(&scope.id) {
            scopes.push(scope.id.clone());
        }
    }
    let agreed = match to_keep(&turn).await? {
        Ok(Kept::As(agreed)) => agreed,
        Ok(Kept::Changed) => return page(turn, &user).await,
        Err(refused) => return undescribed(turn, refused),
    };
    let mut tx = turn.app.db.begin().await?;
    if let Some(agreed) = &agreed
        && let Err(refused) = agreed.keep(&mut tx, &user.id).await?
    {
        drop(tx);
        return undescribed(turn.clone(), refused);
    }
    drop(agreed);
    consent::put(&mut tx, &user.id, &turn.client.id, &scopes, turn.app.now()).await?;
    tx.commit().await?;
    // No event of its own: as in Keycloak the LOGIN that follows says `consent_granted`.
    turn.session.set_note("consent", "consent_granted");
    actions::proceed(turn, user).await
}
