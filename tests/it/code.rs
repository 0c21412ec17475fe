//! An authorization code is worth tokens once, whoever else has it.

use serde_json::json;

use crate::support;
use crate::support::oidc::{CALLBACK, at, code, refresh, shop, text, userinfo};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_redeem_a_code_at_once_one_gets_tokens_which_are_then_void() {
    for server in support::servers().await {
        for (more, revoke) in [("", false), ("", true), ("&scope=openid%20offline_access", false)] {
            let realm = shop(&server, json!({ "revokeRefreshToken": revoke })).await;
            let code = code(&server, &realm, "shop", more).await;
            let asked = (0..20).map(|_| {
                let fields = [
                    ("grant_type", "authorization_code"),
                    ("client_id", "shop"),
                    ("code", code.as_str()),
                    ("redirect_uri", CALLBACK),
                ];
                let headers = [("content-type", "application/x-www-form-urlencoded")];
                let request = support::build("POST", &at(&realm, "token"), &headers, support::encode(&fields));
                let router = server.router.clone();
                tokio::spawn(async move { support::send(&router, request).await })
            });
            let answers = futures_util::future::join_all(asked).await;
            let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
            let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
            assert_eq!(
                won.len(),
                1,
                "{:?}",
                answers.iter().map(|a| (a.status, &a.body)).collect::<Vec<_>>()
            );
            for answer in lost {
                let refused = json!({ "error": "invalid_grant", "error_description": "Code not valid" });
                assert_eq!((answer.status, answer.json()), (400, refused));
            }
            let tokens = won[0].json();
            let access = text(&tokens, "access_token");
            assert_eq!(
                userinfo(&server, &realm, &access).await.status,
                401,
                "somebody else had the code"
            );
            let again = refresh(&server, &realm, &text(&tokens, "refresh_token")).await;
            assert_eq!((again.status, &again.json()["error"]), (400, &json!("invalid_grant")));
        }
    }
}
