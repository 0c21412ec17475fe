//! Users are found the same whether few or very many fulfil what is asked for: the way to them differs, the page does not.

use serde_json::{Value, json};

use crate::support::{self, Server};

/// More than are sorted after they are found by index.
const MANY: i64 = 10_500;

/// Users `u00001` ...: all with one first name, every thousandth with a rare last name, all in one group.
async fn realm_with_many(server: &Server) -> (String, String) {
    let realm = server.realm(json!({ "editUsernameAllowed": true })).await;
    let group = server
        .admin("POST", &format!("/{realm}/groups"), json!({ "name": "all" }))
        .await
        .created();
    let id = server.admin("GET", &format!("/{realm}"), Value::Null).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut tx = server.app.db.begin().await.unwrap();
    let numbers = "with recursive n (i) as (select cast(1 as bigint) union all select i + 1 from n where i < $1)";
    let number = "substr(cast(100000 + i as text), 2)";
    let users = format!(
        "{numbers} insert into account (id, realm_id, username, email, first_name, last_name, first_name_key, last_name_key,
             enabled, email_verified, created, not_before, required_actions, attributes)
         select $2 || '-' || {number}, $2, 'u' || {number}, 'm' || {number} || '@example.org', 'Ada',
             case when i % 1000 = 0 then 'Rare' else 'Common' end, 'ada', case when i % 1000 = 0 then 'rare' else 'common' end,
             i % 5000 <> 1, i % 5000 <> 2, i, 0, '[]', '{{}}' from n"
    );
    tx.exec(&users, &[&MANY, &id]).await.unwrap();
    let members = format!(
        "{numbers} insert into account_group (account_id, group_id, member_name) select $2 || '-' || {number}, $3, 'u' || {number} from n"
    );
    tx.exec(&members, &[&MANY, &id, &group]).await.unwrap();
    tx.commit().await.unwrap();
    (realm, group)
}

async fn names(server: &Server, path: &str) -> Vec<String> {
    let found = server.admin("GET", path, Value::Null).await;
    assert_eq!(found.status, 200, "{}", found.body);
    let name = |user: &Value| user["username"].as_str().unwrap().to_owned();
    found.json().as_array().unwrap().iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_has_a_bound() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    for (parameter, end) in [("search", ""), ("q", ":b")] {
        for (count, status) in [(20, 200), (21, 400), (900, 400)] {
            let all: Vec<String> = (0..count).map(|i| format!("a{i}{end}")).collect();
            let path = format!("/{realm}/users?{parameter}={}", all.join("%20"));
            let answer = server.admin("GET", &path, Value::Null).await;
            assert_eq!(answer.status, status, "{parameter} {count}: {}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_counts_are_the_same_on_either_way() {
    for server in support::servers().await {
        let (realm, group) = realm_with_many(&server).await;
        let users = async |query: &str| names(&server, &format!("/{realm}/users?{query}")).await;
        let count = async |query: &str| {
            server
                .admin("GET", &format!("/{realm}/users/count{query}"), Value::Null)
                .await
                .body
        };
        let three = ["u00001", "u00002", "u00003"];
        // Many: read in order.
        assert_eq!(users("search=ada&max=3").await, three);
        assert_eq!(users("firstName=ada&exact=true&max=3").await, three);
        assert_eq!(users("search=ada&first=10498").await, ["u10499", "u10500"]);
        assert_eq!(
            names(&server, &format!("/{realm}/groups/{group}/members?max=3")).await,
            three
        );
        // Few: found, then sorted.
        assert_eq!(users("search=rare&max=2").await, ["u01000", "u02000"]);
        assert_eq!(users("search=rare&first=9").await, ["u10000"]);
        assert_eq!(users("search=ada%20u0100&max=2").await, ["u01000", "u01001"]);
        assert_eq!(users("search=m01000").await, ["u01000"]);
        assert_eq!(
            users("lastName=rare&firstName=ada&exact=true&first=8").await,
            ["u09000", "u10000"]
        );
        assert_eq!(users("enabled=false").await, ["u00001", "u05001", "u10001"]);
        assert_eq!(users("emailVerified=false&search=u05").await, ["u05002"]);
        // Without an index.
        assert_eq!(
            users("search=*0499*").await,
            [
                "u00499", "u04990", "u04991", "u04992", "u04993", "u04994", "u04995", "u04996", "u04997", "u04998",
                "u04999", "u10499"
            ]
        );
        // Who is renamed stands elsewhere among the members, too.
        let path = format!(
            "/{realm}/users/{}",
            server
                .admin(
                    "GET",
                    &format!("/{realm}/users?username=u00002&exact=true"),
                    Value::Null
                )
                .await
                .json()[0]["id"]
                .as_str()
                .unwrap()
        );
        let renamed = server.admin("PUT", &path, json!({ "username": "u00000" })).await;
        assert_eq!(renamed.status, 204, "{}", renamed.body);
        let members = names(&server, &format!("/{realm}/groups/{group}/members?max=2")).await;
        assert_eq!(members, ["u00000", "u00001"]);
        for (query, expected) in [
            ("", "10500"),
            ("?search=ada", "10500"),
            ("?search=rare", "10"),
            ("?emailVerified=false", "3"),
            ("?search=*499", "21"),
        ] {
            assert_eq!(count(query).await, expected, "{query}");
        }
    }
}
