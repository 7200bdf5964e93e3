//! Fetches one page of the feed and prints a line for each activity, newest first.
//!
//! ```text
//! ANTHROPIC_COMPLIANCE_KEY=sk-ant-… cargo run -p feed --example list_page -- [BASE_URL] [LIMIT]
//! ```

use std::io::Write as _;
use std::process::ExitCode;

use feed::{
    ActivityRequest, ApiKey, Client, ClientOptions, DEFAULT_BASE_URL, HttpOptions, HttpTransport, Page,
    StaticKey, SystemClock,
};

#[tokio::main]
async fn main() -> ExitCode {
    match list().await {
        Ok(page) => show(&page),
        Err(error) => {
            // What failed, the detail, and what to do next.
            eprintln!("error: {error}\nhint: {}", error.hint());
            ExitCode::FAILURE
        }
    }
}

async fn list() -> Result<Page, feed::Error> {
    let mut arguments = std::env::args().skip(1);
    let base_url = arguments.next().unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
    let limit = arguments.next().and_then(|limit| limit.parse().ok()).unwrap_or(20);

    let key = ApiKey::new(std::env::var("ANTHROPIC_COMPLIANCE_KEY").unwrap_or_default())?;
    let transport = HttpTransport::new(&HttpOptions::default())?;
    let options = ClientOptions { base_url, ..ClientOptions::default() };
    let client = Client::new(transport, SystemClock, options, Box::new(StaticKey(key)))?;

    client.list_activities(&ActivityRequest { limit: Some(limit), ..ActivityRequest::default() }).await
}

fn show(page: &Page) -> ExitCode {
    let mut output = std::io::stdout().lock();
    for activity in &page.activities {
        let time = activity.created_at.map_or_else(|| "-".to_owned(), |time| time.to_string());
        if writeln!(output, "{time}  {}  {}", activity.activity_type, activity.id).is_err() {
            return ExitCode::FAILURE; // nobody reads on, as with `| head`
        }
    }
    let exchange = &page.exchange;
    eprintln!(
        "{} activities, {} bytes, {} attempt(s), request {}, {} requests left this minute",
        page.activities.len(),
        exchange.body_bytes,
        exchange.attempts,
        exchange.request_id.as_deref().unwrap_or("without an id"),
        exchange.rate_limit.remaining.map_or_else(|| "?".to_owned(), |left| left.to_string()),
    );
    ExitCode::SUCCESS
}
