//! Links in mails to those who decide: signed, for one person, one stage and exactly what was asked for; good once.

use serde_json::{Value, json};

use super::{Action, Approver};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::login::address;
use crate::oidc::action_token::{self, Refused};
use crate::store::approval::Approval;
use crate::store::json::{self, Doc};
use crate::store::realm::Realm;

/// `typ` of the token.
const KIND: &str = "approval";

/// What a link says.
#[derive(Debug, Clone)]
pub struct Link {
    pub action: Action,
    /// Whose registration it is about.
    pub id: String,
    pub ask: String,
    pub stage: usize,
    pub user_id: String,
    /// The realm of the user.
    pub home: String,
    /// Which link this is, and when it is dead anyway, in epoch milliseconds.
    pub jti: String,
    pub expires: i64,
}

/// The address that a mail leads to.
///
/// # Errors
///
/// [`Error::Key`] if the realm cannot sign.
pub fn address(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    row: &Approval,
    to: &Approver,
    action: Action,
) -> Result<String, Error> {
    let mut claims = Doc::new();
    for (name, value) in [
        ("sub", json!(to.user.id)),
        ("home", json!(to.home.name)),
        ("of", json!(row.id)),
        ("ask", json!(row.ask)),
        ("stage", json!(row.stage)),
        ("act", json!(action.as_str())),
    ] {
        claims.insert(name.into(), value);
    }
    let seconds = (row.expires - app.now()) / 1000;
    let key = action_token::sign(app, caller, realm, KIND, seconds, &claims)?;
    Ok(format!(
        "{}/login-actions/approval?key={key}",
        address::realm_url(caller, realm)
    ))
}

/// Reads a link.
///
/// # Errors
///
/// [`Refused`], if it is none of this realm, or over.
pub fn read(app: &App, caller: &Caller, realm: &Realm, key: &str) -> Result<Link, Refused> {
    let claims = action_token::verify(app, caller, realm, &[KIND], key)?;
    let text = |name: &str| json::text(&claims, name).map(str::to_owned).ok_or(Refused::Invalid);
    let stage = claims.get("stage").and_then(Value::as_u64);
    Ok(Link {
        action: Action::parse(&text("act")?).ok_or(Refused::Invalid)?,
        id: text("of")?,
        ask: text("ask")?,
        stage: stage.and_then(|n| usize::try_from(n).ok()).ok_or(Refused::Invalid)?,
        user_id: text("sub")?,
        home: text("home")?,
        jti: text("jti")?,
        expires: json::number(&claims, "exp").saturating_mul(1000),
    })
}
