//! What a request to sign out must fulfil, in Keycloak's order.

use vestibule_oauth::params::Params;

use super::{Leaving, hint};
use crate::error::Error;
use crate::events;
use crate::login::address;
use crate::store::client::{self, Client};
use crate::store::event::Event;
use crate::visitor::Visitor;

/// Why a request is refused with a page.
pub(super) struct Refused {
    pub message: &'static str,
    pub argument: Option<&'static str>,
    pub event: Event,
}

/// A refusal, with its event.
pub(super) fn refuse(
    message: &'static str,
    argument: Option<&'static str>,
    code: &str,
    reason: Option<&str>,
) -> Refused {
    let mut event = events::refusal("LOGOUT", code);
    if let Some(reason) = reason {
        event = event.detail("reason", reason);
    }
    Refused {
        message,
        argument,
        event,
    }
}

impl Leaving<'_> {
    /// Checks the parameters, in Keycloak's order; takes over client and address.
    pub(super) async fn check(&mut self, params: &Params) -> Result<Result<Option<hint::Hint>, Refused>, Error> {
        let (sent_hint, id) = (params.text("id_token_hint"), params.text("client_id"));
        let to = params.text("post_logout_redirect_uri");
        if to.is_some() && sent_hint.is_none() && id.is_none() {
            let reason = "Either the parameter 'client_id' or the parameter 'id_token_hint' is required when 'post_logout_redirect_uri' is used.";
            return Ok(Err(refuse(
                "missingParameterMessage",
                Some("id_token_hint"),
                "invalid_request",
                Some(reason),
            )));
        }
        if let Some(id) = id {
            self.client = client::by_client_id(&self.app.db, &self.realm.id, id)
                .await?
                .filter(|c| c.enabled());
        }
        let hint = match sent_hint {
            None => None,
            Some(sent) => match hint::read(self.app, self.visitor, self.realm, sent).await? {
                Some(hint) => Some(hint),
                None => {
                    let reason = Some("Invalid IDToken");
                    return Ok(Err(refuse(
                        "invalidParameterMessage",
                        Some("id_token_hint"),
                        "invalid_token",
                        reason,
                    )));
                }
            },
        };
        if let Some(hint) = &hint {
            if id.is_some_and(|id| id != hint.client_id) {
                let reason = Some("Parameter client_id is different from the client for which ID Token was issued");
                return Ok(Err(refuse(
                    "invalidParameterMessage",
                    Some("id_token_hint"),
                    "invalid_client",
                    reason,
                )));
            }
            let found = client::by_client_id(&self.app.db, &self.realm.id, &hint.client_id).await?;
            self.client = found.filter(|c| c.enabled());
        }
        if let Some(sent) = to {
            let client = self.client.as_deref();
            self.to = client.and_then(|c| post_logout_uri(self.visitor, c, sent));
            if self.to.is_none() {
                let mut refused = refuse("invalidRedirectUriMessage", None, "invalid_redirect_uri", None);
                refused.event = refused.event.detail("redirect_uri", sent);
                return Ok(Err(refused));
            }
        }
        self.state = params.heeded("state").map(str::to_owned);
        Ok(Ok(hint))
    }
}

/// The address to go to after signing out, if it is the client's: `post.logout.redirect.uris`, joined by `##`; `+` stands for
/// its redirect URIs, which are good too where nothing is set; `-` for none.
fn post_logout_uri(visitor: &Visitor, client: &Client, sent: &str) -> Option<String> {
    let set = client.attribute("post.logout.redirect.uris").unwrap_or("+");
    let mut listed: Vec<String> = Vec::new();
    for uri in set.split("##") {
        match uri {
            "+" => listed.extend(client.texts("redirectUris").into_iter().map(str::to_owned)),
            "-" | "" => {}
            uri => listed.push(uri.to_owned()),
        }
    }
    let root = address::root_url(&visitor.caller, client);
    vestibule_oauth::redirect_uri::matches(&listed, sent, Some(&root), true)
}
