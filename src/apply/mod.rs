//! `vestibule apply`: a file, in git perhaps, says which applications a realm has, and it is made so.
//!
//! It is tried in a transaction that is given up, the difference is shown, and only after a yes it is done.

mod diff;
mod file;
mod names;
mod plan;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::Args;

use crate::app::App;
use crate::caller::Caller;
use crate::client_policy::{self, Source, Updater};
use crate::config::ServeArgs;
use crate::error::Error;
use crate::store::realm;
use diff::Entry;
use plan::{Refused, Work};

const EXAMPLES: &str = "A file:
  realm: acme
  clientScopes:
    - name: orders
      protocol: openid-connect
  clients:
    - clientId: shop
      name: Shop
      redirectUris: [https://shop.example/callback]
      secret: ${env.SHOP_SECRET}          # never in the file itself
      optionalClientScopes: [orders]
  registrationPolicies:
    - name: Only our hosts
      providerId: allowed-redirect-uris
      subType: anonymous
      config: { hosts: ['*.acme.example'] }

  Members are those of the Admin API, as Keycloak has them. What is not named stays as it is. `owner: TEAM` keeps files
  apart: --prune removes what files of the same owner declared before, and nothing else.

Examples:
  vestibule apply clients.yaml --dry-run  Show the difference; exit code 2 if there is one, for CI
  vestibule apply clients.yaml            Show it, ask, and make it so
  vestibule apply clients.yaml --yes --prune
  git show HEAD:clients.yaml | vestibule apply - --yes --db postgres://USER:PASSWORD@HOST/NAME --secret-key-file F

Stop the server first, unless it serves from PostgreSQL: there all nodes know within a second.";

/// The arguments of `vestibule apply`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ApplyArgs {
    /// What is to be, in YAML or JSON; `-` reads it from the standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show the difference and change nothing; exit code 2 if there is one
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Remove what this file's owner declared before, and does not any more
    #[arg(long)]
    pub prune: bool,
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All was as declared.
    Same,
    /// It is now.
    Applied,
    /// It is not, and was only looked at.
    Different,
}

/// Runs the command on an open application.
///
/// # Errors
///
/// [`Error::Setup`] with what is wrong with the file, or that nobody said yes; those of the database.
pub async fn run(app: &App, args: &ApplyArgs) -> Result<Outcome, Error> {
    let declared = file::read(&args.file)?;
    let realm = realm::by_name(&app.db, &declared.realm).await?;
    let realm = realm.ok_or_else(|| Error::Setup(format!("there is no realm {}", declared.realm)))?;
    let caller = operator(app);
    let updater = Updater {
        source: Source::User,
        caller: &caller,
        user_id: None,
    };
    let work = Work {
        app,
        realm: &realm,
        judge: &client_policy::judge_of(app, &realm, updater).await?,
        base: &caller.base,
        declared: &declared,
        prune: args.prune,
    };
    let tried = {
        let mut tx = app.db.begin().await?;
        work.run(&mut tx).await.map_err(|refused| told(args, refused))?
    };
    if tried.is_empty() {
        eprintln!("Realm {}: all is as declared.", declared.realm);
        return Ok(Outcome::Same);
    }
    show(&tried);
    if args.dry_run {
        return Ok(Outcome::Different);
    }
    if !args.yes && !asked(&declared.realm)? {
        return Err(Error::Setup("nothing was changed".into()));
    }
    let mut tx = app.db.begin().await?;
    let done = work.run(&mut tx).await.map_err(|refused| told(args, refused))?;
    if done != tried {
        let why = "somebody changed the realm meanwhile; nothing was changed by this. Look at the difference again";
        return Err(Error::Setup(why.into()));
    }
    tx.commit().await?;
    eprintln!("Realm {}: {} changed.", declared.realm, counted(done.len()));
    Ok(Outcome::Applied)
}

fn counted(number: usize) -> String {
    match number {
        1 => "one thing".to_owned(),
        number => format!("{number} things"),
    }
}

fn show(entries: &[Entry]) {
    for entry in entries {
        println!("{entry}");
    }
}

fn told(args: &ApplyArgs, refused: Refused) -> Error {
    match refused {
        Refused::File(why) => Error::Setup(format!("{}: {why}", args.file.display())),
        Refused::Failed(failed) => failed,
    }
}

/// Whether somebody at a terminal says yes.
fn asked(realm: &str) -> Result<bool, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::Setup("there is nobody to ask: say --yes, or --dry-run".into()));
    }
    eprint!("Make realm {realm} so? [y/N] ");
    let failed = |e: std::io::Error| Error::Setup(e.to_string());
    std::io::stderr().flush().map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Whoever runs the command, as client policies see them.
fn operator(app: &App) -> Caller {
    let config = &app.config;
    let base = config.hostname.clone();
    Caller {
        https: true,
        ..Caller::own(base.unwrap_or_else(|| format!("http://localhost:{}", config.http_port)))
    }
}
