//! Token exchange (RFC 8693): who may change a token into one of its own, and what the new one is good for.

use serde_json::{Value, json};

use crate::support::oidc::{at, claims, introspect, shop, text, token, token_of_back, tokens_of_mia, userinfo};
use crate::support::{self, Answer, Server};
use crate::token::refused;

const EXCHANGE: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const REFRESH: &str = "urn:ietf:params:oauth:token-type:refresh_token";

/// A realm in which `back` may exchange tokens, those of `shop` are for it, and `mia` has a role of the client `api`.
async fn chain(server: &Server) -> String {
    let realm = shop(server, json!({ "eventsEnabled": true })).await;
    let for_back = json!({
        "name": "for-back", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": { "included.client.audience": "back", "access.token.claim": "true" }
    });
    let id = id_of(server, &realm, "shop").await;
    let path = format!("/{realm}/clients/{id}/protocol-mappers/models");
    assert_eq!(server.admin("POST", &path, for_back).await.status, 201);
    set(server, &realm, json!({ "standard.token.exchange.enabled": "true" })).await;
    for name in ["api", "other"] {
        let api = server.client(&realm, json!({ "clientId": name })).await;
        let roles = format!("/{realm}/clients/{api}/roles");
        assert_eq!(server.admin("POST", &roles, json!({ "name": "use" })).await.status, 201);
        let role = server.admin("GET", &format!("{roles}/use"), Value::Null).await.json();
        let users = server
            .admin("GET", &format!("/{realm}/users?username=mia"), Value::Null)
            .await;
        let mia = text(&users.json()[0], "id");
        let path = format!("/{realm}/users/{mia}/role-mappings/clients/{api}");
        assert_eq!(server.admin("POST", &path, json!([role])).await.status, 204);
    }
    realm
}

async fn id_of(server: &Server, realm: &str, client: &str) -> String {
    let found = format!("/{realm}/clients?clientId={client}");
    text(&server.admin("GET", &found, Value::Null).await.json()[0], "id")
}

async fn set(server: &Server, realm: &str, attributes: Value) {
    let id = id_of(server, realm, "back").await;
    let doc = json!({ "clientId": "back", "attributes": attributes });
    let answer = server.admin("PUT", &format!("/{realm}/clients/{id}"), doc).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

async fn exchange(server: &Server, realm: &str, sent: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        EXCHANGE,
        ("client_id", "back"),
        ("client_secret", "back-secret"),
        ("subject_token", sent),
        ("subject_token_type", ACCESS),
    ];
    fields.retain(|(name, _)| *name == "grant_type" || !more.iter().any(|(n, _)| n == name));
    fields.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    token(server, realm, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_becomes_one_of_the_client_that_it_was_handed_to() {
    for server in support::servers().await {
        let realm = chain(&server).await;
        let of_mia = tokens_of_mia(&server, &realm, "openid email").await;
        let sent = text(&of_mia, "access_token");
        let answer = exchange(&server, &realm, &sent, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body = answer.json();
        assert_eq!(
            (&body["issued_token_type"], &body["token_type"]),
            (&json!(ACCESS), &json!("Bearer"))
        );
        assert_eq!((body.get("refresh_token"), body.get("id_token")), (None, None));
        let (before, said) = (claims(&sent), claims(&text(&body, "access_token")));
        assert_eq!(
            (&said["azp"], &said["sub"], &said["sid"]),
            (&json!("back"), &before["sub"], &before["sid"])
        );
        assert!(text(&said, "jti").starts_with("onrtte:"), "{said}");
        assert!(said["aud"].as_array().unwrap().contains(&json!("api")), "{said}");

        let narrowed = exchange(&server, &realm, &sent, &[("audience", "api"), ("scope", "openid")])
            .await
            .json();
        let said = claims(&text(&narrowed, "access_token"));
        assert_eq!(said["aud"], "api");
        assert_eq!(said["resource_access"], json!({ "api": { "roles": ["use"] } }));
        assert_eq!(claims(&text(&narrowed, "id_token"))["aud"], "back");
        let access = text(&narrowed, "access_token");
        assert_eq!(userinfo(&server, &realm, &access).await.status, 200);

        // It dies with the session that it came from.
        let refresh = text(&of_mia, "refresh_token");
        let out = server
            .form(
                &at(&realm, "logout"),
                &[("client_id", "shop"), ("refresh_token", &refresh)],
            )
            .await;
        assert_eq!(out.status, 204, "{}", out.body);
        assert_eq!(userinfo(&server, &realm, &access).await.status, 401);
        refused(
            &exchange(&server, &realm, &sent, &[]).await,
            400,
            "invalid_request",
            "Invalid token",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_exchange_is_told_in_keycloaks_words() {
    let server = support::sqlite().await;
    let realm = chain(&server).await;
    let tokens = tokens_of_mia(&server, &realm, "openid").await;
    let (sent, id) = (text(&tokens, "access_token"), text(&tokens, "id_token"));
    let id_type = "urn:ietf:params:oauth:token-type:id_token";
    let invalid = "invalid_request";
    for (more, error, description) in [
        (
            &[("subject_token", "")][..],
            invalid,
            "Parameter 'subject_token' required for standard token exchange",
        ),
        (
            &[("subject_token_type", "")],
            invalid,
            "Parameter 'subject_token_type' required for standard token exchange",
        ),
        (
            &[("subject_token_type", id_type)],
            invalid,
            "Parameter 'subject_token' supports access tokens only",
        ),
        (&[("subject_token", id.as_str())], invalid, "Invalid token"),
        (&[("subject_token", "x")], invalid, "Invalid token"),
        (
            &[("requested_subject", "eve")],
            invalid,
            "Parameter 'requested_subject' is not supported for standard token exchange",
        ),
        (
            &[("requested_issuer", "google")],
            invalid,
            "Parameter 'requested_issuer' is not supported for standard token exchange",
        ),
        (
            &[("subject_issuer", "google")],
            invalid,
            "Parameter 'subject_issuer' is not supported for standard token exchange",
        ),
        (
            &[("requested_token_type", REFRESH)],
            invalid,
            "requested_token_type unsupported",
        ),
        (
            &[("requested_token_type", "jwt")],
            invalid,
            "requested_token_type unsupported",
        ),
        (&[("audience", "nobody")], "invalid_client", "Audience not found"),
        (
            &[("audience", "shop")],
            invalid,
            "Requested audience not available: shop",
        ),
        (
            &[("audience", "api"), ("audience", "back")],
            invalid,
            "Requested audience not available: back",
        ),
        (
            &[("scope", "openid nope")],
            "invalid_scope",
            "Invalid scopes: openid nope",
        ),
    ] {
        let answer = exchange(&server, &realm, &sent, more).await;
        refused(&answer, 400, error, description);
    }
    let found = server
        .admin(
            "GET",
            &format!("/{realm}/events?type=TOKEN_EXCHANGE_ERROR"),
            Value::Null,
        )
        .await;
    let first = &found.json()[0];
    assert_eq!(first["details"]["auth_method"], "token_exchange");
    assert_eq!(first["details"]["reason"], "Invalid scopes: openid nope");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_exchanges_what_was_not_handed_to_them() {
    let server = support::sqlite().await;
    let realm = chain(&server).await;
    let others = json!({ "clientId": "front", "publicClient": true, "directAccessGrantsEnabled": true });
    server.client(&realm, others).await;
    let fields = [
        ("grant_type", "password"),
        ("client_id", "front"),
        ("username", "mia"),
        ("password", "correct horse"),
    ];
    let theirs = text(&token(&server, &realm, &fields).await.json(), "access_token");
    let answer = exchange(&server, &realm, &theirs, &[]).await;
    refused(&answer, 403, "access_denied", "Client is not within the token audience");

    // Its own account's token is one of its own.
    let own = token_of_back(&server, &realm).await;
    let answer = exchange(&server, &realm, &own, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let said = claims(&text(&answer.json(), "access_token"));
    assert_eq!((&said["sub"], said.get("sid")), (&claims(&own)["sub"], None));

    let sent = text(&tokens_of_mia(&server, &realm, "openid").await, "access_token");
    let public = [("client_id", "shop"), ("client_secret", "")];
    let answer = exchange(&server, &realm, &sent, &public).await;
    let off = "Standard token exchange is not enabled for the requested client";
    refused(&answer, 400, "invalid_request", off);
    set(&server, &realm, json!({ "standard.token.exchange.enabled": "" })).await;
    refused(
        &exchange(&server, &realm, &sent, &[]).await,
        400,
        "invalid_request",
        off,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_exchanged_for_only_where_the_client_may_have_one() {
    let server = support::sqlite().await;
    let realm = chain(&server).await;
    let same = json!({ "standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION" });
    set(&server, &realm, same).await;
    let sent = text(&tokens_of_mia(&server, &realm, "openid").await, "access_token");
    let wanted = ("requested_token_type", REFRESH);
    let body = exchange(&server, &realm, &sent, &[wanted]).await.json();
    assert_eq!(body["issued_token_type"], REFRESH);
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "back"),
        ("client_secret", "back-secret"),
        ("refresh_token", &text(&body, "refresh_token")),
    ];
    assert_eq!(token(&server, &realm, &fields).await.status, 200);
    let offline = exchange(&server, &realm, &sent, &[wanted, ("scope", "openid offline_access")]).await;
    let text_of = "Scope offline_access not allowed for token exchange";
    refused(&offline, 400, "invalid_request", text_of);
    let id = [
        ("requested_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("scope", "openid"),
    ];
    let body = exchange(&server, &realm, &sent, &id).await.json();
    assert_eq!((&body["token_type"], body.get("id_token")), (&json!("N_A"), None));
    assert_eq!(claims(&text(&body, "access_token"))["typ"], "ID");
    let active = introspect(&server, &realm, &text(&body, "access_token"), &[])
        .await
        .json();
    assert_eq!(active["active"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_one_api_does_not_become_one_for_others() {
    let server = support::sqlite().await;
    let realm = chain(&server).await;
    let listed = r#"[{"id":"https://one.example"},{"id":"https://two.example"}]"#;
    let settings = json!({ "attributes": { "resource.servers": listed } });
    assert_eq!(server.admin("PUT", &format!("/{realm}"), settings).await.status, 204);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "back"),
        ("client_secret", "back-secret"),
        ("resource", "https://one.example"),
    ];
    let own = text(&token(&server, &realm, &fields).await.json(), "access_token");
    assert_eq!(claims(&own)["aud"], "https://one.example");
    for more in [&[][..], &[("resource", "https://one.example")]] {
        let body = exchange(&server, &realm, &own, more).await.json();
        assert_eq!(claims(&text(&body, "access_token"))["aud"], "https://one.example");
    }
    let answer = exchange(&server, &realm, &own, &[("resource", "https://two.example")]).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!("invalid_target"))
    );
    // One that is good everywhere is narrowed where that is asked for.
    let free = token_of_back(&server, &realm).await;
    let body = exchange(&server, &realm, &free, &[("resource", "https://two.example")])
        .await
        .json();
    assert_eq!(claims(&text(&body, "access_token"))["aud"], "https://two.example");
    let answer = exchange(&server, &realm, &free, &[("resource", "https://three.example")]).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!("invalid_target"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_a_token_ends_with_it_and_stays_for_its_audience() {
    for server in support::servers().await {
        let realm = chain(&server).await;
        let same = json!({ "standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION" });
        set(&server, &realm, same).await;
        for revoked in ["access_token", "refresh_token"] {
            let of_mia = tokens_of_mia(&server, &realm, "openid").await;
            let sent = text(&of_mia, "access_token");
            let wanted = [("requested_token_type", REFRESH), ("audience", "api")];
            let body = exchange(&server, &realm, &sent, &wanted).await.json();
            let next = refreshed(&server, &realm, &body).await;
            assert_eq!(next.status, 200, "{}", next.body);
            let next = next.json();
            let said = claims(&text(&next, "access_token"));
            assert_eq!(said["aud"], "api", "a refresh asks for no more");
            assert_eq!(said["resource_access"], json!({ "api": { "roles": ["use"] } }));
            let end = [("client_id", "shop"), ("token", &text(&of_mia, revoked))];
            assert_eq!(server.form(&at(&realm, "revoke"), &end).await.status, 200);
            let after = introspect(&server, &realm, &text(&next, "access_token"), &[]).await;
            assert_eq!(after.json()["active"], false, "{revoked}");
            let after = refreshed(&server, &realm, &next).await;
            assert_eq!(
                (after.status, &after.json()["error"]),
                (400, &json!("invalid_grant")),
                "{revoked}"
            );
            let again = exchange(&server, &realm, &text(&next, "access_token"), &[]).await;
            refused(&again, 400, "invalid_request", "Invalid token");
        }
    }
}

/// A refresh for `back`.
async fn refreshed(server: &Server, realm: &str, body: &Value) -> Answer {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "back"),
        ("client_secret", "back-secret"),
        ("refresh_token", &text(body, "refresh_token")),
    ];
    token(server, realm, &fields).await
}

/// An exchanged token of `back`, with its refresh token, and the token of `shop` that it came of.
async fn exchanged(server: &Server, realm: &str) -> (String, Value) {
    let sent = text(&tokens_of_mia(server, realm, "openid").await, "access_token");
    let wanted = [("requested_token_type", REFRESH), ("audience", "api")];
    let answer = exchange(server, realm, &sent, &wanted).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (sent, answer.json())
}

async fn with_refresh_tokens(server: &Server) -> String {
    let realm = chain(server).await;
    let may = json!({
        "standard.token.exchange.enabled": "true",
        "standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION"
    });
    set(server, &realm, may).await;
    realm
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_for_an_audience_only_is_refused_once_the_role_is_gone() {
    for server in support::servers().await {
        let realm = with_refresh_tokens(&server).await;
        let (_, body) = exchanged(&server, &realm).await;
        let api = id_of(&server, &realm, "api").await;
        let path = format!("/{realm}/clients/{api}/roles/use");
        assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
        let text = "Requested audience not available: api";
        refused(&refreshed(&server, &realm, &body).await, 400, "invalid_request", text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_a_token_ends_when_the_consent_is_taken_back() {
    for server in support::servers().await {
        let realm = with_refresh_tokens(&server).await;
        for by_administrator in [false, true] {
            let (sent, body) = exchanged(&server, &realm).await;
            let account = format!("/realms/{realm}/account/applications/shop/consent");
            let bearer = format!("Bearer {sent}");
            let headers = [
                ("authorization", bearer.as_str()),
                ("accept", "application/json"),
                ("content-type", "application/json"),
            ];
            let taken = if by_administrator {
                let agreed = r#"{"grantedScopes":[]}"#;
                let given = server.request("POST", &account, &headers, agreed).await;
                assert_eq!(given.status, 200, "{}", given.body);
                let mia = text(&claims(&sent), "sub");
                let path = format!("/{realm}/users/{mia}/consents/shop");
                server.admin("DELETE", &path, Value::Null).await
            } else {
                server.request("DELETE", &account, &headers, "").await
            };
            assert_eq!(taken.status, 204, "{}", taken.body);
            let access = text(&body, "access_token");
            let after = introspect(&server, &realm, &access, &[]).await.json();
            assert_eq!(after["active"], false, "by an administrator: {by_administrator}");
            assert_eq!(refreshed(&server, &realm, &body).await.status, 400);
        }
    }
}

/// Whichever comes first: when the token has been given up, nothing of it is good.
#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_does_not_outlive_a_revocation_at_the_same_moment() {
    for server in support::servers().await {
        let realm = with_refresh_tokens(&server).await;
        let mut outcomes = [0, 0];
        for round in 0..24 {
            let of_mia = tokens_of_mia(&server, &realm, "openid").await;
            let sent = text(&of_mia, "access_token");
            let revoked = text(&of_mia, ["access_token", "refresh_token"][round % 2]);
            let end = [("client_id", "shop"), ("token", revoked.as_str())];
            let path = at(&realm, "revoke");
            let wanted = [("requested_token_type", REFRESH), ("audience", "api")];
            let (one, two, ended) = tokio::join!(
                exchange(&server, &realm, &sent, &wanted),
                exchange(&server, &realm, &sent, &[]),
                server.form(&path, &end),
            );
            assert_eq!(ended.status, 200, "{}", ended.body);
            for answer in [one, two] {
                outcomes[usize::from(answer.status == 200)] += 1;
                if answer.status != 200 {
                    refused(&answer, 400, "invalid_request", "Invalid token");
                    continue;
                }
                let access = text(&answer.json(), "access_token");
                let after = introspect(&server, &realm, &access, &[]).await.json();
                assert_eq!(after["active"], false, "round {round}: {outcomes:?}");
            }
        }
    }
}
