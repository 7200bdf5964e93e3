//! `demo`: a simulated organization, a trail that fills before your eyes, and six incidents to find.
//!
//! Everything is the real program: the simulator is an HTTP server on loopback, the collector polls it as it would poll
//! the vendor. The ledger is made anew at each start, in a folder that only demos use.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use collector::{Event, Observer};
use jiff::Timestamp;
use ledger::{EntryFilter, Reader};
use simulator::Story;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{simulate, tail::sentence_line};
use crate::{
    cli::{self, Demo},
    config::{self, Settings},
    display::{self, Palette},
    error::{Exit, Failure, Result},
    output,
    serving::{self, Serving},
    supervisor,
};

/// Marks a folder as a demo's, so that no other ledger is ever deleted.
const MARKER: &str = "this-is-a-claudetrail-demo";
/// The demo's key; the simulator accepts no other.
const KEY: &str = "sk-ant-api01-demo";
/// What a demo leaves behind beside its ledger, and the next one takes away.
const EPHEMERAL: [&str; 3] = ["console.sqlite", "console.sqlite-wal", "console.sqlite-shm"];
/// How often the demo polls: fast, so that live activity is seen at once.
const POLL_INTERVAL: &str = "3s";
/// A sentence of the filling trail is shown this often.
const SENTENCE_INTERVAL: Duration = Duration::from_millis(700);

pub(crate) fn run(common: &cli::Common, arguments: &Demo) -> Result<()> {
    let folder = common.data_dir.clone().unwrap_or_else(|| std::env::temp_dir().join("claudetrail-demo"));
    prepare(&folder)?;
    supervisor::runtime()?.block_on(show(common, arguments, folder))
}

/// Empties the demo's folder of an earlier demo; refuses a folder that holds anything else's ledger.
fn prepare(folder: &Path) -> Result<()> {
    let failed = |error: io::Error| {
        Failure::new(Exit::Ledger, format!("cannot prepare the demo's folder {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let ledger_path = folder.join("ledger.sqlite");
    let marker = folder.join(MARKER);
    if ledger_path.exists() && !marker.exists() {
        return Err(Failure::new(
            Exit::Ledger,
            format!("{} holds a ledger that is not a demo's", folder.display()),
        )
        .hint("choose another folder with --data-dir"));
    }
    if marker.exists() {
        // Not from under the feet of a demo that is still running.
        ledger::remove(&ledger_path)?;
        for name in EPHEMERAL {
            match std::fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
    }
    std::fs::write(
        marker,
        "made by `claudetrail demo`, which deletes the ledger beside this file when it starts\n",
    )
    .map_err(failed)
}

async fn show(common: &cli::Common, arguments: &Demo, folder: PathBuf) -> Result<()> {
    let now = Timestamp::now();
    let stop = CancellationToken::new();
    let served = simulate::start(simulate::Plan::demo(arguments, KEY, now)?, stop.clone()).await?;
    let settings = settings(&served, arguments, &folder)?;
    crate::logging::start(
        common.log_level.as_deref().unwrap_or("warn"),
        common.log_format.unwrap_or(settings.log.format),
    );
    let screen = Screen { palette: output::stdout_palette(), data_dir: folder };
    screen.welcome(arguments, &served.base_url);

    let (sender, mut events) = mpsc::unbounded_channel();
    let collecting =
        tokio::spawn(supervisor::collect(settings.clone(), Arc::new(Forward(sender)), stop.clone(), false));
    supervisor::stop_on_signal(stop.clone());
    let serving = if arguments.once { None } else { serve(&settings, &served.stories, &stop).await? };
    if let Some(serving) = &serving {
        screen.console(serving);
    }

    let started = std::time::Instant::now();
    let filled = screen.fill(&settings, arguments.history, &mut events, &stop).await?;
    if filled {
        screen.summary(&settings, started.elapsed())?;
        screen.stories(&served.stories, serving.as_ref().and_then(Serving::pages));
        if !arguments.once {
            screen.live(&settings, &mut events, &stop).await?;
        }
    }
    stop.cancel();
    if let Some(serving) = serving {
        serving.ended().await;
    }
    collecting.await.map_err(|error| {
        Failure::new(Exit::Failed, format!("the collector stopped unexpectedly: {error}"))
    })??;
    screen.farewell()
}

/// The configuration a user would write for the simulator.
fn settings(served: &simulate::Served, arguments: &Demo, folder: &Path) -> Result<Settings> {
    let history = config::units::display_duration(arguments.history);
    let mut text = format!(
        "[[feed]]\nname = \"northwind\"\nbase_url = \"{}\"\npoll_interval = \"{POLL_INTERVAL}\"\n\
         initial_lookback = \"{history}\"\nsettle = \"2s\"\noverlap_floor = \"60s\"\napi_key = {{ value = \"{KEY}\" }}\n\
         [feed.transparency_log]\ntrusted_keys = [{:?}]\n",
        served.base_url,
        simulator::transparency_log_key_fingerprint()
    );
    // Documentation ranges are nowhere; the demo's organization lives in them.
    for network in &served.networks {
        let _ = write!(
            text,
            "\n[[network]]\ncidr = {:?}\nname = {:?}\ncountry = {:?}\ncity = {:?}\nlocation = [{:?}, {:?}]\ntrusted = {}\n",
            network.cidr,
            network.name,
            network.country,
            network.city,
            network.latitude,
            network.longitude,
            network.trusted
        );
    }
    std::fs::write(folder.join("claudetrail.toml"), &text)
        .map_err(|error| crate::output::write_failure("the demo's configuration", &error))?;
    config::parse(&text, "the demo's configuration", Some(folder.to_owned()))
}

/// Serves the console on its usual port, or on a free one when that is taken.
async fn serve(settings: &Settings, stories: &[Story], stop: &CancellationToken) -> Result<Option<Serving>> {
    let stories: Vec<console_server::Story> = stories.iter().map(story_screen).collect();
    let mut settings = settings.clone();
    match serving::start(&settings, stories.clone(), stop.clone()).await {
        Err(console_server::StartError::Listen { .. }) => settings.console.listen.set_port(0),
        other => return other.map(Some).map_err(|error| serving::failure(&error)),
    }
    serving::start(&settings, stories, stop.clone()).await.map(Some).map_err(|error| serving::failure(&error))
}

/// Where the console shows a story.
fn story_screen(story: &Story) -> console_server::Story {
    let query = format!("event.action:({})", story.activity_types.join(" or "));
    let second = |timestamp: Timestamp| timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let link = format!(
        "/events?q={}&from={}&to={}",
        query.replace(' ', "+"),
        second(story.from),
        second(story.to + jiff::Span::new().seconds(1))
    );
    console_server::Story {
        number: story.number,
        title: story.title.to_owned(),
        text: story.sentence.clone(),
        from: story.from,
        to: story.to,
        query,
        link,
    }
}

/// Passes the collector's events to the screen.
struct Forward(mpsc::UnboundedSender<Event>);

impl Observer for Forward {
    fn observe(&self, event: &Event) {
        // A closed channel means that the screen is gone; the collector goes on to its own end.
        let _ = self.0.send(event.clone());
    }
}

struct Screen {
    palette: Palette,
    data_dir: PathBuf,
}

impl Screen {
    fn welcome(&self, arguments: &Demo, base_url: &str) {
        let history = config::units::display_duration(arguments.history);
        say(&format!(
            "\n{}  CloudTrail for Claude: a demo that needs no key\n\n\
             Northwind Robotics is an invented company: 180 people in three organizations use Claude.\n\
             A simulator of Anthropic's Compliance API serves their activity at {base_url};\n\
             the collector now fetches {history} of history into {}.\n",
            self.palette.bold("◉ ClaudeTrail"),
            self.data_dir.join("ledger.sqlite").display(),
        ));
    }

    /// Shows the trail filling, until it reaches the present. `false` when the user stopped it.
    async fn fill(
        &self,
        settings: &Settings,
        history: Duration,
        events: &mut mpsc::UnboundedReceiver<Event>,
        stop: &CancellationToken,
    ) -> Result<bool> {
        let bar = display::progress_bar("  {wide_bar} {percent}% {msg} {elapsed}", history.as_secs());
        let mut last_sentence = std::time::Instant::now();
        let mut stored = 0_u64;
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = stop.cancelled() => return Ok(false),
            };
            match event {
                None => return Ok(false),
                Some(Event::PageStored { inserted, left, .. }) => {
                    stored += u64::from(inserted);
                    bar.set_position(history.saturating_sub(left).as_secs());
                    bar.set_message(format!("{} activities", display::count(stored)));
                }
                Some(Event::CaughtUp { .. }) => {
                    bar.finish_and_clear();
                    return Ok(true);
                }
                Some(Event::Failed { message, hint, .. }) => {
                    bar.suspend(|| say(&format!("  {message}\n  hint: {hint}")));
                }
                Some(_) => {}
            }
            if last_sentence.elapsed() > SENTENCE_INTERVAL {
                last_sentence = std::time::Instant::now();
                if let Some(line) = self.newest_sentence(settings)? {
                    bar.suspend(|| say(&format!("  {line}")));
                }
            }
        }
    }

    fn newest_sentence(&self, settings: &Settings) -> Result<Option<String>> {
        let reader = Reader::open(&settings.ledger_path())?;
        let last = reader.last_sequence()?;
        let entries = reader.entries(last.saturating_sub(1), 1, &EntryFilter::default())?;
        Ok(entries.first().map(|entry| sentence_line(entry.created_at, &entry.raw, self.palette)))
    }

    fn summary(&self, settings: &Settings, took: Duration) -> Result<()> {
        let reader = Reader::open(&settings.ledger_path())?;
        let activities = reader.last_sequence()?;
        say(&format!(
            "\n{} {} activities in {}, {} on disk, each one hashed and chained.",
            self.palette.good("✓"),
            display::count(activities),
            display::span(took),
            display::bytes(reader.bytes()),
        ));
        for feed in reader.feeds()? {
            say(&format!("{} {}", self.palette.good("✓"), super::status::feed_headline(&feed, self.palette)));
        }
        Ok(())
    }

    fn console(&self, serving: &Serving) {
        let Some(link) = &serving.link else { return };
        let note = format!("{}; `claudetrail console link --data-dir …` makes another", serving::LINK_NOTE);
        say(&format!(
            "{}: {}\n  {}\n",
            self.palette.bold(Serving::what()),
            self.palette.notable(link),
            self.palette.dim(&note)
        ));
    }

    fn stories(&self, stories: &[Story], console: Option<&str>) {
        say(match console {
            Some(_) => {
                "\nSix things happened that someone should have noticed. Each link shows one in the console, each command \
                 tells it in another terminal:\n"
            }
            None => {
                "\nSix things happened that someone should have noticed. Each command tells one, from another terminal:\n"
            }
        });
        for story in stories {
            say(&format!(
                "  {}  {}  {}",
                self.palette.bold(&story.number.to_string()),
                self.palette.bold(story.title),
                self.palette.dim(&format!("{} → {}", display::minute(story.from), display::minute(story.to)))
            ));
            say(&format!("     {}", story.sentence));
            if let Some(console) = console {
                say(&format!(
                    "     {}",
                    self.palette.notable(&format!("{console}{}", story_screen(story).link))
                ));
            }
            say(&format!("     {}\n", self.palette.notable(&self.story_command(story))));
        }
        let data_dir = self.data_dir.display();
        say("And of the whole trail:\n");
        for (command, meaning) in [
            ("status", "is this everything?"),
            ("verify", "prove it: recompute the hash chain"),
            ("tail -f", "what is happening now"),
        ] {
            let command = format!("claudetrail {command} --data-dir {data_dir}");
            say(&format!("     {}  {}", self.palette.notable(&command), self.palette.dim(meaning)));
        }
    }

    fn story_command(&self, story: &Story) -> String {
        let seconds = |timestamp: Timestamp| timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let types = if story.activity_types.is_empty() {
            String::new()
        } else {
            format!(" --type {}", story.activity_types.join(","))
        };
        format!(
            "claudetrail tail --data-dir {} -n 100 --from {} --to {}{types}",
            self.data_dir.display(),
            seconds(story.from),
            seconds(story.to)
        )
    }

    /// Sentences of live activity as they arrive, until the user stops it.
    async fn live(
        &self,
        settings: &Settings,
        events: &mut mpsc::UnboundedReceiver<Event>,
        stop: &CancellationToken,
    ) -> Result<()> {
        say(&format!(
            "\n{} the organization goes on working; Ctrl-C stops. {}\n",
            self.palette.good("● live"),
            self.palette.dim(&format!(
                "Our own requests, one every {POLL_INTERVAL}, are in the trail too, not here."
            ))
        ));
        let reader = Reader::open(&settings.ledger_path())?;
        let mut seen = reader.last_sequence()?;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    None => return Ok(()),
                    Some(Event::Failed { message, hint, .. }) => say(&format!("  {message}\n  hint: {hint}")),
                    Some(_) => {}
                },
                () = stop.cancelled() => return Ok(()),
            }
            for entry in reader.entries(seen, 1_000, &EntryFilter::default())? {
                seen = entry.sequence;
                if entry.own_read {
                    continue;
                }
                say(&format!("  {}", sentence_line(entry.created_at, &entry.raw, self.palette)));
            }
        }
    }

    fn farewell(&self) -> Result<()> {
        output::print(&format!(
            "\nStopped. The demo's trail stays in {} until the next demo.\n\
             Your own: ANTHROPIC_COMPLIANCE_KEY=… claudetrail run\n",
            self.data_dir.display()
        ))
    }
}

/// Prints a line for the person who watches; a closed terminal ends the demo by its signal, not here.
fn say(text: &str) {
    let _ = output::print(&format!("{text}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_begins_anew_where_one_was_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.sqlite");
        for _ in 0..3 {
            prepare(folder.path()).expect("an empty folder, or a demo's");
            assert!(!path.exists());
            let mut ledger = ledger::Ledger::open(&path, ledger::Options::default()).expect("a new ledger");
            ledger.register_feed("northwind", "scope", Timestamp::UNIX_EPOCH).expect("registered");
            assert!(prepare(folder.path()).is_err(), "a demo is running");
        }
        std::fs::remove_file(folder.path().join(MARKER)).expect("the marker goes");
        assert!(prepare(folder.path()).is_err(), "a ledger that is no demo's is kept");
        assert!(path.exists());
    }
}
