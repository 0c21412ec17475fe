//! A person signs in at an application, and everything on the way is looked at that the suite looks at in every module.

use std::collections::BTreeMap;

use serde_json::Value;

use super::checks;
use super::rp::{Request, Rp};
use super::setup::PERSON;
use crate::support::oidc::text;
use crate::support::{Answer, Browser};

/// The parameters of the answer of the authorization endpoint.
pub type Callback = BTreeMap<String, String>;

/// What the application has in the end.
pub struct Outcome {
    pub callback: Callback,
    /// The ID token of the token endpoint, else of the authorization endpoint.
    pub id_token: String,
    /// What it says.
    pub id: Value,
    /// What the ID tokens say, those of both endpoints.
    pub ids: Vec<Value>,
    /// The access token of the token endpoint, else of the authorization endpoint.
    pub access_token: Option<String>,
    /// The answer of the token endpoint.
    pub tokens: Option<Value>,
    /// Whether the person was asked for their password.
    pub asked: bool,
}

/// Sends a browser to the authorization endpoint; the person does what is asked of them. Gives the last answer, and whether
/// there was a sign-in page.
pub async fn visit(rp: &Rp<'_>, browser: &mut Browser<'_>, request: &Request) -> (Answer, bool) {
    let endpoint = rp.op.says("authorization_endpoint");
    let answer = browser.get(&format!("{endpoint}?{}", request.encoded())).await;
    go_on(browser, answer).await
}

/// The rest of it, from the first answer on.
pub async fn go_on(browser: &mut Browser<'_>, answer: Answer) -> (Answer, bool) {
    let mut answer = browser.follow(answer).await;
    let asked = answer.body.contains("kc-form-login");
    if asked {
        let form = answer.form("kc-form-login");
        // Whoever signs in again is not asked for the name.
        let mut fields = vec![("password", PERSON.1)];
        if form.names.iter().any(|name| name == "username") {
            fields.push(("username", PERSON.0));
        }
        answer = browser.submit(&form, &fields).await;
        answer = browser.follow(answer).await;
    }
    let is_consent = |form: &&crate::support::Form| form.action.contains("/login-actions/consent");
    if let Some(form) = answer.forms().iter().find(is_consent) {
        answer = browser.submit(form, &[("accept", "Yes")]).await;
        answer = browser.follow(answer).await;
    }
    (answer, asked)
}

/// The parameters of an answer, which came where they belong.
#[track_caller]
pub fn callback(rp: &Rp<'_>, answer: &Answer) -> Callback {
    if rp.variant.form_post {
        let form = answer.forms().remove(0);
        assert_eq!((answer.status, &form.action), (200, &rp.redirect_uri));
        assert!(answer.body.contains("<form method=\"POST\""), "{}", answer.body);
        return form.fields;
    }
    let told = url::Url::parse(answer.header("location"));
    let told = told.unwrap_or_else(|_| panic!("status {}, no way back: {}", answer.status, answer.body));
    let own = url::Url::parse(&rp.redirect_uri).unwrap();
    assert_eq!((told.host(), told.path()), (own.host(), own.path()));
    let in_query: Callback = told.query_pairs().into_owned().collect();
    let fragment = told.fragment().unwrap_or_default().as_bytes();
    let in_fragment: Callback = url::form_urlencoded::parse(fragment).into_owned().collect();
    let registered: Callback = own.query_pairs().into_owned().collect();
    let beside = |mut all: Callback| {
        for (name, value) in &registered {
            assert_eq!(all.remove(name).as_ref(), Some(value), "{told}");
        }
        all
    };
    if rp.variant.in_query() {
        assert!(in_fragment.is_empty(), "{told}");
        beside(in_query)
    } else {
        assert!(beside(in_query).is_empty(), "{told}");
        in_fragment
    }
}

/// The whole flow, with the checks of every module.
pub async fn run(rp: &Rp<'_>, browser: &mut Browser<'_>, request: &Request) -> Outcome {
    let (answer, asked) = visit(rp, browser, request).await;
    finish(rp, request, &answer, asked, &[]).await
}

/// From the answer of the authorization endpoint on; `more` is sent to the token endpoint.
pub async fn finish(rp: &Rp<'_>, request: &Request, answer: &Answer, asked: bool, more: &[(&str, &str)]) -> Outcome {
    let callback = callback(rp, answer);
    assert_eq!(callback.get("error"), None, "{callback:?}");
    assert_eq!(callback.get("state").map(String::as_str), request.get("state"));
    checks::issuer(rp, &callback);
    let (mut ids, mut id_token, mut access_token) = (Vec::new(), None, None);
    if rp.variant.has("id_token") {
        let token = &callback["id_token"];
        ids.push(checks::id_token(rp, request, token).await);
        id_token = Some(token.clone());
    }
    if rp.variant.has("token") {
        let token = &callback["access_token"];
        assert!(callback["token_type"].eq_ignore_ascii_case("bearer"));
        checks::opens_userinfo(rp, token).await;
        access_token = Some(token.clone());
    }
    let mut tokens = None;
    if rp.variant.has("code") {
        let answer = exchange(rp, &callback["code"], more).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let told = answer.json();
        checks::expires_in(&told);
        let token = text(&told, "id_token");
        ids.push(checks::id_token(rp, request, &token).await);
        checks::opens_userinfo(rp, &text(&told, "access_token")).await;
        (id_token, access_token) = (Some(token), Some(text(&told, "access_token")));
        tokens = Some(told);
    }
    // The same person in both.
    assert!(
        ids.iter()
            .all(|id| id["sub"] == ids[0]["sub"] && id["iss"] == ids[0]["iss"])
    );
    Outcome {
        callback,
        id_token: id_token.unwrap(),
        id: ids.last().unwrap().clone(),
        ids,
        access_token,
        tokens,
        asked,
    }
}

/// A code for tokens.
pub async fn exchange(rp: &Rp<'_>, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &rp.redirect_uri),
    ];
    fields.extend(more);
    rp.token(&fields).await
}
