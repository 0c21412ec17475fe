//! Every template is rendered with its sample in every language, and no message is missing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::email::Mail;
use super::pages::{self, Message, Page, Severity, Shell};
use super::{Kind, Themes, Voice};

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
    sample::<pages::Info>();
    sample::<pages::ErrorPage>();
    sample::<pages::Terms>();
    sample::<pages::Code>();
    sample::<pages::LogoutConfirm>();
    sample::<pages::FrontchannelLogout>();
    sample::<pages::DeleteAccountConfirm>();
    sample::<pages::FormPost>();
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

#[test]
fn every_mail_is_written_in_every_language() {
    fn write<M: Mail>() {
        for locale in LANGUAGES {
            let letter = themes().mail(&voice(locale), &M::sample()).unwrap();
            assert!(!letter.subject.is_empty() && !letter.text.is_empty(), "{}", M::TEMPLATE);
            assert!(!letter.subject.ends_with("Subject"), "{}", letter.subject);
            keep(&format!("mail-{}", M::TEMPLATE), locale, &letter.html);
        }
    }
    write::<pages::mail::VerificationMail>();
    write::<pages::mail::PasswordResetMail>();
    write::<pages::mail::ExecuteActionsMail>();
    write::<pages::mail::EmailUpdateMail>();
    write::<pages::mail::EmailTakenMail>();
    write::<pages::mail::TestMail>();
}

#[test]
fn a_mail_says_what_keycloaks_says() {
    let mail = pages::mail::VerificationMail {
        code: String::new(),
        ..Mail::sample()
    };
    let letter = themes().mail(&voice("en"), &mail).unwrap();
    assert_eq!(letter.subject, "Verify email");
    assert_eq!(
        letter.text,
        format!(
            "Someone has created a Harbour Works account with this email address. If this was you, click the link below \
             to verify your email address\n\n{}\n\nThis link will expire within 5 minutes.\n\nIf you didn't create this \
             account, just ignore this message.",
            mail.link
        )
    );
    assert!(
        letter.html.contains("client_id=demo-app\" rel=\"nofollow\">"),
        "{}",
        letter.html
    );
    let actions = themes()
        .mail(&voice("en"), &pages::mail::ExecuteActionsMail::sample())
        .unwrap();
    assert!(
        actions.text.contains("action(s): Verify Email, Update Password. Click"),
        "{}",
        actions.text
    );
    assert!(actions.text.contains("within 12 hours."), "{}", actions.text);
}

/// All `msg("key"...)` of a kind's templates: also those that no sample shows.
fn keys_in_templates(kind: Kind) -> BTreeSet<String> {
    let call = regex::Regex::new(r#"msg(?:Html)?\(["']([^"']+)["'](?: ~)?"#).unwrap();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("themes");
    let mut keys = BTreeSet::new();
    for folder in ["templates", "templates/html", "templates/text"] {
        let dir = root.join("base").join(kind.name()).join(folder);
        for entry in dir.read_dir().into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            let found = call.captures_iter(&text).filter(|c| !c[0].ends_with('~'));
            keys.extend(found.map(|c| c[1].to_owned()));
        }
    }
    keys
}

#[test]
fn no_message_is_missing_in_any_language() {
    let themes = themes();
    for kind in [Kind::Login, Kind::Email, Kind::Demo] {
        let english: BTreeSet<String> = themes.texts("base", kind, "en").keys().cloned().collect();
        let missing: Vec<_> = keys_in_templates(kind).difference(&english).cloned().collect();
        assert!(missing.is_empty(), "{kind:?}: {missing:?}");
        for locale in LANGUAGES {
            let known: BTreeSet<String> = themes.texts("base", kind, locale).keys().cloned().collect();
            assert_eq!(english, known, "{kind:?} {locale}");
        }
    }
}

#[test]
fn a_realms_own_text_comes_first_and_in_keycloaks_order() {
    let own = |locale: &str, text: &str| {
        (
            locale.to_owned(),
            [("registerTitle".to_owned(), text.to_owned())].into(),
        )
    };
    let voice = |locale: &str| Voice {
        locale: locale.to_owned(),
        texts: std::sync::Arc::new([own("en", "Join us"), own("de-CH", "Mached mit")].into()),
        ..Voice::default()
    };
    let title = |locale| themes().message(&voice(locale), Kind::Login, "registerTitle", &[]);
    assert_eq!(title("en"), "Join us");
    assert_eq!(title("de"), "Registrierung");
    assert_eq!(title("de-CH"), "Mached mit");
    assert_eq!(title("fr"), "Join us");
    assert_eq!(
        themes().message(&voice("en"), Kind::Login, "no.such.key", &[]),
        "no.such.key"
    );
}

#[test]
fn numbers_in_messages_are_written_as_in_the_language() {
    let args = ["x".into(), 0.into(), 2048.into()];
    let say = |locale| themes().message(&voice(locale), Kind::Login, "error-invalid-length", &args);
    assert_eq!(say("en"), "Length must be between 0 and 2,048.");
    assert_eq!(say("de"), "Länge muss zwischen 0 und 2.048 Zeichen liegen.");
}

#[test]
fn a_theme_on_disk_changes_what_it_holds_and_shows_at_once_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("acme/login");
    std::fs::create_dir_all(home.join("templates")).unwrap();
    std::fs::create_dir_all(home.join("resources/css")).unwrap();
    let write = |path: &str, text: &str| std::fs::write(home.join(path), text).unwrap();
    write("theme.properties", "parent=keycloak.v2\nstyles=css/acme.css\n");
    write("resources/css/acme.css", "h1{color:red}");
    write(
        "templates/terms.j2",
        "{% extends 'base:terms.j2' %}{% block heading %}House rules{% endblock %}",
    );
    let acme = Voice {
        theme: "acme".to_owned(),
        locale: "en".to_owned(),
        ..Voice::default()
    };
    let terms = |themes: &Themes| themes.page(&acme, &Shell::sample(), &pages::Terms {});

    let live = Themes::new(Some(dir.path().to_owned()), true);
    let html = terms(&live).unwrap();
    assert!(
        html.contains("House rules") && html.contains("login/acme/css/acme.css"),
        "{html}"
    );
    assert_eq!(
        live.resource("acme", Kind::Login, "css/acme.css").unwrap().content_type,
        "text/css; charset=utf-8"
    );
    assert!(live.resource("acme", Kind::Login, "img/hall.svg").is_some());
    assert!(live.resource("acme", Kind::Login, "../theme.properties").is_none());

    write(
        "templates/terms.j2",
        "{% extends 'base:terms.j2' %}{% block heading %}New rules{% endblock %}",
    );
    assert!(terms(&live).unwrap().contains("New rules"));
    write("templates/terms.j2", "{{ broken");
    assert!(terms(&live).is_err());
    let steady = Themes::new(Some(dir.path().to_owned()), false);
    assert!(
        terms(&steady).unwrap().contains("Terms and Conditions"),
        "a broken theme locks nobody out"
    );
}
