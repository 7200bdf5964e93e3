//! `simulate`: the feed simulator alone, and the same server for the demo.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use simulator::{FaultPlan, Network, SimulatedKey, Simulator, SimulatorOptions, Story, World, WorldOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{Demo, Simulate},
    display,
    error::{Exit, Failure, Result},
    output, supervisor,
};

/// Activities of an average day, weekends included, for one on a working day.
const MEAN_TO_WEEKDAY: f64 = 0.75;

/// The name of the second parent organization, and what its key ends in.
const FOREIGN: &str = "foreign";

/// What to serve.
pub(crate) struct Plan {
    listen: SocketAddr,
    seed: u64,
    world: WorldOptions,
    /// Whether people work now, whatever the hour.
    lively: bool,
    api_key: String,
    requests_per_minute: u32,
    indexing_lag: Duration,
    late_share: f64,
    late_lag_least: Duration,
    late_lag: Duration,
    latency: Duration,
    faults: Option<FaultPlan>,
    /// A second parent organization, whose key is the usual one with "-foreign" behind it.
    foreign_world: Option<WorldOptions>,
}

/// A server that runs until its token is cancelled.
pub(crate) struct Served {
    pub(crate) base_url: String,
    pub(crate) stories: Vec<Story>,
    pub(crate) networks: Vec<Network>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

pub(crate) fn run(arguments: &Simulate) -> Result<()> {
    crate::logging::start("info", crate::config::LogFormat::Auto);
    supervisor::runtime()?.block_on(async {
        let stop = CancellationToken::new();
        supervisor::stop_on_signal(stop.clone());
        let served = start(Plan::from_arguments(arguments, Timestamp::now())?, stop).await?;
        output::print(&format!("{}\n", served.base_url))?;
        eprintln!(
            "simulating the feed at {}: {} of history, key {}; Ctrl-C stops",
            served.base_url,
            crate::config::units::display_duration(arguments.history),
            arguments.api_key,
        );
        eprintln!(
            "collect it: ANTHROPIC_COMPLIANCE_KEY={} claudetrail run   with base_url = \"{}\" in a [[feed]]",
            arguments.api_key, served.base_url
        );
        eprintln!(
            "its transparency log: trusted_keys = [\"{}\"] under [feed.transparency_log]",
            simulator::transparency_log_key_fingerprint()
        );
        for story in &served.stories {
            eprintln!(
                "story {}: {} ({} → {})",
                story.number,
                story.title,
                display::minute(story.from),
                display::minute(story.to)
            );
        }
        served
            .task
            .await
            .map_err(|error| {
                Failure::new(Exit::Failed, format!("the simulator stopped unexpectedly: {error}"))
            })?
            .map_err(|error| Failure::new(Exit::Failed, format!("the simulator stopped: {error}")))
    })
}

/// Binds the address and serves in the background.
pub(crate) async fn start(plan: Plan, stop: CancellationToken) -> Result<Served> {
    let listener = TcpListener::bind(plan.listen).await.map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot listen on {}: {error}", plan.listen))
            .hint("choose another --listen address; port 0 takes a free one")
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot tell the listening address: {error}")))?;
    let world = if plan.lively { World::lively(plan.world) } else { World::new(plan.world) };
    let (stories, networks) = (world.stories(), world.networks());
    let mut options = SimulatorOptions::new(world, &plan.api_key);
    options.keys.push(SimulatedKey::new(format!("{}-expired", plan.api_key)).expired());
    options.keys.push(SimulatedKey::new(format!("{}-unscoped", plan.api_key)).scopes(&[]));
    options.seed = plan.seed;
    options.requests_per_minute = plan.requests_per_minute;
    options.indexing_lag_max = plan.indexing_lag;
    options.very_late_share = plan.late_share.clamp(0.0, 1.0);
    options.very_late_min = plan.late_lag_least;
    options.very_late_max = plan.late_lag;
    if let Some(world) = plan.foreign_world {
        options.add_parent(FOREIGN, World::new(world));
        options.keys.push(SimulatedKey::new(format!("{}-{FOREIGN}", plan.api_key)).of(FOREIGN));
    }
    options.latency_max = plan.latency;
    options.fault_plan = plan.faults.unwrap_or_default();
    let simulator = Arc::new(Simulator::new(options, Arc::new(simulator::SystemClock)));
    let task = tokio::spawn(simulator::serve(listener, simulator, async move { stop.cancelled().await }));
    Ok(Served { base_url: format!("http://{address}"), stories, networks, task })
}

impl Plan {
    fn from_arguments(arguments: &Simulate, now: Timestamp) -> Result<Self> {
        let days = (arguments.history.as_secs_f64() / 86_400.0).max(f64::EPSILON);
        let activities_per_day = arguments
            .activities
            .map_or(arguments.activities_per_day, |total| total as f64 / days / MEAN_TO_WEEKDAY);
        let faults = match &arguments.fault_plan {
            Some(path) => Some(read_fault_plan(path)?),
            None => arguments.every_fault.then(FaultPlan::every_error),
        };
        let world = |seed, activities_per_day| {
            world(now, arguments.history, seed, activities_per_day, arguments.unknown_share)
        };
        Ok(Self {
            listen: arguments.listen,
            seed: arguments.seed,
            world: world(arguments.seed, activities_per_day)?,
            lively: arguments.lively,
            foreign_world: Some(world(arguments.seed.wrapping_add(1), activities_per_day / 10.0)?),
            api_key: arguments.api_key.clone(),
            requests_per_minute: arguments.requests_per_minute,
            indexing_lag: arguments.indexing_lag,
            late_share: arguments.late_share,
            late_lag_least: arguments.late_lag_least,
            late_lag: arguments.late_lag,
            latency: arguments.latency,
            faults,
        })
    }

    pub(crate) fn demo(arguments: &Demo, api_key: &str, now: Timestamp) -> Result<Self> {
        Ok(Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: arguments.seed,
            world: world(now, arguments.history, arguments.seed, arguments.activities_per_day, 0.0)?,
            lively: true,
            api_key: api_key.to_owned(),
            requests_per_minute: 600,
            indexing_lag: Duration::from_secs(1),
            late_share: 0.0,
            late_lag_least: Duration::ZERO,
            late_lag: Duration::ZERO,
            foreign_world: None,
            latency: Duration::from_millis(20),
            faults: None,
        })
    }
}

fn world(
    now: Timestamp,
    history: Duration,
    seed: u64,
    activities_per_day: f64,
    unknown_share: f64,
) -> Result<WorldOptions> {
    let history_start =
        now.checked_sub(history).map_err(|_| Failure::new(Exit::Usage, "the history is too long"))?;
    Ok(WorldOptions { seed, history_start, history_end: now, activities_per_day, unknown_share })
}

fn read_fault_plan(path: &std::path::Path) -> Result<FaultPlan> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot read the fault plan {}: {error}", path.display()))
    })?;
    FaultPlan::parse(&text).map_err(|error| {
        Failure::new(Exit::Usage, format!("wrong fault plan {}: {error}", path.display()))
            .hint("docs/reference/fault-plan.md describes the file")
    })
}
