//! A person becomes a user.
//!
//! ```text
//! web.rs | api/ -> steps/        what was sent, every error at once
//!          └-----> register      held until the address is proved, or a user at once: ONE transaction
//! verification  -> waiting::complete      the address is proved: the user that the row promised
//! ```

pub mod api;
pub mod form;
pub mod proof;
pub mod record;
pub mod ruled;
pub mod sent;
pub mod settings;
pub mod steps;
pub mod sweep;
mod user;
pub mod waiting;
pub mod web;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::alerts::{self, Came, Who};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::events;
use crate::mail::{self, Sending};
use crate::organization;
use crate::password::{self, Hashed};
use crate::profile::{self, FieldError, Fields};
use crate::protection::Attempt;
use crate::store::json::Doc;
use crate::store::realm::Realm;
use crate::store::registration::{self, Registration, Status};
use crate::store::user::{Kept, User, normal};
use crate::verification::{self, Code};
use crate::webhook;
use form::Form;
use record::Applicant;
use ruled::Address;
use steps::{Checked, Owner};

/// The member of a row that waits which refers to an invitation into an organization.
pub(crate) const INVITATION: &str = "organizationInvitation";

/// What becomes of a registration.
pub enum Outcome {
    /// There is a user.
    Registered(User),
    /// There will be one, once the address is proved. The mail is on its way.
    Waiting(Box<Registration>),
    /// Something is to be corrected, or not allowed.
    Refused(Refusal),
}

/// Why nobody was registered.
#[derive(Debug)]
pub enum Refusal {
    /// The realm, or the application, registers nobody.
    Disabled,
    /// Fields are wrong; all of them are named.
    Fields(Vec<FieldError>),
    /// A message above the form; it hides what else is wrong.
    Form(&'static str),
    /// There were enough lately; seconds to wait.
    TooMany(i64),
    /// The realm's hook says no: about a field, with words of its own.
    Denied {
        field: Option<String>,
        message: Option<String>,
    },
    /// The realm's hook cannot be asked; seconds to wait.
    Unavailable(i64),
}

/// Everything that the database needs to know, made before the transaction begins.
struct Prepared {
    id: String,
    fields: Fields,
    password: Option<Hashed>,
    terms_accepted: bool,
}

/// Registers somebody: looks at everything that was sent, then writes a user or a row that waits for the proof of the
/// address. Whether an address has an account shows in nothing that this does, where the realm does not tell.
///
/// # Errors
///
/// Those of the database, the hash pool and of mails.
pub async fn register(
    app: &App,
    caller: &Caller,
    realm: &Arc<Realm>,
    applicant: &Applicant,
    form: &Form,
) -> Result<Outcome, Error> {
    let outcome = decide(app, caller, realm, applicant, form).await?;
    let came = match &outcome {
        Outcome::Refused(_) => Came::ToNothing,
        _ => Came::Through,
    };
    alerts::registration(app, realm, Who::People, caller.ip, came).await;
    Ok(outcome)
}

async fn decide(
    app: &App,
    caller: &Caller,
    realm: &Arc<Realm>,
    applicant: &Applicant,
    form: &Form,
) -> Result<Outcome, Error> {
    let client = applicant.client.as_deref();
    if applicant.invited.is_none() && !settings::is_allowed(realm, client) {
        record::refused(app, realm, applicant, form, "registration_disabled").await;
        return Ok(Outcome::Refused(Refusal::Disabled));
    }
    if let Some(seconds) = attempt(caller, realm, applicant, form.email()).look(app).await? {
        return Ok(too_many(app, realm, applicant, form, seconds).await);
    }
    if let Some(invited) = &applicant.invited
        && form.email().map(normal).as_deref() != Some(&invited.invitation.email)
    {
        record::refused(app, realm, applicant, form, "invalid_token").await;
        let other = FieldError::new("email", "orgInviteOtherEmail");
        return Ok(Outcome::Refused(Refusal::Fields(vec![other])));
    }
    let checked = steps::check(app, realm, applicant, form).await?;
    if let Some(code) = checked.error {
        return refuse(app, caller, realm, applicant, form, code, refusal(checked)).await;
    }
    let id = crate::random::uuid();
    let form = &match ruled::ask(app, realm, applicant, form, &id).await {
        Ok(form) => form,
        Err(refusal) => return refuse_by_hook(app, caller, realm, applicant, form, refusal).await,
    };
    let prepared = prepare(app, realm, applicant, form, id).await?;
    let outcome = if settings::is_held(realm, client) {
        hold(app, caller, realm, applicant, prepared, checked.owner).await?
    } else {
        create(app, caller, realm, applicant, form, prepared).await?
    };
    match outcome {
        Outcome::Refused(Refusal::TooMany(seconds)) => Ok(too_many(app, realm, applicant, form, seconds).await),
        outcome => Ok(outcome),
    }
}

fn attempt<'a>(caller: &Caller, realm: &'a Realm, applicant: &'a Applicant, email: Option<&'a str>) -> Attempt<'a> {
    Attempt {
        realm,
        client: applicant.client.as_deref(),
        caller: caller.ip,
        email: email.unwrap_or_default(),
    }
}

async fn too_many(app: &App, realm: &Realm, applicant: &Applicant, form: &Form, seconds: i64) -> Outcome {
    record::refused(app, realm, applicant, form, "too_many_registrations").await;
    Outcome::Refused(Refusal::TooMany(seconds))
}

/// Counts a refusal as a registration; what is said if there were enough lately.
async fn count(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    applicant: &Applicant,
    form: &Form,
) -> Result<Option<Outcome>, Error> {
    let mut tx = app.db.begin().await?;
    let attempt = attempt(caller, realm, applicant, form.email());
    if let Some(seconds) = attempt.spend(&mut tx, app).await? {
        drop(tx);
        return Ok(Some(too_many(app, realm, applicant, form, seconds).await));
    }
    tx.commit().await?;
    Ok(None)
}

/// Says why not. What tells that a name or an address is taken counts as a registration does, so that nobody can ask for
/// many; a typing error counts nothing.
async fn refuse(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    applicant: &Applicant,
    form: &Form,
    code: &'static str,
    refusal: Refusal,
) -> Result<Outcome, Error> {
    if matches!(code, "username_in_use" | "email_in_use")
        && let Some(refused) = count(app, caller, realm, applicant, form).await?
    {
        return Ok(refused);
    }
    record::refused(app, realm, applicant, form, code).await;
    Ok(Outcome::Refused(refusal))
}

/// The hook said no, or cannot be asked. It counts: nobody makes us ask for more than the limits allow.
async fn refuse_by_hook(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    applicant: &Applicant,
    form: &Form,
    refusal: Refusal,
) -> Result<Outcome, Error> {
    if let Some(refused) = count(app, caller, realm, applicant, form).await? {
        return Ok(refused);
    }
    record::refused_by_hook(app, realm, applicant, form, &refusal).await;
    Ok(Outcome::Refused(refusal))
}

fn refusal(checked: Checked) -> Refusal {
    match checked.global {
        Some(message) => Refusal::Form(message),
        None => Refusal::Fields(checked.errors),
    }
}

/// The fields as they would be kept.
fn kept(realm: &Realm, applicant: &Applicant, form: &Form) -> Fields {
    let mut sent = form.fields.clone();
    if realm.flag("registrationEmailAsUsername") {
        sent.insert("username".into(), form.email().map(normal).into_iter().collect());
    }
    let mut fields = profile::writable(realm, &applicant.place(realm), &sent, &Fields::new());
    if realm.flag("registrationEmailAsUsername") {
        fields.insert("username".into(), form.email().map(normal).into_iter().collect());
    }
    if realm.flag("internationalizationEnabled") {
        fields.insert("locale".into(), vec![applicant.locale.clone()]);
    }
    fields
}

async fn prepare(app: &App, realm: &Realm, applicant: &Applicant, form: &Form, id: String) -> Result<Prepared, Error> {
    let password = match form.password.as_deref().filter(|p| !p.is_empty()) {
        Some(password) if steps::asked(realm).takes_password => Some(password::hash(app, realm, password).await?),
        _ => None,
    };
    Ok(Prepared {
        id,
        fields: kept(realm, applicant, form),
        password,
        terms_accepted: steps::asked(realm).terms && form.terms_accepted,
    })
}

/// Writes a row that waits, with the mail that asks for the proof; or, where the address has an owner, the mail that
/// tells them. Both are written and neither is faster.
async fn hold(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    applicant: &Applicant,
    prepared: Prepared,
    owner: Option<Owner>,
) -> Result<Outcome, Error> {
    let now = app.now();
    let first = |name: &str| {
        prepared
            .fields
            .get(name)
            .and_then(|v| v.first())
            .map(|v| normal(v))
            .unwrap_or_default()
    };
    let code = Code::new();
    let secrets = prepared
        .password
        .map(|h| json!({ "secretData": h.secret_data, "credentialData": h.credential_data }));
    let row = Registration {
        realm_id: realm.id.clone(),
        status: Status::Proof,
        username: first("username"),
        email: first("email"),
        address_taken: owner.is_some(),
        client_uuid: applicant.client.as_ref().map(|c| c.id.clone()),
        source: applicant.source.as_str().to_owned(),
        ip_address: Some(applicant.ip.clone()),
        locale: Some(applicant.locale.clone()),
        created: now,
        expires: now + settings::pending_lifetime_ms(realm, applicant.client.as_deref()),
        account_id: None,
        browser_hash: applicant.tab.as_ref().map(|tab| waiting::browser_hash(&tab.root_id)),
        status_token_hash: applicant.status_token.as_deref().map(waiting::token_hash),
        code_hash: Some(code.hash(&prepared.id)),
        mailed: Some(now),
        doc: doc(&prepared.fields, secrets, prepared.terms_accepted, applicant),
        id: prepared.id,
    };
    let proof = verification::registration_mail(app, caller, realm, &row, applicant.tab.as_ref(), &code)?;
    let told = verification::taken_mail(app, caller, realm, &row, owner.as_ref().map(|o| &o.0))?;
    let mut tx = app.db.begin().await?;
    if let Some(seconds) = attempt(caller, realm, applicant, Some(&row.email))
        .spend(&mut tx, app)
        .await?
    {
        return Ok(Outcome::Refused(Refusal::TooMany(seconds)));
    }
    registration::add(&mut tx, &row).await?;
    let sent = if owner.is_some() { &told } else { &proof };
    if !mail::queue(&mut tx, app, realm, sent, caller.ip, Sending::Wanted).await? {
        registration::forget_code(&mut tx, &row.id).await?;
    }
    let event = applicant.event("REGISTRATION_SUBMITTED", &row.id, &prepared.fields);
    events::record(&mut tx, realm, &event, now).await?;
    tx.commit().await?;
    Ok(Outcome::Waiting(Box::new(row)))
}

fn doc(fields: &Fields, password: Option<Value>, terms_accepted: bool, applicant: &Applicant) -> Doc {
    let mut doc = Doc::new();
    doc.insert("fields".into(), json!(fields));
    if let Some(password) = password {
        doc.insert("password".into(), password);
    }
    doc.insert("termsAccepted".into(), json!(terms_accepted));
    doc.insert("tokens".into(), json!(applicant.wants_tokens));
    doc.insert("details".into(), Value::Object(applicant.details.clone()));
    if let Some(invited) = &applicant.invited {
        doc.insert(INVITATION.into(), json!(invited.reference()));
    }
    doc
}

/// Writes the user, with all that new users get.
async fn create(
    app: &App,
    caller: &Caller,
    realm: &Realm,
    applicant: &Applicant,
    form: &Form,
    prepared: Prepared,
) -> Result<Outcome, Error> {
    let client = applicant.client.as_deref();
    let sender = applicant.sender();
    let subject = ruled::describe(&prepared.id, &prepared.fields, Address::Claimed, &sender);
    let gifts = ruled::assigned(realm, client, &subject, &sender);
    let plan = user::Plan {
        id: prepared.id,
        fields: prepared.fields,
        password: prepared.password,
        email_verified: false,
        terms_accepted: prepared.terms_accepted,
        gifts: gifts.clone().unwrap_or_default(),
    };
    let mut tx = app.db.begin().await?;
    if let Some(seconds) = attempt(caller, realm, applicant, form.email())
        .spend(&mut tx, app)
        .await?
    {
        return Ok(Outcome::Refused(Refusal::TooMany(seconds)));
    }
    let (kept, new) = user::add(&mut tx, app, realm, client, plan).await?;
    let error = match kept {
        Kept::Yes => {
            if let Some(invited) = &applicant.invited
                && !organization::accept(&mut tx, &invited.reference(), &new.id, true).await?
            {
                drop(tx);
                record::refused(app, realm, applicant, form, "invalid_token").await;
                return Ok(Outcome::Refused(Refusal::Form("staleInviteOrgLink")));
            }
            let mut event = applicant.event("REGISTER", &new.id, &form.fields);
            if let Err(failed) = gifts {
                event = event.detail("reason", format!("registration.assign.rule: {failed}"));
            }
            events::record(&mut tx, realm, &event, app.now()).await?;
            webhook::after(&mut tx, realm, &ruled::made(&subject, &sender), app.now()).await?;
            if let Some(invited) = &applicant.invited {
                let event = invited.event(applicant.event("INVITE_ORG", &new.id, &form.fields));
                events::record(&mut tx, realm, &event, app.now()).await?;
            }
            tx.commit().await?;
            return Ok(Outcome::Registered(new));
        }
        // Somebody else was faster.
        Kept::EmailTaken => (FieldError::new("email", "emailExistsMessage"), "email_in_use"),
        Kept::UsernameTaken | Kept::Gone => (FieldError::new("username", "usernameExistsMessage"), "username_in_use"),
    };
    drop(tx);
    refuse(
        app,
        caller,
        realm,
        applicant,
        form,
        error.1,
        Refusal::Fields(vec![error.0]),
    )
    .await
}
