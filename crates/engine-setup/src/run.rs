//! Sends the calls, in an order in which an interrupted setup leaves nothing half done: what is referred to comes first.

use elasticsearch::{Client, Error, ErrorKind, Request};
use serde_json::Value;

use crate::{
    call::Call,
    lifecycle::{self, Lifecycle},
    options::{Engine, Options},
    templates,
};

/// One step of a setup, told when it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is there now.
    Stored(String),
    /// The engine cannot do it; everything else goes on.
    LeftOut {
        /// What.
        what: String,
        /// What the engine says, and what that means.
        why: String,
    },
}

/// Every call that [`run`] would send to an engine that can do everything.
pub fn calls(engine: Engine, options: &Options) -> Vec<Call> {
    let mut calls = vec![lifecycle::policy(engine, options)];
    calls.extend(templates::templates(engine, options, Lifecycle::Policy));
    calls
}

/// Sets the engine up, and tells each step.
pub async fn run(client: &Client, options: &Options, tell: &mut impl FnMut(Step)) -> Result<(), Error> {
    let engine = Engine::of(client.about().await?);
    if options.logsdb && !engine.is_elasticsearch() {
        let why = "only Elasticsearch has it".to_owned();
        tell(Step::LeftOut { what: "the index mode logsdb".into(), why });
    }
    let lifecycle = store_policy(client, engine, options, tell).await?;
    for call in templates::templates(engine, options, lifecycle) {
        client.request(call.request()).await?.success()?;
        tell(Step::Stored(call.what));
    }
    bring_up_to_date(client, engine, options, tell).await
}

/// The policy first: an index that names one which is not there is an error in the engine's log every few minutes.
async fn store_policy(
    client: &Client,
    engine: Engine,
    options: &Options,
    tell: &mut impl FnMut(Step),
) -> Result<Lifecycle, Error> {
    let mut call = lifecycle::policy(engine, options);
    let mut answer = client.request(call.request()).await?;
    if answer.status == 409 && !engine.is_elasticsearch() {
        let found: Value = client.request(Request::get(call.path.clone())).await?.success()?.json()?;
        if let Some(path) = lifecycle::replacing(&call.path, &found) {
            call.path = path;
            answer = client.request(call.request()).await?;
        }
    }
    let refused = match answer.success() {
        Ok(_) => {
            tell(Step::Stored(call.what));
            return Ok(Lifecycle::Policy);
        }
        Err(error) if is_refusal(&error) => error,
        Err(error) => return Err(error),
    };
    let (lifecycle, meaning) = if engine.is_elasticsearch() {
        (Lifecycle::OfStream, "the data stream's own lifecycle keeps to the retention instead")
    } else {
        (Lifecycle::None, "backing indices are neither closed nor removed")
    };
    tell(Step::LeftOut { what: call.what, why: format!("{}; {meaning}", refused.detail()) });
    Ok(lifecycle)
}

/// Whether the engine has understood and declines, so that asking again would not help: it has no such end, or gives no right to it.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Refused | ErrorKind::NotFound | ErrorKind::Forbidden)
}

/// Data streams that are there already go on with the mapping they have: it is widened, or a new backing index takes over.
async fn bring_up_to_date(
    client: &Client,
    engine: Engine,
    options: &Options,
    tell: &mut impl FnMut(Step),
) -> Result<(), Error> {
    let found = client.request(Request::get(format!("/_data_stream/{}", options.pattern()))).await?;
    if found.status == 404 {
        return Ok(());
    }
    let found: Value = found.success()?.json()?;
    for stream in found["data_streams"].as_array().into_iter().flatten() {
        let Some(name) = stream["name"].as_str() else { continue };
        let index = stream["indices"].as_array().and_then(|indices| indices.last()?["index_name"].as_str());
        let Some(why) = why_anew(client, engine, name, index.unwrap_or(name)).await? else {
            tell(Step::Stored(format!("the mapping of the data stream {name}")));
            continue;
        };
        client.request(Request::post(format!("/{name}/_rollover"))).await?.success()?;
        tell(Step::Stored(format!("a new backing index of the data stream {name}, because {why}")));
    }
    Ok(())
}

/// Why the backing index that is written to cannot go on; `None` when its mapping was widened.
async fn why_anew(
    client: &Client,
    engine: Engine,
    stream: &str,
    index: &str,
) -> Result<Option<String>, Error> {
    let settings = client.request(Request::get(format!("/{index}/_settings?flat_settings=true"))).await?;
    let settings: Value = settings.success()?.json()?;
    let pipeline = settings[index]["settings"]["index.default_pipeline"].as_str().unwrap_or("_none");
    if pipeline != "_none" {
        return Ok(Some(format!("the last one sends documents through the pipeline {pipeline}")));
    }
    let mapping = templates::mappings(engine);
    let path = format!("/{stream}/_mapping?write_index_only=true");
    let widened = client.request(Request::put(path).json(&mapping)).await?;
    match widened.success() {
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::Refused => {
            Ok(Some(format!("its mapping cannot be widened ({})", error.detail())))
        }
        Err(error) => Err(error),
    }
}
