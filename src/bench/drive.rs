//! Drives one scenario against one server: set up, try once, warm up, measure.
//!
//! Load begins and ends with nothing under way, so that the CPU between belongs
//! to exactly the requests that are counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Args;
use super::client::Fault;
use super::process;
use super::report::Measured;
use super::scenarios::{Scenario, Worker};
use super::site::Site;
use super::stats::{Latencies, stopwatch};

/// What workers did in one period.
#[derive(Default)]
struct Period {
    latencies: Vec<Duration>,
    errors: u64,
    first_error: Option<String>,
}

/// Measures one scenario.
///
/// # Errors
/// Why the server does not offer it.
pub async fn measure(scenario: Scenario, site: &Arc<Site>, pid: Option<u32>, args: &Args) -> Result<Measured, String> {
    let workers = match ready(scenario, site, args.concurrency).await {
        Ok(workers) => workers,
        Err(Fault::NotOffered(said)) => return Err(said),
        Err(Fault::Failed(said)) => return Ok(Measured::failed(said)),
    };
    let (_, workers) = load(scenario, site, workers, args.warmup).await;

    let cpu_before = pid.and_then(process::cpu);
    let begun = stopwatch();
    let (period, _) = load(scenario, site, workers, args.duration).await;
    let elapsed = begun.elapsed();
    let cpu_after = pid.and_then(process::cpu);

    let answered = period.latencies.len() as u64 + period.errors;
    let cpu = cpu_before
        .zip(cpu_after)
        .map(|(before, after)| after.saturating_sub(before));
    Ok(Measured {
        latencies: Latencies::new(period.latencies),
        errors: period.errors,
        first_error: period.first_error,
        elapsed,
        cpu_ms: cpu
            .filter(|_| answered > 0)
            .map(|cpu| cpu.as_secs_f64() * 1000.0 / answered as f64),
        memory: pid.and_then(process::memory),
    })
}

/// Workers with what they need, of whom the first has done it once.
async fn ready(scenario: Scenario, site: &Site, count: u32) -> Result<Vec<Worker>, Fault> {
    let mut workers: Vec<Worker> = (0..count).map(Worker::new).collect();
    let mut shared = None;
    for worker in &mut workers {
        match &shared {
            Some(token) => worker.token.clone_from(token),
            None => scenario.prepare(site, worker).await?,
        }
        if worker.number == 0 {
            scenario.once(site, worker).await?;
            shared = scenario.shares_token().then(|| worker.token.clone());
        }
    }
    Ok(workers)
}

async fn load(scenario: Scenario, site: &Arc<Site>, workers: Vec<Worker>, duration: Duration) -> (Period, Vec<Worker>) {
    let until = stopwatch() + duration;
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(work(scenario, Arc::clone(site), worker, until));
    }
    let (mut all, mut back) = (Period::default(), Vec::new());
    while let Some(ended) = tasks.join_next().await {
        let Ok((part, worker)) = ended else {
            all.errors += 1;
            continue;
        };
        all.latencies.extend(part.latencies);
        all.errors += part.errors;
        all.first_error = all.first_error.or(part.first_error);
        back.push(worker);
    }
    (all, back)
}

async fn work(scenario: Scenario, site: Arc<Site>, mut worker: Worker, until: Instant) -> (Period, Worker) {
    let mut period = Period::default();
    loop {
        let begun = stopwatch();
        if begun >= until {
            return (period, worker);
        }
        match scenario.once(&site, &mut worker).await {
            Ok(()) => period.latencies.push(begun.elapsed()),
            Err(Fault::Failed(said) | Fault::NotOffered(said)) => {
                period.errors += 1;
                period.first_error.get_or_insert(said);
                // A server that is gone must not make a busy loop.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
