//! `normalize`: a filter from activities to documents. One line in, one line out, in order, whatever the line holds, save for what
//! a `[[processor]]` drops.

use std::{
    io::{self, BufRead, BufReader, BufWriter, Write},
    sync::Arc,
    time::Instant,
};

use normalize::{Context, Normalizer, NormalizerOptions, known_names::NameHistory};

use crate::{
    cli::{Normalize, NormalizeSchema},
    config::Settings,
    display,
    enrichment::FollowedEnrichment,
    error::{Exit, Failure, Result},
    output, processors,
};

/// What went through.
#[derive(Default)]
struct Statistics {
    lines: u64,
    bytes: u64,
    failed: u64,
    uncatalogued: u64,
    unknown_fields: u64,
    dropped: u64,
}

pub(crate) fn run(settings: &Settings, arguments: &Normalize) -> Result<()> {
    let options = NormalizerOptions {
        preserve_original: arguments.preserve_original_event,
        ..NormalizerOptions::default()
    };
    let enrichment = FollowedEnrichment::open(settings)?;
    let normalizer = Normalizer::new(options)
        .with_enrichment(enrichment.enrichment().clone())
        .with_names(Arc::new(NameHistory::default()));
    let processors = processors::all("[[processor]]", &settings.processors)?;
    let started = Instant::now();
    let mut statistics = Statistics::default();
    let mut input = BufReader::with_capacity(1 << 20, io::stdin().lock());
    let mut output = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let (mut line, mut document) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        let read = input
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot read standard input: {error}")))?;
        if read == 0 {
            break;
        }
        document.clear();
        let activity = line.strip_suffix(b"\n").unwrap_or(&line);
        let outcome = match arguments.schema {
            NormalizeSchema::Ecs => normalizer.ecs(activity, &Context::default(), &mut document),
            NormalizeSchema::Ocsf => normalizer.ocsf(activity, &Context::default(), &mut document),
        };
        statistics.add(&outcome, read);
        let ecs = |out: &mut Vec<u8>| drop(normalizer.ecs(activity, &Context::default(), out));
        if !processors::apply(&[&processors], activity, &mut document, 0, ecs) {
            statistics.dropped += 1;
            continue;
        }
        document.push(b'\n');
        if let Err(error) = output.write_all(&document) {
            return output::finish(Err(error));
        }
    }
    output::finish(output.flush())?;
    if arguments.stats {
        statistics.print(started);
    }
    Ok(())
}

impl Statistics {
    fn add(&mut self, outcome: &normalize::Outcome, bytes: usize) {
        self.lines += 1;
        self.bytes += bytes as u64;
        self.failed += u64::from(outcome.failed);
        self.uncatalogued += u64::from(!outcome.catalogued);
        self.unknown_fields += u64::from(outcome.unknown_fields);
    }

    fn print(&self, started: Instant) {
        let seconds = started.elapsed().as_secs_f64().max(f64::EPSILON);
        eprintln!(
            "{} activities, {} in {seconds:.2} s: {} a second, {} a second",
            display::count(self.lines),
            display::bytes(self.bytes),
            display::count((self.lines as f64 / seconds) as u64),
            display::bytes((self.bytes as f64 / seconds) as u64),
        );
        eprintln!(
            "{} could not be mapped, {} of types that the catalogue does not know, {} unknown fields",
            display::count(self.failed),
            display::count(self.uncatalogued),
            display::count(self.unknown_fields),
        );
        if self.dropped > 0 {
            eprintln!("{} were left out by [[processor]]", display::count(self.dropped));
        }
    }
}
