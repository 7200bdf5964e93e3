//! What documents say of addresses and user agents: the user's networks and databases, read from disk for `normalize`, which
//! does no I/O itself, and what the program was built with.
//!
//! A database that changes on disk is read again at the next document, some seconds later at most. One that cannot be read
//! then leaves the old one in use, with a warning: documents go on.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use normalize::enrichment::{Database, Enrichment, sources};

use crate::{
    config::Settings,
    error::{Exit, Failure, Result},
};

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// An [`Enrichment`] that follows its files.
pub(crate) struct FollowedEnrichment {
    enrichment: Enrichment,
    files: Vec<PathBuf>,
    /// What the files looked like when they were last read.
    stamps: Mutex<Vec<Stamp>>,
    started: Instant,
    /// Milliseconds after `started` at which the files are looked at again.
    due: AtomicU64,
}

/// Changes whenever a file does.
type Stamp = Option<(SystemTime, u64)>;

impl FollowedEnrichment {
    /// Reads every database of the configuration.
    pub(crate) fn open(settings: &Settings) -> Result<Self> {
        let files = settings.address_databases.clone();
        let stamps = files.iter().map(|file| stamp(file)).collect();
        let databases = read(&files)?;
        let enrichment =
            Enrichment::bundled().with_networks(settings.networks.clone()).with_databases(databases);
        Ok(Self {
            enrichment,
            files,
            stamps: Mutex::new(stamps),
            started: Instant::now(),
            due: AtomicU64::new(LOOK_INTERVAL.as_millis() as u64),
        })
    }

    /// To be shared by everything that writes documents.
    pub(crate) fn enrichment(&self) -> &Enrichment {
        &self.enrichment
    }

    /// Looks after the files if that is due. Costs a glance at the clock.
    pub(crate) fn follow(&self) {
        if self.files.is_empty() {
            return;
        }
        let now = self.started.elapsed().as_millis() as u64;
        let due = self.due.load(Ordering::Relaxed);
        let next = now + LOOK_INTERVAL.as_millis() as u64;
        // Of several threads that find it due, one looks.
        if now >= due && self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.look();
        }
    }

    /// Reads the files again if any changed.
    fn look(&self) {
        // Looked at before they are read: what changes meanwhile is seen the next time.
        let now: Vec<Stamp> = self.files.iter().map(|file| stamp(file)).collect();
        let mut stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        if *stamps == now {
            return;
        }
        *stamps = now;
        drop(stamps);
        match read(&self.files) {
            Ok(databases) => {
                self.enrichment.replace_databases(databases);
                tracing::info!(files = ?self.files, "read the address databases again");
            }
            Err(failure) => tracing::warn!(
                hint = failure.next_step().unwrap_or_default(),
                "{}; the one read before stays in use",
                failure.what()
            ),
        }
    }

    /// One line for `check`: what is known, and what the program was built without.
    pub(crate) fn summary(&self, settings: &Settings) -> String {
        let (with, without): (Vec<_>, Vec<_>) =
            sources().into_iter().partition(|source| source.version.is_some());
        let names = |sources: &[normalize::enrichment::Source]| {
            sources.iter().map(|source| source.provides).collect::<Vec<_>>().join(", ")
        };
        let mut parts = vec![if with.is_empty() {
            "nothing is built in (`make` fetches it)".to_owned()
        } else {
            format!("built in: {}", names(&with))
        }];
        if !with.is_empty() && !without.is_empty() {
            parts.push(format!("built without: {}", names(&without)));
        }
        let networks = settings.networks.len();
        if networks > 0 {
            parts.push(format!("{networks} networks of your own"));
        }
        for database in self.enrichment.databases().iter() {
            let built = database
                .built()
                .map_or_else(String::new, |time| format!(" of {}", time.strftime("%Y-%m-%d")));
            parts.push(format!("{} ({}{built})", database.name(), database.kind()));
        }
        parts.join("; ")
    }
}

fn stamp(file: &Path) -> Stamp {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn read(files: &[PathBuf]) -> Result<Vec<Database>> {
    files
        .iter()
        .map(|file| {
            let name = file.display().to_string();
            let bytes = std::fs::read(file).map_err(|error| {
                Failure::new(Exit::Usage, format!("cannot read the address database {name}: {error}")).hint(
                    "check enrichment.databases in the configuration, and that this user may read the file",
                )
            })?;
            Database::read(name, bytes)
                .map_err(|error| Failure::new(Exit::Usage, error.to_string()).hint(error.hint()))
        })
        .collect()
}

/// What `--version --verbose` says.
pub(crate) fn attribution() -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for source in sources() {
        let version = source.version.map_or_else(
            || "not built in; `make enrichment` fetches it".to_owned(),
            |version| format!("{} {version}, {}\n    {}", source.package, source.licence, source.attribution),
        );
        let _ = writeln!(text, "  {}: {version}", source.provides);
    }
    text
}

#[cfg(test)]
#[path = "../../normalize/tests/enrichment/mmdb.rs"]
#[allow(dead_code, reason = "the tests of normalize use the rest")]
mod mmdb;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_attributed_or_said_to_be_missing() {
        let text = attribution();
        for source in sources() {
            assert!(text.contains(source.provides), "{text}");
            let expected = source.version.map_or("not built in", |_| source.attribution);
            assert!(text.contains(expected), "{text}");
        }
    }

    fn country(file: &Path, code: &'static str) {
        let record = mmdb::map([("country", mmdb::map([("iso_code", mmdb::Value::Text(code))]))]);
        std::fs::write(file, mmdb::database("Country", 6, 28, &[("8.8.8.0/24", record)])).unwrap();
    }

    #[test]
    fn a_database_that_changes_is_read_again_and_a_damaged_one_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("country.mmdb");
        country(&file, "PT");
        let text = format!("[enrichment]\ndatabases = [{:?}]", file.display().to_string());
        let settings = crate::config::parse(&text, "test.toml", Some("/data".into())).unwrap();
        let followed = FollowedEnrichment::open(&settings).unwrap_or_else(|failure| panic!("{failure}"));
        let said = || {
            let place = followed.enrichment().place("8.8.8.8".parse().unwrap());
            place.and_then(|place| place.country_iso_code.clone()).unwrap_or_default()
        };
        assert_eq!(&*said(), "PT");
        assert!(
            followed.summary(&settings).contains("country.mmdb (Country"),
            "{}",
            followed.summary(&settings)
        );

        country(&file, "FI");
        // A file system may keep times by the second: the change is made plain.
        let later = SystemTime::now() + Duration::from_secs(10);
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
        followed.look();
        assert_eq!(&*said(), "FI");

        std::fs::write(&file, "no database").unwrap();
        followed.look();
        assert_eq!(&*said(), "FI", "the one read before stays in use");
    }

    #[test]
    fn a_database_that_cannot_be_read_is_an_error_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("city.mmdb");
        let text = format!("[enrichment]\ndatabases = [{:?}]", file.display().to_string());
        let settings = crate::config::parse(&text, "test.toml", Some("/data".into())).unwrap();
        for (content, detail) in [(None, "city.mmdb: No such file"), (Some("no database"), "city.mmdb")] {
            if let Some(content) = content {
                std::fs::write(&file, content).unwrap();
            }
            let Err(failure) = FollowedEnrichment::open(&settings) else {
                panic!("{content:?} is no database")
            };
            let said = failure.to_string();
            assert!(said.contains(detail) && said.contains("hint: "), "{said}");
        }
    }
}
