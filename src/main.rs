//! The command line.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use futures_util::future::OptionFuture;
use vestibule::app::App;
use vestibule::apply::{self, ApplyArgs};
use vestibule::clock::Clock;
use vestibule::config::ServeArgs;
use vestibule::error::Error;
use vestibule::realm_export::command::ExportArgs;
use vestibule::realm_import::command::ImportArgs;
use vestibule::realm_setup::command::BootstrapArgs;
use vestibule::tls::{self, Tls};
use vestibule::{bench, jobs, management, realm_export, realm_import, realm_setup, routes, serve, welcome};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: &str = "Examples:
  vestibule                               Try it on this machine, at http://localhost:8080
  vestibule serve --dev --http-port 8081  The same on another port
  vestibule serve --hostname https://id.example.org --db postgres://USER:PASSWORD@HOST/NAME
                                          Serve everybody; the first start needs KC_BOOTSTRAP_ADMIN_PASSWORD
  vestibule serve --help                  Every option, and its variable";

/// Vestibule: people and applications register themselves, sign in, and get tokens.
///
/// Without a command it serves for development, as `vestibule serve --dev`: a database and a mail inbox in ./data, a realm
/// `demo`, and the addresses to open next are printed.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve people and applications
    Serve(Box<ServeArgs>),
    /// Bring the database up to date, and end
    Migrate(Box<ServeArgs>),
    /// Make realms from files, as Keycloak or this server exported them
    Import(Box<ImportArgs>),
    /// Make a realm's applications what a file says, after showing the difference
    Apply(Box<ApplyArgs>),
    /// Write realms into files, with users, hashed passwords and keys
    Export(Box<ExportArgs>),
    /// Make an administrator, for when nobody can sign in any more
    BootstrapAdmin(Box<BootstrapArgs>),
    /// Measure this server, or any Keycloak-compatible one
    Bench(Box<bench::Args>),
}

/// The arguments of a bare `vestibule`.
#[derive(Parser)]
struct Bare {
    #[command(flatten)]
    serve: ServeArgs,
}

fn main() -> ExitCode {
    let level = std::env::var("VESTIBULE_LOG").unwrap_or_else(|_| "warn,vestibule=info".into());
    tracing_subscriber::fmt()
        .with_env_filter(level)
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    let command = Cli::parse()
        .command
        .unwrap_or_else(|| Command::Serve(Box::new(Bare::parse_from(["vestibule", "--dev"]).serve)));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return fail(&e.to_string()),
    };
    match runtime.block_on(run(command)) {
        Ok(code) => code,
        Err(e) => fail(&e.to_string()),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("vestibule: {why}");
    ExitCode::FAILURE
}

async fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Serve(args) => serve_until_stopped(*args).await?,
        Command::Migrate(args) => {
            let app = App::open(args.settle()?, Clock::default()).await?;
            println!("The database {} is up to date.", app.db.engine_name());
        }
        Command::Import(args) => {
            let app = App::open(args.serve.clone().settle()?, Clock::default()).await?;
            let _claim = app.db.claim()?;
            realm_import::command::run(&app, &args).await?;
        }
        Command::Apply(args) => {
            let app = App::open(args.serve.clone().settle()?, Clock::default()).await?;
            let _claim = app.db.claim()?;
            // As `diff` and its kin say that there is a difference.
            if apply::run(&app, &args).await? == apply::Outcome::Different {
                return Ok(ExitCode::from(2));
            }
        }
        Command::Export(args) => {
            let app = App::open(args.serve.clone().settle()?, Clock::default()).await?;
            realm_export::command::run(&app, &args).await?;
        }
        Command::BootstrapAdmin(args) => {
            let app = App::open(args.serve().clone().settle()?, Clock::default()).await?;
            let _claim = app.db.claim()?;
            realm_setup::command::run(&app, &args).await?;
        }
        Command::Bench(args) => bench::run(*args).await.map_err(Error::Setup)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve_until_stopped(args: ServeArgs) -> Result<(), Error> {
    let config = args.resolve()?;
    let (host, port, management_port) = (config.http_host, config.http_port, config.management_port);
    let public = serve::bind(SocketAddr::new(host, port), "--http-port").await?;
    let managed = serve::bind(SocketAddr::new(host, management_port), "--http-management-port").await?;
    let beside = serve::bind_beside(&config, port, "--http-port").await?;
    let managed_beside = serve::bind_beside(&config, management_port, "--http-management-port").await?;
    let clock = Clock::default();
    let tls = match &config.https {
        Some(settings) => Some((
            serve::bind(SocketAddr::new(host, settings.port), "--https-port").await?,
            Arc::new(Tls::open(settings, clock.clone())?),
        )),
        None => None,
    };
    let app = App::open(config, clock).await?;
    let _claim = app.db.claim()?;
    let admin = realm_setup::bootstrap(&app).await?;
    if app.config.import_realm {
        realm_import::command::at_start(&app).await?;
    }
    if app.config.demo {
        welcome::make_demo_realm(&app).await?;
    }
    jobs::start(&app);
    welcome::print(&app, admin.as_ref());
    let is_shared = |ip| vestibule::caller::is_shared(&app.config, ip);
    let (router, management) = (routes::router(app.clone()), management::router(app.clone()));
    let beside = beside.map(|listener| serve::serve(listener, None, router.clone(), is_shared, serve::asked_to_stop()));
    let managed_beside = managed_beside
        .map(|listener| serve::serve(listener, None, management.clone(), |_| true, serve::asked_to_stop()));
    tokio::join!(
        serve::serve(public, None, router, is_shared, serve::asked_to_stop()),
        OptionFuture::from(beside),
        by_tls(&app, tls),
        serve::serve(managed, None, management, |_| true, serve::asked_to_stop()),
        OptionFuture::from(managed_beside),
    );
    let db = app.db.clone();
    let checkpoint = tokio::task::spawn_blocking(move || db.checkpoint()).await;
    checkpoint.unwrap_or_else(|e| Err(Error::Storage(e.into())))
}

/// Serves by TLS, where it is on, and follows the files of its certificate.
async fn by_tls(app: &App, listening: Option<(tokio::net::TcpListener, Arc<Tls>)>) {
    let Some((listener, tls)) = listening else { return };
    tokio::spawn(tls::follow(Arc::clone(&tls)));
    let is_shared = |ip| vestibule::caller::is_shared(&app.config, ip);
    let router = routes::router(app.clone());
    serve::serve(listener, Some(tls), router, is_shared, serve::asked_to_stop()).await;
}
