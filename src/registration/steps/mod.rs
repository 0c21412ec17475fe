//! The steps of a registration form, as the realm's registration flow arranges them. Both doors go through them: what the
//! flow asks of a visitor's browser it asks of a program.

mod password;
mod recaptcha;
mod terms;
mod user_creation;

use crate::app::App;
use crate::error::Error;
use crate::profile::FieldError;
use crate::registration::form::Form;
use crate::registration::record::Applicant;
use crate::store::realm::{Execution, Realm};

pub use user_creation::Owner;

/// What a flow asks for, beside the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// A password, before anything is proved.
    pub password: bool,
    /// Consent to the terms.
    pub terms: bool,
    /// The flow has a password step: one that is sent is taken even where none is asked for.
    pub takes_password: bool,
}

/// What the steps found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Everything that is wrong, in the order of the flow; `error` is the event's code of the first step that refused.
    pub errors: Vec<FieldError>,
    pub error: Option<&'static str>,
    /// A message above the form instead of all others.
    pub global: Option<&'static str>,
    /// The owner of the address, where that is not told.
    pub owner: Option<Owner>,
}

/// One form action of a flow.
enum Step<'a> {
    UserCreation,
    Password(&'a Execution),
    Terms,
    Recaptcha,
    /// Kept by an import; closed, if it is required.
    Unknown(&'a str),
}

/// The form actions that are switched on, in their order.
fn steps(realm: &Realm) -> Vec<Step<'_>> {
    let top = realm
        .text("registrationFlow")
        .and_then(|alias| realm.flow_by_alias(alias));
    let form = top.and_then(|flow| {
        let inner = flow.executions.iter().filter(|e| e.requirement != "DISABLED");
        inner
            .filter_map(|e| realm.flow(e.flow_id.as_deref()?))
            .find(|f| f.provider_id == "form-flow")
    });
    let live = form
        .into_iter()
        .flat_map(|f| &f.executions)
        .filter(|e| e.requirement != "DISABLED");
    live.map(|e| match e.authenticator.as_deref().unwrap_or_default() {
        "registration-user-creation" => Step::UserCreation,
        "registration-password-action" => Step::Password(e),
        "registration-terms-and-conditions" => Step::Terms,
        "registration-recaptcha-action" | "registration-recaptcha-enterprise" => Step::Recaptcha,
        other => Step::Unknown(other),
    })
    .collect()
}

/// What the realm's flow asks for.
pub fn asked(realm: &Realm) -> Asked {
    let mut asked = Asked::default();
    for step in steps(realm) {
        match step {
            Step::Password(execution) => {
                asked.takes_password = true;
                asked.password = password::is_asked(realm, execution);
            }
            Step::Terms => asked.terms = true,
            Step::UserCreation | Step::Recaptcha | Step::Unknown(_) => {}
        }
    }
    asked
}

/// Whether the flow asks for a captcha's proof.
pub fn asks_for_captcha(realm: &Realm) -> bool {
    steps(realm).iter().any(|step| matches!(step, Step::Recaptcha))
}

/// Lets every step look at what was sent, and gathers what they say.
///
/// # Errors
///
/// Those of the database and of the password policy.
pub async fn check(app: &App, realm: &Realm, applicant: &Applicant, form: &Form) -> Result<Checked, Error> {
    let mut checked = Checked::default();
    let mut creates = false;
    for step in steps(realm) {
        let before = checked.errors.len();
        let error = match step {
            Step::UserCreation => {
                creates = true;
                user_creation::check(app, realm, applicant, form, &mut checked).await?
            }
            Step::Password(execution) => {
                password::check(app, realm, execution, form, &mut checked.errors).await?;
                "invalid_registration"
            }
            Step::Terms => {
                terms::check(form, &mut checked.errors);
                "invalid_registration"
            }
            Step::Recaptcha => {
                checked.global = Some(recaptcha::REFUSED);
                "invalid_registration"
            }
            Step::Unknown(name) => {
                tracing::error!(
                    realm = realm.name,
                    step = name,
                    "this step of a registration is not known: it refuses everybody"
                );
                checked.global = Some("unexpectedErrorHandlingRequestMessage");
                "invalid_registration"
            }
        };
        if checked.error.is_none() && (checked.errors.len() > before || checked.global.is_some()) {
            checked.error = Some(error);
        }
    }
    if !creates {
        tracing::error!(
            realm = realm.name,
            "the registration flow has no step that creates a user"
        );
        checked.global = Some("unexpectedErrorHandlingRequestMessage");
        checked.error = Some("invalid_registration");
    }
    Ok(checked)
}
