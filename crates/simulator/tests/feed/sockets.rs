//! The wire: what a client finds on a real connection.

use std::{net::SocketAddr, time::Duration};

use simulator::{FaultKind, FaultPlan, Rows, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::support::{ACTIVITIES, Bench, KEY, organizations, row, ten_rows};

struct Served {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Served {
    async fn start(bench: &Bench) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(serve(listener, bench.simulator.clone(), async move {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), task }
    }

    async fn with_fault(kind: FaultKind) -> Self {
        Self::start(&Bench::with(ten_rows(), |options| options.fault_plan = FaultPlan::only(kind, &[1])))
            .await
    }

    /// Sends one request on a connection of its own and reads until the connection ends.
    async fn ask(&self, path: &str) -> std::io::Result<Reply> {
        let mut stream = TcpStream::connect(self.address).await?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\nuser-agent: tests\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok(Reply::of(&bytes))
    }

    async fn stop(mut self) {
        drop(self.stop.take());
        let ended = tokio::time::timeout(Duration::from_secs(20), self.task).await;
        ended.expect("stops in time").expect("no panic").expect("no error");
    }
}

struct Reply {
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn of(bytes: &[u8]) -> Self {
        let end =
            bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |place| place + 4);
        Self {
            head: String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase(),
            body: bytes[end..].to_vec(),
        }
    }

    fn announced_length(&self) -> Option<usize> {
        self.head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok())
    }
}

#[tokio::test]
async fn a_page_is_the_same_as_without_a_socket() {
    let bench = Bench::new();
    let expected = bench.ask("limit=4&order=asc");
    let served = Served::start(&bench).await;
    let reply = served.ask(&format!("{ACTIVITIES}?limit=4&order=asc")).await.expect("an answer");
    assert!(reply.head.starts_with("http/1.1 200"), "{}", reply.head);
    for header in [
        "request-id: req_01",
        "anthropic-ratelimit-requests-limit: 600",
        "date: mon, 01 jun 2026 13:00:00 gmt",
    ] {
        assert!(reply.head.contains(header), "{header} in {}", reply.head);
    }
    assert_eq!(reply.head.matches("date:").count(), 1);
    assert_eq!((reply.announced_length(), &reply.body[..]), (Some(expected.body.len()), &expected.body[..]));
    bench.clock.advance(Duration::from_secs(1));
    let own = bench.page("activity_types[]=compliance_api_accessed&order=asc");
    assert_eq!(own.rows[1]["actor"]["user_agent"], "tests");
    served.stop().await;
}

#[tokio::test]
async fn a_truncated_body_promises_more_than_it_brings() {
    let served = Served::with_fault(FaultKind::TruncatedBody { share: 0.5 }).await;
    let path = format!("{ACTIVITIES}?limit=4");
    let cut = served.ask(&path).await.expect("a head and some bytes");
    assert!(cut.head.starts_with("http/1.1 200"), "{}", cut.head);
    let announced = cut.announced_length().expect("a length");
    assert_eq!(cut.body.len(), announced / 2);
    let whole = served.ask(&path).await.expect("an answer");
    assert_eq!(Some(whole.body.len()), whole.announced_length());
    served.stop().await;
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let served = Served::with_fault(FaultKind::ConnectionReset).await;
    let Err(error) = served.ask(ACTIVITIES).await else { panic!("an answer came") };
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(served.ask(ACTIVITIES).await.expect("an answer").head.starts_with("http/1.1 200"));
    served.stop().await;
}

#[tokio::test]
async fn a_hang_says_nothing_until_it_ends() {
    let served = Served::with_fault(FaultKind::Hang { duration: Duration::from_millis(300) }).await;
    let reply = served.ask(ACTIVITIES).await.expect("an orderly close");
    assert_eq!((reply.head.as_str(), reply.body.len()), ("", 0));
    served.stop().await;
}

#[tokio::test]
async fn a_hanging_request_does_not_hold_up_the_stop_or_the_others() {
    let served = Served::with_fault(FaultKind::Hang { duration: Duration::from_hours(1) }).await;
    let mut hanging = TcpStream::connect(served.address).await.expect("a connection");
    hanging
        .write_all(format!("GET {ACTIVITIES} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
        .await
        .expect("written");
    // The fault is for the first request: the second answer shows that the first has arrived.
    while served
        .ask("/simulator/statistics")
        .await
        .expect("an answer")
        .body
        .windows(8)
        .all(|window| window != b"\"hang\":1")
    {}
    assert!(served.ask(ACTIVITIES).await.expect("an answer").head.starts_with("http/1.1 200"));
    served.stop().await;
    let mut rest = Vec::new();
    hanging.read_to_end(&mut rest).await.expect("an orderly close");
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_stop() {
    let served = Served::start(&Bench::new()).await;
    let mut idle = TcpStream::connect(served.address).await.expect("a connection");
    idle.write_all(format!("GET {ACTIVITIES} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
        .await
        .expect("written");
    let mut byte = [0];
    idle.read_exact(&mut byte).await.expect("an answer begins");
    served.stop().await;
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.expect("an orderly close");
    assert!(!rest.is_empty(), "the rest of the answer");
}

#[tokio::test]
async fn a_slow_body_comes_whole() {
    let served = Served::with_fault(FaultKind::SlowBody { duration: Duration::from_millis(200) }).await;
    let reply = served.ask(&format!("{ACTIVITIES}?limit=4")).await.expect("an answer");
    assert_eq!(Some(reply.body.len()), reply.announced_length());
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok());
    served.stop().await;
}

#[tokio::test]
async fn the_list_of_all_rows_is_streamed() {
    let rows: Vec<_> = (0..12_000)
        .map(|number| row(&format!("activity_{number:05}"), number / 10, "claude_chat_created"))
        .collect();
    let expected: Vec<u8> = rows.iter().flat_map(|row| [&row.json[..], b"\n"].concat()).collect();
    let served = Served::start(&Bench::with(Rows::new(rows, organizations()), |_| {})).await;
    let reply =
        served.ask("/simulator/activities?created_at.gte=2026-06-01T12:00:00Z").await.expect("an answer");
    assert!(reply.head.contains("application/x-ndjson") && reply.head.contains("transfer-encoding: chunked"));
    let mut body = Vec::new();
    let mut rest = &reply.body[..];
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let length =
            usize::from_str_radix(std::str::from_utf8(&rest[..end]).expect("text"), 16).expect("a length");
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
    assert!(body == expected, "{} bytes of {}", body.len(), expected.len());
    let refused = served.ask("/simulator/activities?limit=1").await.expect("an answer");
    assert!(refused.head.starts_with("http/1.1 400"), "{}", refused.head);
    served.stop().await;
}

#[tokio::test]
async fn broken_requests_and_long_bodies_do_no_harm() {
    let served = Served::start(&Bench::new()).await;
    for text in [
        "NONSENSE\r\n\r\n".to_owned(),
        format!(
            "POST {ACTIVITIES} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 99999999\r\n\r\nabc"
        ),
        format!("GET {ACTIVITIES}?{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "a".repeat(20_000)),
    ] {
        let mut stream = TcpStream::connect(served.address).await.expect("a connection");
        stream.write_all(text.as_bytes()).await.expect("written");
        stream.shutdown().await.expect("shut");
        let mut rest = Vec::new();
        // A refusal or a close, but an end.
        let _ = stream.read_to_end(&mut rest).await;
    }
    assert!(served.ask(ACTIVITIES).await.expect("an answer").head.starts_with("http/1.1 200"));
    served.stop().await;
}
