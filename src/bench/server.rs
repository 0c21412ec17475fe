//! The server that is measured: one that runs already, or one started here.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use url::Url;

use super::client::Client;
use super::process;
use super::site::unique;
use super::stats::stopwatch;

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server and how to speak to it as its administrator.
pub struct Server {
    /// What the table calls it.
    pub name: String,
    /// Its address without a slash at the end; realms are at `{base}/realms`.
    pub base: String,
    /// Whose CPU and memory to read, if known.
    pub pid: Option<u32>,
    /// Administrator of realm master.
    pub admin: String,
    /// The administrator's password.
    pub admin_password: String,
    /// Its memory in MB before any load, if its process is known.
    pub rest_mb: Option<f64>,
    /// From the start of the process to the first answer, if it was started here.
    pub start: Option<Duration>,
    child: Option<Running>,
}

impl Server {
    /// One that runs already.
    ///
    /// # Errors
    /// If the address is none.
    pub fn at(url: &str, pid: Option<u32>, admin: &str, admin_password: &str) -> Result<Self, String> {
        let parsed = Url::parse(url).map_err(|cause| format!("--url {url}: {cause}"))?;
        let host = parsed.host_str().ok_or_else(|| format!("--url {url}: no host in it"))?;
        let name = parsed
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self {
            name,
            base: url.trim_end_matches('/').to_owned(),
            pid,
            rest_mb: memory_now(pid),
            admin: admin.to_owned(),
            admin_password: admin_password.to_owned(),
            start: None,
            child: None,
        })
    }

    /// Starts this program's own server in a temporary folder and waits until it answers.
    ///
    /// # Errors
    /// If it does not start; with the end of its log.
    pub async fn start(db: Option<&str>) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("vestibule-bench-{}", std::process::id()));
        let (port, management) = (free_port()?, free_port()?);
        let admin_password = unique();
        let begun = stopwatch();
        let mut running = Running::spawn(folder, port, management, &admin_password, db)?;
        let base = format!("http://127.0.0.1:{port}");
        let client = Client::new()?;
        let probe = format!("{base}/realms/master");
        loop {
            let ready = client
                .get(&probe)
                .send()
                .await
                .is_ok_and(|answer| answer.status.is_success());
            if ready {
                break;
            }
            running.check(begun.elapsed())?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Self {
            name: "vestibule".to_owned(),
            base,
            pid: Some(running.child.id()),
            rest_mb: memory_now(Some(running.child.id())),
            admin: "admin".to_owned(),
            admin_password,
            start: Some(begun.elapsed()),
            child: Some(running),
        })
    }

    /// Was it started here?
    pub fn is_own(&self) -> bool {
        self.child.is_some()
    }
}

/// A started server. It ends, and its folder goes, with this value.
struct Running {
    child: Child,
    folder: PathBuf,
}

impl Running {
    fn spawn(folder: PathBuf, port: u16, management: u16, password: &str, db: Option<&str>) -> Result<Self, String> {
        let failed = |cause: std::io::Error| format!("no server could be started: {cause}");
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let log = File::create(log_file(&folder)).map_err(failed)?;
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        // Settings of the caller's environment are meant for another server.
        for (key, _) in std::env::vars_os() {
            if key
                .to_str()
                .is_some_and(|key| key.starts_with("VESTIBULE_") || key.starts_with("KC_"))
            {
                command.env_remove(key);
            }
        }
        command
            .args([
                "serve",
                "--hostname",
                &format!("http://127.0.0.1:{port}"),
                "--http-host",
                "127.0.0.1",
                "--data",
            ])
            .arg(&folder);
        command.args([
            "--http-port",
            &port.to_string(),
            "--http-management-port",
            &management.to_string(),
        ]);
        if let Some(db) = db {
            command.args(["--db", db]);
        }
        command
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", "admin")
            .env("KC_BOOTSTRAP_ADMIN_PASSWORD", password);
        // Ctrl-C is for the bench, which still has to speak to the server before it ends it.
        command.process_group(0);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log);
        let child = command.spawn().map_err(failed)?;
        Ok(Self { child, folder })
    }

    fn check(&mut self, waited: Duration) -> Result<(), String> {
        let log = log_file(&self.folder);
        match self.child.try_wait() {
            Ok(None) if waited < PATIENCE => Ok(()),
            Ok(None) => Err(format!(
                "the server did not answer within a minute. Its log ends:\n{}",
                tail(&log)
            )),
            Ok(Some(status)) => Err(format!("the server ended ({status}). Its log ends:\n{}", tail(&log))),
            Err(cause) => Err(format!("the server is lost: {cause}")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn memory_now(pid: Option<u32>) -> Option<f64> {
    pid.and_then(process::memory).map(|(now, _)| now)
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(|cause| format!("no free port: {cause}"))?;
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(|cause| format!("no free port: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_after_its_address_and_keeps_its_prefix() {
        let server = Server::at("http://localhost:8180/auth/", None, "admin", "secret").unwrap();
        assert_eq!(
            (server.name.as_str(), server.base.as_str()),
            ("localhost:8180", "http://localhost:8180/auth")
        );
        assert!(Server::at("localhost", None, "admin", "secret").is_err());
    }
}
