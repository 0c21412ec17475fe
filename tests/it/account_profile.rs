//! What people see of their own profile, and change in it, by the Account REST API.

use serde_json::{Value, json};

use crate::account::{Ann, ann, person, profile};
use crate::support;

async fn refusals(ann: &Ann<'_>, body: Value) -> Vec<(String, String)> {
    let answer = ann.call("POST", "", body).await;
    assert!(matches!(answer.status, 400 | 409), "{} {}", answer.status, answer.body);
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    errors
        .iter()
        .map(|e| (text(&e["field"]), text(&e["errorMessage"])))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    expected.iter().map(owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_is_shown_and_replaced_by_its_rules() {
    for server in support::servers().await {
        let ann = ann(&server, json!({ "eventsEnabled": true })).await;
        let shown = ann.get("").await;
        let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
        let expected = [
            "id",
            "username",
            "firstName",
            "lastName",
            "email",
            "emailVerified",
            "userProfileMetadata",
        ];
        assert_eq!(keys, expected);
        let fields = shown["userProfileMetadata"]["attributes"].as_array().unwrap();
        let read_only: Vec<&Value> = fields.iter().map(|f| &f["readOnly"]).collect();
        assert_eq!(read_only, [true, false, false, false]);
        assert!(
            ann.get("/?userProfileMetadata=false")
                .await
                .get("userProfileMetadata")
                .is_none()
        );

        let answer = ann.call("POST", "", profile(json!({ "firstName": "Anna" }))).await;
        assert_eq!((answer.status, &*answer.body), (204, ""));
        let moved = profile(json!({ "email": "New@example.com" }));
        assert_eq!(ann.call("POST", "/", moved).await.status, 204);
        let shown = ann.get("").await;
        assert_eq!(shown["email"], "new@example.com");
        assert_eq!(shown["emailVerified"], false, "another address is not proved");
        let events = ann
            .admin("GET", "/events?type=UPDATE_PROFILE", Value::Null)
            .await
            .json();
        assert_eq!(events[0]["clientId"], "account");
        assert_eq!(events[0]["details"]["previous_email"], "ann@example.com");
        assert_eq!(events[0]["details"]["context"], "ACCOUNT");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_profile_says_which_fields_and_why() {
    let server = support::sqlite().await;
    let ann = ann(&server, json!({})).await;
    person(&server, &ann.realm, "bob").await;
    let required = "error-user-attribute-required";
    for (sent, errors) in [
        (
            json!({ "email": "bad", "firstName": "<x>" }),
            &[
                ("email", "error-invalid-email"),
                ("firstName", "error-person-name-invalid-character"),
            ][..],
        ),
        (json!({ "firstName": "" }), &[("firstName", required)][..]),
        (
            json!({ "email": "" }),
            &[("email", "missingEmailMessage"), ("email", required)][..],
        ),
        (
            json!({ "email": "bob@example.com" }),
            &[("email", "emailExistsMessage")][..],
        ),
        (
            json!({ "username": "anne" }),
            &[
                ("username", "error-user-attribute-read-only"),
                ("username", "readOnlyUsernameMessage"),
            ][..],
        ),
    ] {
        assert_eq!(refusals(&ann, profile(sent)).await, pairs(errors));
    }
    let nothing = pairs(&[("firstName", required), ("lastName", required), ("email", required)]);
    assert_eq!(refusals(&ann, json!({})).await, nothing);

    let long = ann
        .call("POST", "", profile(json!({ "lastName": "x".repeat(300) })))
        .await;
    let error = json!({
        "field": "lastName", "errorMessage": "error-invalid-length-too-long", "params": ["${lastName}", null, "255"]
    });
    let mut expected = error.clone();
    expected["errors"] = json!([error]);
    assert_eq!((long.status, long.json()), (400, expected));
    let taken = ann
        .call("POST", "", profile(json!({ "email": "bob@example.com" })))
        .await;
    assert_eq!(taken.status, 409);
    let unknown = ann.call("POST", "", profile(json!({ "zzz": 1 }))).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.body.contains("Unrecognized field"), "{}", unknown.body);

    ann.admin("PUT", "", json!({ "editUsernameAllowed": true })).await;
    assert_eq!(
        ann.call("POST", "", profile(json!({ "username": "anne" })))
            .await
            .status,
        204
    );
    let taken = profile(json!({ "username": "bob" }));
    assert_eq!(
        refusals(&ann, taken).await,
        pairs(&[("username", "usernameExistsMessage")])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_are_seen_and_written_by_their_permissions() {
    let server = support::sqlite().await;
    let ann = ann(&server, json!({})).await;
    let mut config = ann.admin("GET", "/users/profile", Value::Null).await.json();
    let both = json!(["admin", "user"]);
    for attribute in [
        json!({ "name": "shown", "permissions": { "view": both, "edit": ["admin"] } }),
        json!({ "name": "hidden", "permissions": { "view": ["admin"], "edit": ["admin"] } }),
        json!({ "name": "own", "displayName": "Own", "permissions": { "view": both, "edit": both },
                "validations": { "integer": { "min": "1", "max": "9" } } }),
    ] {
        config["attributes"].as_array_mut().unwrap().push(attribute);
    }
    ann.admin("PUT", "/users/profile", config.clone()).await;
    let attributes = json!({ "shown": ["a"], "hidden": ["b"], "own": ["3"] });
    ann.admin(
        "PUT",
        &format!("/users/{}", ann.id),
        profile(json!({ "attributes": attributes })),
    )
    .await;
    assert_eq!(ann.get("").await["attributes"], json!({ "shown": ["a"], "own": ["3"] }));

    let read_only = "error-user-attribute-read-only";
    for name in ["shown", "hidden"] {
        let sent = profile(json!({ "attributes": { name: ["other"] } }));
        assert_eq!(refusals(&ann, sent).await, pairs(&[(name, read_only)]));
    }
    let sent = profile(json!({ "attributes": { "own": ["10"] } }));
    let refused = ann.call("POST", "", sent).await.json();
    assert_eq!(refused["params"], json!(["Own", "1", "9"]));
    let sent = profile(json!({ "attributes": { "own": ["4"], "unknown": ["x"] } }));
    assert_eq!(ann.call("POST", "", sent).await.status, 204);
    let kept = ann
        .admin("GET", &format!("/users/{}", ann.id), Value::Null)
        .await
        .json();
    assert_eq!(
        kept["attributes"],
        json!({ "hidden": ["b"], "own": ["4"], "shown": ["a"] })
    );

    // The language is asked for beside the profile, where the realm speaks several.
    ann.admin(
        "PUT",
        "",
        json!({ "internationalizationEnabled": true, "supportedLocales": ["en", "de"] }),
    )
    .await;
    let sent = profile(json!({ "attributes": { "own": ["4"], "locale": ["de"] } }));
    assert_eq!(ann.call("POST", "", sent).await.status, 204);
    assert_eq!(ann.get("").await["attributes"]["locale"], json!(["de"]));
    assert_eq!(ann.get("/supportedLocales").await, json!(["de", "en"]));

    config["unmanagedAttributePolicy"] = json!("ENABLED");
    ann.admin("PUT", "/users/profile", config).await;
    let sent = profile(json!({ "attributes": { "LDAP_ID": ["x"] } }));
    let expected = pairs(&[("LDAP_ID", "updateReadOnlyAttributesRejectedMessage")]);
    assert_eq!(refusals(&ann, sent).await, expected);
}
