//! `vestibule bench`: what this server costs, and what any other
//! Keycloak-compatible server costs, measured by one tool in one run.
//!
//! It uses nothing but Keycloak's own URLs, forms and JSON. Everything it makes
//! lies in a realm of its own, which it deletes at the end.

mod browser;
mod client;
mod cookies;
mod drive;
mod page;
mod plot;
mod process;
mod report;
mod scenarios;
mod server;
mod site;
mod stats;
mod table;
mod target;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use report::{Measured, Report, Row};
use scenarios::Scenario;
use server::Server;
use site::{More, Site};

/// What can be said on the command line.
#[derive(clap::Args)]
#[command(
    after_help = "Without --url a server of this program is started on a free port, with SQLite in a \
temporary folder, and measured.\nThe figures of two servers are comparable only within one run: see --beside."
)]
pub struct Args {
    /// Measure the server at this address (any Keycloak-compatible one) instead of starting one
    #[arg(long, env = "VESTIBULE_BENCH_URL")]
    url: Option<String>,
    /// Process of the server at --url, for its CPU and memory (same machine only)
    #[arg(long, requires = "url", env = "VESTIBULE_BENCH_PID")]
    pid: Option<u32>,
    /// Administrator of realm master at --url
    #[arg(long, default_value = "admin", env = "VESTIBULE_BENCH_ADMIN")]
    admin: String,
    /// The administrator's password
    #[arg(
        long,
        default_value = "admin",
        env = "VESTIBULE_BENCH_ADMIN_PASSWORD",
        hide_env_values = true
    )]
    admin_password: String,
    /// With --url: also start a server of this program, and measure both, scenario by scenario
    #[arg(long, requires = "url")]
    beside: bool,
    /// Database of the server that is started: an empty one (sqlite:PATH, postgres://...)
    #[arg(long)]
    db: Option<String>,
    /// Only these scenarios; may be repeated or separated by commas
    #[arg(long = "scenario", value_enum, value_delimiter = ',', num_args = 1.., value_name = "NAME")]
    scenarios: Vec<Scenario>,
    /// How long each scenario is measured
    #[arg(long, default_value = "5s", value_parser = parse_duration)]
    duration: Duration,
    /// How long each scenario runs before it is measured
    #[arg(long, default_value = "1s", value_parser = parse_duration)]
    warmup: Duration,
    /// Requests, or browsers, at the same time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=4096))]
    concurrency: u32,
    /// People in the realm before the load begins (without passwords)
    #[arg(long, default_value_t = 0)]
    people: u32,
    /// Applications in the realm before the load begins, each registered by itself
    #[arg(long, default_value_t = 0)]
    applications: u32,
    /// Realms beside that of the bench, for scenario tenants
    #[arg(long, default_value_t = 10)]
    realms: u32,
    /// Write every figure to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw latency and CPU per request into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Show the scenarios, and measure nothing
    #[arg(long)]
    list: bool,
}

/// Measures, prints the table, and fails if any request of any scenario did.
///
/// # Errors
/// One sentence for the terminal: what could not be set up, or how many requests failed.
pub async fn run(args: Args) -> Result<(), String> {
    if args.list {
        print!("{}", scenarios::list());
        return Ok(());
    }
    let walls = target::measure_walls()?;
    let (mut servers, mut sites) = (Vec::new(), Vec::new());
    // Whatever was made is taken away again, also after a failure or Ctrl-C.
    let outcome = tokio::select! {
        outcome = measure_all(&args, walls, &mut servers, &mut sites) => outcome,
        () = interruption() => Err("interrupted".to_owned()),
    };
    for site in &sites {
        if let Err(reason) = site.delete().await {
            eprintln!("The realm {} is still there: {reason}", site.realm);
        }
    }
    finish(&args, &outcome?)
}

/// Ctrl-C, or a polite `kill`.
async fn interruption() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn measure_all(
    args: &Args,
    walls: target::Walls,
    servers: &mut Vec<Server>,
    sites: &mut Vec<Arc<Site>>,
) -> Result<Report, String> {
    if let Some(url) = &args.url {
        servers.push(Server::at(url, args.pid, &args.admin, &args.admin_password)?);
    }
    if args.url.is_none() || args.beside {
        servers.push(Server::start(args.db.as_deref()).await?);
    }
    for server in &*servers {
        eprintln!("{}: making a realm ...", server.name);
        let site = Arc::new(Site::at(server)?);
        sites.push(Arc::clone(&site));
        let more = More {
            people: args.people,
            applications: args.applications,
            realms: args.realms,
        };
        site.build(args.concurrency, more)
            .await
            .map_err(|reason| format!("{}: {reason}", server.name))?;
    }
    let postgres = args.db.as_deref().is_some_and(|db| db.starts_with("postgres"));
    let mut report = Report::new(walls, servers, args);
    for scenario in Scenario::chosen(&args.scenarios) {
        for (server, site) in servers.iter().zip(sites.iter()) {
            eprintln!("{}: {} ...", server.name, scenario.name());
            let measured = drive::measure(scenario, site, server.pid, args).await;
            report.rows.push(Row {
                scenario,
                server: server.name.clone(),
                own: server.is_own(),
                target_ms: target::of(scenario, walls, postgres),
                measured,
            });
        }
    }
    Ok(report)
}

fn finish(args: &Args, report: &Report) -> Result<(), String> {
    print!("{}", report.table());
    if let Some(path) = &args.json {
        write(path, &report.json())?;
    }
    if let Some(path) = &args.plot {
        write(path, &plot::draw(report))?;
    }
    let errors: u64 = report
        .rows
        .iter()
        .filter_map(|row| row.measured.as_ref().ok())
        .map(Measured::errors)
        .sum();
    match errors {
        0 => Ok(()),
        1 => Err("1 request failed".to_owned()),
        many => Err(format!("{many} requests failed")),
    }
}

fn write(path: &std::path::Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|cause| format!("{} cannot be written: {cause}", path.display()))
}

/// `5s`, `500ms`, `2m`, or bare seconds.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("'{text}' is not a duration such as 5s or 500ms"))?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        unit => Err(format!("'{unit}' is not a unit of time: ms, s or m")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        assert_eq!(parse_duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(parse_duration("7"), Ok(Duration::from_secs(7)));
        assert!(parse_duration("5h").is_err());
        assert!(parse_duration("fast").is_err());
    }
}
