//! Groups: a tree that administrators arrange.

use serde_json::{Value, json};

use super::support::{self, Server};

async fn make(server: &Server, path: &str, doc: Value) -> String {
    server.admin("POST", path, doc).await.created()
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_form_a_tree_that_can_be_searched_and_rearranged() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let groups = format!("/{realm}/groups");
        let staff = make(
            &server,
            &groups,
            json!({ "name": "staff", "attributes": { "a": ["1"] } }),
        )
        .await;
        let children = format!("{groups}/{staff}/children");
        let legal = make(&server, &children, json!({ "name": "legal" })).await;
        let taken = server.admin("POST", &groups, json!({ "name": "staff" })).await;
        assert_eq!(
            taken.json()["errorMessage"],
            "Top level group named 'staff' already exists."
        );
        let taken = server.admin("POST", &children, json!({ "name": "legal" })).await;
        assert_eq!(
            taken.json()["errorMessage"],
            "Sibling group named 'legal' already exists."
        );
        let nameless = server.admin("POST", &groups, json!({})).await;
        assert_eq!(
            (nameless.status, nameless.json()),
            (400, json!({ "errorMessage": "Group name is missing" }))
        );

        let found = server
            .admin("GET", &format!("{groups}?search=LEG"), Value::Null)
            .await
            .json();
        assert_eq!(
            (&found[0]["name"], &found[0]["subGroups"][0]["path"]),
            (&json!("staff"), &json!("/staff/legal"))
        );
        let top = server.admin("GET", &groups, Value::Null).await.json();
        assert_eq!(
            (&top[0]["subGroupCount"], &top[0]["subGroups"]),
            (&json!(1), &json!([]))
        );
        let by_path = server
            .admin("GET", &format!("/{realm}/group-by-path/staff/legal"), Value::Null)
            .await
            .json();
        assert_eq!(by_path["id"], legal.as_str());

        let moved = server
            .admin("POST", &groups, json!({ "id": legal, "name": "legal" }))
            .await;
        assert_eq!(moved.status, 204);
        let count = server
            .admin("GET", &format!("{groups}/count?top=true"), Value::Null)
            .await
            .json();
        assert_eq!(count, json!({ "count": 2 }));
        assert_eq!(
            server
                .admin("POST", &children, json!({ "id": legal, "name": "legal" }))
                .await
                .status,
            204
        );
        let below = format!("{groups}/{legal}/children");
        let circle = server
            .admin("POST", &below, json!({ "id": staff, "name": "staff" }))
            .await;
        assert_eq!(circle.status, 400, "{}", circle.body);

        assert_eq!(
            server
                .admin("DELETE", &format!("{groups}/{staff}"), Value::Null)
                .await
                .status,
            204
        );
        let gone = server.admin("GET", &format!("{groups}/{legal}"), Value::Null).await;
        assert_eq!(
            (gone.status, gone.json()),
            (404, json!({ "error": "Could not find group by id" }))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_inherit_the_roles_of_their_groups_and_of_those_above() {
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let staff = make(&server, &format!("/{realm}/groups"), json!({ "name": "staff" })).await;
        let night = make(
            &server,
            &format!("/{realm}/groups/{staff}/children"),
            json!({ "name": "night" }),
        )
        .await;
        server
            .admin("POST", &format!("/{realm}/roles"), json!({ "name": "worker" }))
            .await;
        let worker = server
            .admin("GET", &format!("/{realm}/roles/worker"), Value::Null)
            .await
            .json();
        let mappings = format!("/{realm}/groups/{staff}/role-mappings");
        assert_eq!(
            server
                .admin("POST", &format!("{mappings}/realm"), json!([worker]))
                .await
                .status,
            204
        );
        let user = server.user(&realm, "ann", "pw").await;
        let join = format!("/{realm}/users/{user}/groups/{night}");
        assert_eq!(server.admin("PUT", &join, Value::Null).await.status, 204);

        let members = server
            .admin("GET", &format!("/{realm}/groups/{night}/members"), Value::Null)
            .await
            .json();
        assert_eq!(members[0]["username"], "ann");
        let holders = server
            .admin("GET", &format!("/{realm}/roles/worker/groups"), Value::Null)
            .await
            .json();
        assert_eq!(holders[0]["name"], "staff");
        let all = server.admin("GET", &mappings, Value::Null).await.json();
        assert_eq!(all["realmMappings"][0]["name"], "worker");
        let token = server.password_token(&realm, "admin-cli", "ann", "pw").await;
        assert!(!token.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_users_come_into_the_default_groups() {
    let server = support::sqlite().await;
    let realm = server.realm(json!({})).await;
    let group = make(&server, &format!("/{realm}/groups"), json!({ "name": "newcomers" })).await;
    let path = format!("/{realm}/default-groups/{group}");
    assert_eq!(server.admin("PUT", &path, Value::Null).await.status, 204);
    let user = server.user(&realm, "bob", "pw").await;
    let groups = server
        .admin("GET", &format!("/{realm}/users/{user}/groups"), Value::Null)
        .await
        .json();
    assert_eq!(groups[0]["path"], "/newcomers");
    assert_eq!(server.admin("DELETE", &path, Value::Null).await.status, 204);
    let listed = server
        .admin("GET", &format!("/{realm}/default-groups"), Value::Null)
        .await
        .json();
    assert_eq!(listed, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_moves_at_once_make_no_circle_and_a_circle_ends_where_it_closes() {
    use vestibule::store::{group, realm as realms};
    for server in support::servers().await {
        let realm = server.realm(json!({})).await;
        let groups = format!("/{realm}/groups");
        for round in 0..4 {
            let (a, b) = (format!("a{round}"), format!("b{round}"));
            let (one, other) = (
                make(&server, &groups, json!({ "name": a })).await,
                make(&server, &groups, json!({ "name": b })).await,
            );
            let (below, above) = (format!("{groups}/{other}/children"), format!("{groups}/{one}/children"));
            let (first, second) = tokio::join!(
                server.admin("POST", &below, json!({ "id": one, "name": a })),
                server.admin("POST", &above, json!({ "id": other, "name": b })),
            );
            let mut told = [first.status, second.status];
            told.sort_unstable();
            assert_eq!(told, [204, 400], "{} {}", first.body, second.body);
        }

        let one = make(&server, &groups, json!({ "name": "one" })).await;
        let other = make(&server, &format!("{groups}/{one}/children"), json!({ "name": "other" })).await;
        let known = realms::by_name(&server.app.db, &realm).await.unwrap().unwrap();
        let mut tx = server.app.db.begin().await.unwrap();
        let mut top = group::by_id(&mut tx, &known.id, &one).await.unwrap().unwrap();
        top.parent_id.clone_from(&other);
        assert!(group::update(&mut tx, &known.id, &top).await.unwrap());
        tx.commit().await.unwrap();
        let shown = server.admin("GET", &format!("{groups}/{other}"), Value::Null).await;
        assert_eq!((shown.status, &shown.json()["path"]), (200, &json!("/one/other")));
        let found = server
            .admin("GET", &format!("{groups}?search=other"), Value::Null)
            .await;
        assert_eq!(found.status, 200, "{}", found.body);
        let out = server.admin("POST", &groups, json!({ "id": one, "name": "one" })).await;
        assert_eq!(out.status, 204, "{}", out.body);
    }
}
