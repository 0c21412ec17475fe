//! What policies make of a request beside letting it pass.

use std::sync::Arc;

use serde_json::json;

use super::at::{At, Event};
use super::executor;
use super::rules::Rule;
use crate::store::client::Client;
use crate::store::json::Doc;

/// What is to be done differently.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// An update leaves the registration access token as it is.
    pub keeps_registration_token: bool,
    /// A refresh hands out no new refresh token.
    pub keeps_refresh_token: bool,
    /// The refresh token of a public client is bound to its key, and the access token to nothing.
    pub binds_only_refresh: bool,
    /// Whoever calls proves the key to which the token in question is bound.
    pub proves_key: bool,
    /// Access tokens say only what is needed.
    pub lightweight: bool,
    /// The alias of the flow that people go through, and the level that it stands for.
    pub flow: Option<(String, i64)>,
}

impl Effects {
    pub(super) fn add(&mut self, rule: &Rule<'_>, at: &At<'_>) {
        match (rule.executor, at.event) {
            ("registration-access-token-rotation-disabled", Event::Change(_)) => self.keeps_registration_token = true,
            ("suppress-refresh-token-rotation", Event::Token("refresh_token", _)) => self.keeps_refresh_token = true,
            ("dpop-bind-enforcer", Event::Token(grant, _)) => {
                self.binds_only_refresh |= executor::binds_only_refresh(rule.config, at.doc, grant);
            }
            ("dpop-bind-enforcer", Event::Revocation(_)) => self.proves_key = true,
            ("use-lightweight-access-token", Event::Token(..) | Event::Authorization(_)) => self.lightweight = true,
            ("auth-flow-enforcer", Event::Authorization(_)) => {
                let alias = rule.config.text("auth-flow-alias").unwrap_or_default();
                self.flow = Some((alias.to_owned(), rule.config.number("auth-flow-loa", 1)));
            }
            _ => {}
        }
    }

    /// The client, set as the policies want it for this one request.
    pub fn on(&self, client: Arc<Client>) -> Arc<Client> {
        if !self.lightweight && !self.keeps_refresh_token {
            return client;
        }
        let mut changed = Client::clone(&client);
        let attributes = changed.doc.entry("attributes").or_insert_with(|| Doc::new().into());
        if let Some(attributes) = attributes.as_object_mut() {
            if self.lightweight {
                attributes.insert("client.use.lightweight.access.token.enabled".into(), json!("true"));
            }
            if self.keeps_refresh_token {
                attributes.insert("use.refresh.tokens".into(), json!("false"));
            }
        }
        Arc::new(changed)
    }
}
