//! What the mails say.

use serde_json::json;

use super::{Code, kind, tokens};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::login::address::{self, tab_query};
use crate::login::session::AuthSession;
use crate::mail::{self, Envelope};
use crate::required_actions::stamp;
use crate::store::client::Client;
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::registration::Registration;
use crate::store::user::User;
use crate::theme::pages::User as Named;
use crate::theme::pages::mail::{
    EmailTakenMail, EmailUpdateMail, ExecuteActionsMail, PasswordResetMail, VerificationMail,
};

/// The claim that stands for the password which a link is to replace: used, it is void, and so are all sent before.
pub(super) const STAMP: &str = "pwd";

/// The tab of a browser that a link is to bring back to where it was.
#[derive(Debug, Clone)]
pub struct TabRef {
    pub root_id: String,
    pub tab_id: String,
    pub client_uuid: String,
    pub client_id: String,
    /// `client_id`, `tab_id` and `client_data`, encoded.
    pub query: String,
    /// Where the application is, for mails that lead there.
    pub base_url: String,
}

impl TabRef {
    /// The tab of a session.
    pub fn of(caller: &Caller, client: &Client, session: &AuthSession) -> Self {
        Self {
            root_id: session.root_id.clone(),
            tab_id: session.tab_id.clone(),
            client_uuid: client.id.clone(),
            client_id: client.client_id.clone(),
            query: tab_query(client, session),
            base_url: address::base_url(caller, client),
        }
    }

    /// The claim `asid`: `{root}.{tab}.{client}`.
    pub fn encoded(&self) -> String {
        format!("{}.{}.{}", self.root_id, self.tab_id, self.client_uuid)
    }
}

/// The name of a realm in mails: its display name, or its name with a capital.
fn realm_name(realm: &Realm) -> String {
    match realm.text("displayName") {
        Some(name) => name.to_owned(),
        None => {
            let mut letters = realm.name.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect())
                .unwrap_or_default()
        }
    }
}

fn named(user: &User) -> Named {
    Named {
        username: user.username.clone(),
        email: user.email.clone().unwrap_or_default(),
        first_name: user.first_name.clone().unwrap_or_default(),
        last_name: user.last_name.clone().unwrap_or_default(),
    }
}

fn applicant(row: &Registration) -> Named {
    let field = |name: &str| {
        row.doc
            .get("fields")
            .and_then(|f| f[name][0].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    Named {
        username: row.username.clone(),
        email: row.email.clone(),
        first_name: field("firstName"),
        last_name: field("lastName"),
    }
}

/// The language of a user's mails.
pub fn locale_of(realm: &Realm, user: &User) -> String {
    let own = user
        .attribute("locale")
        .filter(|_| realm.flag("internationalizationEnabled"));
    own.or_else(|| realm.text("defaultLocale")).unwrap_or("en").to_owned()
}

/// The mail to who registers: prove your address.
///
/// # Errors
///
/// [`Error::Page`] if a template is wrong, [`Error::Key`] if the realm cannot sign.
pub fn registration_mail(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    row: &Registration,
    tab: Option<&TabRef>,
    code: &Code,
) -> Result<Envelope, Error> {
    let seconds = tokens::own_lifetime(realm, kind::VERIFY_EMAIL);
    let mut claims = tokens::claims(&row.id, &row.email, tab, tab.map(|t| t.client_id.as_str()));
    claims.insert("registration".into(), json!(true));
    let mail = VerificationMail {
        realm_name: realm_name(realm),
        link: tokens::link(app, caller, realm, kind::VERIFY_EMAIL, seconds, &claims, tab)?,
        link_expiration: seconds / 60,
        code: code.shown().to_owned(),
        user: applicant(row),
    };
    mail::write(app, realm, row.locale.as_deref().unwrap_or("en"), &row.email, &mail)
}

/// The mail to the owner of an address that somebody else tries to register. Without an owner it is written all the same,
/// and not sent: nobody can tell by the time.
///
/// # Errors
///
/// [`Error::Page`] if a template is wrong.
pub fn taken_mail(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    row: &Registration,
    owner: Option<&User>,
) -> Result<Envelope, Error> {
    let locale = owner.map_or_else(|| row.locale.clone().unwrap_or_default(), |user| locale_of(realm, user));
    let mail = EmailTakenMail {
        realm_name: realm_name(realm),
        login_url: format!("{}/account/", address::realm_url(caller, realm)),
        user: owner.map(named).unwrap_or_default(),
    };
    // To the address as its owner has it: one that only looks the same is another.
    let to = owner.and_then(|o| o.email.as_deref()).unwrap_or(&row.email);
    mail::write(app, realm, &locale, to, &mail)
}

/// The mail to a user who is signing in: prove your address.
///
/// # Errors
///
/// As [`registration_mail`].
pub fn user_mail(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    user: &User,
    tab: &TabRef,
    code: &Code,
) -> Result<Envelope, Error> {
    let seconds = tokens::own_lifetime(realm, kind::VERIFY_EMAIL);
    let address = user.email.clone().unwrap_or_default();
    let claims = tokens::claims(&user.id, &address, Some(tab), Some(&tab.client_id));
    let mail = VerificationMail {
        realm_name: realm_name(realm),
        link: tokens::link(app, caller, realm, kind::VERIFY_EMAIL, seconds, &claims, Some(tab))?,
        link_expiration: seconds / 60,
        code: code.shown().to_owned(),
        user: named(user),
    };
    mail::write(app, realm, &locale_of(realm, user), &address, &mail)
}

/// A change of address that waits for its proof.
pub struct EmailChange<'a> {
    pub address: &'a str,
    pub redirect_uri: &'a str,
    /// Whether the user's other sessions end with it.
    pub sign_out: bool,
}

/// The mail to a user's new address: prove it.
///
/// # Errors
///
/// As [`registration_mail`].
pub fn update_mail(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    user: &User,
    tab: &TabRef,
    change: &EmailChange<'_>,
) -> Result<Envelope, Error> {
    let seconds = tokens::own_lifetime(realm, kind::UPDATE_EMAIL);
    let before = user.email.clone().unwrap_or_default();
    let mut claims = tokens::claims(&user.id, &before, Some(tab), Some(&tab.client_id));
    claims.insert("oldEmail".into(), json!(before));
    claims.insert("newEmail".into(), json!(change.address));
    claims.insert("reduri".into(), json!(change.redirect_uri));
    if change.sign_out {
        claims.insert("logoutSessions".into(), json!(true));
    }
    let mail = EmailUpdateMail {
        realm_name: realm_name(realm),
        link: tokens::link(app, caller, realm, kind::UPDATE_EMAIL, seconds, &claims, Some(tab))?,
        link_expiration: seconds / 60,
        new_email: change.address.to_owned(),
        user: named(user),
    };
    mail::write(app, realm, &locale_of(realm, user), change.address, &mail)
}

/// The mail by which an administrator asks a user to prove the address (`send-verify-email`).
///
/// # Errors
///
/// As [`registration_mail`].
pub fn verify_by_admin(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    user: &User,
    wanted: &ByAdmin<'_>,
) -> Result<Envelope, Error> {
    let seconds = wanted.seconds(realm);
    let address = user.email.clone().unwrap_or_default();
    let claims = wanted.claims(user);
    let mail = VerificationMail {
        realm_name: realm_name(realm),
        link: tokens::link(app, caller, realm, kind::VERIFY_EMAIL, seconds, &claims, None)?,
        link_expiration: seconds / 60,
        code: String::new(),
        user: named(user),
    };
    mail::write(app, realm, &locale_of(realm, user), &address, &mail)
}

/// The mail to who forgot a password. `execution`: the step of the flow that goes on when the link is opened.
///
/// # Errors
///
/// As [`registration_mail`].
pub async fn reset_mail(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    user: &User,
    tab: &TabRef,
    execution: &str,
) -> Result<Envelope, Error> {
    let seconds = tokens::own_lifetime(realm, kind::RESET);
    let address = user.email.clone().unwrap_or_default();
    let mut claims = tokens::claims(&user.id, &address, Some(tab), Some(&tab.client_id));
    claims.insert(STAMP.into(), json!(stamp::for_link(app, &user.id).await?));
    let with_step = TabRef {
        query: format!("execution={execution}&{}", tab.query),
        ..tab.clone()
    };
    let mail = PasswordResetMail {
        realm_name: realm_name(realm),
        link: tokens::link(app, caller, realm, kind::RESET, seconds, &claims, Some(&with_step))?,
        link_expiration: seconds / 60,
        user: named(user),
    };
    mail::write(app, realm, &locale_of(realm, user), &address, &mail)
}

/// What an administrator's mail leads to.
#[derive(Default)]
pub struct ByAdmin<'a> {
    /// The application that the user is led back to, and where to in it; both were checked by the caller.
    pub client_id: Option<&'a str>,
    pub redirect_uri: Option<&'a str>,
    /// Seconds; absent: `actionTokenGeneratedByAdminLifespan`.
    pub lifespan: Option<i64>,
}

impl ByAdmin<'_> {
    fn seconds(&self, realm: &Realm) -> i64 {
        let usual = realm.number("actionTokenGeneratedByAdminLifespan");
        self.lifespan
            .filter(|s| *s > 0)
            .unwrap_or(if usual > 0 { usual } else { 43_200 })
    }

    fn claims(&self, user: &User) -> Doc {
        let address = user.email.clone().unwrap_or_default();
        let mut claims = tokens::claims(&user.id, &address, None, Some(self.client_id.unwrap_or("account")));
        if let Some(uri) = self.redirect_uri {
            claims.insert("reduri".into(), json!(uri));
        }
        claims
    }
}

/// The mail by which an administrator asks a user for required actions (`execute-actions-email`).
///
/// # Errors
///
/// As [`registration_mail`], and those of the database.
pub async fn execute_actions(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    user: &User,
    actions: &[String],
    wanted: &ByAdmin<'_>,
) -> Result<Envelope, Error> {
    let seconds = wanted.seconds(realm);
    let address = user.email.clone().unwrap_or_default();
    let mut claims = wanted.claims(user);
    claims.insert("rqac".into(), json!(actions));
    if actions.iter().any(|a| a == "UPDATE_PASSWORD") {
        claims.insert(STAMP.into(), json!(stamp::for_link(app, &user.id).await?));
    }
    let mail = ExecuteActionsMail {
        realm_name: realm_name(realm),
        link: tokens::link(app, caller, realm, kind::EXECUTE_ACTIONS, seconds, &claims, None)?,
        link_expiration: seconds / 60,
        required_actions: actions.to_vec(),
        user: named(user),
    };
    mail::write(app, realm, &locale_of(realm, user), &address, &mail)
}
