//! The database: what is acknowledged is durable, what is dropped never was, on both engines alike.

use serde_json::json;
use vestibule::store::{client, json::Doc, realm, user};

use crate::support;

fn ada(realm_id: &str, username: &str) -> user::User {
    user::User {
        id: vestibule::random::uuid(),
        realm_id: realm_id.to_owned(),
        username: username.to_owned(),
        email: Some(format!("{username}@example.org")),
        enabled: true,
        ..user::User::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_transaction_leaves_nothing() {
    for server in support::servers().await {
        let db = &server.app.db;
        let master = realm::by_name(db, "master").await.unwrap().unwrap();
        let someone = ada(&master.id, "nobody");
        let mut tx = db.begin().await.unwrap();
        user::add(&mut tx, &someone, true).await.unwrap();
        drop(tx);
        assert!(user::by_id(db, &master.id, &someone.id).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_equal_users_at_once_one_is_kept_and_the_others_hear_which_name_is_taken() {
    for server in support::servers().await {
        let master = realm::by_name(&server.app.db, "master").await.unwrap().unwrap();
        let attempts = (0..50).map(|_| {
            let (db, someone) = (server.app.db.clone(), ada(&master.id, "twin"));
            tokio::spawn(async move {
                let mut tx = db.begin().await.unwrap();
                let kept = user::add(&mut tx, &someone, true).await.unwrap();
                tx.commit().await.unwrap();
                kept
            })
        });
        let mut kept = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            kept.push(attempt.await.unwrap());
        }
        assert_eq!(kept.iter().filter(|k| **k == user::Kept::Yes).count(), 1);
        assert_eq!(kept.iter().filter(|k| **k == user::Kept::UsernameTaken).count(), 49);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_back_transaction_does_not_take_its_neighbours_with_it() {
    for server in support::servers().await {
        let master = realm::by_name(&server.app.db, "master").await.unwrap().unwrap();
        let attempts = (0..40).map(|n| {
            let (db, someone) = (server.app.db.clone(), ada(&master.id, &format!("user{n}")));
            tokio::spawn(async move {
                let mut tx = db.begin().await.unwrap();
                user::add(&mut tx, &someone, true).await.unwrap();
                if n % 2 == 0 {
                    tx.commit().await.unwrap();
                }
                (n, someone)
            })
        });
        for attempt in attempts.collect::<Vec<_>>() {
            let (n, someone) = attempt.await.unwrap();
            let found = user::by_id(&server.app.db, &master.id, &someone.id).await.unwrap();
            assert_eq!(found.is_some(), n % 2 == 0, "user {n}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_seen_by_another_node_within_a_second() {
    for server in support::servers().await {
        if server.app.db.engine_name() != "postgres" {
            continue;
        }
        let other = server.another_node().await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let before = realm::by_name(&other.db, "master").await.unwrap().unwrap();
        let cli = client::by_client_id(&other.db, &before.id, "admin-cli")
            .await
            .unwrap()
            .unwrap();
        assert!(cli.enabled());
        let mut doc: Doc = before.doc.clone();
        doc.insert("displayName".into(), json!("Changed"));
        let mut changed = (*cli).clone();
        changed.doc.insert("enabled".into(), json!(false));
        let mut tx = server.app.db.begin().await.unwrap();
        realm::update(&mut tx, &before.id, "master", &doc).await.unwrap();
        client::update(&mut tx, &changed).await.unwrap();
        tx.commit().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
        assert_eq!(
            realm::by_name(&other.db, "master")
                .await
                .unwrap()
                .unwrap()
                .display_name(),
            "Changed"
        );
        assert!(
            !client::by_id(&other.db, &before.id, &cli.id)
                .await
                .unwrap()
                .unwrap()
                .enabled()
        );
    }
}
