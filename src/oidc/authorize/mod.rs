//! The authorization endpoint (`OpenID` Connect Core 3.1.2, RFC 6749 4.1.1), and its siblings that begin with registration or
//! with a forgotten password.

pub mod arrival;
pub mod checks;
mod details;
mod expected;
pub mod front;
pub mod object;
mod policies;
pub mod web;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use vestibule_oauth::params::Params;

use crate::app::App;
use crate::client_registration::{self, cimd};
use crate::error::Error;
use crate::events;
use crate::login::answer::{self, Way};
use crate::login::session::{self, FlowKind};
use crate::login::{Turn, address, flow, record, restart};
use crate::organization::{self, Invited};
use crate::page::{self, Draft};
use crate::registration::settings;
use crate::store::client::{Client, Standing};
use crate::store::event::Event;
use crate::store::realm::Realm;
use crate::visitor::Visitor;
use checks::{ForTheClient, ForThePerson, Trusted};
use policies::{Judged, Refused};

/// What a realm has switched off is no event, as in Keycloak.
const UNRECORDED: &str = "";

/// A request on its way through the checks.
struct Asking<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    realm: &'a Arc<Realm>,
    params: &'a Params,
    /// Registration or recovery that begins here has events of its own.
    kind: FlowKind,
}

/// Takes an authorization request to its first page, or straight back to the application. `kind`: with which flow it begins.
///
/// # Errors
///
/// Those of the database and of pages.
pub async fn begin(
    app: &App,
    visitor: &Visitor,
    realm: &Arc<Realm>,
    params: &Params,
    kind: FlowKind,
) -> Result<Response, Error> {
    let asking = Asking {
        app,
        visitor,
        realm,
        params,
        kind,
    };
    // An application may be open to registration where its realm is not, and the other way round.
    let found = match params.text("client_id") {
        Some(id) => cimd::find(app, &visitor.caller, realm, id).await?,
        None => Ok(None),
    };
    let named = found.as_ref().ok().cloned().flatten();
    let invited = match invitation(&asking).await? {
        Ok(invited) => invited,
        Err(refused) => return asking.page(None, &refused).await,
    };
    if let Err(refused) = open(visitor, realm, named.as_deref(), kind, invited.is_some()) {
        return asking.page(None, &refused).await;
    }
    if let Err(refused) = checks::client_id(params) {
        return asking.page(None, &refused).await;
    }
    if let Some(waits) = named.as_deref().filter(|client| client.standing != Standing::Live) {
        return client_registration::web::not_yet(app, visitor, realm, waits, params);
    }
    let known = match checks::known_client(found) {
        Ok(known) => known,
        Err(refused) => return asking.page(None, &refused).await,
    };
    let client = Arc::clone(&known.0);
    if let Some(invited) = invited {
        // No application has sent them, and none gets an answer.
        let request = organization::door::request(&visitor.caller, &client);
        return first_page(asking, Trusted { client, request }, kind, Some(invited)).await;
    }
    let arrived = match arrival::resolve(app, &visitor.caller, realm, &client, params).await? {
        Ok(arrived) => arrived,
        Err(reason) => return asking.page(Some(&client), &checks::unreadable(reason)).await,
    };
    let params = &arrived.params;
    let judged = Judged {
        client: &client,
        sent: asking.params,
        pushed: arrived.pushed.is_some(),
        object: arrived.object.as_ref().map(|(claims, encrypted)| (claims, *encrypted)),
    };
    let asking = Asking { params, ..asking };
    if let Err(refused) = judged.before(&asking).await? {
        return asking.page(Some(&client), &refused).await;
    }
    let trusted = checks::readable(known, params)
        .and_then(|readable| checks::trusted(&visitor.caller, realm, readable, params, arrived.pushed.clone()));
    let mut trusted = match trusted {
        Ok(trusted) => trusted,
        Err(refused) => return asking.page(Some(&client), &refused).await,
    };
    let acceptable = checks::same_response_type(&trusted, judged.sent)
        .and_then(|()| checks::acceptable(realm, &mut trusted, params))
        .and_then(|()| details::known(params));
    if let Err(refused) = acceptable {
        return asking.redirect(&trusted, refused).await;
    }
    trusted.request.expected = expected::subject(app, visitor, realm, &client, params).await?;
    if !organization::scope::exist(app, realm, trusted.request.scope.as_deref()).await? {
        let refused = checks::invalid_scope(&trusted.request);
        return asking.redirect(&trusted, refused).await;
    }
    match judged.judge(&asking).await? {
        Ok(()) => first_page(asking, trusted, kind, None).await,
        Err(Refused::ForThePerson(refused)) => asking.page(Some(&client), &refused).await,
        Err(Refused::ForTheClient(refused)) => asking.redirect(&trusted, refused).await,
    }
}

/// Who comes by the link of an invitation into an organization registers for it.
async fn invitation(asking: &Asking<'_>) -> Result<Result<Option<Invited>, ForThePerson>, Error> {
    let token = asking.params.text("token").filter(|t| !t.is_empty());
    let Some(token) = token.filter(|_| asking.kind == FlowKind::Registration) else {
        return Ok(Ok(None));
    };
    let opened = organization::door::open(asking.app, &asking.visitor.caller, asking.realm, token).await?;
    Ok(opened.map(Some).map_err(|closed| ForThePerson {
        status: 400,
        message: closed.message.into(),
        argument: None,
        event: closed.error,
        reason: None,
        details: Vec::new(),
    }))
}

/// Whether the realm takes such requests at all.
fn open(
    visitor: &Visitor,
    realm: &Realm,
    client: Option<&Client>,
    kind: FlowKind,
    invited: bool,
) -> Result<(), ForThePerson> {
    let page = |status, message: &'static str, event| {
        Err(ForThePerson {
            status,
            message: message.into(),
            argument: None,
            event,
            reason: None,
            details: Vec::new(),
        })
    };
    match kind {
        FlowKind::Registration if !invited && !settings::is_allowed(realm, client) => {
            return page(400, "registrationNotAllowedMessage", UNRECORDED);
        }
        FlowKind::ResetCredentials if !realm.flag("resetPasswordAllowed") => {
            return page(400, "resetCredentialNotAllowedMessage", UNRECORDED);
        }
        _ => {}
    }
    if !crate::oidc::door::is_secure_enough(realm, &visitor.caller) {
        return page(400, "httpsRequiredMessage", "ssl_required");
    }
    if !realm.enabled() {
        return page(400, "realmNotEnabledMessage", "realm_disabled");
    }
    Ok(())
}

/// Opens a tab and shows the flow's first page. `prompt=create` begins with registration (exactly this value, as Keycloak).
async fn first_page(
    asking: Asking<'_>,
    trusted: Trusted,
    kind: FlowKind,
    invited: Option<Invited>,
) -> Result<Response, Error> {
    let Asking {
        app, visitor, realm, ..
    } = asking;
    let request = trusted.request;
    let create = kind == FlowKind::Browser && request.prompt.as_deref() == Some("create");
    let kind = if create { FlowKind::Registration } else { kind };
    let mut session = session::open(app, visitor, realm, &trusted.client, request, kind).await?;
    if let Some(invited) = &invited {
        organization::door::mark(&mut session, invited);
    }
    if create && !settings::is_allowed(realm, Some(&trusted.client)) {
        let draft = Draft::of_tab(app, realm, visitor, &trusted.client, &mut session, None);
        return draft.error(StatusCode::BAD_REQUEST, "registrationNotAllowedMessage", &[]);
    }
    if kind == FlowKind::Browser && !session.request.prompts().none {
        let cookie = restart::cookie(app, visitor, realm, &trusted.client.client_id, &session.request)?;
        session.set_cookies.extend(cookie);
    }
    if session.request.pushed.is_some() && !session.request.prompts().none {
        // As Keycloak: the reference does not stay in the address, where a reload would open it again.
        let cookies = std::mem::take(&mut session.set_cookies);
        session::save(app, &mut session).await?;
        let here = address::here(&visitor.caller, realm, &trusted.client, &session);
        return Ok(page::redirect(realm, &here, &cookies));
    }
    let turn = Turn {
        app: app.clone(),
        visitor: visitor.clone(),
        realm: Arc::clone(realm),
        client: trusted.client,
        session,
    };
    flow::run(turn, None).await
}

fn named(mut event: Event, visitor: &Visitor, client_id: Option<&str>) -> Event {
    event.client_id = client_id.map(str::to_owned);
    event.ip_address = Some(visitor.caller.ip.to_string());
    event
}

impl Asking<'_> {
    /// Tells the person: there is nobody else.
    async fn page(&self, client: Option<&Client>, refused: &ForThePerson) -> Result<Response, Error> {
        let mut event = events::refusal(record::kind(self.kind), refused.event);
        if refused.event == "invalid_redirect_uri"
            && let Some(sent) = self.params.heeded("redirect_uri")
        {
            event = event.detail("redirect_uri", sent);
        }
        if let Some(reason) = refused.reason {
            event = event.detail("reason", reason);
        }
        for (name, value) in &refused.details {
            event = event.detail(name, value.as_str());
        }
        let event = named(event, self.visitor, self.params.text("client_id"));
        if refused.event != UNRECORDED {
            events::record_alone(self.app, self.realm, &event).await;
        }
        let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
        let arguments: Vec<Value> = refused.argument.iter().map(|a| json!(a)).collect();
        Draft::new(self.app, self.realm, self.visitor, client).error(status, &refused.message, &arguments)
    }

    /// Tells the application.
    async fn redirect(&self, trusted: &Trusted, refused: ForTheClient) -> Result<Response, Error> {
        let request = &trusted.request;
        let mut event = events::refusal(record::kind(self.kind), refused.event);
        if let Some(reason) = &refused.reason {
            event = event.detail("reason", &**reason);
        }
        if !request.response_type.is_empty() {
            event = event.detail("response_type", &*request.response_type);
        }
        event = event.detail("redirect_uri", &*request.redirect_uri);
        if refused.mode_known {
            event = event.detail("response_mode", request.mode().as_str());
        }
        for (name, value) in &refused.details {
            event = event.detail(name, value.as_str());
        }
        let event = named(event, self.visitor, Some(&trusted.client.client_id));
        events::record_alone(self.app, self.realm, &event).await;
        let way = Way {
            app: self.app,
            visitor: self.visitor,
            realm: self.realm,
            client: &trusted.client,
            request,
        };
        answer::send(
            way,
            answer::refusal(way, refused.code, refused.description.as_deref()),
            Vec::new(),
        )
        .await
    }
}
