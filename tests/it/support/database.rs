//! Fresh databases, copied from one that was made once per run.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use vestibule::app::App;
use vestibule::clock::Clock;
use vestibule::realm_setup;

/// The folder with the database and the secret key that all tests start from.
static TEMPLATE: OnceCell<PathBuf> = OnceCell::const_new();

/// The PostgreSQL database that all tests start from, and how to reach its server.
static POSTGRES_TEMPLATE: OnceCell<Option<(String, String)>> = OnceCell::const_new();

static COPIES: AtomicU32 = AtomicU32::new(0);

/// The folder that all tests start from.
pub async fn template() -> &'static Path {
    let made = TEMPLATE.get_or_init(|| async {
        let folder = tempfile::Builder::new()
            .prefix("vestibule-template-")
            .tempdir()
            .unwrap()
            .keep();
        let db = format!("sqlite:{}", folder.join("vestibule.db").display());
        let app = App::open(super::config(db, folder.clone()), Clock::default())
            .await
            .unwrap();
        realm_setup::bootstrap(&app).await.unwrap();
        app.db.checkpoint().unwrap();
        folder
    });
    made.await
}

/// A copy of the template in a folder.
pub async fn sqlite_copy(folder: &Path) -> PathBuf {
    let copy = folder.join("vestibule.db");
    std::fs::copy(template().await.join("vestibule.db"), &copy).unwrap();
    copy
}

/// Puts the secret key that the template was made with into a folder.
pub async fn put_secret_key(folder: &Path) {
    std::fs::copy(template().await.join("secret.key"), folder.join("secret.key")).unwrap();
}

/// The address of a fresh PostgreSQL database; `None` if `TEST_POSTGRES` is not set. A server that does not answer fails
/// the test.
pub async fn postgres() -> Option<String> {
    let server = std::env::var("TEST_POSTGRES").ok().filter(|v| !v.is_empty())?;
    let made = POSTGRES_TEMPLATE.get_or_init(|| async {
        let name = format!("vestibule_template_{}", std::process::id());
        statement(&server, &format!("create database {name}")).await;
        let app = App::open(
            super::config(with_database(&server, &name), template().await.to_owned()),
            Clock::default(),
        );
        let app = app.await.expect("TEST_POSTGRES must name a PostgreSQL that answers");
        realm_setup::bootstrap(&app).await.unwrap();
        Some((server.clone(), name))
    });
    let (server, template) = made.await.clone()?;
    let copy = format!(
        "vestibule_test_{}_{}",
        std::process::id(),
        COPIES.fetch_add(1, Ordering::Relaxed)
    );
    statement(&server, &format!("create database {copy} template {template}")).await;
    Some(with_database(&server, &copy))
}

/// The address of a PostgreSQL database without any table; `None` as with [`postgres`].
pub async fn empty_postgres() -> Option<String> {
    let server = std::env::var("TEST_POSTGRES").ok().filter(|v| !v.is_empty())?;
    let name = format!(
        "vestibule_empty_{}_{}",
        std::process::id(),
        COPIES.fetch_add(1, Ordering::Relaxed)
    );
    statement(&server, &format!("create database {name}")).await;
    Some(with_database(&server, &name))
}

fn with_database(server: &str, name: &str) -> String {
    let mut url = url::Url::parse(server).expect("TEST_POSTGRES is an address");
    url.set_path(name);
    url.into()
}

/// Runs a statement on the server; waits for connections to the template to be gone.
async fn statement(server: &str, sql: &str) {
    let mut last = None;
    for _ in 0..100 {
        let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
            .await
            .expect("TEST_POSTGRES must name a PostgreSQL that answers");
        tokio::spawn(connection);
        match client.batch_execute(sql).await {
            Ok(()) => return,
            Err(e) => last = Some(e),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{sql}: {last:?}");
}
