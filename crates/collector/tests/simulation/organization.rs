//! The collector against the product's own simulator: a believable organization, and every fault that it knows.

use std::{sync::Arc, time::Duration};

use feed::{Clock, ErrorKind, Transport, TransportError, TransportRequest, TransportResponse};
use jiff::{SignedDuration, Timestamp};
use simulator::{
    Delivery, FaultPlan, SimulatedRequest, Simulator, SimulatorClock, SimulatorOptions, World, WorldOptions,
};

use crate::{
    clock::SimulatedClock,
    server::Habits,
    stage::{Ending, KEY, Recorder, Stage, run},
};

/// The server's clock, which is always right.
pub(crate) struct ServerClock(pub(crate) SimulatedClock);

impl SimulatorClock for ServerClock {
    fn now(&self) -> Timestamp {
        self.0.true_now()
    }
}

/// The way to the simulator, without sockets.
#[derive(Clone)]
pub(crate) struct InProcess {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) clock: SimulatedClock,
}

impl Transport for InProcess {
    async fn get(&self, request: TransportRequest) -> Result<TransportResponse, TransportError> {
        let path = request.url.strip_prefix("https://api.anthropic.com").unwrap();
        let mut simulated = SimulatedRequest::get(path);
        for (name, value) in &request.headers {
            simulated = simulated.with_header(name, value.expose());
        }
        let response = self.simulator.respond(&simulated);
        self.clock.sleep(response.delay).await;
        let lost = |kind, detail: &str| Err(TransportError::new(kind, detail));
        match response.delivery {
            Delivery::Complete => {}
            Delivery::Truncated { .. } => return lost(ErrorKind::Truncated, "the body broke off"),
            Delivery::Slow { duration } => self.clock.sleep(duration).await,
            Delivery::Hang { duration } => {
                self.clock.sleep(duration).await;
                return lost(ErrorKind::Timeout, "no answer");
            }
            Delivery::Reset => return lost(ErrorKind::Connection, "connection reset"),
        }
        let headers = response.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(TransportResponse { status: response.status, headers, body: response.body })
    }
}

#[test]
fn the_ledger_holds_byte_for_byte_what_the_simulator_made() {
    run(async {
        let mut stage = Stage::new(1, Habits { tells_time: true, audits_itself: true });
        stage.settings.initial_lookback = Duration::from_hours(48);
        stage.settings.page_size = 200;
        let now = stage.clock.true_now();
        let world = World::new(WorldOptions {
            seed: 7,
            history_start: now - SignedDuration::from_hours(24 * 10),
            history_end: now,
            activities_per_day: 3_000.0,
            unknown_share: 0.0,
        });
        let options = SimulatorOptions {
            indexing_lag_max: Duration::from_secs(30),
            indexing_lag_tail_share: 0.2,
            latency_max: Duration::from_millis(5_100),
            fault_plan: FaultPlan::every_error(),
            ..SimulatorOptions::new(world, KEY)
        };
        let simulator = Arc::new(Simulator::new(options, Arc::new(ServerClock(stage.clock.clone()))));
        let transport = InProcess { simulator: Arc::clone(&simulator), clock: stage.clock.clone() };
        let recorder = Arc::new(Recorder::new(stage.clock.clone()));
        let life = stage.join("acme", stage.open(), transport, recorder);
        stage.wait(Duration::from_hours(6)).await;
        stage.end(life, Ending::Stop).await;

        let kept = stage.kept("acme");
        assert_eq!(kept.status.gaps, []);
        assert_eq!(kept.status.last_error, None);
        let covered = kept.status.coverage[0];
        assert!(
            covered.lt > stage.clock.true_now() - SignedDuration::from_mins(5),
            "covered until {}",
            covered.lt
        );
        // What happened, whether it is visible yet or not; the last minutes may be under way.
        let until = stage.clock.true_now() - SignedDuration::from_mins(5);
        let made = lines(simulator.activities(simulator::DEFAULT_PARENT, covered.gte, until).unwrap());
        let mut stored: Vec<_> = kept.entries.iter().filter(|entry| entry.created_at < until).collect();
        stored.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        assert!(made.len() > 3_000, "{} rows", made.len());
        assert_eq!(stored.len(), made.len());
        for (stored, made) in stored.iter().zip(&made) {
            assert_eq!(String::from_utf8_lossy(&stored.raw), *made);
        }
    });
}

fn lines(stream: simulator::ActivityStream) -> Vec<String> {
    let pieces = stream.map(|piece| String::from_utf8(piece.to_vec()).unwrap());
    pieces.flat_map(|piece| piece.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}
