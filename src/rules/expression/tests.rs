//! What expressions can do, and what they cannot do to us.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::rules::Sender;

fn try_on<T>(subject: &Value, f: impl Fn(&Facts<'_>) -> T) -> T {
    let sender = Sender {
        address: "192.0.2.7".into(),
        source: "form",
        ..Sender::default()
    };
    f(&Facts {
        about: About::Registration,
        subject,
        sender: &sender,
        realm: "demo",
    })
}

fn truth_of(rule: &str) -> Result<bool, Failed> {
    let ada =
        json!({ "email": "Ada@Example.org", "attributes": { "team": ["blue", "red"] }, "age": 36, "nothing": null });
    try_on(&ada, |facts| truth(rule, facts))
}

#[test]
fn an_expression_looks_at_the_registration_the_request_and_the_realm() {
    for rule in [
        "domain(registration.email) == \"example.org\"",
        "registration.attributes.team[0] == \"blue\" && registration.age > 30",
        "in_list(domain(registration.email), [\"example.org\", \"example.com\"])",
        "in_list(realm, \"demo, other\")",
        "matches(registration.email, \"(?i)^ada@\")",
        "request.address == \"192.0.2.7\" && request.source == \"form\"",
        "registration.attributes.team.some(|one| one == \"red\")",
        "registration.attributes.team.all(|one| one != \"green\")",
        "let found = false; for one in registration.attributes.team { if one == \"red\" { found = true; } } found",
        "registration.missing == () && registration.nothing == () && domain(registration.missing) == \"\"",
        "registration.missing?.deeper == ()",
        "switch domain(registration.email) { \"example.org\" => true, _ => false }",
        "registration.email.to_lower().ends_with(\".org\")",
    ] {
        assert_eq!(truth_of(rule), Ok(true), "{rule}");
    }
}

#[test]
fn what_fails_or_gives_something_else_gives_nothing() {
    for (rule, why) in [
        ("registration.missing.deeper == 1", Failed::Broken),
        ("unheard_of(registration)", Failed::Broken),
        ("matches(registration.email, \"(\")", Failed::Broken),
        ("throw \"no\"", Failed::Broken),
        ("1 / 0 == 1", Failed::Broken),
        ("registration.age", Failed::Wrong),
        ("\"true\"", Failed::Wrong),
        ("", Failed::Wrong),
        ("true &&", Failed::Malformed),
        ("who.is == this", Failed::Malformed),
    ] {
        assert_eq!(truth_of(rule), Err(why), "{rule}");
    }
}

#[test]
fn what_never_ends_or_grows_is_stopped() {
    for rule in [
        "loop { }",
        "while true { } true",
        "let n = 0; for i in 0..1000000000 { n += i; } true",
        "fn f(x) { f(x) } f(1)",
        "fn f(x) { f(x) || f(x) } f(1)",
        "let s = \"x\"; loop { s += s; }",
        "let s = \"xxxxxxxxxx\"; s.pad(100000000, \"x\"); true",
        "let a = []; a.pad(100000000, 1); true",
        "let a = [1]; loop { a += a; }",
        "let a = [\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"]; loop { a.push(a); }",
        "let m = #{}; let i = 0; loop { i += 1; m[`k${i}`] = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"; }",
        "let s = \"\"; for i in 0..16000 { s += \"a\"; } loop { matches(s, \"(a?){100}b\"); }",
        "[3, 2, 1].sort(|a, b| { loop { } })",
    ] {
        let before = crate::clock::used_by_thread();
        let outcome = truth_of(rule);
        let took = crate::clock::used_by_thread().saturating_sub(before);
        assert!(outcome.is_err(), "{rule}: {outcome:?}");
        assert!(took.as_millis() < 500, "{rule} took {took:?}");
    }
}

#[test]
fn what_grows_by_its_index_is_stopped_as_well() {
    let long = "let s = \"x\"; for i in 0..13 { s += s; }";
    for grows in [
        "let m = #{}; for i in 0..20000 { m[`k${i}`] = 1; } true".to_owned(),
        format!("{long} let m = #{{}}; for i in 0..1000 {{ m[s + i] = 1; }} true"),
        format!("{long} let m = #{{}}; for i in 0..1000 {{ m[`${{i}}`] = s; }} true"),
        format!("{long} let m = #{{ a: #{{}} }}; for i in 0..1000 {{ m.a[`${{i}}`] = s; }} true"),
        format!("{long} let m = [#{{}}]; for i in 0..1000 {{ m[0][`${{i}}`] = s; }} true"),
        format!("fn grow(s) {{ for i in 0..1000 {{ this[`${{i}}`] = s; }} }} {long} let m = #{{}}; m.grow(s); true"),
    ] {
        let fault = try_on(&json!({}), |facts| engine::run(&grows, facts)).err().unwrap();
        assert_eq!(fault.kind, Failed::Exhausted, "{grows}");
        // Many small ones take too long on some machines.
        assert!(
            fault.cause.contains("Size of all variables") || grows.contains("20000"),
            "{}",
            fault.cause
        );
    }
    let fits = "let m = #{}; for i in 0..200 { m[`k${i}`] = i; } m.k199 == 199";
    assert_eq!(truth_of(fits), Ok(true));
}

#[test]
fn nothing_outside_is_within_reach() {
    for rule in [
        "import \"std\" as s; true",
        "eval(\"true\")",
        "print(\"x\"); true",
        "debug(1); true",
        "sleep(1); true",
        "timestamp(); true",
        "open_file(\"/etc/passwd\")",
        "registration.email = \"x\"; true",
        "realm = \"master\"; true",
    ] {
        assert!(truth_of(rule).is_err(), "{rule}");
    }
}

#[test]
fn a_verdict_is_one_of_three_words() {
    let verdict_of = |rule: &str| try_on(&json!({}), |facts| verdict(rule, facts));
    assert_eq!(verdict_of("\"approve\""), Ok(Verdict::Approve));
    assert_eq!(
        verdict_of("if realm == \"demo\" { \"queue\" } else { \"approve\" }"),
        Ok(Verdict::Queue)
    );
    let why = Verdict::Refuse("not here".into());
    assert_eq!(verdict_of("\"refuse: not here\""), Ok(why));
    assert_eq!(verdict_of("\"maybe\""), Err(Failed::Wrong));
    assert_eq!(verdict_of("true"), Err(Failed::Wrong));
}

#[test]
fn gifts_are_lists_of_names() {
    let gifts_of = |rule: &str| try_on(&json!({}), |facts| gifts(rule, facts));
    let some = Gifts {
        groups: vec!["/staff".into()],
        roles: Vec::new(),
    };
    assert_eq!(gifts_of("#{groups: [\"/staff\"]}"), Ok(some));
    assert_eq!(
        gifts_of("if realm == \"other\" { #{roles: [\"a\"]} }"),
        Ok(Gifts::default())
    );
    for wrong in ["#{groups: \"/staff\"}", "#{rolls: []}", "[\"/staff\"]", "#{roles: [1]}"] {
        assert_eq!(gifts_of(wrong), Err(Failed::Wrong), "{wrong}");
    }
}

#[test]
fn a_senseless_expression_is_refused_with_its_position() {
    let check_truth = |rule: &str| check(rule, About::Client, Gives::Truth);
    assert_eq!(check_truth("client.client_name != \"\""), Ok(()));
    assert_eq!(check_truth("client.attributes.mine[0] == 1"), Ok(()), "it may be there");
    let at = |rule: &str| check_truth(rule).unwrap_err();
    assert!(
        at("client.client_name ==").contains("line 1, position"),
        "{}",
        at("client.client_name ==")
    );
    assert!(at("true\n && registration.email == ()").contains("line 2, position 5"));
    assert!(at("1 + 1").contains("true or false") && at("loop {}").contains("operations"));
    assert!(at(&"(".repeat(9_000)).contains("longer"));
    assert!(at(&format!("{}true{}", "(".repeat(4_000), ")".repeat(4_000))).contains("position"));
    assert!(check("\"perhaps\"", About::Registration, Gives::Verdict).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_is_written_ends_and_breaks_nothing(rule in "\\PC{0,200}") {
        truth_of(&rule).ok();
        check(&rule, About::Client, Gives::Gifts).ok();
    }

    #[test]
    fn whatever_is_made_of_the_language_ends_and_breaks_nothing(words in prop::collection::vec(prop::sample::select(vec![
        "registration", ".email", ".attributes", "[0]", "[-1]", "[", "]", "#{", "{", "}", "(", ")", "|x|", "x", "=>", "==", "&&", "+", "*", "1", "0",
        "\"a\"", "`${x}`", "loop", "while", "for i in", "if", "else", "switch", "let a =", "a", "a += a", "fn f(x)", "f(f)", ";", ",", "break", "return",
        "throw", "try", "catch", "..", "range(0,9)", ".map", ".filter", ".reduce", ".sort()", ".pad(99999999, 0)", "this", "Fn(\"f\")", ".call()",
        "in_list", "domain", "matches", "9223372036854775807", "-", "%", "<<", "??", "?.", "<", "i",
    ]), 0..30)) {
        truth_of(&words.join(" ")).ok();
    }
}
