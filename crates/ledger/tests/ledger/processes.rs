//! Several processes on one ledger. A child is this test program again, running one test that is otherwise ignored.

use crate::support::{Page, Place, all, at, check, row};
use ledger::{ErrorKind, Ledger, Options, Reader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The ledger a child works on.
const PATH_VARIABLE: &str = "LEDGER_TEST_PATH";

/// This program, running only the ignored test `name` on the ledger at `path`.
pub(crate) fn child(name: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]).env(PATH_VARIABLE, path);
    command
}

/// In a child: the ledger to work on.
pub(crate) fn child_path() -> PathBuf {
    PathBuf::from(std::env::var_os(PATH_VARIABLE).expect("set by the parent"))
}

/// The child did what it should; its output.
fn success(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
#[ignore = "a child of a_second_process_is_refused_and_reads"]
fn child_is_refused_and_reads() {
    let path = child_path();
    let error = Ledger::open(&path, Options::default()).expect_err("the parent writes");
    println!("refused: {error}");
    let reader = Reader::open(&path).expect("reads beside the writer");
    println!("read: {}, checked: {}", all(&reader).len(), check(&reader));
}

#[test]
fn a_second_process_is_refused_and_reads() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("a", 1), row("b", 2)]).append(&mut ledger).expect("appends");
    let output =
        success(&child("processes::child_is_refused_and_reads", &place.path).output().expect("runs"));
    let told = format!(
        "refused: cannot open the ledger {} for writing: process {} is writing to it",
        place.path.display(),
        std::process::id()
    );
    assert!(output.contains(&told), "{output}");
    assert!(output.contains("read: 2, checked: 2"), "{output}");
}

#[test]
#[ignore = "a child of a_file_that_may_not_grow_is_an_error_and_nothing_is_lost"]
fn child_fills_the_disk() {
    let mut ledger = Ledger::open(&child_path(), Options::default()).expect("opens");
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let error = (0..10_000).find_map(|page| {
        let mut rows = crate::support::rows::Rows::new(page, crate::support::rows::IdOrder::Random);
        let result = Page::of(feed, rows.take_rows(50)).append(&mut ledger);
        println!("page {page} {}", if result.is_ok() { "stored" } else { "failed" });
        result.err()
    });
    let error = error.expect("the limit is met");
    assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::DiskFull), "{error}");
    // The writer goes on: it reads, and fails again as long as there is no room.
    let stored = check(&ledger.reader().expect("a reader"));
    println!("total {stored}");
    let mut rows = crate::support::rows::Rows::new(99_999, crate::support::rows::IdOrder::Random);
    assert!(Page::of(feed, rows.take_rows(400)).append(&mut ledger).is_err());
    assert_eq!(check(&ledger.reader().expect("a reader")), stored);
}

/// The operating system's own limit on the size of a file: writes to the log fail in the middle of an append.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_is_an_error_and_nothing_is_lost() {
    for kilobytes in [400, 500, 700] {
        let place = Place::new();
        drop(place.open());
        let inner = child("processes::child_fills_the_disk", &place.path);
        let output = Command::new("sh")
            .args(["-c", &format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kilobytes * 2)])
            .arg(inner.get_program())
            .args(inner.get_args())
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .output()
            .expect("runs");
        let output = success(&output);
        let stored = output.lines().filter(|line| line.ends_with("stored")).count();
        assert!(output.contains(&format!("total {}", stored * 50)), "{output}");
        assert_eq!(check(&place.reader()), stored as u64 * 50);
        let mut ledger = place.open();
        let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
        Page::of(feed, vec![row("a", 1)]).append(&mut ledger).expect("there is room again");
        assert_eq!(check(&place.reader()), stored as u64 * 50 + 1);
    }
}

#[test]
#[ignore = "a child of a_folder_that_cannot_be_written_can_be_read"]
fn child_reads_what_it_cannot_write() {
    let path = child_path();
    match Reader::open(&path) {
        Ok(reader) => println!("read: {}, checked: {}", all(&reader).len(), check(&reader)),
        Err(error) => println!("refused: {:?} {error}", error.kind()),
    }
    let error = Ledger::open(&path, Options::default()).expect_err("cannot be written");
    println!("writer: {:?} {error}", error.kind());
}

/// An auditor's copy: files and folder can be read, and not written. A user who may do everything becomes nobody.
#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_can_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65_534;
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("a", 1), row("b", 2)]).append(&mut ledger).expect("appends");
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("sets the mode");
    };
    let close_folder = || {
        for file in std::fs::read_dir(place.folder()).expect("lists") {
            mode(&file.expect("an entry").path(), 0o444);
        }
        mode(place.folder(), 0o555);
    };
    let run = || {
        let probe = place.folder().join("probe");
        let mut command = child("processes::child_reads_what_it_cannot_write", &place.path);
        if std::fs::write(&probe, b"").is_ok() {
            std::fs::remove_file(&probe).expect("removes");
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output()
    };

    // Beside a writer, by its log.
    close_folder();
    let Ok(output) = run() else { return mode(place.folder(), 0o755) };
    let output = success(&output);
    assert!(output.contains("read: 2, checked: 2") && output.contains("writer: Permission"), "{output}");
    // After it: there is no log any more.
    mode(place.folder(), 0o755);
    mode(&place.path, 0o644);
    drop(ledger);
    close_folder();
    let output = success(&run().expect("runs again"));
    assert!(output.contains("read: 2, checked: 2") && output.contains("writer: Permission"), "{output}");
    // No right to read the file: said so.
    mode(place.folder(), 0o755);
    mode(&place.path, 0o000);
    let output = success(&run().expect("runs again"));
    assert!(output.contains("refused: Permission") && output.contains("writer: Permission"), "{output}");
}
