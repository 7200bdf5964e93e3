//! Two years of ten million activities, fetched from an API that answers in one to five seconds, beside a client that asks for one
//! page of a thousand after the other.
//!
//! Latency passes in simulated time, so the figures of the schedule are exact and the same everywhere; the work (parsing, digests,
//! the ledger on disk) is real, and its time is told beside them. `ACTIVITIES=1000000 cargo bench -p collector` makes it shorter.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that fails says where, and prints its figures"
)]
#![allow(missing_docs, reason = "a bench has no readers of its documentation")]

use std::{
    fmt::Write as _,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use collector::{Collector, Event, FeedSettings, Governor, Observer, Store};
use feed::{
    ActivityRequest, ApiKey, Client, ClientOptions, Clock, Order, RetryOptions, StaticKey, Transport,
    TransportError, TransportRequest, TransportResponse,
};
use jiff::{SignedDuration, Timestamp};
use ledger::{Ledger, Options};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const DAYS: i64 = 730;
const HOUR_MICROS: i64 = 3_600_000_000;
const KEY: &str = "sk-ant-api01-bench";

/// What the API allows: 600 requests a minute of 5,000 activities each.
const CEILING: f64 = 50_000.0;

#[derive(Clone)]
struct SimulatedClock {
    start: Timestamp,
    began: Instant,
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.start + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }
}

/// An API that holds a fixed number of activities: eight in ten of them on weekdays from 8 to 18, evenly within each hour.
#[derive(Clone)]
struct Api {
    clock: SimulatedClock,
    first: i64,
    /// Activities before each hour.
    before: Arc<Vec<u64>>,
    requests: Arc<AtomicU64>,
    filler: Arc<str>,
}

impl Api {
    fn new(clock: SimulatedClock, activities: u64) -> Self {
        let first = clock.start.as_microsecond() - DAYS * 24 * HOUR_MICROS;
        let weight = |hour: i64| if (hour / 24) % 7 < 5 && (8..18).contains(&(hour % 24)) { 24 } else { 3 };
        let hours = DAYS * 24;
        let whole: u64 = (0..hours).map(weight).sum();
        let mut before = vec![0];
        let mut sum = 0;
        for hour in 0..hours {
            sum += weight(hour);
            before.push(activities * sum / whole);
        }
        Self {
            clock,
            first,
            before: Arc::new(before),
            requests: Arc::default(),
            filler: "x".repeat(1_000).into(),
        }
    }

    /// Time of an activity.
    fn time(&self, number: u64) -> i64 {
        let hour = self.before.partition_point(|before| *before <= number) - 1;
        let inside = self.before[hour + 1] - self.before[hour];
        let place = (number - self.before[hour]) as i64 * HOUR_MICROS / inside as i64;
        self.first + hour as i64 * HOUR_MICROS + place
    }

    /// The first activity at or after a time.
    fn number_at(&self, micros: i64) -> u64 {
        let (mut low, mut high) = (0, *self.before.last().unwrap());
        while low < high {
            let middle = u64::midpoint(low, high);
            if self.time(middle) < micros { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn page(&self, url: &str) -> String {
        let (mut gte, mut lt, mut limit, mut after) = (0, u64::MAX, 100, None);
        for (name, value) in url.split_once('?').unwrap().1.split('&').filter_map(|pair| pair.split_once('='))
        {
            let at =
                || self.number_at(value.replace("%3A", ":").parse::<Timestamp>().unwrap().as_microsecond());
            match name {
                "created_at.gte" => gte = at(),
                "created_at.lt" => lt = at(),
                "limit" => limit = value.parse().unwrap(),
                "after_id" => after = value.parse::<u64>().ok(),
                _ => {}
            }
        }
        let begin = after.map_or(gte, |after| after + 1);
        let end = lt.min(*self.before.last().unwrap());
        let numbers = begin..end.min(begin + limit);
        let mut body = String::with_capacity(1_300 * numbers.clone().count() + 100);
        body.push_str(r#"{"data":["#);
        for number in numbers.clone() {
            let comma = if number > begin { "," } else { "" };
            let time = Timestamp::from_microsecond(self.time(number)).unwrap();
            let filler = &self.filler;
            write!(
                body,
                r#"{comma}{{"id":"activity_{number:012}","created_at":"{time}","type":"claude_chat_viewed","actor":{{"type":"user_actor","email_address":"person{}@example.com","user_id":"user_{number:020}"}},"note":"{filler}"}}"#,
                number % 500
            )
            .unwrap();
        }
        let more = numbers.end < end;
        let last = numbers.clone().last().map_or("null".to_owned(), |number| format!("\"{number}\""));
        write!(body, r#"],"has_more":{more},"first_id":{last},"last_id":{last}}}"#).unwrap();
        body
    }
}

impl Transport for Api {
    async fn get(&self, request: TransportRequest) -> Result<TransportResponse, TransportError> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        // One to five seconds, in an order of its own (a multiplicative hash).
        let latency = 1_000 + (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % 4_001;
        self.clock.sleep(Duration::from_millis(latency)).await;
        let body = Bytes::from(self.page(&request.url));
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("request-id", format!("req_{number}")),
            ("date", self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(TransportResponse { status: 200, headers, body })
    }
}

fn client(api: &Api) -> Client<Api, SimulatedClock> {
    let retry = RetryOptions { max_attempts: 1, ..RetryOptions::default() };
    let options = ClientOptions { retry, ..ClientOptions::default() };
    let key = Box::new(StaticKey(ApiKey::new(KEY.to_owned()).unwrap()));
    Client::new(api.clone(), api.clock.clone(), options, key).unwrap()
}

/// Stops when the feed has caught up.
struct UntilCaughtUp(CancellationToken, Mutex<u64>);

impl Observer for UntilCaughtUp {
    fn observe(&self, event: &Event) {
        match event {
            Event::PageStored { inserted, .. } => *self.1.lock().unwrap() += u64::from(*inserted),
            Event::CaughtUp { .. } => self.0.cancel(),
            _ => {}
        }
    }
}

/// Fetches everything with the collector; activities kept, simulated and real seconds.
async fn side_by_side(activities: u64) -> (u64, f64, f64) {
    let start = Timestamp::from_second(1_790_000_000).unwrap();
    let clock = SimulatedClock { start, began: Instant::now() };
    let api = Api::new(clock.clone(), activities);
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&folder.path().join("ledger.sqlite"), Options::default()).unwrap();
    let store = Store::simulated(Arc::new(Mutex::new(ledger)), Arc::new(|| Ok(())));
    let settings = FeedSettings {
        initial_lookback: Duration::from_hours(24 * DAYS as u64),
        reconcile_after: Vec::new(),
        ..FeedSettings::default()
    };
    let stop = CancellationToken::new();
    let observer = Arc::new(UntilCaughtUp(stop.clone(), Mutex::default()));
    let watching = Arc::clone(&observer) as Arc<dyn Observer>;
    let collector =
        Collector::new(client(&api), store, clock.clone(), settings, watching, Governor::new(1.0));
    let real = std::time::Instant::now();
    collector.run(stop).await.unwrap();
    let kept = *observer.1.lock().unwrap();
    (kept, clock.began.elapsed().as_secs_f64(), real.elapsed().as_secs_f64())
}

/// Fetches everything one page of 1,000 after the other, and keeps nothing.
async fn one_after_the_other(activities: u64) -> (u64, f64) {
    let start = Timestamp::from_second(1_790_000_000).unwrap();
    let clock = SimulatedClock { start, began: Instant::now() };
    let api = Api::new(clock.clone(), activities);
    let client = client(&api);
    let request =
        ActivityRequest { limit: Some(1_000), order: Some(Order::Ascending), ..ActivityRequest::default() };
    let request = ActivityRequest {
        created_at_gte: Some(Timestamp::from_microsecond(api.first).unwrap()),
        created_at_lt: Some(start),
        ..request
    };
    let mut walk = client.walk(request);
    let mut seen = 0;
    while let Some(page) = walk.next_page().await.unwrap() {
        seen += page.activities.len() as u64;
    }
    (seen, clock.began.elapsed().as_secs_f64())
}

fn simulate<T>(play: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(play)
}

fn main() {
    // `cargo test --benches` runs this as well: then it only has to work.
    let testing = std::env::args().any(|argument| argument == "--test")
        || !std::env::args().any(|argument| argument == "--bench");
    let asked = std::env::var("ACTIVITIES").ok().and_then(|text| text.parse().ok());
    let activities = asked.unwrap_or(if testing { 20_000 } else { 10_000_000 });
    let (kept, simulated, real) = simulate(side_by_side(activities));
    assert_eq!(kept, activities, "every activity, once");
    let rate = kept as f64 / simulated;
    println!(
        "side by side: {kept} activities in {simulated:.0} s of the API's time, {rate:.0}/s, {:.0} % of its ceiling",
        rate / CEILING * 100.0
    );
    println!(
        "    the work itself: {real:.0} s on one thread, {:.0}/s, {:.2} of a core at that rate",
        kept as f64 / real,
        real / simulated
    );
    let (seen, simulated) = simulate(one_after_the_other(activities / 10));
    let serial = seen as f64 / simulated;
    println!(
        "one page of 1,000 after the other: {seen} activities in {simulated:.0} s, {serial:.0}/s; side by side is {:.0} times as fast",
        rate / serial
    );
}
