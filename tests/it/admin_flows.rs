//! Administrators arrange flows and required actions without code.

use serde_json::{Value, json};

use super::support::{self, Server};

async fn call(server: &Server, realm: &str, method: &str, path: &str, body: Value) -> support::Answer {
    server
        .admin(method, &format!("/{realm}/authentication/{path}"), body)
        .await
}

async fn steps(server: &Server, realm: &str, flow: &str) -> Vec<Value> {
    let answer = call(server, realm, "GET", &format!("flows/{flow}/executions"), Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json().as_array().unwrap().clone()
}

fn names(steps: &[Value]) -> Vec<&str> {
    steps.iter().map(|s| s["displayName"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_flow_is_changed_and_the_original_is_not() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let copied = call(
            &server,
            &realm,
            "POST",
            "flows/registration/copy",
            json!({ "newName": "own" }),
        )
        .await;
        assert_eq!(copied.status, 201, "{}", copied.body);
        assert!(
            copied
                .header("location")
                .contains("/authentication/flows/registration/copy/")
        );
        let before = steps(&server, &realm, "registration").await;
        let copy = steps(&server, &realm, "own").await;
        assert_eq!(names(&copy)[0], "own registration form");
        assert_eq!(copy.len(), before.len());

        let mut step = copy[2].clone();
        step["requirement"] = json!("DISABLED");
        let changed = call(&server, &realm, "PUT", "flows/own/executions", step).await;
        assert_eq!(changed.status, 204, "{}", changed.body);
        let lowered = format!("executions/{}/lower-priority", copy[1]["id"].as_str().unwrap());
        assert_eq!(call(&server, &realm, "POST", &lowered, Value::Null).await.status, 204);
        let now = steps(&server, &realm, "own").await;
        assert_eq!(
            now[1]["requirement"], "DISABLED",
            "moved before the step that was lowered"
        );
        assert_eq!(names(&now)[1..3], [names(&copy)[2], names(&copy)[1]]);
        assert_eq!(steps(&server, &realm, "registration").await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn built_in_flows_keep_their_steps_and_bound_flows_stay() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let add = json!({ "provider": "registration-recaptcha-action" });
    let refused = call(
        &server,
        &realm,
        "POST",
        "flows/registration%20form/executions/execution",
        add,
    )
    .await;
    let text = json!({ "error": "It is illegal to add execution to a built in flow" });
    assert_eq!((refused.status, refused.json()), (400, text));

    let copied = call(
        &server,
        &realm,
        "POST",
        "flows/browser/copy",
        json!({ "newName": "own" }),
    )
    .await;
    let id = copied.header("location").rsplit('/').next().unwrap().to_owned();
    let bound = server
        .admin("PUT", &format!("/{realm}"), json!({ "browserFlow": "own" }))
        .await;
    assert_eq!(bound.status, 204, "{}", bound.body);
    let refused = call(&server, &realm, "DELETE", &format!("flows/{id}"), Value::Null).await;
    assert_eq!(refused.status, 400, "{}", refused.body);

    let renamed = call(
        &server,
        &realm,
        "PUT",
        &format!("flows/{id}"),
        json!({ "alias": "renamed", "topLevel": true }),
    )
    .await;
    assert_eq!(renamed.status, 204, "{}", renamed.body);
    let told = server.admin("GET", &format!("/{realm}"), Value::Null).await.json();
    assert_eq!(told["browserFlow"], "renamed", "the binding follows");

    server
        .admin("PUT", &format!("/{realm}"), json!({ "browserFlow": "browser" }))
        .await;
    assert_eq!(
        call(&server, &realm, "DELETE", &format!("flows/{id}"), Value::Null)
            .await
            .status,
        204
    );
    let all = call(&server, &realm, "GET", "flows", Value::Null).await.json();
    assert!(all.as_array().unwrap().iter().all(|f| f["alias"] != "renamed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_who_add_steps_at_once_lose_none() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let flow = json!({ "alias": "own", "providerId": "basic-flow", "topLevel": true });
        assert_eq!(call(&server, &realm, "POST", "flows", flow).await.status, 201);
        let add = || {
            let step = json!({ "provider": "auth-otp-form" });
            call(&server, &realm, "POST", "flows/own/executions/execution", step)
        };
        let answers = futures_of(10, add).await;
        assert!(answers.iter().all(|a| a.status == 201));
        assert_eq!(steps(&server, &realm, "own").await.len(), 10);
    }
}

async fn futures_of<F: Future<Output = support::Answer>>(count: usize, make: impl Fn() -> F) -> Vec<support::Answer> {
    futures_util::future::join_all((0..count).map(|_| make())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_may_be_secrets_are_not_told() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let form = steps(&server, &realm, "registration").await;
    let captcha = form
        .iter()
        .find(|s| s["providerId"] == "registration-recaptcha-action")
        .unwrap();
    let path = format!("executions/{}/config", captcha["id"].as_str().unwrap());
    let config = json!({ "site.key": "site", "secret.key": "hidden", "other": "unknown" });
    let made = call(
        &server,
        &realm,
        "POST",
        &path,
        json!({ "alias": "own", "config": config }),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.header("location").rsplit('/').next().unwrap().to_owned();
    let told = call(&server, &realm, "GET", &format!("config/{id}"), Value::Null)
        .await
        .json();
    let mask = "**********";
    assert_eq!(
        told["config"],
        json!({ "site.key": "site", "secret.key": mask, "other": mask })
    );
    // What was shown, sent back, changes nothing.
    assert_eq!(
        call(&server, &realm, "PUT", &format!("config/{id}"), told.clone())
            .await
            .status,
        204
    );
    let shown = call(&server, &realm, "GET", &format!("config/{id}"), Value::Null)
        .await
        .json();
    assert_eq!(shown, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_a_realm_are_added_and_taken_back() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({ "defaultLocale": "en" })).await;
    let at = |path: &str| format!("/{realm}/localization{path}");
    let add = server
        .admin("POST", &at("/de"), json!({ "registerTitle": "Mitmachen", "n": 1 }))
        .await;
    assert_eq!(add.status, 204, "{}", add.body);
    server.admin("POST", &at("/en"), json!({ "only": "English" })).await;
    let told = server
        .admin("GET", &at("/de?useRealmDefaultLocaleFallback=true"), Value::Null)
        .await;
    assert_eq!(
        told.json(),
        json!({ "only": "English", "registerTitle": "Mitmachen", "n": "1" })
    );
    let one = server.admin("GET", &at("/de/registerTitle"), Value::Null).await;
    assert_eq!(
        (one.body.as_str(), one.header("content-type")),
        ("Mitmachen", "text/plain;charset=UTF-8")
    );
    assert_eq!(server.admin("DELETE", &at("/de/n"), Value::Null).await.status, 204);
    assert_eq!(server.admin("DELETE", &at("/de/n"), Value::Null).await.status, 404);
    assert_eq!(server.admin("DELETE", &at("/de"), Value::Null).await.status, 204);
    assert_eq!(server.admin("GET", &at(""), Value::Null).await.json(), json!(["en"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn client_policies_name_profiles_that_exist() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let put = async |list: &str, body: Value| {
        let path = format!("/{realm}/client-policies/{list}");
        server.admin("PUT", &path, json!({ list: [body] })).await
    };
    let refused = put("policies", json!({ "name": "p", "profiles": ["own"] })).await;
    let text = json!({ "errorMessage": "Policy p contains invalid profile own" });
    assert_eq!((refused.status, refused.json()), (400, text));
    assert_eq!(put("profiles", json!({ "name": "own" })).await.status, 204);
    assert_eq!(
        put("policies", json!({ "name": "p", "profiles": ["own"] }))
            .await
            .status,
        204
    );
    let executor = json!({ "executor": "pkce-enforcer", "configuration": { "auto-configure": "perhaps" } });
    assert_eq!(
        put("profiles", json!({ "name": "own", "executors": [executor] }))
            .await
            .status,
        400
    );
    let told = server.admin("GET", &format!("/{realm}"), Value::Null).await.json();
    assert_eq!(
        told["clientPolicies"]["policies"][0]["name"], "p",
        "a realm shows its policies"
    );
}
