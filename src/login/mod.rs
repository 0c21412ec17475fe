//! Signing in: a tab goes through one of the realm's flows, then through required actions and consent, and back to the
//! application.
//!
//! ```text
//! oidc/authorize -> session::open -> flow::run -> steps/*        who is it?
//!                                        └-> proceed -> actions   what must they do first?
//!                                               └-> finish        session, cookies, code, back
//! web.rs (login-actions/*)  -> session::load -> flow::run | actions
//! ```

pub mod action_level;
pub mod actions;
pub mod address;
pub mod answer;
pub mod cookies;
pub mod entry;
pub mod expired;
pub mod finish;
pub mod flow;
pub mod identity;
pub mod loa;
pub mod lost;
pub mod record;
pub mod request;
pub mod restart;
pub mod selection;
pub mod session;
pub mod steps;
pub mod walk;
pub mod web;

use std::sync::Arc;

use crate::app::App;
use crate::page::Draft;
use crate::profile::{Context, Place};
use crate::store::client::Client;
use crate::store::realm::Realm;
use crate::store::user::User;
use crate::visitor::Visitor;

pub use actions::proceed;
use session::AuthSession;

/// One request of a tab that is signing in: everything that a step, a required action or the end needs.
#[derive(Clone)]
pub struct Turn {
    pub app: App,
    pub visitor: Visitor,
    pub realm: Arc<Realm>,
    pub client: Arc<Client>,
    pub session: AuthSession,
}

impl Turn {
    /// Where the person of this tab fills in a profile: for the scopes that the application asked for.
    pub fn place(&self, context: Context) -> Place {
        let written = self.session.request.scope.as_deref();
        Place::asked(&self.realm, context, Some(&self.client), written)
    }

    /// A page of this tab: with a fresh one-time code, the messages that wait, and what the browser must be told. Save the
    /// session after ([`session::save`]); `flow::run` and `actions` do it.
    pub fn draft(&mut self, user: Option<&User>) -> Draft<'_> {
        self.session.fresh_code();
        Draft::of_tab(
            &self.app,
            &self.realm,
            &self.visitor,
            &self.client,
            &mut self.session,
            user,
        )
    }

    /// A page of this tab that has no form: errors, messages.
    pub fn notice(&mut self) -> Draft<'_> {
        Draft::of_tab(
            &self.app,
            &self.realm,
            &self.visitor,
            &self.client,
            &mut self.session,
            None,
        )
    }
}
