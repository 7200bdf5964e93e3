//! Questions of the command line: their reading, and what answers them: an index that is there and up to date, or a cluster.

use elasticsearch::{Client, SearchBackend};
use index::EmbeddedIndex;
use jiff::Timestamp;
use query::{Backend as _, Context, Expression, SearchRequest, SearchResponse, Sort};
use tokio_util::sync::CancellationToken;

use crate::{
    cli,
    config::{Settings, SinkKind, SinkSettings},
    delivery::destination::{client_options, engine_failure},
    display,
    error::{Exit, Failure, Result},
    fields::fields,
    indexing::Pump,
    ledger_source, supervisor,
};

impl From<query::Error> for Failure {
    fn from(error: query::Error) -> Self {
        let exit = if error.kind.is_question() { Exit::Usage } else { Exit::Failed };
        Failure::new(exit, &error).hint(error.next_step().unwrap_or_default())
    }
}

/// Reads a query; dates without a zone are in UTC, as everywhere on the command line.
pub(crate) fn parse(text: &str) -> Result<Expression> {
    let fields = fields();
    query::parse(text, &Context::new(&fields, Timestamp::now())).map_err(|error| {
        let column = error.column;
        let failure = Failure::from(error);
        match column {
            // Point at the place, as a compiler does.
            Some(column) if !text.contains('\n') && text.chars().count() <= 200 => {
                failure.below(&format!("  {text}\n  {}^", " ".repeat(column - 1)))
            }
            _ => failure,
        }
    })
}

/// The request that arguments make.
pub(crate) fn request(arguments: &cli::Question, sort: &[String], size: usize) -> Result<SearchRequest> {
    if let (Some(from), Some(to)) = (arguments.from, arguments.to)
        && from >= to
    {
        return Err(Failure::new(Exit::Usage, format!("--from {from} is not before --to {to}")));
    }
    let fields = fields();
    let mut request = SearchRequest::new(parse(arguments.query.as_deref().unwrap_or_default())?, size);
    request.from = arguments.from;
    request.to = arguments.to;
    request.sort =
        sort.iter().map(|sort| Sort::parse(sort, &fields)).collect::<std::result::Result<_, _>>()?;
    request.check()?;
    Ok(request)
}

/// What answers the command line.
pub(crate) enum Answering {
    Index(EmbeddedIndex),
    Cluster { backend: SearchBackend, runtime: tokio::runtime::Runtime },
}

impl Answering {
    /// Answers one question, and waits for it.
    pub(crate) fn search(&self, request: &SearchRequest) -> Result<SearchResponse> {
        Ok(match self {
            Self::Index(index) => index.search_now(request)?,
            Self::Cluster { backend, runtime } => runtime.block_on(backend.search(request.clone()))?,
        })
    }
}

/// The cluster of a sink, which need not be there yet.
pub(crate) fn cluster(sink: &SinkSettings) -> Result<SearchBackend> {
    let SinkKind::Elasticsearch(settings) = &sink.kind;
    let client = Client::new(client_options(settings)).map_err(|error| engine_failure(&sink.name, &error))?;
    Ok(SearchBackend::new(client, format!("{}-*", settings.data_stream), fields()))
}

/// Whatever answers here: the cluster that the configuration names, or the index.
pub(crate) fn open(settings: &Settings) -> Result<Answering> {
    match settings.answering_sink() {
        Some(sink) => Ok(Answering::Cluster { backend: cluster(sink)?, runtime: supervisor::runtime()? }),
        None => index(settings).map(Answering::Index),
    }
}

/// The index, caught up with the ledger by ourselves if nobody else does; if somebody does, it is said how far behind it is.
fn index(settings: &Settings) -> Result<EmbeddedIndex> {
    // A ledger that is not there has a message of its own.
    let last = ledger::Reader::open(&settings.ledger_path())?.last_sequence()?;
    let index = ledger_source::index(settings);
    let reached = index.cursor().map(|cursor| cursor.sequence).unwrap_or_default();
    match Pump::open(settings) {
        Ok(mut pump) => {
            catch_up(&mut pump, "bringing the search index up to date")?;
            pump.finish()?;
        }
        Err(_) if reached > 0 && reached < last => {
            let behind = display::count(last - reached);
            eprintln!("note: the search index is {behind} activities behind the ledger and catching up");
        }
        Err(_) if reached > 0 => {}
        Err(failure) => return Err(failure),
    }
    Ok(index)
}

/// Catches up with a bar when it takes a moment.
pub(crate) fn catch_up(pump: &mut Pump, what: &str) -> Result<()> {
    let behind = pump.behind()?;
    let bar = if behind > 2_000 {
        display::progress_bar(&format!("{what} {{wide_bar}} {{percent}}% {{per_sec}} ETA {{eta}}"), behind)
    } else {
        indicatif::ProgressBar::hidden()
    };
    let mut first = None;
    pump.catch_up(&CancellationToken::new(), |sequence| {
        let first = *first.get_or_insert(sequence);
        bar.set_position(sequence - first);
    })?;
    bar.finish_and_clear();
    Ok(())
}
