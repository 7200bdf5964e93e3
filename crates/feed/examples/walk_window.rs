//! Walks a window of time to its end and writes the exact bytes of every activity, one a line, oldest first.
//!
//! A window `[from, to)` that was walked until a page said that there is no more has been seen completely, as far as
//! it was indexed by then. Rows are delivered at least once, so the walk leaves out ids it has seen.
//!
//! ```text
//! ANTHROPIC_COMPLIANCE_KEY=sk-ant-… \
//!     cargo run -p feed --example walk_window -- 2026-11-22T00:00:00Z 2026-11-23T00:00:00Z [BASE_URL] > day.ndjson
//! ```

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use feed::{
    ActivityRequest, ApiKey, Client, ClientOptions, DEFAULT_BASE_URL, HttpOptions, HttpTransport, MAX_LIMIT,
    Order, StaticKey, SystemClock,
};
use jiff::Timestamp;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let bounds = |index: usize| arguments.get(index).and_then(|text| text.parse::<Timestamp>().ok());
    let (Some(from), Some(to)) = (bounds(0), bounds(1)) else {
        eprintln!("usage: walk_window FROM TO [BASE_URL], with times such as 2026-11-22T00:00:00Z");
        return ExitCode::from(2);
    };
    let base_url = arguments.get(2).cloned().unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
    match walk(from, to, base_url).await {
        Ok(count) => {
            eprintln!("{count} activities from {from} up to {to}");
            ExitCode::SUCCESS
        }
        Err(Failure::Feed(error)) => {
            eprintln!("error: {error}\nhint: {}", error.hint());
            ExitCode::FAILURE
        }
        Err(Failure::Output(error)) => {
            eprintln!("error: writing an activity: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Feed(feed::Error),
    Output(io::Error),
}

impl From<feed::Error> for Failure {
    fn from(error: feed::Error) -> Self {
        Self::Feed(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

async fn walk(from: Timestamp, to: Timestamp, base_url: String) -> Result<usize, Failure> {
    let key = ApiKey::new(std::env::var("ANTHROPIC_COMPLIANCE_KEY").unwrap_or_default())?;
    let transport = HttpTransport::new(&HttpOptions::default())?;
    let options = ClientOptions { base_url, ..ClientOptions::default() };
    let client = Client::new(transport, SystemClock, options, Box::new(StaticKey(key)))?;

    let request = ActivityRequest {
        created_at_gte: Some(from),
        created_at_lt: Some(to),
        order: Some(Order::Ascending),
        limit: Some(MAX_LIMIT),
        ..ActivityRequest::default()
    };
    let mut seen = HashSet::new();
    let mut output = BufWriter::new(io::stdout().lock());
    let mut walk = client.walk(request);
    while let Some(page) = walk.next_page().await? {
        for activity in page.activities {
            if seen.insert(activity.id) {
                output.write_all(&activity.raw)?;
                output.write_all(b"\n")?;
            }
        }
    }
    output.flush()?;
    Ok(seen.len())
}
