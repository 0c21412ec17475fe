//! What is done in the background, on every node.

use std::time::Duration;

use crate::app::App;
use crate::error::Error;
use crate::resealing;
use crate::store::{listen, realm_removal, sweep};

/// Starts the background work of a node. It ends with the process.
pub fn start(app: &App) {
    app.key_pool.fill();
    listen::start(&app.db, &app.clock);
    crate::mail::start(app);
    crate::webhook::start(app);
    let sealing = app.clone();
    tokio::spawn(async move {
        match resealing::run(&sealing).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(
                "{count} secrets were sealed again with the new secret key; once this is said no more, on any node, the \
                 lines below it in {} can go",
                sealing.config.secret_key_file.display()
            ),
            Err(e) => tracing::warn!("secrets could not be sealed again with the new secret key: {e}"),
        }
    });
    let checkpoints = app.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let db = checkpoints.db.clone();
            if let Ok(Err(e)) = tokio::task::spawn_blocking(move || db.checkpoint()).await {
                tracing::warn!("checkpoint: {e}");
            }
        }
    });
    let sweeps = app.clone();
    tokio::spawn(async move {
        let pause = Duration::from_secs(if sweeps.config.dev { 1 } else { 60 });
        loop {
            tokio::time::sleep(pause).await;
            if let Err(e) = sweep_once(&sweeps).await {
                tracing::warn!("sweep: {e}");
            }
        }
    });
}

/// Deletes what has expired. What has expired is dead at that instant already; this only frees its room.
///
/// # Errors
///
/// Those of the database.
pub async fn sweep_once(app: &App) -> Result<(), Error> {
    sweep::expired(&app.db, app.now()).await?;
    sweep::old_events(&app.db, app.now()).await?;
    realm_removal::sweep(&app.db).await?;
    crate::registration::sweep::expired(app).await?;
    crate::client_registration::life::sweep(app).await?;
    crate::client_registration::approval::sweep(app).await?;
    crate::mail::forget_old(app).await
}
