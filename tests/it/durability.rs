//! Acknowledged means durable: the disk has it before the caller hears of it.

use serde_json::json;

use crate::support::process::Process;

/// Watches the system calls of a server: between the request and its answer there is a sync of the database's log.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_synced_before_a_registration_is_acknowledged() {
    if std::env::var("TEST_STRACE").is_err() {
        // Switched on where the tool is installed (CI); then it must work.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let wrapper = [
        "strace",
        "-f",
        "-y",
        "-s",
        "64",
        "-e",
        "trace=fdatasync,fsync,write,writev,sendto,read,recvfrom",
        "-o",
        trace.to_str().unwrap(),
    ];
    let server = Process::start(&folder.path().join("data"), None, &wrapper).await;
    let token = server.admin_token().await;
    let settings = json!({ "realm": "acme", "enabled": true, "registrationAllowed": true });
    assert_eq!(server.admin(&token, "POST", "", &settings).await.status, 201);
    let person = json!({ "username": "mia", "email": "mia@example.org", "firstName": "M", "lastName": "B", "password": "correct horse" });
    let path = "/realms/acme/protocol/openid-connect/registrations?marked";
    let headers = [("content-type", "application/json")];
    let answer = server.call("POST", path, &headers, &person.to_string()).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    drop(server);
    let text = std::fs::read_to_string(&trace).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let asked = lines
        .iter()
        .position(|l| l.contains("registrations?marked"))
        .expect("the request is in the trace");
    let answered = asked
        + lines[asked..]
            .iter()
            .position(|l| l.contains("HTTP/1.1 201"))
            .expect("the answer is in the trace");
    let synced = lines[asked..answered]
        .iter()
        .any(|l| l.contains("sync(") && l.contains("vestibule.db-wal"));
    assert!(
        synced,
        "no sync of the log between request and answer:\n{}",
        lines[asked..=answered].join("\n")
    );
}
