//! Property tests of whatever reads strangers' input.

use proptest::prelude::*;
use vestibule_oauth::authorize::{ResponseMode, ResponseType, answer_url, max_age};
use vestibule_oauth::params::{Fault, Limits, Params, encode};
use vestibule_oauth::{pkce, scope};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_form_reads_back_as_it_was_written(pairs in prop::collection::vec((".{1,10}", ".{0,20}"), 0..8)) {
        let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let text = encode(&borrowed);
        let read = Params::parse(text.as_bytes(), Limits::default());
        prop_assert!(read.is_ok_and(|read| read.iter().eq(borrowed)));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Params::parse(&bytes, Limits::default());
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = (scope::parse(text), max_age(text), ResponseType::parse(text));
        }
    }

    #[test]
    fn an_answer_keeps_what_the_redirect_uri_holds(path in "[a-z]{0,5}", query in "[a-z]{1,5}", value in ".{0,20}") {
        let uri = format!("https://a.example.com/{path}?q={query}");
        let url = answer_url(&uri, ResponseMode::Query, &[("state", &value)]);
        let parsed = url::Url::parse(&url).ok();
        let read: Vec<_> = parsed.iter().flat_map(url::Url::query_pairs).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        prop_assert_eq!(read, vec![("q".to_owned(), query), ("state".to_owned(), value)]);
    }

    #[test]
    fn a_verifier_matches_its_own_challenge_only(verifier in "[A-Za-z0-9._~-]{43,128}", other in "[A-Za-z0-9._~-]{43,128}") {
        let challenge = pkce::challenge(pkce::Method::S256, &verifier);
        prop_assert!(pkce::verify(pkce::Method::S256, &challenge, &verifier).is_ok());
        prop_assert_eq!(pkce::verify(pkce::Method::S256, &challenge, &other).is_ok(), verifier == other);
    }
}

#[test]
fn limits_of_a_form_hold() {
    let limits = Limits {
        count: 2,
        name: 3,
        value: 4,
    };
    let fault = |text: &str| Params::parse(text.as_bytes(), limits).err();
    assert_eq!(fault("a=1&b=2"), None);
    assert_eq!(fault("a=1&b=2&c=3"), Some(Fault::TooMany));
    assert_eq!(fault("abcd=1"), Some(Fault::TooLong));
    assert_eq!(fault("a=12345"), Some(Fault::TooLong));
    assert_eq!(fault("a=%4"), Some(Fault::Encoding));
}

#[test]
fn empty_parts_of_a_redirect_uri_are_collapsed() {
    let code = [("code", "1")];
    assert_eq!(
        answer_url("https://a/cb?#", ResponseMode::Query, &code),
        "https://a/cb?code=1"
    );
    assert_eq!(
        answer_url("https://a/cb?x&#", ResponseMode::Fragment, &code),
        "https://a/cb?x#code=1"
    );
    assert_eq!(
        answer_url("https://a/cb#/route", ResponseMode::Fragment, &code),
        "https://a/cb#/route&code=1"
    );
    assert_eq!(
        answer_url("https://a/cb", ResponseMode::FormPost, &code),
        "https://a/cb"
    );
}

#[test]
fn scopes_are_bounded() {
    let many: Vec<String> = (0..=scope::MAX_COUNT).map(|n| format!("s{n}")).collect();
    assert_eq!(scope::parse(&many.join(" ")), Err(scope::Fault::TooMany));
    assert_eq!(
        scope::parse(&"x".repeat(scope::MAX_LENGTH + 1)),
        Err(scope::Fault::TooLong)
    );
}
