//! The registration form: the step `registration-page-form` of a flow (Keycloak's URLs, fields and texts).

use axum::http::{HeaderValue, StatusCode, header};
use serde_json::Value;
use vestibule_oauth::params::Params;

use super::form::Form;
use super::record::{Applicant, Source};
use super::{Outcome as Became, Refusal, register, steps};
use crate::error::Error;
use crate::login::flow::{Context, Outcome, UNEXPECTED};
use crate::login::session::Stage;
use crate::login::{Turn, address};
use crate::organization::{self, Invited, door};
use crate::page::{self, Draft, Response};
use crate::password;
use crate::profile::{self, Context as Where, FieldError, Fields};
use crate::store::json::Doc;
use crate::store::registration::Registration;
use crate::theme::Kind;
use crate::theme::pages::{Register, Severity};
use crate::theme::sanitize::escape;
use crate::verification::TabRef;

/// The note that holds the id of a registration that waits.
pub const NOTE: &str = "registration";

/// Shows the form, or takes what was sent.
///
/// # Errors
///
/// Those of the database, of mails and of pages.
pub async fn step(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let invited = match invited(context.turn).await? {
        Ok(invited) => invited,
        Err(stale) => return Ok(Outcome::Challenge(stale)),
    };
    let Some(sent) = context.form else {
        let mut typed = hinted(context.turn);
        if let Some(invited) = &invited {
            typed.insert("email".into(), vec![invited.invitation.email.clone()]);
        }
        return form_page(
            context,
            &Form {
                fields: typed,
                ..Form::default()
            },
            None,
            invited.as_ref(),
        );
    };
    if sent.is_empty() {
        return Ok(Outcome::Failure(UNEXPECTED));
    }
    let mut form = Form::read(sent.iter());
    if !steps::asked(&context.turn.realm).password {
        // Not asked for on this page: Keycloak overlooks it.
        (form.password, form.password_confirm) = (None, None);
    }
    let applicant = applicant(context.turn, sent, invited.clone());
    let turn = &mut *context.turn;
    let (app, caller, realm) = (turn.app.clone(), turn.visitor.caller.clone(), turn.realm.clone());
    match register(&app, &caller, &realm, &applicant, &form).await? {
        Became::Registered(user) => {
            turn.session.set_note("username", &*user.username);
            turn.session.set_note("registering", "true");
            context.user = Some(user);
            Ok(Outcome::Success)
        }
        Became::Waiting(row) => {
            turn.session.set_note("registering", "true");
            Ok(Outcome::Challenge(wait(turn, &row)))
        }
        Became::Refused(refusal) => form_page(context, &form, Some(&refusal), invited.as_ref()),
    }
}

/// Sends a tab to the page of a registration that waits ([`super::proof`]).
pub fn wait(turn: &mut Turn, row: &Registration) -> Response {
    turn.session.set_note(NOTE, &*row.id);
    turn.session.stage = Stage::Actions;
    turn.session.execution = Some("VERIFY_EMAIL".to_owned());
    turn.session.code = None;
    let here = address::here(&turn.visitor.caller, &turn.realm, &turn.client, &turn.session);
    let cookies = std::mem::take(&mut turn.session.set_cookies);
    page::redirect(&turn.realm, &here, &cookies)
}

/// The invitation that a tab registers for, if it does; the page that says so where it is none any more.
async fn invited(turn: &mut Turn) -> Result<Result<Option<Invited>, Response>, Error> {
    let Some(reference) = turn.session.note(door::NOTE).map(str::to_owned) else {
        return Ok(Ok(None));
    };
    if let Some(invited) = organization::again(&turn.app, &turn.realm, &reference).await? {
        return Ok(Ok(Some(invited)));
    }
    let page = turn
        .notice()
        .error(StatusCode::BAD_REQUEST, "staleInviteOrgLink", &[])?;
    Ok(Err(page))
}

/// What the application says about who comes: `login_hint` is the address where that is the user name.
fn hinted(turn: &Turn) -> Fields {
    let field = if turn.realm.flag("registrationEmailAsUsername") {
        "email"
    } else {
        "username"
    };
    let hint = turn.session.request.login_hint.clone();
    hint.map(|hint| (field.to_owned(), vec![hint])).into_iter().collect()
}

fn applicant(turn: &Turn, sent: &Params, invited: Option<Invited>) -> Applicant {
    let mut details = Doc::new();
    let texts = [
        ("auth_method", "openid-connect"),
        ("redirect_uri", &turn.session.request.redirect_uri),
        ("code_id", &turn.session.root_id),
    ];
    for (name, text) in texts {
        details.insert(name.to_owned(), Value::from(text));
    }
    let shown = Draft::new(&turn.app, &turn.realm, &turn.visitor, Some(&turn.client))
        .voice
        .locale;
    let chosen = turn.session.note("locale").map(str::to_owned);
    let typed = sent
        .text("locale")
        .filter(|l| turn.realm.texts("supportedLocales").contains(l))
        .map(str::to_owned);
    Applicant {
        client: Some(turn.client.clone()),
        scope: turn.session.request.scope.clone(),
        ip: turn.visitor.caller.ip.to_string(),
        locale: typed.or(chosen).unwrap_or(shown),
        source: Source::Form,
        tab: Some(TabRef::of(&turn.visitor.caller, &turn.client, &turn.session)),
        status_token: None,
        wants_tokens: false,
        invited,
        details,
    }
}

fn form_page(
    context: &mut Context<'_>,
    form: &Form,
    refusal: Option<&Refusal>,
    invited: Option<&Invited>,
) -> Result<Outcome, Error> {
    let asked = steps::asked(&context.turn.realm);
    let place = context.turn.place(Where::Registration);
    let profile = profile::for_page(&context.turn.realm, &place, &form.fields);
    let mut draft = context.turn.draft(None);
    match refusal {
        None => {}
        Some(Refusal::Disabled) => draft.message(Severity::Error, "registrationNotAllowedMessage", &[]),
        Some(Refusal::TooMany(_)) => draft.message(Severity::Error, "tooManyRegistrationsMessage", &[]),
        Some(Refusal::Form(key)) => draft.message(Severity::Error, key, &[]),
        Some(Refusal::Unavailable(_)) => draft.message(Severity::Error, "registrationUnavailableMessage", &[]),
        Some(Refusal::Denied { field, message }) => denied(&mut draft, &profile, field.as_deref(), message.as_deref()),
        Some(Refusal::Fields(errors)) => show_errors(&mut draft, &profile, errors),
    }
    let heading = "organization.member.register.title";
    let page = Register {
        message_header: invited.map(|i| draft.text(heading, &[Value::from(&*i.organization.name)])),
        profile,
        password_required: asked.password,
        terms_acceptance_required: asked.terms,
        terms_accepted: form.terms_accepted,
        password_hints: if asked.password {
            password::hints(&draft)
        } else {
            Vec::new()
        },
    };
    let (status, seconds) = match refusal {
        Some(Refusal::TooMany(seconds)) => (StatusCode::TOO_MANY_REQUESTS, seconds),
        Some(Refusal::Unavailable(seconds)) => (StatusCode::SERVICE_UNAVAILABLE, seconds),
        _ => return Ok(Outcome::Challenge(draft.answer(StatusCode::OK, &page)?)),
    };
    let mut answer = draft.answer(status, &page)?;
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    Ok(Outcome::Challenge(answer))
}

/// What the realm's hook says: beside the field that it is about, if the page shows that one.
fn denied(draft: &mut Draft<'_>, profile: &crate::theme::pages::Profile, field: Option<&str>, message: Option<&str>) {
    let text = message.map_or_else(|| draft.text("registrationRefusedMessage", &[]), escape);
    match field.filter(|field| profile.attributes.iter().any(|a| a.name == *field)) {
        Some(field) => draft.shell.field_error(field, text),
        None => draft.shell.message = Some(crate::theme::pages::Message::new(Severity::Error, text)),
    }
}

/// Puts errors beside their fields: the first of each field, as Keycloak. Those of fields that the page does not show
/// stand above the form.
pub fn show_errors(draft: &mut Draft<'_>, profile: &crate::theme::pages::Profile, errors: &[FieldError]) {
    const OTHERS: [&str; 3] = ["password", "password-confirm", "termsAccepted"];
    for error in errors {
        let attribute = profile.attributes.iter().find(|a| a.name == error.field);
        if attribute.is_none() && !OTHERS.contains(&error.field.as_str()) {
            let text = draft.text(&error.key, &error.params);
            draft.shell.message = Some(crate::theme::pages::Message::new(
                Severity::Error,
                format!("{}: {text}", error.field),
            ));
            continue;
        }
        if draft.shell.messages_per_field.contains_key(&error.field) {
            continue;
        }
        let mut params = error.params.clone();
        // Keycloak counts values under the attribute's own name.
        let is_count = error.key == "error-invalid-multivalued-size";
        if let (Some(attribute), Some(first), false) = (attribute, params.first_mut(), is_count) {
            *first = Value::from(
                draft
                    .app
                    .themes
                    .advanced(&draft.voice, Kind::Login, &attribute.display_name),
            );
        }
        draft.field_error(&error.field, &error.key, &params);
    }
}
