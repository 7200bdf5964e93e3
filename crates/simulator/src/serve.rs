//! The simulator on a real socket: the same responses, with their effects played out.
//!
//! A pause is a pause, a truncated body closes a connection that promised more, a hang leaves the caller waiting, a
//! reset is a TCP reset. Rows are made on threads of their own, so a heavy page does not hold up the others.

mod body;
mod connection;

use std::{
    future::{Future, IntoFuture},
    io,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use tokio::{net::TcpListener, sync::watch};

use self::{
    body::ChannelBody,
    connection::{Connections, Ending, Line},
};
use crate::{Delivery, SimulatedRequest, SimulatedResponse, Simulator};

/// A request body may be this long; the API takes none, and the control plane takes plans.
const REQUEST_BYTES_MAX: usize = 1 << 20;

/// How long responses on their way may still take after the stop.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Server {
    simulator: Arc<Simulator>,
    /// Closes when the server stops: hangs end then.
    stopping: watch::Receiver<()>,
}

/// Serves HTTP/1.1 and HTTP/2 (without TLS) until `stop` resolves; then takes no new connection, lets the responses on
/// their way go out, and returns within five seconds.
pub async fn serve(
    listener: TcpListener,
    simulator: Arc<Simulator>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping_sender, stopping) = watch::channel(());
    let server = Server { simulator, stopping: stopping.clone() };
    let app = Router::new().fallback(handle).with_state(server);
    let mut stopped = stopping.clone();
    let serving = axum::serve(Connections(listener), app.into_make_service_with_connect_info::<Line>())
        .with_graceful_shutdown(async move {
            // An error is what is waited for: the sender is gone.
            let _ = stopped.changed().await;
        });
    let mut serving = std::pin::pin!(serving.into_future());
    tokio::select! {
        ended = &mut serving => return ended,
        () = stop => drop(stopping_sender),
    }
    tokio::time::timeout(GRACE, serving).await.unwrap_or(Ok(()))
}

async fn handle(
    State(server): State<Server>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response<Body> {
    let request = match read(&line, request).await {
        Ok(request) => request,
        Err(problem) => return problem,
    };
    let simulator = Arc::clone(&server.simulator);
    if request.method == "GET" && request.path == "/simulator/activities" {
        return stream_activities(&simulator, &request);
    }
    match tokio::task::spawn_blocking(move || simulator.respond(&request)).await {
        Ok(response) => deliver(response, &line, server.stopping).await,
        Err(_) => {
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the simulator failed on this request; this is a defect")
        }
    }
}

async fn read(line: &Line, request: Request) -> Result<SimulatedRequest, Response<Body>> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, REQUEST_BYTES_MAX)
        .await
        .map_err(|_| plain(StatusCode::PAYLOAD_TOO_LARGE, "the request body is cut or longer than 1 MiB"))?;
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Ok(SimulatedRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body,
        address: line.peer.ip(),
    })
}

/// Plays a response out.
async fn deliver(
    response: SimulatedResponse,
    line: &Line,
    mut stopping: watch::Receiver<()>,
) -> Response<Body> {
    tokio::time::sleep(response.delay).await;
    match response.delivery {
        Delivery::Complete => with_body(&response, Body::from(response.body.clone())),
        Delivery::Truncated { after_bytes } => {
            let arriving = response.body.slice(..after_bytes.min(response.body.len()));
            announced(&response, ChannelBody::truncated(arriving))
        }
        Delivery::Slow { duration } => {
            announced(&response, ChannelBody::slow(response.body.clone(), duration))
        }
        Delivery::Hang { duration } => {
            tokio::select! {
                () = tokio::time::sleep(duration) => {}
                _ = stopping.changed() => {}
            }
            line.end(Ending::Closed);
            plain(StatusCode::GATEWAY_TIMEOUT, "")
        }
        Delivery::Reset => {
            line.end(Ending::Reset);
            plain(StatusCode::BAD_GATEWAY, "")
        }
    }
}

/// A response whose head promises the whole body, whatever then comes of it.
fn announced(response: &SimulatedResponse, body: ChannelBody) -> Response<Body> {
    let mut written = with_body(response, Body::new(body));
    written.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(response.body.len()));
    written
}

fn with_body(response: &SimulatedResponse, body: Body) -> Response<Body> {
    let mut written = Response::new(body);
    *written.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &response.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            written.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    written
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

/// The list of all rows, piece by piece as fast as the caller reads.
fn stream_activities(simulator: &Simulator, request: &SimulatedRequest) -> Response<Body> {
    let Some(stream) = simulator.activity_stream(&request.query) else {
        // The same refusal as without a socket.
        let refusal = simulator.respond(request);
        return with_body(&refusal, Body::from(refusal.body.clone()));
    };
    let (sender, body) = ChannelBody::new();
    tokio::task::spawn_blocking(move || {
        for lines in stream {
            if sender.blocking_send(Ok::<Bytes, io::Error>(lines)).is_err() {
                return;
            }
        }
    });
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}
