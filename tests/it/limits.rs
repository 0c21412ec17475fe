//! Bounds of the server itself: what is too big, too slow or not HTTP is refused and costs nobody else anything.

use std::time::Duration;

use crate::support;
use crate::support::process::{Process, exchange, parse};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_bound_is_413_whether_it_says_so_or_not() {
    let server = support::sqlite().await;
    let huge = "x".repeat(300 * 1024);
    let path = "/realms/master/protocol/openid-connect/token";
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(server.request("POST", path, &headers, &huge).await.status, 413);
    let claimed = [headers[0], ("content-length", "999999999")];
    assert_eq!(server.request("POST", path, &claimed, "").await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_with_a_semicolon_is_400_with_keycloaks_words() {
    let server = support::sqlite().await;
    let answer = server.get("/realms/master;x=1").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "invalidCharacter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_an_endless_address_and_trace_are_refused() {
    let server = support::sqlite().await;
    let path = "/realms/master/protocol/openid-connect/token";
    assert_eq!(
        server
            .request("POST", path, &[("content-encoding", "gzip")], "x")
            .await
            .status,
        415
    );
    assert_eq!(
        server.get(&format!("/realms/master?{}", "a".repeat(9000))).await.status,
        414
    );
    assert_eq!(server.request("TRACE", "/realms/master", &[], "").await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_is_404_with_keycloaks_words_with_and_without_the_prefix() {
    let server = support::sqlite().await;
    for path in ["/nothing", "/auth/nothing"] {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, r#"{"error":"Unable to find matching target resource method"}"#)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_is_closed_and_slow_headers_end_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), None, &[]).await;
    let garbage = exchange(server.port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await;
    assert!(garbage.is_none_or(|a| parse(&a).is_none_or(|a| a.status == 400)));
    let both = b"POST /realms/master HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = exchange(server.port, both)
        .await
        .and_then(|a| parse(&a))
        .expect("an answer");
    assert!(answer.status >= 400 && answer.status < 500, "{}", answer.status);
    let many = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(200));
    let answer = exchange(server.port, many.as_bytes())
        .await
        .and_then(|a| parse(&a))
        .expect("an answer");
    assert_eq!(answer.status, 431);
    // Headers that never end: the connection is closed, others go on meanwhile.
    let slow = tokio::time::timeout(
        Duration::from_secs(20),
        exchange(server.port, b"GET / HTTP/1.1\r\nhost: loc"),
    );
    let (slow, other) = tokio::join!(slow, server.call("GET", "/realms/master", &[], ""));
    assert!(slow.is_ok(), "the connection is still open after 20 seconds");
    assert_eq!(other.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_development_both_loopback_addresses_answer() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), None, &[]).await;
    for host in ["127.0.0.1", "::1"] {
        let name = if host.contains(':') { "[::1]" } else { host };
        let mut stream = tokio::net::TcpStream::connect((host, server.port)).await.unwrap();
        let request = format!(
            "GET /realms/master HTTP/1.1\r\nhost: {name}:{}\r\nconnection: close\r\n\r\n",
            server.port
        );
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
            .await
            .unwrap();
        let mut answer = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer)
            .await
            .unwrap();
        assert_eq!(parse(&answer).expect("an answer").status, 200, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_says_nothing_at_all_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), None, &[]).await;
    for said in [&b""[..], b"PRI"] {
        let mut silent = tokio::net::TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut silent, said).await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(
            Duration::from_secs(15),
            tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut answer),
        );
        assert!(closed.await.is_ok(), "the connection is still open after 15 seconds");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_are_one_too_many_and_a_wrong_one_is_told() {
    let server = support::sqlite().await;
    let path = "/realms/master";
    assert_eq!(
        server
            .request("GET", path, &[("host", "evil.example")], "")
            .await
            .status,
        400
    );
    for host in ["a:b", "a:1:2", "user@a", "a/b", "a b"] {
        let answer = server.get(&format!("http://{}{path}", host.replace('/', "%2F"))).await;
        assert_eq!(answer.status, 400, "{host}");
    }
}
