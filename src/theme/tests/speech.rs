//! Mails and messages: complete in every language; themes of operators.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::email::Mail;
use super::super::pages::{self, Shell};
use super::super::{Kind, Themes, Voice};
use super::{LANGUAGES, keep, themes, voice};

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
    write::<pages::mail::AlertMail>();
    write::<pages::mail::ClientExpiresMail>();
    write::<pages::mail::OrganizationInviteMail>();
    write::<pages::approval_mail::ApprovalRequestMail>();
    write::<pages::approval_mail::ClientApprovedMail>();
    write::<pages::approval_mail::ClientRefusedMail>();
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

    write(
        "templates/login.j2",
        "{% extends 'base:login.j2' %}{% block subtitle %}Members only.{% endblock %}",
    );
    let live = Themes::new(Some(dir.path().to_owned()), true);
    let html = terms(&live).unwrap();
    let login = live.page(&acme, &Shell::sample(), &pages::Login::default()).unwrap();
    assert!(
        login.contains("Members only.") && login.contains("id=\"username\""),
        "{login}"
    );
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
