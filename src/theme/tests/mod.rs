//! Every page is rendered with its sample in every language, and no message is missing.

use std::path::PathBuf;

use super::pages::{self, Message, Page, Severity, Shell};
use super::{Themes, Voice};

mod speech;

const LANGUAGES: [&str; 2] = ["en", "de"];

fn themes() -> Themes {
    Themes::new(None, false)
}

fn voice(locale: &str) -> Voice {
    Voice {
        locale: locale.to_owned(),
        ..Voice::default()
    }
}

/// The samples land in a folder when one is named, to be looked at in a browser.
fn keep(name: &str, locale: &str, content: &str) {
    if let Ok(dir) = std::env::var("VESTIBULE_SAMPLES") {
        std::fs::write(PathBuf::from(dir).join(format!("{name}.{locale}.html")), content).unwrap();
    }
}

fn show<P: Page>(name: &str, change: impl Fn(&mut Shell), page: &P) -> String {
    let mut english = String::new();
    for locale in LANGUAGES {
        let mut shell = Shell::sample();
        change(&mut shell);
        let html = themes().page(&voice(locale), &shell, page).unwrap();
        assert!(html.contains("<html lang="), "{name}");
        keep(name, locale, &html);
        if locale == "en" {
            english = html;
        }
    }
    english
}

fn sample<P: Page>() -> String {
    let message = say(Severity::Info, "A message.");
    let spoken = |shell: &mut Shell| {
        if P::TEMPLATE == "info.j2" || P::TEMPLATE == "error.j2" {
            message(shell);
        }
    };
    show(P::TEMPLATE.trim_end_matches(".j2"), spoken, &P::sample())
}

fn say(severity: Severity, text: &str) -> impl Fn(&mut Shell) {
    move |shell| shell.message = Some(Message::new(severity, text))
}

#[test]
fn every_page_renders_in_every_language() {
    sample::<pages::Login>();
    sample::<pages::LoginUsername>();
    sample::<pages::LoginPassword>();
    sample::<pages::ResetPassword>();
    sample::<pages::Register>();
    sample::<pages::UpdateProfile>();
    sample::<pages::UpdatePassword>();
    sample::<pages::VerifyEmail>();
    sample::<pages::PageExpired>();
    sample::<pages::OauthGrant>();
    sample::<pages::DeviceUserCode>();
    sample::<pages::Info>();
    sample::<pages::ErrorPage>();
    sample::<pages::Terms>();
    sample::<pages::Code>();
    sample::<pages::LogoutConfirm>();
    sample::<pages::FrontchannelLogout>();
    sample::<pages::DeleteAccountConfirm>();
    sample::<pages::UpdateEmail>();
    sample::<pages::LoginOtp>();
    sample::<pages::ResetOtp>();
    sample::<pages::ConfigTotp>();
    sample::<pages::RecoveryCodes>();
    sample::<pages::RecoveryCode>();
    sample::<pages::SelectAuthenticator>();
    sample::<pages::DeleteCredential>();
    sample::<pages::WebauthnRegister>();
    sample::<pages::WebauthnAuthenticate>();
    sample::<pages::WebauthnError>();
    sample::<pages::FormPost>();
    sample::<pages::approval::Approval>();
    sample::<pages::approval::ClientPending>();
    sample::<pages::DemoHome>();
    sample::<pages::DemoInbox>();
    sample::<pages::DemoMessage>();
}

#[test]
fn pages_render_with_nothing_but_a_realm() {
    let bare = |shell: &mut Shell| *shell = Shell::default();
    show("bare-login", bare, &pages::Login::default());
    show("bare-register", bare, &pages::Register::default());
    show("bare-error", bare, &pages::ErrorPage::default());
    show("bare-info", bare, &pages::Info::default());
    show("bare-inbox", bare, &pages::DemoInbox::default());
    show("demo-signed-out", |_| {}, &pages::DemoHome::signed_out());
}

#[test]
fn the_login_page_is_found_by_what_was_written_for_keycloak() {
    let html = show(
        "login-error",
        |s| s.field_error("username", "Invalid username or password."),
        &pages::Login::default(),
    );
    for part in [
        "data-page-id=\"login-login\"",
        "<title>Sign in to Harbour Works</title>",
        "id=\"kc-page-title\">Sign in to your account</h1>",
        "<form id=\"kc-form-login\"",
        "<label for=\"username\">Username or email</label>",
        "<label for=\"password\">Password</label>",
        "<span id=\"input-error-username\"",
        "<input type=\"hidden\" id=\"id-hidden-input\" name=\"credentialId\">",
        "<button id=\"kc-login\" name=\"login\" type=\"submit\"",
        "aria-invalid=\"true\"",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("style=\""), "inline styles need unsafe-inline");
}

#[test]
fn a_known_visitor_is_asked_for_the_password_alone() {
    let known = |shell: &mut Shell| {
        shell.auth = pages::Auth {
            attempted_username: Some("grace".to_owned()),
            show_username: true,
            show_try_another_way_link: true,
        };
        shell.message = Some(Message::new(Severity::Info, "Please re-authenticate to continue"));
    };
    let html = show(
        "reauthenticate",
        known,
        &pages::Login {
            username_hidden: true,
            ..pages::Login::default()
        },
    );
    assert!(html.contains("<span id=\"kc-attempted-username\">grace</span>"));
    assert!(html.contains("kc-feedback-text"));
    assert!(!html.contains("name=\"username\"") && !html.contains("rememberMe"));
}

#[test]
fn a_key_can_be_typed_where_no_picture_can_be_taken() {
    let mut page = pages::ConfigTotp::sample();
    page.mode = Some("manual".to_owned());
    let html = show("login-config-totp-manual", |_| {}, &page);
    assert!(html.contains("id=\"kc-totp-secret-key\"") && !html.contains("<img id=\"kc-totp-secret-qr-code\""));
}

#[test]
fn every_error_stands_beside_its_field_and_what_was_typed_stays() {
    let wrong = |shell: &mut Shell| {
        for field in ["username", "email", "lastName", "color", "languages", "company"] {
            shell.field_error(field, "Please specify this field.");
        }
        shell.field_error("password-confirm", "Password confirmation doesn't match.");
        shell.field_error("termsAccepted", "You must agree to our terms and conditions.");
    };
    let mut page = pages::Register::sample();
    page.profile.attributes[2].value = "<Grace & Co>".to_owned();
    let html = show("register-errors", wrong, &page);
    assert!(html.contains("value=\"&lt;Grace &amp; Co&gt;\""), "{html}");
    for id in ["username", "email", "lastName", "password-confirm", "terms-accepted"] {
        assert!(html.contains(&format!("<span id=\"input-error-{id}\"")), "{id}");
    }
    for id in ["firstName", "password", "bio"] {
        assert!(
            html.contains(&format!(
                "<div id=\"input-error-container-{id}\" class=\"field-note\"></div>"
            )),
            "{id}"
        );
    }
}

#[test]
fn a_plain_registration_has_keycloaks_fields_in_keycloaks_order() {
    let mut page = pages::Register {
        password_required: true,
        ..pages::Register::sample()
    };
    page.profile.attributes.truncate(4);
    page.terms_acceptance_required = false;
    let html = show("register-plain", |_| {}, &page);
    let places: Vec<usize> = [
        "username",
        "password",
        "password-confirm",
        "email",
        "firstName",
        "lastName",
    ]
    .iter()
    .map(|name| html.find(&format!(" name=\"{name}\"")).unwrap())
    .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(html.contains("<input type=\"submit\" class=\"button\" value=\"Register\">"));
}

#[test]
fn messages_are_shown_as_keycloak_shows_them() {
    let html = show(
        "error-alone",
        say(Severity::Error, "Client not found."),
        &pages::ErrorPage::default(),
    );
    assert!(html.contains("<p class=\"instruction\">Client not found.</p>"));
    assert!(html.contains("id=\"backToApplication\""));
    let html = show(
        "info-alone",
        say(Severity::Success, "You are logged out"),
        &pages::Info::default(),
    );
    assert!(html.contains("id=\"kc-page-title\">You are logged out</h1>"));
    show(
        "login-notice",
        say(
            Severity::Success,
            "You should receive an email shortly with further instructions.",
        ),
        &pages::Login::default(),
    );
    show(
        "verify-notice",
        say(
            Severity::Warning,
            "You need to verify your email address to activate your account.",
        ),
        &pages::VerifyEmail::sample(),
    );
}

#[test]
fn markup_in_names_and_messages_cannot_run() {
    let hostile = |shell: &mut Shell| {
        shell.realm.display_name = "<script>alert(1)</script>".to_owned();
        shell.realm.display_name_html = "<img src=x onerror=alert(1)><b>x".to_owned();
        shell.message = Some(Message::new(Severity::Error, "<script>alert(2)</script>"));
    };
    let html = show("hostile", hostile, &pages::Login::default());
    assert!(
        !html.contains("<script>alert") && !html.contains("<img src=x"),
        "{html}"
    );
}
