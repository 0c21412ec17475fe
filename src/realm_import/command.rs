//! `vestibule import` and `serve --import-realm`.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{ArgAction, Args};
use futures_util::future::try_join_all;
use tokio::sync::mpsc;

use super::file::{self, Progress, Source};
use super::users::{self, Incoming, Rules};
use super::{Known, Plan, Refused};
use crate::app::App;
use crate::config::ServeArgs;
use crate::error::Error;
use crate::store::json::{Doc, text};
use crate::store::{Tx, realm, realm_removal};

const EXAMPLES: &str = "Examples:
  vestibule import acme-realm.json        A realm as `kc.sh export --file` or a partial export wrote it
  vestibule import /backup/keycloak       A folder as `kc.sh export --dir` wrote it: REALM-realm.json, REALM-users-0.json, ...
  vestibule import acme.json --override false
                                          Leave realms alone that are there already
  vestibule import acme.json --db postgres://USER:PASSWORD@HOST/NAME --secret-key-file F

Stop the server first, unless it serves from PostgreSQL. An import that fails leaves nothing. Users sign in with the
passwords that they have; imported realms register people in Keycloak's order (attribute registration.hold).";

/// Users that are hashed and added at a time.
const BATCH: usize = 100;

/// The arguments of `vestibule import`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    /// File with a realm or a list of realms, or folder with such files
    #[arg(value_name = "FILE|DIR", required_unless_present_any = ["file", "dir"])]
    pub path: Option<PathBuf>,
    /// The same, as Keycloak's option
    #[arg(long, value_name = "FILE", conflicts_with = "path")]
    pub file: Option<PathBuf>,
    /// The same, as Keycloak's option
    #[arg(long, value_name = "DIR", conflicts_with_all = ["path", "file"])]
    pub dir: Option<PathBuf>,
    /// Replace realms of the same name, with all users; `false` leaves them as they are
    #[arg(long = "override", default_value_t = true, action = ArgAction::Set, value_name = "true|false")]
    pub replace: bool,
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What is done with a realm that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays as it is.
    Keep,
    /// The imported one takes its place.
    Replace,
}

/// Runs the command on an open application.
///
/// # Errors
///
/// [`Error::Setup`] with what is wrong with a file; those of the database.
pub async fn run(app: &App, args: &ImportArgs) -> Result<(), Error> {
    let path = args.path.as_ref().or(args.file.as_ref()).or(args.dir.as_ref());
    let path = path.ok_or_else(|| Error::Setup("name the file or folder to import".into()))?;
    let existing = if args.replace {
        Existing::Replace
    } else {
        Existing::Keep
    };
    let sources = file::sources(path)?;
    if sources.is_empty() {
        return Err(Error::Setup(format!("{} holds no .json files", path.display())));
    }
    import_each(app, sources, existing).await
}

async fn import_each(app: &App, sources: Vec<Source>, existing: Existing) -> Result<(), Error> {
    let names = sources.iter().filter_map(|s| text(&s.realm, "realm"));
    let names: Vec<String> = names.map(str::to_owned).collect();
    for source in sources {
        import(app, source, existing, &names).await?;
    }
    Ok(())
}

/// Imports what lies in `DATA/import`, as Keycloak's `--import-realm` does with `data/import`: realms that are there stay.
///
/// # Errors
///
/// As [`run`].
pub async fn at_start(app: &App) -> Result<(), Error> {
    let folder = app.config.data.join("import");
    if !folder.is_dir() {
        tracing::warn!("--import-realm: there is no folder {}", folder.display());
        return Ok(());
    }
    import_each(app, file::sources(&folder)?, Existing::Keep).await
}

/// Imports one realm, all or nothing.
async fn import(app: &App, source: Source, existing: Existing, beside: &[String]) -> Result<(), Error> {
    let name = text(&source.realm, "realm").unwrap_or_default().to_owned();
    let there = realm::id_by_name(&app.db, &name).await?;
    if there.is_some() && (existing == Existing::Keep || name == "master") {
        let why = if name == "master" {
            "it is this installation's own"
        } else {
            "it is there already"
        };
        eprintln!("Realm {name}: left as it is, {why}.");
        return Ok(());
    }
    let begun = app.now();
    match import_all(app, &name, source, there, beside).await {
        Ok(users) => {
            let seconds = (app.now() - begun) as f64 / 1000.0;
            eprintln!("Realm {name}: imported with {users} users in {seconds:.1} s.");
            Ok(())
        }
        Err(Refused::Failed(e)) => Err(e),
        Err(refused) => Err(Error::Setup(format!(
            "realm {name} was not imported: {}",
            refused.text()
        ))),
    }
}

/// One transaction: until it ends nobody sees the realm, and a machine that stops leaves nothing of it. Passwords in plain
/// text are hashed within it, against the rule of the house: nobody is served meanwhile, and there may be many.
async fn import_all(
    app: &App,
    name: &str,
    source: Source,
    there: Option<String>,
    beside: &[String],
) -> Result<u64, Refused> {
    let Source { realm, users } = source;
    let plan = Plan::new(app, name, realm, None).await?.of_operator(beside);
    let mut tx = app.db.begin().await?;
    if let Some(id) = there {
        realm_removal::remove_at_once(&mut tx, &id).await?;
    }
    let known = super::create(&mut tx, app, plan).await?;
    let mut known = known.ok_or_else(|| Refused::Conflict("its name or id is taken by another realm".into()))?;
    let count = add_users(&mut tx, app, &mut known, name, users).await?;
    super::finish(&mut tx, app, &mut known).await?;
    tx.commit().await?;
    Ok(count)
}

async fn add_users(
    tx: &mut Tx,
    app: &App,
    known: &mut Known,
    name: &str,
    files: Vec<(PathBuf, usize)>,
) -> Result<u64, Refused> {
    let rules = Rules::of(tx, &known.realm_id).await?;
    let size = files
        .iter()
        .filter_map(|(f, _)| f.metadata().ok())
        .map(|m| m.len())
        .sum();
    let progress = Progress::default();
    let mut bar = Bar::new(app, name, size, progress.clone());
    let (sender, mut receiver) = mpsc::channel::<Vec<Doc>>(2);
    let reading = tokio::task::spawn_blocking(move || read(&files, &progress, &sender));
    let mut count = 0;
    while let Some(batch) = receiver.recv().await {
        let hashed = batch.into_iter().map(|user| Incoming::read(app, rules.recipe, user));
        for incoming in try_join_all(hashed).await? {
            if users::add(tx, app, known, &rules, &incoming).await?.is_some() {
                count += 1;
            }
        }
        bar.show(count);
    }
    reading.await.map_err(|e| Error::Storage(e.into()))??;
    bar.end();
    Ok(count)
}

/// Reads files and hands batches on; the channel is short, so that no more is read than is written.
fn read(files: &[(PathBuf, usize)], progress: &Progress, sender: &mpsc::Sender<Vec<Doc>>) -> Result<(), Error> {
    let mut batch = Vec::with_capacity(BATCH);
    for (path, realm) in files {
        file::users(path, *realm, progress, |user| {
            batch.push(user);
            batch.len() < BATCH || sender.blocking_send(std::mem::take(&mut batch)).is_ok()
        })?;
    }
    if !batch.is_empty() {
        let _ = sender.blocking_send(batch);
    }
    Ok(())
}

/// How far an import is: a bar on a terminal, a line now and then elsewhere.
struct Bar {
    name: String,
    size: u64,
    progress: Progress,
    app: App,
    /// Epoch milliseconds.
    begun: i64,
    shown: Option<i64>,
}

impl Bar {
    fn new(app: &App, name: &str, size: u64, progress: Progress) -> Self {
        Self {
            name: name.to_owned(),
            size,
            progress,
            begun: app.now(),
            app: app.clone(),
            shown: None,
        }
    }

    fn show(&mut self, users: u64) {
        let terminal = std::io::stderr().is_terminal();
        let pause = if terminal { 200 } else { 10_000 };
        let now = self.app.now();
        if now - self.shown.unwrap_or(self.begun) < pause {
            return;
        }
        self.shown = Some(now);
        let share = self.progress.bytes() as f64 / self.size.max(1) as f64;
        let rate = users as f64 * 1000.0 / (now - self.begun).max(1) as f64;
        let full = (share * 30.0).round() as usize;
        let bar: String = (0..30).map(|n| if n < full { '#' } else { '.' }).collect();
        let end = if terminal { '\r' } else { '\n' };
        let mut err = std::io::stderr();
        let percent = share * 100.0;
        let _ = write!(
            err,
            "Realm {}: [{bar}] {percent:3.0} %  {users} users, {rate:.0}/s  {end}",
            self.name
        );
        let _ = err.flush();
    }

    fn end(&self) {
        if self.shown.is_some() && std::io::stderr().is_terminal() {
            eprintln!();
        }
    }
}
