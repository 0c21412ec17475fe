use std::sync::atomic::AtomicBool;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_sync_nothing_more_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let db = Sqlite::open(path.to_str().unwrap(), Arc::default()).unwrap();
    db.script("create table t (x bigint)").await.unwrap();
    // What is no file cannot be synced.
    db.writer.lock().await.log = File::open("/dev/null").unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.exec("insert into t (x) values (1)", &[]).unwrap();
    assert!(tx.commit(Vec::new(), Durability::Synced).await.is_err());
    assert!(db.begin().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_begins_anew_under_constant_reading_and_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let db = Arc::new(Sqlite::open(path.to_str().unwrap(), Arc::default()).unwrap());
    db.script("create table t (x text)").await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (db, ended) = (Arc::clone(&db), Arc::clone(&ended));
            std::thread::spawn(move || {
                while !ended.load(Ordering::SeqCst) {
                    db.all("select count(*) from (select 1 from t limit 500) as some", &[])
                        .unwrap();
                }
            })
        })
        .collect();
    // As much as ten logs that are too long.
    let page = "x".repeat(100_000);
    let (mut written, mut longest) = (0, 0);
    while written < 10 * LONG_LOG_PAGES * 4096 {
        let mut tx = db.begin().await.unwrap();
        tx.exec("insert into t (x) values ($1)", &[&page]).unwrap();
        tx.commit(Vec::new(), Durability::Lazy).await.unwrap();
        written += 100_000;
        if written % 20_000_000 == 0 {
            let db = Arc::clone(&db);
            tokio::task::spawn_blocking(move || db.checkpoint())
                .await
                .unwrap()
                .unwrap();
        }
        let log = std::fs::metadata(folder.path().join("x.db-wal")).unwrap().len();
        longest = longest.max(log);
    }
    ended.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.join().unwrap();
    }
    assert!(longest < 4 * LONG_LOG_PAGES.unsigned_abs() * 4096, "{longest} bytes");
}
