//! Live events, as server-sent events.
//!
//! `activity` for each new one that a query finds (its `id` is the ledger's sequence, so a browser that reconnects goes on where it was),
//! `skipped` when there were too many at once, `status` every few seconds. The stream ends with its session.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::sse::{Event, KeepAlive, Sse},
};
use futures_core::Stream;
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::Instant,
};

use crate::{
    app::App,
    error::ApiError,
    guard::{self, SignedIn},
    live,
    secret::Token,
};

/// How often the trail's state is told, and the session looked at.
const STATUS_INTERVAL: Duration = Duration::from_secs(5);
/// Events on their way to a slow client; then the ledger waits.
const QUEUE: usize = 64;

/// Follows the ledger from now on, or from the last event that the browser saw.
pub(crate) async fn live(
    State(app): State<App>,
    signed_in: SignedIn,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let permit = app.live_streams.clone().try_acquire_owned().map_err(|_| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_streams",
            "too many screens follow live events",
        )
        .hint("close a few of them")
    })?;
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let first = live::news(&app, seen).await?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let follower = Follower { app, token: signed_in.token, sender, _permit: permit };
    tokio::spawn(async move {
        // Ends when the client, the session or the server goes away; there is nobody left to tell.
        let _ = follower.follow(first).await;
    });
    Ok(Sse::new(Events(receiver)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Why a stream ends.
struct Ended;

impl From<ApiError> for Ended {
    fn from(_: ApiError) -> Self {
        Self
    }
}

struct Follower {
    app: App,
    token: Token,
    sender: mpsc::Sender<Event>,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    async fn follow(self, first: live::News) -> Result<(), Ended> {
        let mut news = first;
        let mut next_status = Instant::now();
        loop {
            if news.skipped > 0 {
                self.send("skipped", None, &json!({ "count": news.skipped }).to_string()).await?;
            }
            for (sequence, body) in &news.activities {
                self.send("activity", Some(*sequence), body).await?;
            }
            if Instant::now() >= next_status {
                next_status = Instant::now() + STATUS_INTERVAL;
                if guard::current_session(&self.app, self.token.clone()).await?.is_none() {
                    let reason = json!({ "reason": "the session ended" });
                    return self.send("ended", None, &reason.to_string()).await;
                }
                self.send("status", None, &live::pulse(&self.app).await?.to_string()).await?;
            }
            tokio::select! {
                () = tokio::time::sleep(live::LOOK_INTERVAL) => {}
                () = self.sender.closed() => return Ok(()),
                () = self.app.stop.cancelled() => return Ok(()),
            }
            news = live::news(&self.app, Some(news.sequence)).await?;
        }
    }

    async fn send(&self, name: &str, id: Option<u64>, body: &str) -> Result<(), Ended> {
        let mut event = Event::default().event(name).data(body);
        if let Some(id) = id {
            event = event.id(id.to_string());
        }
        self.sender.send(event).await.map_err(|_| Ended)
    }
}

/// The events of one stream.
pub(crate) struct Events(mpsc::Receiver<Event>);

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}
