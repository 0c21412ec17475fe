//! What an authorization request must fulfil, check by check in Keycloak's order. Each check takes what the one before gave,
//! so that nothing can be redirected before the redirect URI is trusted (RFC 9700, 4.11.2).

use std::borrow::Cow;
use std::sync::Arc;

use vestibule_oauth::authorize::{ResponseMode, ResponseType, max_age};
use vestibule_oauth::params::Params;
use vestibule_oauth::pkce;

use crate::caller::Caller;
use crate::client_registration::cimd;
use crate::login::address;
use crate::login::loa;
use crate::login::request::AuthRequest;
use crate::oidc::bound;
use crate::oidc::tokens::encrypted::What;
use crate::oidc::tokens::resource;
use crate::oidc::tokens::scope;
use crate::store::client::Client;
use crate::store::realm::Realm;

/// Parameters that may be sent more than once.
const MAY_REPEAT: &[&str] = &["resource"];

/// Why a request ends with a page of ours: there is nobody to send the browser to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForThePerson {
    pub status: u16,
    /// The message, or the text itself, and its argument.
    pub message: Cow<'static, str>,
    pub argument: Option<&'static str>,
    /// The event's error code and reason, and what else it says.
    pub event: &'static str,
    pub reason: Option<&'static str>,
    pub details: Vec<(&'static str, String)>,
}

/// Why a request is sent back to the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForTheClient {
    pub code: &'static str,
    pub description: Option<String>,
    pub event: &'static str,
    pub reason: Option<String>,
    /// What else the event says.
    pub details: Vec<(&'static str, String)>,
    /// The checks got as far as knowing how the answer travels.
    pub mode_known: bool,
}

fn page(message: &'static str, event: &'static str) -> ForThePerson {
    ForThePerson {
        status: 400,
        message: message.into(),
        argument: None,
        event,
        reason: None,
        details: Vec::new(),
    }
}

fn refuse(code: &'static str, description: impl Into<String>) -> ForTheClient {
    let description = description.into();
    ForTheClient {
        code,
        reason: Some(description.clone()),
        description: Some(description),
        event: "invalid_request",
        details: Vec::new(),
        mode_known: false,
    }
}

/// The one `client_id`.
pub fn client_id(params: &Params) -> Result<(), ForThePerson> {
    let reason = "Parameter 'client_id' not present or present multiple times in the HTTP request parameters";
    let sole = params.all("client_id").count() == 1;
    if sole && params.text("client_id").is_some() {
        return Ok(());
    }
    Err(ForThePerson {
        reason: Some(reason),
        ..page("invalidRequestMessage", "invalid_request")
    })
}

/// A client that may send people here.
pub struct KnownClient(pub Arc<Client>);

/// Whether a client may, as it was found by its name ([`cimd::find`]).
pub fn known_client(found: Result<Option<Arc<Client>>, cimd::Refused>) -> Result<KnownClient, ForThePerson> {
    let client = match found {
        Ok(Some(client)) => client,
        Ok(None) => return Err(page("clientNotFoundMessage", "client_not_found")),
        Err(refused) => return Err(undescribed(refused)),
    };
    if !client.enabled() {
        Err(page("clientDisabledMessage", "client_disabled"))
    } else if client.flag("bearerOnly") {
        Err(ForThePerson {
            status: 403,
            ..page("bearerOnlyMessage", "not_allowed")
        })
    } else if client.text("protocol").is_some_and(|p| p != "openid-connect") {
        Err(page("wrongClientProtocolMessage", "invalid_client"))
    } else {
        Ok(KnownClient(client))
    }
}

/// An application whose description of itself cannot be used: the text is for whoever wrote it.
pub fn undescribed(refused: cimd::Refused) -> ForThePerson {
    ForThePerson {
        // Of what it quotes nothing is to become part of the page.
        message: format!(
            "Client metadata document: {}.",
            refused.text.replace(['<', '>', '&'], " ")
        )
        .into(),
        details: refused.details,
        ..page("", "invalid_client_metadata")
    }
}

/// What can be said about the parameters themselves.
pub struct Readable {
    pub client: Arc<Client>,
    max_age: Option<u32>,
}

/// What arrived cannot be read.
pub fn unreadable(reason: &'static str) -> ForThePerson {
    ForThePerson {
        reason: Some(reason),
        ..page("invalidRequestMessage", "invalid_request")
    }
}

/// Whether the parameters can be read at all: `max_age` is a number.
pub fn readable(known: KnownClient, params: &Params) -> Result<Readable, ForThePerson> {
    let unreadable = || page("invalidRequestMessage", "invalid_request");
    let max_age = params
        .text("max_age")
        .map(max_age)
        .transpose()
        .map_err(|_| unreadable())?;
    Ok(Readable {
        client: known.0,
        max_age,
    })
}

/// A request that may be answered: its redirect URI is the client's.
pub struct Trusted {
    pub client: Arc<Client>,
    pub request: AuthRequest,
}

/// Checks the redirect URI, and takes over what an answer needs. `pushed`: which pushed request it is.
pub fn trusted(
    caller: &Caller,
    realm: &Realm,
    readable: Readable,
    params: &Params,
    pushed: Option<String>,
) -> Result<Trusted, ForThePerson> {
    let client = readable.client;
    let sent = params.text("redirect_uri").unwrap_or_default();
    let found = match sent {
        "" => None,
        sent => address::redirect_uri(caller, &client, sent),
    };
    let redirect_uri = found.ok_or(ForThePerson {
        argument: Some("redirect_uri"),
        ..page("invalidParameterMessage", "invalid_redirect_uri")
    })?;
    if !loa::are_known(realm, &client, params.heeded("claims")) {
        return Err(ForThePerson {
            argument: Some("claims"),
            ..page("invalidParameterMessage", "invalid_request")
        });
    }
    let text = |name: &str| params.heeded(name).map(str::to_owned);
    let request = AuthRequest {
        redirect_uri,
        sent_redirect_uri: Some(sent.to_owned()),
        response_type: text("response_type").unwrap_or_default(),
        response_mode: text("response_mode"),
        state: text("state"),
        nonce: text("nonce"),
        scope: text("scope"),
        code_challenge: text("code_challenge"),
        code_challenge_method: text("code_challenge_method"),
        prompt: text("prompt"),
        max_age: readable.max_age,
        login_hint: text("login_hint"),
        ui_locales: text("ui_locales"),
        acr_values: text("acr_values"),
        claims: text("claims"),
        kc_action: text("kc_action"),
        kc_idp_hint: text("kc_idp_hint"),
        resource: params.all("resource").take(20).map(str::to_owned).collect(),
        dpop_jkt: text("dpop_jkt"),
        pushed,
        expected: None,
        device: None,
        enforced: None,
    };
    Ok(Trusted { client, request })
}

/// Beside a request object the address says the same kind of answer, or nothing. OpenID Connect Core section 6.1.
pub fn same_response_type(trusted: &Trusted, sent: &Params) -> Result<(), ForTheClient> {
    let outside = sent.text("response_type");
    if trusted.request.pushed.is_none() && outside.is_some_and(|outside| outside != trusted.request.response_type) {
        return Err(refuse("invalid_request", "Parameter response_type does not match"));
    }
    Ok(())
}

/// All that remains: errors of these go to the application.
pub fn acceptable(realm: &Realm, trusted: &mut Trusted, params: &Params) -> Result<(), ForTheClient> {
    let asked = response_type(&trusted.request)?;
    response_mode(&trusted.client, &mut trusted.request, asked)?;
    remaining(realm, trusted, params, asked).map_err(|refused| ForTheClient {
        mode_known: true,
        ..refused
    })
}

fn remaining(realm: &Realm, trusted: &mut Trusted, params: &Params, asked: ResponseType) -> Result<(), ForTheClient> {
    flow_enabled(&trusted.client, asked)?;
    if params.duplicate(MAY_REPEAT).is_some() {
        return Err(ForTheClient {
            reason: None,
            ..refuse("invalid_request", "duplicated parameter")
        });
    }
    let must_push = trusted.client.attribute("require.pushed.authorization.requests") == Some("true");
    if must_push && trusted.request.pushed.is_none() {
        return Err(refuse(
            "invalid_request",
            "Pushed Authorization Request is only allowed.",
        ));
    }
    if asked.id_token && trusted.request.nonce.is_none() {
        return Err(refuse("invalid_request", "Missing parameter: nonce"));
    }
    scopes(realm, &trusted.client, &trusted.request)?;
    let resources = resource::known(realm, trusted.request.resource.iter().map(String::as_str));
    trusted.request.resource = resources.map_err(|_| refuse("invalid_target", resource::TEXT))?;
    // A request for nothing is held to it as well, as in Keycloak.
    if asked.code || !asked.has_tokens() {
        challenge(realm, &trusted.client, &trusted.request)?;
    }
    Ok(())
}

fn response_type(request: &AuthRequest) -> Result<ResponseType, ForTheClient> {
    if request.response_type.is_empty() {
        return Err(refuse("invalid_request", "Missing parameter: response_type"));
    }
    ResponseType::parse(&request.response_type).ok_or_else(|| ForTheClient {
        description: None,
        ..refuse("unsupported_response_type", "Unsupported response_type")
    })
}

fn response_mode(client: &Client, request: &mut AuthRequest, asked: ResponseType) -> Result<(), ForTheClient> {
    let Some(sent) = &request.response_mode else {
        return Ok(());
    };
    match ResponseMode::parse(sent, asked) {
        None => {
            // How the client wants to be told is not known: as Keycloak, in the query.
            request.response_mode = Some(ResponseMode::Query.as_str().to_owned());
            Err(refuse("invalid_request", "Invalid parameter: response_mode"))
        }
        // What nobody else can read may stand in an address.
        Some(ResponseMode::QueryJwt) if asked.has_tokens() => match What::Authorization.is_wanted(client) {
            true => Ok(()),
            false => Err(refuse(
                "invalid_request",
                "Response_mode 'query.jwt' is allowed only when the authorization response token is encrypted",
            )),
        },
        Some(mode) if mode.is_query() && asked.has_tokens() => Err(refuse(
            "invalid_request",
            "Response_mode 'query' not allowed for implicit or hybrid flow",
        )),
        Some(_) => Ok(()),
    }
}

fn flow_enabled(client: &Client, asked: ResponseType) -> Result<(), ForTheClient> {
    let off = |flow: &str| {
        let text = format!(
            "Client is not allowed to initiate browser login with given response_type. {flow} flow is disabled for the client."
        );
        ForTheClient {
            event: "not_allowed",
            ..refuse("unauthorized_client", text)
        }
    };
    if !asked.is_implicit() && !client.flag("standardFlowEnabled") {
        return Err(off("Standard"));
    }
    if asked.has_tokens() && !client.flag("implicitFlowEnabled") {
        return Err(off("Implicit"));
    }
    if asked.token && bound::is_wanted(client) {
        let text = "Access tokens of the client are bound, and are given at the token endpoint only.";
        return Err(ForTheClient {
            event: "not_allowed",
            ..refuse("unauthorized_client", text)
        });
    }
    Ok(())
}

fn scopes(realm: &Realm, client: &Client, request: &AuthRequest) -> Result<(), ForTheClient> {
    let asked = request.scope.as_deref();
    match scope::resolve(realm, client, asked) {
        Ok(_) => Ok(()),
        Err(_) => Err(invalid_scope(request)),
    }
}

/// A scope that the client does not have, or that there is not.
pub fn invalid_scope(request: &AuthRequest) -> ForTheClient {
    let asked = request.scope.as_deref().unwrap_or_default();
    refuse("invalid_scope", format!("Invalid scopes: {asked}"))
}

/// PKCE, RFC 7636: as the client's `pkce.code.challenge.method` asks for it, and well-formed wherever it is sent. A realm may
/// ask it of all public clients (`pkce.required.public`).
fn challenge(realm: &Realm, client: &Client, request: &AuthRequest) -> Result<(), ForTheClient> {
    let say = |text: &str| Err(refuse("invalid_request", text));
    let (challenge, method) = (
        request.code_challenge.as_deref(),
        request.code_challenge_method.as_deref(),
    );
    let asked = client.attribute("pkce.code.challenge.method");
    let everywhere = client.public() && realm.attribute("pkce.required.public") == Some("true");
    if asked.is_some() || (everywhere && challenge.is_none()) {
        let Some(method) = method else {
            return say("Missing parameter: code_challenge_method");
        };
        if asked.is_some_and(|asked| asked != method) {
            return say("Invalid parameter: code challenge method is not matching the configured one");
        }
    }
    let Some(challenge) = challenge else {
        let needed = asked.is_some() || everywhere || method.is_some();
        return if needed {
            say("Missing parameter: code_challenge")
        } else {
            Ok(())
        };
    };
    if method.is_some_and(|m| pkce::Method::parse(m).is_none()) {
        return say("Invalid parameter: code_challenge_method");
    }
    if !pkce::is_well_formed(challenge) {
        return say("Invalid parameter: code_challenge");
    }
    Ok(())
}
