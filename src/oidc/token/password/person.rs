//! Who a password grant is for: the realm's direct grant flow, walked by the interpreter that browsers go through too.

use std::collections::BTreeMap;

use vestibule_oauth::error::Refusal;

use crate::brute_force::{self, Means};
use crate::error::Error;
use crate::login::request::AuthRequest;
use crate::login::steps::conditions::{self, SoFar};
use crate::login::steps::password::{self, Proof};
use crate::login::walk::{self, Steps, Walked};
use crate::oidc::door::Stop;
use crate::oidc::token::request::{Request, invalid_grant};
use crate::otp;
use crate::store::event::Event;
use crate::store::realm::{Execution, Flow, Realm};
use crate::store::user::{self, User};

/// The one text for everything that may not be told apart.
const WRONG: &str = "Invalid user credentials";

/// Why it goes no further.
struct Refused {
    refusal: Refusal,
    /// Keycloak's code in the event.
    error: &'static str,
}

impl Refused {
    fn wrong(error: &'static str) -> Self {
        Self {
            refusal: invalid_grant(WRONG),
            error,
        }
    }
}

/// Somebody who tries to sign in.
struct Attempt<'a> {
    request: &'a Request,
    username: Option<String>,
    user: Option<User>,
    /// A step took a proof of who it is.
    proved: bool,
    /// One of them was a one-time code.
    with_otp: bool,
}

/// Who it is, by the flow that the client or the realm is bound to.
pub(super) async fn find(request: &Request, event: &Event) -> Result<User, Stop> {
    let realm = request.realm.clone();
    let mut attempt = Attempt {
        request,
        username: None,
        user: None,
        proved: false,
        with_otp: false,
    };
    let walked = match bound(request, &realm) {
        Some(flow) => walk::flow(&mut attempt, &realm, flow).await?,
        None => Walked::Attempted,
    };
    let refused = match walked {
        Walked::Success if attempt.proved && attempt.user.is_some() => None,
        Walked::Stop(refused) => Some(refused),
        _ => Some(Refused::wrong("invalid_user_credentials")),
    };
    match (refused, attempt.user) {
        (None, Some(user)) => {
            brute_force::succeeded(&request.app, &realm, &user.id, attempt.with_otp).await?;
            Ok(user)
        }
        (refused, user) => {
            let refused = refused.unwrap_or_else(|| Refused::wrong("invalid_user_credentials"));
            let mut event = event.clone();
            event.user_id = user.map(|user| user.id);
            if let Some(username) = attempt.username {
                event = event.detail("username", username);
            }
            Err(request.refuse_as(event, refused.refusal, refused.error, None).await)
        }
    }
}

fn bound<'a>(request: &Request, realm: &'a Realm) -> Option<&'a Flow> {
    let overrides = request.client.doc.get("authenticationFlowBindingOverrides");
    let own = overrides.and_then(|o| o.get("direct_grant")?.as_str());
    let own = own.filter(|id| !id.is_empty()).and_then(|id| realm.flow(id));
    own.or_else(|| realm.flow_by_alias(realm.text("directGrantFlow").unwrap_or("direct grant")))
}

impl Steps for Attempt<'_> {
    type Stop = Refused;

    async fn holds(&mut self, condition: &Execution, flow: &Flow) -> Result<bool, Error> {
        let (app, realm) = (&self.request.app, &self.request.realm);
        let so_far = SoFar {
            request: &AuthRequest::default(),
            used: if self.proved { "password" } else { "" },
            steps: &BTreeMap::new(),
        };
        conditions::holds(app, realm, &so_far, self.user.as_ref(), condition, flow).await
    }

    /// A step that we do not know has nothing to say: where it is required, nobody passes.
    async fn step(&mut self, execution: &Execution) -> Result<Walked<Refused>, Error> {
        match execution.authenticator.as_deref().unwrap_or_default() {
            "direct-grant-validate-username" => self.username().await,
            "direct-grant-validate-password" => self.password().await,
            "direct-grant-validate-otp" => self.one_time_code(execution).await,
            "allow-access-authenticator" => Ok(Walked::Success),
            "deny-access-authenticator" => Ok(Walked::Stop(Refused::wrong("access_denied"))),
            _ => Ok(Walked::Attempted),
        }
    }
}

impl Attempt<'_> {
    /// Who it says it is. Nobody is told here whether that is anybody.
    async fn username(&mut self) -> Result<Walked<Refused>, Error> {
        let request = self.request;
        let Some(username) = request.params.text("username") else {
            return Ok(Walked::Stop(Refused {
                refusal: Refusal::new(401, "invalid_request", "Missing parameter: username"),
                error: "user_not_found",
            }));
        };
        self.username = Some(username.to_owned());
        let with_email = request.realm.flag("loginWithEmailAllowed");
        let found = user::by_login(&request.app.db, &request.realm.id, username, with_email).await?;
        self.user = found.filter(|user| user.service_client.is_none());
        Ok(Walked::Success)
    }

    /// The password. The work is the same whether there is such a user, and whether they have a password.
    async fn password(&mut self) -> Result<Walked<Refused>, Error> {
        let sent = self.request.params.get("password").unwrap_or_default();
        let proof = password::check(&self.request.app, &self.request.realm, self.user.as_ref(), sent).await?;
        let Some(user) = &self.user else {
            let (app, realm) = (&self.request.app, &self.request.realm);
            brute_force::nobody(app, realm, self.username.as_deref().unwrap_or_default()).await?;
            return Ok(Walked::Stop(Refused::wrong("user_not_found")));
        };
        let address = self.request.caller.ip.to_string();
        let right = proof == Proof::Right;
        let (app, realm) = (&self.request.app, &self.request.realm);
        let lock = brute_force::decide(app, realm, user, &address, Means::Password, right).await?;
        if let Some(code) = lock.code() {
            return Ok(Walked::Stop(Refused::wrong(code)));
        }
        if !right {
            // The event tells the administrator; the answer tells nobody.
            let code = if user.enabled {
                "invalid_user_credentials"
            } else {
                "user_disabled"
            };
            return Ok(Walked::Stop(Refused::wrong(code)));
        }
        if !user.enabled {
            return Ok(Walked::Stop(Refused {
                refusal: invalid_grant("Account disabled"),
                error: "user_disabled",
            }));
        }
        self.proved = true;
        Ok(Walked::Success)
    }

    /// A one-time code of the person's first device, in the parameter `otp` or `totp`.
    async fn one_time_code(&mut self, execution: &Execution) -> Result<Walked<Refused>, Error> {
        let wrong = || Ok(Walked::Stop(Refused::wrong("invalid_user_credentials")));
        let Some(user) = &self.user else {
            return wrong();
        };
        let (app, realm) = (&self.request.app, &self.request.realm);
        if otp::device::of_user(app, &app.db, &user.id).await?.is_empty() {
            return match execution.requirement.as_str() {
                "REQUIRED" => wrong(),
                _ => Ok(Walked::Attempted),
            };
        }
        let params = &self.request.params;
        let sent = params.get("otp").or_else(|| params.get("totp"));
        let Some(sent) = sent.filter(|code| !code.is_empty()) else {
            return wrong();
        };
        let address = self.request.caller.ip.to_string();
        if let Some(code) = otp::attempt::refusal(app, realm, user, &address, (None, sent)).await? {
            return Ok(Walked::Stop(Refused::wrong(code)));
        }
        self.with_otp = true;
        Ok(Walked::Success)
    }
}
