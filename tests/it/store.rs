//! The database: what is acknowledged is durable, what is dropped never was, on both engines alike.

use std::time::Duration;

use serde_json::json;
use vestibule::error::Error;
use vestibule::store::{Query as _, client, json::Doc, realm, realm_list, single_use, sweep, user};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_while_the_disk_is_written_leaves_no_stale_snapshot() {
    for server in support::servers().await {
        let db = &server.app.db;
        // On PostgreSQL the commit may reach the server after the caller has gone: then its notification tells of it.
        vestibule::store::listen::start(db, &server.app.clock);
        let master = realm::by_name(db, "master").await.unwrap().unwrap();
        let cli = client::by_client_id(db, &master.id, "admin-cli")
            .await
            .unwrap()
            .unwrap();
        let mut changed = (*cli).clone();
        changed.doc.insert("enabled".into(), json!(false));
        let mut tx = db.begin().await.unwrap();
        client::update(&mut tx, &changed).await.unwrap();
        let _ = tokio::time::timeout(Duration::ZERO, tx.commit()).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let stored = client::read(db, &master.id, &cli.id).await.unwrap().unwrap();
        let seen = client::by_id(db, &master.id, &cli.id).await.unwrap().unwrap();
        assert_eq!(stored.enabled(), seen.enabled());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_inside_a_transaction_leaves_the_database_usable() {
    for server in support::servers().await {
        let db = server.app.db.clone();
        let broken = tokio::spawn(async move {
            let _tx = db.begin().await.unwrap();
            panic!("on purpose");
        });
        assert!(broken.await.is_err());
        let next = tokio::time::timeout(Duration::from_secs(1), server.app.db.begin()).await;
        next.expect("the writer is free").unwrap().commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_statement_nothing_of_a_transaction_is_kept() {
    for server in support::servers().await {
        let db = &server.app.db;
        let master = realm::by_name(db, "master").await.unwrap().unwrap();
        let mut tx = db.begin().await.unwrap();
        let kept = ada(&master.id, "kept");
        user::add(&mut tx, &kept, true).await.unwrap();
        let orphan = user::add(&mut tx, &ada("no such realm", "orphan"), true).await;
        assert!(matches!(orphan, Err(Error::Overtaken(_))), "{orphan:?}");
        assert!(tx.commit().await.is_err());
        assert!(user::by_id(db, &master.id, &kept.id).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_hang_up_leave_no_transaction_open() {
    for server in support::servers().await {
        let db = &server.app.db;
        for n in 0..100 {
            let _ = tokio::time::timeout(Duration::from_micros(n * 20), db.begin()).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        if db.engine_name() == "postgres" {
            let sql = "select count(*) from pg_stat_activity
                       where datname = current_database() and state like 'idle in transaction%'";
            assert_eq!(db.count(sql, &[]).await.unwrap(), 0);
        }
        db.begin().await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_every_connection_is_taken_a_caller_is_told_to_come_again() {
    for server in support::servers().await {
        let db = &server.app.db;
        if db.engine_name() != "postgres" {
            continue;
        }
        let mut held = Vec::new();
        for _ in 0..16 {
            held.push(db.begin().await.unwrap());
        }
        let refused = db.begin().await.err().expect("no connection is left");
        assert_eq!(refused.status(), 503, "{refused}");
        drop(held);
        tokio::time::sleep(Duration::from_millis(200)).await;
        db.begin().await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_takes_all_that_has_expired_and_nothing_else() {
    for server in support::servers().await {
        let (db, now) = (&server.app.db, server.app.now());
        let mut tx = db.begin().await.unwrap();
        for n in 0..1300 {
            let expires = if n < 1200 { now - 1 } else { now + 60_000 };
            single_use::spend(&mut tx, "realm", "test", &n.to_string(), expires)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        sweep::expired(db, now).await.unwrap();
        assert_eq!(db.count("select count(*) from single_use", &[]).await.unwrap(), 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_on_an_empty_database_all_come_up_with_one_administrator() {
    let Some(address) = support::empty_postgres().await else {
        return;
    };
    let starts = (0..6).map(|_| {
        let address = address.clone();
        tokio::spawn(async move {
            let app = support::node(&address).await.unwrap();
            let admin = vestibule::realm_setup::bootstrap(&app).await.unwrap();
            (app, admin.is_some())
        })
    });
    let mut made = 0;
    let mut last = None;
    for start in starts.collect::<Vec<_>>() {
        let (app, first) = start.await.unwrap();
        made += usize::from(first);
        last = Some(app);
    }
    assert_eq!(made, 1);
    let app = last.unwrap();
    let master = realm::by_name(&app.db, "master").await.unwrap().unwrap();
    let sql = "select count(*) from account where realm_id = $1";
    assert_eq!(app.db.count(sql, &[&master.id]).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_realm_is_gone_at_once_and_its_rows_soon_after() {
    for server in support::servers().await {
        let db = &server.app.db;
        let name = server.realm(json!({})).await;
        let realm = realm::by_name(db, &name).await.unwrap().unwrap();
        let mut tx = db.begin().await.unwrap();
        for n in 0..600 {
            user::add(&mut tx, &ada(&realm.id, &format!("user{n}")), true)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        assert!(realm::remove(&mut tx, &realm.id).await.unwrap());
        tx.commit().await.unwrap();
        assert!(realm::by_name(db, &name).await.unwrap().is_none());
        assert!(realm::by_id(db, &realm.id).await.unwrap().is_none());
        assert_eq!(realm_list::names(db).await.unwrap(), ["master"]);
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
        for table in ["account", "realm_part", "client", "role"] {
            let sql = format!("select count(*) from {table} where realm_id = $1");
            assert_eq!(db.count(&sql, &[&realm.id]).await.unwrap(), 0, "{table}");
        }
        assert_eq!(db.count("select count(*) from realm", &[]).await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_nul_in_it_is_found_nowhere_and_fails_nothing() {
    for server in support::servers().await {
        let db = &server.app.db;
        let master = realm::by_name(db, "master").await.unwrap().unwrap();
        for name in ["admin\0", "\0admin", "\0"] {
            assert!(user::by_username(db, &master.id, name).await.unwrap().is_none());
            assert!(client::by_client_id(db, &master.id, name).await.unwrap().is_none());
        }
        let mut tx = db.begin().await.unwrap();
        user::add(&mut tx, &ada(&master.id, "a\0b"), true).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_key_is_refused_by_name_and_a_new_one_above_the_old_one_is_not() {
    use base64::Engine as _;
    for server in support::servers().await {
        let old = std::fs::read_to_string(&server.app.config.secret_key_file).unwrap();
        let new = base64::engine::general_purpose::STANDARD.encode([9; 32]);
        let folder = tempfile::tempdir().unwrap();
        let open = async |text: String| {
            let mut config = server.app.config.clone();
            config.secret_key_file = folder.path().join(format!("key-{}", text.len()));
            std::fs::write(&config.secret_key_file, text).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let private = std::fs::Permissions::from_mode(0o600);
                std::fs::set_permissions(&config.secret_key_file, private).unwrap();
            }
            let app = vestibule::app::App::open(config, server.app.clock.clone())
                .await
                .unwrap();
            realm::by_name(&app.db, "master").await.map(|r| r.is_some())
        };
        let refused = open(new.clone()).await.unwrap_err().to_string();
        assert!(refused.contains("--secret-key-file"), "{refused}");
        assert!(open(format!("{new}\n{old}\n")).await.unwrap());
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_is_for_its_owner_only_and_has_one_server() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/vestibule.db");
    let app = support::node(&format!("sqlite:{}", file.display())).await.unwrap();
    for name in [file.clone(), file.with_extension("db-wal")] {
        let mode = std::fs::metadata(&name).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", name.display());
    }
    let claim = app.db.claim().unwrap();
    let again = support::node(&format!("sqlite:{}", file.display())).await.unwrap();
    assert!(again.db.claim().unwrap_err().to_string().contains("another vestibule"));
    drop(claim);
    again.db.claim().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_begins_anew_however_busy_the_writer_is() {
    let server = support::sqlite().await;
    let db = server.app.db.clone();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|task| {
            let (db, stop) = (db.clone(), stop.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    if stop.load(std::sync::atomic::Ordering::Relaxed) {
                        return;
                    }
                    let mut tx = db.begin().await.unwrap();
                    for m in 0..50 {
                        let value = format!("{task} {n} {m}");
                        single_use::spend(&mut tx, "realm", "test", &value, i64::MAX)
                            .await
                            .unwrap();
                    }
                    tx.commit().await.unwrap();
                }
            })
        })
        .collect();
    let log = server.app.config.db.trim_start_matches("sqlite:").to_owned() + "-wal";
    let mut sizes = Vec::new();
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let db = db.clone();
        tokio::task::spawn_blocking(move || db.checkpoint())
            .await
            .unwrap()
            .unwrap();
        sizes.push(std::fs::metadata(&log).unwrap().len() / 1_048_576);
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    // Some of it was written before the first look that found the log long.
    assert!(*sizes.last().unwrap() < 60, "MiB: {sizes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_when_their_realm_wants_them_no_longer() {
    for server in support::servers().await {
        let db = &server.app.db;
        let name = server
            .realm(json!({ "eventsEnabled": true, "eventsExpiration": 60 }))
            .await;
        let realm = realm::by_name(db, &name).await.unwrap().unwrap();
        let now = server.app.now();
        let mut tx = db.begin().await.unwrap();
        for n in 0..700 {
            let time = if n < 650 { now - 61_000 } else { now };
            let seen = vestibule::store::event::Event::new("LOGIN");
            vestibule::store::event::add(&mut tx, &realm.id, &seen, time)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        vestibule::jobs::sweep_once(&server.app).await.unwrap();
        let sql = "select count(*) from event where realm_id = $1 and type = 'LOGIN'";
        assert_eq!(db.count(sql, &[&realm.id]).await.unwrap(), 50);
    }
}
