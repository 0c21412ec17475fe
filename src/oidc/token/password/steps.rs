//! The steps of direct grant flows.

use vestibule_oauth::error::Refusal;

use super::flow::Outcome;
use crate::error::Error;
use crate::oidc::door::Stop;
use crate::oidc::token::request::{Request, invalid_grant};
use crate::password::{LONGEST, Verdict};
use crate::store::credential::{self, Credential};
use crate::store::event::Event;
use crate::store::user::{self, User};

/// Somebody who tries to sign in.
pub(super) struct Attempt<'a> {
    request: &'a Request,
    event: Event,
    username: Option<String>,
    user: Option<User>,
    proved: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(request: &'a Request, event: &Event) -> Self {
        Self {
            request,
            event: event.clone(),
            username: None,
            user: None,
            proved: false,
        }
    }

    /// The user, if a step took a proof of them.
    pub(super) fn proved(&mut self) -> Option<User> {
        self.user.take().filter(|_| self.proved)
    }

    /// The one text for everything that may not be told apart.
    pub(super) async fn refuse(&self, error: &str) -> Stop {
        self.refuse_with(invalid_grant("Invalid user credentials"), error).await
    }

    async fn refuse_with(&self, refused: Refusal, error: &str) -> Stop {
        let mut event = self.event.clone();
        event.user_id = self.user.as_ref().map(|u| u.id.clone());
        if let Some(username) = &self.username {
            event = event.detail("username", username.as_str());
        }
        self.request.refuse_as(event, refused, error, None).await
    }
}

/// Runs a step by its provider; none if it is not known.
pub(super) async fn run(attempt: &mut Attempt<'_>, provider: &str) -> Result<Option<Outcome>, Stop> {
    match provider {
        "direct-grant-validate-username" => username(attempt).await.map(Some),
        "direct-grant-validate-password" => password(attempt).await.map(Some),
        "allow-access-authenticator" => Ok(Some(Outcome::Success)),
        "deny-access-authenticator" => Err(attempt.refuse("access_denied").await),
        provider if is_condition(provider) => Ok(Some(Outcome::Success)),
        _ => Ok(None),
    }
}

/// Whether a step only says if its flow is walked.
pub(super) fn is_condition(provider: &str) -> bool {
    provider == "conditional-user-configured" || provider.starts_with("conditional-")
}

/// Whether a condition holds. `others`: the other steps of its flow. One that we do not know holds, so that what it guards
/// is asked for.
pub(super) async fn holds(attempt: &Attempt<'_>, condition: &str, others: &[&str]) -> Result<bool, Stop> {
    if condition != "conditional-user-configured" {
        return Ok(true);
    }
    let Some(user) = &attempt.user else { return Ok(false) };
    let has: Vec<Credential> = credential::of_user(&attempt.request.app.db, &user.id).await?;
    Ok(others.iter().all(|provider| match *provider {
        "direct-grant-validate-otp" => has.iter().any(|c| c.kind == "otp"),
        "direct-grant-validate-password" => has.iter().any(|c| c.kind == "password"),
        _ => true,
    }))
}

/// Who it says it is. Nobody is told here whether that is anybody.
async fn username(attempt: &mut Attempt<'_>) -> Result<Outcome, Stop> {
    let request = attempt.request;
    let Some(username) = request.params.text("username") else {
        let refused = Refusal::new(401, "invalid_request", "Missing parameter: username");
        return Err(attempt.refuse_with(refused, "user_not_found").await);
    };
    attempt.username = Some(username.to_owned());
    let with_email = request.realm.flag("loginWithEmailAllowed");
    let found = user::by_login(&request.app.db, &request.realm.id, username, with_email).await?;
    attempt.user = found.filter(|user| user.service_client.is_none());
    Ok(Outcome::Success)
}

/// The password. The work is the same whether there is such a user, and whether they have a password.
async fn password(attempt: &mut Attempt<'_>) -> Result<Outcome, Stop> {
    let app = &attempt.request.app;
    let sent = attempt.request.params.get("password").unwrap_or_default();
    let sent = if sent.len() > LONGEST { "" } else { sent };
    let stored = match &attempt.user {
        Some(user) => credential::password(&app.db, &user.id).await?,
        None => None,
    };
    let verdict = match &stored {
        Some(stored) if !sent.is_empty() => app.hasher.verify(sent, stored).await?,
        _ => {
            app.hasher.burn(sent).await?;
            Verdict::Wrong
        }
    };
    let Some(user) = &attempt.user else {
        return Err(attempt.refuse("user_not_found").await);
    };
    if verdict == Verdict::Wrong {
        return Err(attempt.refuse("invalid_user_credentials").await);
    }
    if !user.enabled {
        return Err(attempt
            .refuse_with(invalid_grant("Account disabled"), "user_disabled")
            .await);
    }
    if verdict == Verdict::RightButOld
        && let Some(stored) = stored
    {
        renew(attempt.request, &user.id, stored, sent).await?;
    }
    attempt.proved = true;
    Ok(Outcome::Success)
}

/// Keeps a password that was hashed with other parameters under today's.
async fn renew(request: &Request, user_id: &str, mut stored: Credential, password: &str) -> Result<(), Error> {
    let hashed = request.app.hasher.hash(password).await?;
    stored.secret_data = hashed.secret_data;
    stored.credential_data = hashed.credential_data;
    let mut tx = request.app.db.begin().await?;
    credential::put(&mut tx, user_id, &stored).await?;
    tx.commit().await
}
