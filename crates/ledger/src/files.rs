//! The files beside the ledger: the folder, the lock, and the head that vouches for it from outside.
//!
//! Nothing here ever opens the `SQLite` file itself once it exists: closing any descriptor of it would drop the locks
//! that `SQLite` holds in this process.

use crate::digest::Digest;
use crate::encoding::{hexadecimal, parse_hexadecimal};
use crate::error::{Error, ErrorKind, Step};
use sha2::{Digest as _, Sha256};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `path` with a suffix after its last extension.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Size of a file, 0 when it is not there.
pub(crate) fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Creates the folder of `path` and what is missing above it, for this user only.
pub(crate) fn create_folder(path: &Path, step: &str) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(folder) = folder.filter(|folder| !folder.is_dir()) else { return Ok(()) };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).step(step)
}

/// Creates an empty file at `path` for this user only, and makes its name durable. Nothing happens when it exists.
pub(crate) fn create_empty(path: &Path, step: &str) -> Result<(), Error> {
    match private().create_new(true).open(path) {
        Ok(file) => file.sync_all().step(step)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(error).step(step),
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).step(step)?;
    }
    Ok(())
}

/// Removes the ledger at `path` with all that lies beside it, unless somebody is writing to it; it may be of any version, damaged, or
/// absent. The lock's file stays: it must not go while others may wait for it.
pub fn remove(path: &Path) -> Result<(), Error> {
    const STEP: &str = "remove the ledger";
    create_folder(path, STEP)?;
    let _lock = WriterLock::take(path, STEP)?;
    // What vouches for the ledger goes first: without it the rest is a ledger still.
    for suffix in [".head", "-wal", "-shm", ""] {
        match std::fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).step(STEP),
            _ => {}
        }
    }
    Ok(())
}

/// Read and write, and of mode 0600 when created.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The writer's lock: held by the operating system for as long as this value lives, and no longer than the process.
#[derive(Debug)]
pub(crate) struct WriterLock {
    file: File,
}

impl WriterLock {
    /// Takes the lock of the ledger at `path`, or says who holds it.
    pub(crate) fn take(path: &Path, step: &str) -> Result<Self, Error> {
        let mut file = private().create(true).truncate(false).open(beside(path, ".lock")).step(step)?;
        match file.try_lock() {
            Ok(()) => {
                // The text is only for the message of the next one who tries; a full disk must not prevent the lock.
                let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                Ok(Self { file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.take(32).read_to_string(&mut text);
                let pid = text.trim().parse().ok();
                let holder =
                    pid.map_or_else(|| "another process".to_owned(), |pid: u32| format!("process {pid}"));
                Err(Error::new(ErrorKind::Locked { pid }, step, format!("{holder} is writing to it")))
            }
            Err(TryLockError::Error(error)) => Err(error).step(step),
        }
    }
}

impl Drop for WriterLock {
    /// Lets go at once. Closing alone would not: a child process that another thread is just starting holds a copy of the descriptor until
    /// it has become its program, and the lock lives as long as any copy does.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// The head of the chain as the head file tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NotedHead {
    pub(crate) identity: [u8; 16],
    pub(crate) link: u64,
    pub(crate) hash: Digest,
}

const HEAD_TITLE: &str = "claudetrail ledger head 1 ";

/// How often a line that somebody is just writing is read again, and after which pause.
const HEAD_READS: u32 = 100;
const HEAD_PAUSE: Duration = Duration::from_millis(1);

/// What a head file says.
#[derive(PartialEq, Eq, Debug)]
enum HeadLine {
    Whole(NotedHead),
    /// Its check does not match: partly the line before, because the operating system lets a reader see half a write.
    Torn,
    Unreadable,
}

impl NotedHead {
    /// What is noted beside the ledger at `path`; `None` when nothing readable is.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        for _ in 0..HEAD_READS {
            let mut text = String::new();
            File::open(beside(path, ".head")).ok()?.take(256).read_to_string(&mut text).ok()?;
            match HeadLine::parse(&text) {
                HeadLine::Whole(head) => return Some(head),
                HeadLine::Unreadable => return None,
                HeadLine::Torn => std::thread::sleep(HEAD_PAUSE),
            }
        }
        None
    }

    fn text(&self) -> String {
        let line = format!(
            "{HEAD_TITLE}{} {:020} {}",
            hexadecimal(&self.identity),
            self.link,
            hexadecimal(&self.hash)
        );
        format!("{line} {}\n", head_check(&line))
    }
}

/// The last word of a head's line: the first eight digits of the SHA-256 of what stands before it.
fn head_check(line: &str) -> String {
    hexadecimal(&Sha256::digest(line)[..4])
}

impl HeadLine {
    fn parse(text: &str) -> Self {
        Self::fields(text).unwrap_or(Self::Unreadable)
    }

    /// A line without a check is one of the program's first version.
    fn fields(text: &str) -> Option<Self> {
        let words = text.strip_suffix('\n')?;
        let mut fields = words.strip_prefix(HEAD_TITLE)?.split(' ');
        let (identity, link, hash) = (fields.next()?, fields.next()?, fields.next()?);
        if let Some(check) = fields.next() {
            let checked = &words[..words.len() - check.len() - 1];
            if fields.next().is_some() || check.len() != 8 {
                return None;
            }
            if head_check(checked) != check {
                return Some(Self::Torn);
            }
        }
        Some(Self::Whole(NotedHead {
            identity: parse_hexadecimal(identity)?,
            link: link.parse().ok()?,
            hash: parse_hexadecimal(hash)?,
        }))
    }
}

/// The open head file; every text has the same length, so it is overwritten in place.
#[derive(Debug)]
pub(crate) struct HeadFile(File);

impl HeadFile {
    pub(crate) fn open(path: &Path, step: &str) -> Result<Self, Error> {
        private().create(true).truncate(false).open(beside(path, ".head")).step(step).map(Self)
    }

    /// Notes the head. A failure leaves the file behind the ledger, which is allowed, so it is not reported.
    pub(crate) fn note(&mut self, head: &NotedHead) {
        let text = head.text();
        let _ = self.0.seek(SeekFrom::Start(0)).and_then(|_| self.0.write_all(text.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_head_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.sqlite");
        assert_eq!(NotedHead::read(&path), None);
        let mut file = HeadFile::open(&path, "open").expect("opens");
        for link in [u64::MAX, 1] {
            let head = NotedHead { identity: [7; 16], link, hash: [8; 32] };
            file.note(&head);
            assert_eq!(NotedHead::read(&path), Some(head));
        }
    }

    #[test]
    fn what_is_not_a_head_is_ignored() {
        let head = NotedHead { identity: [7; 16], link: 3, hash: [8; 32] };
        let good = head.text();
        let first_version = format!("{}\n", &good[..good.len() - 10]);
        for text in [&good, &first_version] {
            assert_eq!(HeadLine::parse(text), HeadLine::Whole(head), "{text:?}");
        }
        for text in [
            "",
            "\n",
            &good[..good.len() - 1],
            &good[1..],
            &format!("{good}\n"),
            &good.replace('\n', " 0\n"),
            &first_version.replace(" 0", " x"),
        ] {
            assert_eq!(HeadLine::parse(text), HeadLine::Unreadable, "{text:?}");
        }
    }

    #[test]
    fn a_head_that_is_half_written_is_told_from_a_whole_one() {
        let before = NotedHead { identity: [7; 16], link: 199, hash: [0x12; 32] }.text();
        let after = NotedHead { identity: [7; 16], link: 200, hash: [0x34; 32] }.text();
        // A write goes on from the front or from the back, so either part may be the new one.
        for middle in 1..after.len() {
            for (front, back) in [(&after, &before), (&before, &after)] {
                let torn = format!("{}{}", &front[..middle], &back[middle..]);
                if torn != before && torn != after {
                    assert_eq!(HeadLine::parse(&torn), HeadLine::Torn, "{torn:?}");
                }
            }
        }
    }

    #[test]
    fn a_reader_beside_a_busy_writer_never_sees_a_head_that_never_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.sqlite");
        let mut file = HeadFile::open(&path, "open").expect("opens");
        let head = |link: u64| NotedHead { identity: [7; 16], link, hash: [link as u8; 32] };
        file.note(&head(0));
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..50_000).for_each(|link| file.note(&head(link)));
                done.store(true, std::sync::atomic::Ordering::Relaxed);
            });
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let read = NotedHead::read(&path).expect("readable");
                assert_eq!(read, head(read.link));
            }
        });
    }

    #[test]
    fn the_lock_is_held_once_and_names_its_holder() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.sqlite");
        let lock = WriterLock::take(&path, "open the ledger").expect("free");
        let error = WriterLock::take(&path, "open the ledger").expect_err("held");
        assert_eq!(error.kind(), ErrorKind::Locked { pid: Some(std::process::id()) });
        let expected = format!("cannot open the ledger: process {} is writing to it", std::process::id());
        assert_eq!(error.to_string(), expected);
        // As a child process that is being started has one.
        let copy = lock.file.try_clone().expect("copied");
        drop(lock);
        WriterLock::take(&path, "open the ledger").expect("free again");
        drop(copy);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_created_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b/ledger.sqlite");
        create_folder(&path, "create").expect("creates");
        create_empty(&path, "create").expect("creates");
        create_empty(&path, "create").expect("is there");
        let _lock = WriterLock::take(&path, "lock").expect("free");
        let mode = |path: &Path| std::fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("a")), 0o700);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&beside(&path, ".lock")), 0o600);
    }
}
