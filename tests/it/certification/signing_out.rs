//! The person signs out by a link of the application, and others are told of it.

use serde_json::{Value, json};
use vestibule_jose::{Alg, SigningKey, jwt};

use super::authentication::not_signed_in;
use super::flow::{self, Callback, Outcome};
use super::rp::{Request, Rp, SIGNED_OUT, key};
use super::{Op, Variant, checks, each, usual};
use crate::support::oidc::{claims, unsigned};
use crate::support::receiver::Receiver;
use crate::support::{Answer, Browser};

/// Who signs out: the application, its browser, and what it has.
struct Leaving<'a> {
    rp: Rp<'a>,
    browser: Browser<'a>,
    outcome: Outcome,
    state: String,
}

impl<'a> Leaving<'a> {
    async fn new(op: &'a Op, variant: Variant, mut members: Value) -> Self {
        members["post_logout_redirect_uris"] = json!([SIGNED_OUT]);
        let rp = Rp::register_with(op, variant, members).await;
        let mut browser = Browser::new(&op.server);
        let outcome = flow::run(&rp, &mut browser, &rp.request()).await;
        let state = "~._-".repeat(32);
        Self {
            rp,
            browser,
            outcome,
            state,
        }
    }

    /// Goes to the end session endpoint.
    async fn leave(&mut self, change: impl FnOnce(&mut Request)) -> Answer {
        let mut request = Request(Vec::new());
        request.set("id_token_hint", self.outcome.id_token.as_str());
        request.set("post_logout_redirect_uri", SIGNED_OUT);
        request.set("state", self.state.as_str());
        change(&mut request);
        let endpoint = self.rp.op.says("end_session_endpoint");
        let answer = self.browser.get(&format!("{endpoint}?{}", request.encoded())).await;
        self.browser.follow(answer).await
    }

    /// Nobody is signed in any more.
    async fn expect_gone(mut self) {
        not_signed_in(&self.rp, &mut self.browser).await;
        self.rp.unregister().await;
    }
}

/// What an address says in its query.
fn query_of(address: &str) -> (String, Callback) {
    let url = url::Url::parse(address).unwrap();
    let bare = address.split(['?', '#']).next().unwrap_or_default();
    (bare.to_owned(), url.query_pairs().into_owned().collect())
}

/// Back at the application, with this state and nothing else.
#[track_caller]
fn is_back(address: &str, state: Option<&str>) {
    let (bare, query) = query_of(address);
    let right: Callback = state
        .map(|state| ("state".to_owned(), state.to_owned()))
        .into_iter()
        .collect();
    assert_eq!((bare.as_str(), query), (SIGNED_OUT, right));
}

/// Leads back with or without a state.
async fn leads_back(with_state: bool) {
    each(usual(), async |op, variant| {
        let mut leaving = Leaving::new(op, variant, json!({})).await;
        let answer = leaving
            .leave(|request| {
                if !with_state {
                    request.drop("state");
                }
            })
            .await;
        is_back(answer.header("location"), with_state.then_some(leaving.state.as_str()));
        leaving.expect_gone().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout() {
    leads_back(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_no_state() {
    leads_back(false).await;
}

/// Ends with a page that says what is wrong, and leads nowhere.
async fn is_refused(text: &'static str, change: impl Fn(&mut Request, &Outcome)) {
    each(usual(), async |op, variant| {
        let mut leaving = Leaving::new(op, variant, json!({})).await;
        let changed = |request: &mut Request| change(request, &leaving.outcome);
        let mut request = Request(Vec::new());
        request.set("id_token_hint", leaving.outcome.id_token.as_str());
        request.set("post_logout_redirect_uri", SIGNED_OUT);
        request.set("state", leaving.state.as_str());
        changed(&mut request);
        let answer = leaving.leave(|sent| *sent = request).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{}", answer.body);
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(
            answer.body.contains(text) && !answer.body.contains("rp.example"),
            "{}",
            answer.body
        );
        // Nobody was signed out by it.
        let again = flow::run(&leaving.rp, &mut leaving.browser, &leaving.rp.request()).await;
        assert!(!again.asked);
    })
    .await;
}

const BAD_ADDRESS: &str = "Invalid redirect uri";
const BAD_HINT: &str = "Invalid parameter: id_token_hint";

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    let change = |request: &mut Request, _: &Outcome| {
        request.set("post_logout_redirect_uri", format!("{SIGNED_OUT}/bad"));
    };
    is_refused(BAD_ADDRESS, change).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    let change = |request: &mut Request, _: &Outcome| {
        request.set("post_logout_redirect_uri", format!("{SIGNED_OUT}?foo=bar"));
    };
    is_refused(BAD_ADDRESS, change).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    let change = |request: &mut Request, outcome: &Outcome| request.set("id_token_hint", unsigned(&outcome.id));
    is_refused(BAD_HINT, change).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    // Signed by the application, under the name of its key, and under that of the realm's.
    for under_its_own in [true, false] {
        let change = |request: &mut Request, outcome: &Outcome| {
            let of_realm = jwt::decode(&outcome.id_token).unwrap().kid().unwrap().to_owned();
            let kid = if under_its_own {
                key(0).kid().to_owned()
            } else {
                of_realm
            };
            let signer = SigningKey::from_der(Alg::RS256, kid, &key(0).to_der().unwrap()).unwrap();
            request.set("id_token_hint", jwt::encode(&signer, "JWT", &outcome.id).unwrap());
        };
        is_refused(BAD_HINT, change).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    let change = |request: &mut Request, _: &Outcome| request.drop("id_token_hint");
    is_refused("Missing parameters: id_token_hint", change).await;
}

/// Ends with a page that says that the person is signed out; whether they want to be is asked where no ID token says who asks.
async fn ends_signed_out(asks: bool, change: impl Fn(&mut Request)) {
    each(usual(), async |op, variant| {
        let mut leaving = Leaving::new(op, variant, json!({})).await;
        let mut answer = leaving.leave(|request| change(request)).await;
        if asks {
            assert!(answer.body.contains("Do you want to log out?"), "{}", answer.body);
            let form = answer.forms().remove(0);
            answer = leaving.browser.submit(&form, &[("confirmLogout", "Logout")]).await;
        }
        assert_eq!((answer.status, answer.header("location")), (200, ""));
        assert!(answer.body.contains("You are logged out"), "{}", answer.body);
        leaving.expect_gone().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_no_params() {
    ends_signed_out(true, |request| request.0.clear()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_only_state() {
    ends_signed_out(true, |request| request.0.retain(|(name, _)| name == "state")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    ends_signed_out(false, |request| request.drop("post_logout_redirect_uri")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_backchannel_rp_initiated_logout() {
    each(usual(), async |op, variant| {
        let told = Receiver::with_status(200).await;
        let members = json!({ "backchannel_logout_uri": told.url, "backchannel_logout_session_required": true });
        let mut leaving = Leaving::new(op, variant, members).await;
        let answer = leaving.leave(|_| {}).await;
        is_back(answer.header("location"), Some(&leaving.state));
        assert_eq!(vestibule::mail::deliver_notices(&op.server.app).await.unwrap(), 1);
        let heard = told.heard().remove(0);
        assert!(heard.line.starts_with("POST /hook"), "{}", heard.line);
        assert!(
            heard
                .header("content-type")
                .starts_with("application/x-www-form-urlencoded")
        );
        let token = heard.body.strip_prefix("logout_token=").unwrap();
        assert!(!token.contains('&'));
        let parsed = jwt::decode(token).unwrap();
        assert_eq!(parsed.typ(), Some("logout+jwt"));
        let (alg, keys) = (parsed.alg(), op.keys().await);
        let key = keys.find(parsed.kid(), alg).unwrap().verifying_key(alg).unwrap();
        parsed.verify(&key).unwrap();
        let said = claims(token);
        assert_eq!(said["iss"], op.says("issuer"));
        assert!(checks::is_for(&said["aud"], &leaving.rp.id()));
        let now = op.server.app.now_seconds();
        assert!((now - 300..now + 300).contains(&said["iat"].as_i64().unwrap()));
        assert!(said["jti"].as_str().is_some_and(|jti| !jti.is_empty()));
        let event = "http://schemas.openid.net/event/backchannel-logout";
        assert_eq!(said["events"], json!({ event: {} }));
        for name in ["sub", "sid"] {
            assert!(
                said[name].is_string() && said[name] == leaving.outcome.id[name],
                "{name}: {said}"
            );
        }
        assert!(said.get("nonce").is_none());
        leaving.expect_gone().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidcc_frontchannel_rp_initiated_logout() {
    each(usual(), async |op, variant| {
        let told = "https://rp.example/frontchannel_logout";
        let members = json!({ "frontchannel_logout_uri": told, "frontchannel_logout_session_required": true });
        let mut leaving = Leaving::new(op, variant, members).await;
        let page = leaving.leave(|_| {}).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let frame = regex::Regex::new("<iframe src=\"([^\"]*)\"").unwrap();
        let frames: Vec<String> = frame
            .captures_iter(&page.body)
            .map(|f| f[1].replace("&amp;", "&").replace("&#x2f;", "/"))
            .collect();
        assert_eq!(frames.len(), 1, "{}", page.body);
        let (bare, query) = query_of(&frames[0]);
        assert_eq!(bare, told);
        let right = [
            ("iss".to_owned(), op.says("issuer").to_owned()),
            ("sid".to_owned(), leaving.outcome.id["sid"].as_str().unwrap().to_owned()),
        ];
        assert_eq!(query, Callback::from(right));
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-src https://rp.example"), "{policy}");
        is_back(&page.link("post_logout_redirect"), Some(&leaving.state));
        assert!(page.body.contains("http-equiv=\"refresh\""), "without a click, too");
        leaving.expect_gone().await;
    })
    .await;
}
