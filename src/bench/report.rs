//! What was measured: as a table for people, as JSON for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::Args;
use super::scenarios::Scenario;
use super::server::Server;
use super::stats::Latencies;
use super::table::{align, figure};
use super::target::Walls;

/// One run.
pub struct Report {
    /// What no server can do cheaper here.
    pub walls: Walls,
    /// A line and a JSON object about each server.
    pub servers: Vec<About>,
    /// Every scenario at every server.
    pub rows: Vec<Row>,
    concurrency: u32,
    duration: Duration,
}

/// A server, as far as readers of a report care.
pub struct About {
    name: String,
    own: bool,
    url: String,
    start: Option<Duration>,
    rest_mb: Option<f64>,
}

/// One scenario at one server.
pub struct Row {
    /// Which scenario.
    pub scenario: Scenario,
    /// The server's name.
    pub server: String,
    /// Is it this program's server? Only to it the targets apply.
    pub own: bool,
    /// What a request may cost the server's CPU.
    pub target_ms: f64,
    /// The figures, or why it is not offered.
    pub measured: Result<Measured, String>,
}

/// The figures of one scenario.
pub struct Measured {
    /// Of the good requests.
    pub latencies: Latencies,
    /// How many were not as they should be.
    pub errors: u64,
    /// What the first of those said.
    pub first_error: Option<String>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// The server's CPU per request.
    pub cpu_ms: Option<f64>,
    /// The server's memory afterwards and at most, in MB.
    pub memory: Option<(f64, f64)>,
}

impl Measured {
    /// A scenario whose first request failed already.
    pub fn failed(said: String) -> Self {
        Self {
            latencies: Latencies::default(),
            errors: 1,
            first_error: Some(said),
            elapsed: Duration::ZERO,
            cpu_ms: None,
            memory: None,
        }
    }

    /// How many requests were not as they should be.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// Good requests a second.
    pub fn rate(&self) -> Option<f64> {
        (!self.elapsed.is_zero()).then(|| self.latencies.count() as f64 / self.elapsed.as_secs_f64())
    }
}

impl Report {
    /// One without rows yet.
    pub fn new(walls: Walls, servers: &[Server], args: &Args) -> Self {
        let servers = servers.iter().map(|server| About {
            name: server.name.clone(),
            own: server.is_own(),
            url: server.base.clone(),
            start: server.start,
            rest_mb: server.rest_mb,
        });
        Self {
            walls,
            servers: servers.collect(),
            rows: Vec::new(),
            concurrency: args.concurrency,
            duration: args.duration,
        }
    }

    /// The table, with what its reader has to know above and below.
    pub fn table(&self) -> String {
        let mut text = String::from("\n");
        for server in &self.servers {
            let start = server
                .start
                .map(|start| format!(", first answer after {:.2} s", start.as_secs_f64()));
            let rest = server
                .rest_mb
                .map(|rest| format!(", {} MB before the load", figure(rest)));
            let (start, rest) = (start.unwrap_or_default(), rest.unwrap_or_default());
            let _ = writeln!(text, "{} is {}{start}{rest}", server.name, server.url);
        }
        let _ = writeln!(
            text,
            "{} at a time, {:.1} s each; one core here takes {} ms for an Argon2id hash, {} ms for an RS256 signature\n",
            self.concurrency,
            self.duration.as_secs_f64(),
            figure(self.walls.hash_ms),
            figure(self.walls.signature_ms),
        );
        text.push_str(&align(&self.cells()));
        for row in &self.rows {
            let (verb, said) = match &row.measured {
                Err(said) => ("not offered", said),
                Ok(Measured {
                    first_error: Some(said),
                    ..
                }) => ("first error", said),
                Ok(_) => continue,
            };
            let _ = writeln!(text, "{} at {}, {verb}: {said}", row.scenario.name(), row.server);
        }
        for server in self.servers.iter().filter(|server| self.idle(server)) {
            let _ = writeln!(
                text,
                "The process of {} did no work: --pid is not the server's.",
                server.name
            );
        }
        text.push_str(
            "CPU is the server process's own, user and system, per request; the target is at most so much.\n",
        );
        if cfg!(debug_assertions) {
            text.push_str("This is a debug build: build with --release for figures that mean something.\n");
        }
        text
    }

    /// Did its process use no CPU, although requests were answered?
    fn idle(&self, server: &About) -> bool {
        let rows = self.rows.iter().filter(|row| row.server == server.name);
        let mut spent = rows.filter_map(|row| row.measured.as_ref().ok()?.cpu_ms).peekable();
        spent.peek().is_some() && spent.all(|cpu_ms| cpu_ms <= 0.0)
    }

    fn cells(&self) -> Vec<Vec<String>> {
        let head = [
            "scenario", "server", "requests", "rate/s", "p50 ms", "p99 ms", "errors", "CPU ms", "target",
        ];
        let mut table = vec![head.map(ToOwned::to_owned).to_vec()];
        let last = if self.servers.len() > 1 {
            ["", "RSS MB", "CPU"]
        } else {
            ["", "RSS MB", ""]
        };
        table[0].extend(last.map(ToOwned::to_owned));
        for row in &self.rows {
            let mut cells = vec![row.scenario.name(), row.server.clone()];
            match &row.measured {
                Err(_) => cells.push("not offered".to_owned()),
                Ok(measured) => cells.extend(self.figures(row, measured)),
            }
            table.push(cells);
        }
        table
    }

    fn figures(&self, row: &Row, measured: &Measured) -> [String; 10] {
        let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), figure);
        let verdict = match measured.cpu_ms {
            Some(cpu) if row.own => {
                if cpu <= row.target_ms {
                    "met"
                } else {
                    "over"
                }
            }
            _ => "",
        };
        [
            measured.latencies.count().to_string(),
            shown(measured.rate()),
            shown(measured.latencies.percentile(0.50)),
            shown(measured.latencies.percentile(0.99)),
            measured.errors.to_string(),
            shown(measured.cpu_ms),
            if row.own { figure(row.target_ms) } else { "-".to_owned() },
            verdict.to_owned(),
            shown(measured.memory.map(|(now, _)| now)),
            self.times_less(row, measured)
                .map(|times| format!("{} times less", figure(times)))
                .unwrap_or_default(),
        ]
    }

    /// How many times less CPU the own server takes than the one beside it.
    fn times_less(&self, row: &Row, measured: &Measured) -> Option<f64> {
        let beside = self
            .rows
            .iter()
            .find(|other| other.scenario == row.scenario && !other.own)?;
        let theirs = beside.measured.as_ref().ok()?.cpu_ms?;
        let ours = measured.cpu_ms.filter(|ours| row.own && *ours > 0.0)?;
        Some(theirs / ours)
    }

    /// The servers' names, and which is this program's.
    pub fn server_names(&self) -> impl Iterator<Item = (bool, &str)> {
        self.servers.iter().map(|server| (server.own, server.name.as_str()))
    }

    /// Every figure.
    pub fn json(&self) -> String {
        let servers = self.servers.iter().map(|server| {
            json!({
                "name": server.name,
                "url": server.url,
                "startSeconds": server.start.map(|start| start.as_secs_f64()),
                "restMb": server.rest_mb,
            })
        });
        let report = json!({
            "argon2idMs": self.walls.hash_ms,
            "rs256Ms": self.walls.signature_ms,
            "concurrency": self.concurrency,
            "durationSeconds": self.duration.as_secs_f64(),
            "debugBuild": cfg!(debug_assertions),
            "servers": servers.collect::<Vec<Value>>(),
            "results": self.rows.iter().map(row_json).collect::<Vec<Value>>(),
        });
        format!("{report:#}\n")
    }
}

fn row_json(row: &Row) -> Value {
    let mut value = json!({ "scenario": row.scenario.name(), "server": row.server });
    match &row.measured {
        Err(said) => value["notOffered"] = json!(said),
        Ok(measured) => {
            value["requests"] = json!(measured.latencies.count());
            value["errors"] = json!(measured.errors);
            value["firstError"] = json!(measured.first_error);
            value["ratePerSecond"] = json!(measured.rate());
            value["p50Ms"] = json!(measured.latencies.percentile(0.50));
            value["p99Ms"] = json!(measured.latencies.percentile(0.99));
            value["cpuMs"] = json!(measured.cpu_ms);
            value["targetCpuMs"] = if row.own { json!(row.target_ms) } else { Value::Null };
            value["rssMb"] = json!(measured.memory.map(|(now, _)| now));
            value["maxRssMb"] = json!(measured.memory.map(|(_, most)| most));
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(own: bool, cpu_ms: f64) -> Row {
        let measured = Measured {
            latencies: Latencies::new(vec![Duration::from_millis(20); 50]),
            errors: 0,
            first_error: None,
            elapsed: Duration::from_secs(2),
            cpu_ms: Some(cpu_ms),
            memory: Some((48.0, 50.0)),
        };
        let server = if own { "vestibule" } else { "localhost:8180" };
        Row {
            scenario: Scenario::Refresh,
            server: server.into(),
            own,
            target_ms: 1.4,
            measured: Ok(measured),
        }
    }

    fn report(rows: Vec<Row>) -> Report {
        let about = |name: &str| About {
            name: name.into(),
            own: name == "vestibule",
            url: "http://h".into(),
            start: None,
            rest_mb: None,
        };
        Report {
            walls: Walls {
                hash_ms: 16.0,
                signature_ms: 0.4,
            },
            servers: vec![about("localhost:8180"), about("vestibule")],
            rows,
            concurrency: 16,
            duration: Duration::from_secs(2),
        }
    }

    #[test]
    fn both_servers_stand_below_each_other_and_only_ours_has_a_target() {
        let table = report(vec![row(false, 4.0), row(true, 1.0)]).table();
        let lines: Vec<&str> = table.lines().filter(|line| line.starts_with("refresh")).collect();
        let words = |line: &str| line.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        assert_eq!(
            words(lines[0])[..9],
            words("refresh localhost:8180 50 25.0 20.0 20.0 0 4.00 -")
        );
        assert_eq!(
            words(lines[1]),
            words("refresh vestibule 50 25.0 20.0 20.0 0 1.00 1.40 met 48.0 4.00 times less")
        );
    }

    #[test]
    fn a_wrong_pid_is_noticed() {
        let idle = "The process of localhost:8180 did no work";
        assert!(report(vec![row(false, 0.0), row(true, 1.0)]).table().contains(idle));
        assert!(!report(vec![row(false, 0.1)]).table().contains(idle));
    }

    #[test]
    fn what_is_not_offered_and_what_failed_is_said_below_the_table() {
        let mut refused = row(false, 0.0);
        refused.measured = Err("got 415".into());
        let mut failed = row(true, 0.0);
        failed.measured = Ok(Measured::failed("got 500".into()));
        let report = report(vec![refused, failed]);
        let table = report.table();
        assert!(table.contains("refresh at localhost:8180, not offered: got 415\n"));
        assert!(table.contains("refresh at vestibule, first error: got 500\n"));
        let json: Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(json["results"][0]["notOffered"], "got 415");
        assert_eq!(json["results"][1]["errors"], 1);
    }
}
