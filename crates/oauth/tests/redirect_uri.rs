//! Redirect URIs, by the tables of known attacks and of what Keycloak was seen to do.

use proptest::prelude::*;
use vestibule_oauth::redirect_uri::ApplicationType::{Native, Web};
use vestibule_oauth::redirect_uri::{Why, matches, validate_registered};

#[test]
fn keycloaks_harmless_redirect_uris_may_be_registered() {
    for uri in [
        "http://a.example.com/cb",
        "http://localhost/cb",
        "http://127.0.0.1:8123/cb",
        "http://[::1]/cb",
        "com.example.app:/cb",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "urn:ietf:wg:oauth:2.0:oob",
        "https://a.example.com/cb?x=*",
        "HTTPS://A.EXAMPLE.COM/cb",
        "https://münchen.example/cb",
        "https://a.example.com",
        "https://a.example.com/cb?next=%2Fhome",
    ] {
        assert_eq!(validate_registered(uri, Web), Ok(()), "{uri}");
    }
}

#[test]
fn dangerous_redirect_uris_are_refused_by_the_rule_they_break() {
    for (uri, why) in [
        ("https://a.example.com/cb#frag", Why::Fragment),
        ("x#y", Why::Fragment),
        ("#", Why::Fragment),
        ("nonsense", Why::Relative),
        ("/relative", Why::Relative),
        ("//evil", Why::Relative),
        ("javascript:alert(1)", Why::Scheme),
        ("DATA:text/html,x", Why::Scheme),
        ("vbscript:x", Why::Scheme),
        ("blob:https://a/b", Why::Scheme),
        ("view-source:https://a", Why::Scheme),
        ("intent://x#Intent;end", Why::Fragment),
        ("file:///etc/passwd", Why::Scheme),
        ("x:y", Why::Scheme),
        ("\u{1}javascript:alert(1)", Why::Control),
        ("java\tscript:alert(1)", Why::Control),
        (" javascript:alert(1)", Why::NotUri),
        ("https://a.example.com/c b", Why::NotUri),
        ("https://a.example.com/\u{202e}cb", Why::NotUri),
        ("https://", Why::NotUri),
        ("https:///evil", Why::NotUri),
        ("https:evil", Why::NotUri),
        ("com.example.app:", Why::NotUri),
        ("https://a.example.com:99999/cb", Why::Port),
        ("https://a.example.com:0/cb", Why::Port),
        ("https://a.example.com:+1/cb", Why::Port),
        ("https://user:pw@a.example.com/cb", Why::UserInfo),
        ("https://ok.com:443@evil", Why::UserInfo),
        ("https://a@b@evil/", Why::UserInfo),
        ("https://ok.com%40evil", Why::Host),
        ("https://a..b/cb", Why::Host),
        ("https://./cb", Why::Host),
        ("https://a.example./cb", Why::Host),
        ("https://-a.example/cb", Why::Host),
        ("https://a-.example/cb", Why::Host),
        ("http://0x7f.1/", Why::Host),
        ("http://2130706433/", Why::Host),
        ("https://[fe80::1%25eth0]/", Why::Host),
        ("https://ok\\@evil/", Why::Backslash),
        ("/\\evil", Why::Backslash),
        ("https://a.example.com/cb/../x", Why::Path),
        ("https://a.example.com/%2e%2e%2fx", Why::Path),
        ("https://a.example.com/cb/..;/evil", Why::Path),
        ("https://a.example.com/cb;jsessionid=1", Why::Path),
        ("https://a.example.com/cb/..%5cx", Why::Path),
        ("https://a.example.com/%252e%252e/x", Why::Path),
        ("https://a.example.com/a%2520b", Why::Encoding),
        ("https://a.example.com/%00", Why::Encoding),
        ("https://a.example.com/%0d%0aSet-Cookie:x", Why::Encoding),
        ("https://a.example.com/%z", Why::Encoding),
        ("*", Why::Wildcard),
        ("https://*", Why::Wildcard),
        ("https://*.example.com/cb", Why::Wildcard),
        ("https://a.example.com/*", Why::Wildcard),
        ("https://a.example.com/cb?code=1", Why::Answer),
        ("https://a.example.com/cb?x=1&%73tate=1", Why::Answer),
    ] {
        assert_eq!(validate_registered(uri, Web), Err(why), "{uri}");
    }
    assert_eq!(
        validate_registered("http://a.example.com/cb", Native),
        Err(Why::NativeHttp)
    );
    let long = format!("https://a.example.com/{}", "x".repeat(2000));
    assert_eq!(validate_registered(&long, Web), Err(Why::TooLongToRegister));
}

fn allowed(registered: &[&str], sent: &str, root: Option<&str>, patterns: bool) -> bool {
    let registered: Vec<String> = registered.iter().map(|uri| (*uri).to_owned()).collect();
    matches(&registered, sent, root, patterns).is_some()
}

#[test]
fn a_registered_uri_matches_byte_by_byte() {
    let one = ["https://ok.com/cb"];
    assert!(allowed(&one, "https://ok.com/cb", None, false));
    for sent in [
        "https://ok.com/CB",
        "https://ok.com/cb/",
        "https://ok.com/cb?x=1",
        "https://ok.com/cb#x",
        "https://ok.com.evil.com/cb",
        "https://ok.comevil/cb",
        "https://ok.com:443@evil/cb",
        "https://ok.com:443/cb",
        "https://okXcom/cb",
        "",
    ] {
        assert!(!allowed(&one, sent, None, true), "{sent}");
    }
}

#[test]
fn only_the_port_of_a_loopback_address_may_vary() {
    for (registered, sent, expected) in [
        ("http://127.0.0.1/x", "http://127.0.0.1:9999/x", true),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:9999/x", true),
        ("http://[::1]:1/x", "http://[::1]:9999/x", true),
        ("http://localhost/x", "http://localhost:9999/x", true),
        ("http://localhost:1/x", "http://localhost:9999/x", false),
        ("http://127.0.0.1/x", "http://127.0.0.1:9999/y", false),
        ("http://127.0.0.1/x", "https://127.0.0.1:9999/x", false),
        ("http://127.0.0.1/x", "http://localhost:9999/x", false),
        ("http://127.0.0.1/x", "http://127.0.0.1:80@evil/x", false),
        ("http://127.0.0.1/x", "http://127.0.0.1.evil/x", false),
        ("http://127.0.0.1/x", "http://127.0.0.1:99999/x", false),
        ("http://localhost/x", "http://localhost@evil/x", false),
        ("https://a.example.com/x", "https://a.example.com:9999/x", false),
    ] {
        assert_eq!(
            allowed(&[registered], sent, None, false),
            expected,
            "{registered} {sent}"
        );
    }
}

#[test]
fn an_administrators_pattern_matches_as_keycloaks_does() {
    let wild = ["https://a.example.com/app/*"];
    for (sent, expected) in [
        ("https://a.example.com/app/deep/x?y=1", true),
        ("https://a.example.com/app/deep#route", true),
        ("https://a.example.com/app", true),
        ("https://a.example.com/apple", false),
        ("https://a.example.com/app/../evil", false),
        ("https://a.example.com/app/%2e%2e/evil", false),
        ("https://a.example.com/app/%252e%252e/evil", false),
        ("https://a.example.com/app/..;/evil", false),
        ("https://a.example.com/app/..%5cevil", false),
        ("https://a.example.com/app/x?state=1", false),
        ("https://a.example.com/app/x#code=1", false),
        ("https://a.example.com/app/x\\y", false),
    ] {
        assert_eq!(allowed(&wild, sent, None, true), expected, "{sent}");
        assert!(!allowed(&wild, sent, None, false), "{sent}");
    }
    assert!(allowed(&["http://localhost:*"], "http://localhost:8080/x", None, true));
    assert!(allowed(&["http://127.0.0.1/*"], "http://127.0.0.1:5000/x", None, true));
    assert!(allowed(&["*"], "https://any.example/x", None, true));
    assert!(!allowed(&["*"], "javascript:alert(1)", None, true));
    assert!(allowed(&["https://ok.com*"], "https://ok.com/x", None, true));
    assert!(!allowed(&["https://ok.com*"], "https://ok.com.evil/x", None, true));
    assert!(!allowed(&["https://ok.com*"], "https://ok.comevil/x", None, true));
    assert!(allowed(&["com.example.app:/*"], "com.example.app:/cb", None, true));
}

#[test]
fn a_relative_uri_is_below_the_root_url() {
    let root = Some("https://a.example.com/base/");
    assert!(allowed(&["/cb/*"], "https://a.example.com/base/cb/x", root, true));
    assert!(!allowed(&["/cb/*"], "https://a.example.com/base/cb/x", root, false));
    assert!(!allowed(&["/cb/*"], "https://a.example.com/base/cb/x", None, true));
    let registered = vec!["/cb".to_owned()];
    // Nobody is sent to an address without a host, but by a client that takes anything.
    assert_eq!(matches(&registered, "/cb", root, true), None);
    let resolved = matches(&["*".to_owned()], "/cb", root, true);
    assert_eq!(resolved.as_deref(), Some("https://a.example.com/base/cb"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn no_input_panics(registered in ".{0,60}", sent in ".{0,60}", patterns: bool) {
        let _ = validate_registered(&sent, Web);
        let _ = matches(&[registered], &sent, Some("https://root.example"), patterns);
    }

    #[test]
    fn what_may_be_registered_matches_itself(path in "[a-zA-Z0-9/._~%!$&'()+,=:@-]{0,40}") {
        let uri = format!("https://a.example.com/{path}");
        if validate_registered(&uri, Web).is_ok() {
            prop_assert_eq!(matches(std::slice::from_ref(&uri), &uri, None, false), Some(uri));
        }
    }

    #[test]
    fn a_pattern_never_leaves_its_host(tail in "[a-z@:/.\\\\;%?#]{0,30}") {
        let sent = format!("https://ok.com{tail}");
        if matches(&["https://ok.com*".to_owned(), "https://ok.com/*".to_owned()], &sent, None, true).is_some() {
            let parsed = url::Url::parse(&sent);
            prop_assert_eq!(parsed.ok().and_then(|u| u.host_str().map(str::to_owned)), Some("ok.com".to_owned()));
        }
    }
}
