//! What nobody types: Claude Code in build pipelines, services on the API, the directory, and phones in the field.

use std::sync::Arc;

use super::cast::{Cast, cloud};
use super::catalog::{Catalog, Stream, TypeId};
use super::random::{Dice, mix, salt};
use super::rhythm::{self, DEVICE_SHARE, Rhythm};
use super::row::Draft;
use super::text::SECOND;

/// The part of machine work that goes on at night and on weekends; the rest follows the people.
const STEADY: f64 = 0.35;
/// Keys that services use; the keys after them belong to readers and tools.
const SERVICE_KEYS: usize = 24;

/// Types that are placed by name.
#[derive(Debug)]
pub(super) struct Landmarks {
    federated: TypeId,
    attested: TypeId,
}

impl Landmarks {
    pub(super) fn new() -> Landmarks {
        let id = |name| Catalog::get().id(name);
        Landmarks {
            federated: id("platform_federated_authentication"),
            attested: id("platform_app_attest_authentication"),
        }
    }
}

/// Appends what machines begin in `[from, to)`, when people are this busy.
pub(super) fn plan(
    cast: &Cast,
    rhythm: &Rhythm,
    landmarks: &Landmarks,
    (from, to): (i64, i64),
    business: f64,
    out: &mut Vec<Draft>,
) {
    let key = mix(mix(cast.seed, salt("machines")), from as u64);
    let mut dice = Dice::new(key);
    let rows = rhythm.per_day * (to - from) as f64 / (86_400 * SECOND) as f64;
    let load = STEADY + (1.0 - STEADY) * business;
    let runs = rows * rhythm::share(Stream::Pipeline) / rhythm::mean_rows(Stream::Pipeline) * load;
    for _ in 0..dice.poisson(runs) {
        let at = dice.between(from, to - 1);
        pipeline(cast, landmarks, at, mix(key, dice.next()), out);
    }
    for _ in 0..dice.poisson(rows * rhythm::share(Stream::Directory) / rhythm::mean_rows(Stream::Directory)) {
        let at = dice.between(from, to - 1);
        directory_push(cast, at, mix(key, dice.next()), out);
    }
    for _ in 0..dice.poisson(rows * DEVICE_SHARE * load) {
        let row_key = mix(key, dice.next());
        let actor = Arc::new(cast.device(row_key));
        let mut draft = Draft::new(dice.between(from, to - 1), landmarks.attested, actor, row_key);
        draft.session = row_key;
        out.push(draft);
    }
}

/// One run: a token is exchanged, then a service account or a key works for some minutes.
fn pipeline(cast: &Cast, landmarks: &Landmarks, start: i64, key: u64, out: &mut Vec<Draft>) {
    let mut dice = Dice::new(key);
    let rows = rhythm::rows(Stream::Pipeline, &mut dice);
    let types = Catalog::get().stream(Stream::Pipeline);
    let mut at = start;
    let actor = if dice.percent(70.0) {
        let workload = if dice.percent(70.0) { cast.workload(key) } else { cast.federated(key) };
        let mut exchange = Draft::new(at, landmarks.federated, Arc::new(workload), mix(key, 1));
        exchange.session = key;
        out.push(exchange);
        at += dice.between(80_000, 2 * SECOND);
        cast.service_account(dice.below(9), key)
    } else {
        let index = dice.below(SERVICE_KEYS);
        cast.api_key(cast.thing("key", index), cast.agents.machines[index % 3], &cloud(key))
    };
    let actor = Arc::new(actor);
    for index in 1..rows {
        let mut draft =
            Draft::new(at, types.pick(dice.next()), Arc::clone(&actor), mix(key, 100 + index as u64));
        draft.session = key;
        out.push(draft);
        at += if dice.percent(12.0) { 0 } else { dice.between(20_000, 38 * SECOND) };
    }
}

/// The identity provider sends what changed, several changes at once.
fn directory_push(cast: &Cast, at: i64, key: u64, out: &mut Vec<Draft>) {
    let mut dice = Dice::new(key);
    let types = Catalog::get().stream(Stream::Directory);
    let mut at = at;
    for index in 0..rhythm::rows(Stream::Directory, &mut dice) {
        let row_key = mix(key, 100 + index as u64);
        let actor = Arc::new(cast.directory(row_key));
        out.push(Draft::new(at, types.pick(dice.next()), actor, row_key));
        at += if dice.percent(50.0) { 0 } else { dice.between(2_000, 900_000) };
    }
}
