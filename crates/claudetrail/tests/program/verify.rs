//! `verify` through the real program, on real ledgers that somebody has edited.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ledger::{
    EntryFilter, Interval, LagPolicy, Ledger, NewActivity, Options, PageCommit, Provenance, Reader,
};
use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Place, Simulator};

/// A way of tampering, the kind of difference, and words of the sentence.
type Case = (&'static str, Box<dyn FnOnce(&Path)>, &'static str, &'static str);

/// A ledger of some days, made once and copied for each case.
fn sample() -> &'static Place {
    static SAMPLE: OnceLock<Place> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let simulator = same_simulator();
        let place =
            Place::new(&simulator.base_url, "initial_lookback = \"3d\"\npage_size = 500\nbudget_share = 1.0");
        place.succeed(&["run", "--once"]);
        place
    })
}

/// The sample's ledger in a folder of its own, edited.
fn edited(edit: impl FnOnce(&Path)) -> Place {
    let place = Place::new("http://127.0.0.1:9", "");
    std::fs::create_dir(place.data_dir()).expect("it is there");
    for file in std::fs::read_dir(sample().data_dir()).expect("it is there") {
        let file = file.expect("it is there");
        // Everything else is made of the ledger, and may be made anew meanwhile.
        if !file.file_name().to_string_lossy().starts_with("ledger.") {
            continue;
        }
        std::fs::copy(file.path(), place.data_dir().join(file.file_name())).expect("it is there");
    }
    edit(&ledger_of(&place));
    place
}

fn ledger_of(place: &Place) -> PathBuf {
    place.data_dir().join("ledger.sqlite")
}

fn execute(sql: &'static str) -> impl FnOnce(&Path) {
    move |path| {
        let changed = Connection::open(path).expect("it is there").execute(sql, []).expect("it is there");
        assert!(changed > 0, "{sql} changed nothing");
    }
}

fn rows(edit: impl FnOnce(&mut Vec<crate::support::tamper::Row>)) -> impl FnOnce(&Path) {
    move |path| crate::support::tamper::edit_rows(&Connection::open(path).expect("it is there"), edit)
}

/// Exit code, what `--json` says, and the error line of the text form.
fn verify(place: &Place, arguments: &[&str]) -> (i32, Value, String) {
    let json = place.output(&[&["verify", "--json"], arguments].concat());
    let text = place.output(&[&["verify"], arguments].concat());
    assert_eq!(json.status.code(), text.status.code(), "both forms say the same");
    let error = String::from_utf8_lossy(&text.stderr).into_owned();
    let value = serde_json::from_slice(&json.stdout).unwrap_or_default();
    (text.status.code().expect("it is there"), value, error)
}

#[test]
fn what_was_not_touched_holds() {
    let (code, report, error) = verify(sample(), &[]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(
        (&report["ok"], &report["chain"]["ok"], &report["gaps"]),
        (&true.into(), &true.into(), &0.into())
    );
    assert!(report["chain"]["activities"].as_u64().expect("it is there") > 2000, "{report:#}");
    assert!(report["chain"]["pages"].as_u64().expect("it is there") > 4, "{report:#}");
    // Rewritten in another form that says the same: still the same activities.
    assert_eq!(verify(&edited(rows(|_| ())), &[]).0, 0);
}

#[test]
fn every_kind_of_tampering_is_detected_and_named() {
    let cases: Vec<Case> = vec![
        (
            "a changed byte of an activity",
            Box::new(rows(|rows| {
                let last = rows[1].activity.len() - 3;
                rows[1].activity[last] ^= 1;
            })),
            "activity_changed",
            "is not the one that was appended",
        ),
        (
            "a changed byte on the disk",
            Box::new(execute(
                "UPDATE block_data SET data = CAST(substr(data, 1, 200) || x'5555' || substr(data, 203) AS BLOB)
                 WHERE first_sequence = (SELECT max(first_sequence) FROM block WHERE payload_bytes > 4000)",
            )),
            "unreadable",
            "",
        ),
        ("a removed row", Box::new(rows(|rows| drop(rows.remove(1)))), "activity_missing", "is gone"),
        (
            "a reordered row",
            Box::new(rows(|rows| rows.swap(0, 2))),
            "activity_reordered",
            "stands where another one stood",
        ),
        (
            "a removed page",
            Box::new(execute("DELETE FROM page WHERE page = 2")),
            "page_missing",
            "page 2 is gone",
        ),
        (
            "a removed link",
            Box::new(execute("DELETE FROM link WHERE link = (SELECT link FROM page WHERE page = 2)")),
            "link_missing",
            "is gone",
        ),
        (
            "a forged coverage interval",
            Box::new(execute("UPDATE coverage SET lt = lt + 3600000000")),
            "coverage_changed",
            "that no drain proves",
        ),
        (
            "a forged drain",
            Box::new(execute("UPDATE drain SET gte = gte - 3600000000")),
            "drain_changed",
            "is not what its last page",
        ),
    ];
    for (name, edit, kind, sentence) in cases {
        let (code, report, error) = verify(&edited(edit), &[]);
        assert_eq!(code, 6, "{name}: {error}");
        assert_eq!(report["chain"]["difference_at"]["kind"], kind, "{name}: {report:#}");
        assert_eq!(report["ok"], false, "{name}");
        assert!(error.starts_with("error: the ledger is not what was written: "), "{name}: {error}");
        assert!(error.contains(sentence) && error.contains("\nhint: "), "{name}: {error}");
    }
}

#[test]
fn a_truncated_file_is_detected_wherever_it_was_cut() {
    let size = std::fs::metadata(ledger_of(sample())).expect("it is there").len();
    for share in [0.999, 0.9, 0.5, 0.1, 0.01] {
        let place = edited(|path| {
            let file = std::fs::OpenOptions::new().write(true).open(path).expect("it is there");
            file.set_len((size as f64 * share) as u64).expect("it is there");
        });
        let (code, _, error) = verify(&place, &[]);
        assert_eq!(code, 6, "{share}: {error}");
        assert!(
            error.contains("the ledger is not what was written: ") && error.contains("\nhint: "),
            "{error}"
        );
    }
}

#[test]
fn coverage_must_be_gapless_over_the_range_asked_for() {
    let status = sample().status();
    let covered = &status["feeds"][0]["coverage"][0];
    let (gte, lt) =
        (covered["gte"].as_str().expect("it is there"), covered["lt"].as_str().expect("it is there"));
    let inside = ["--from", "2d", "--to", lt, "--feed", "acme"];
    assert_eq!(verify(sample(), &inside).0, 0);
    for (arguments, code, sentence) in [
        (&["--from", "9d"][..], 6, "before the time since when the feed is meant to be complete"),
        (&["--to", "now+1h"], 6, "not fetched yet"),
        (&["--from", lt, "--to", gte], 2, "is not before --to"),
        (&["--feed", "nobody"], 2, "no feed is called \"nobody\""),
    ] {
        let (found, _, error) = verify(sample(), arguments);
        assert_eq!(found, code, "{arguments:?}: {error}");
        assert_eq!(
            error.contains("`claudetrail backfill --feed acme --from "),
            arguments == ["--from", "9d"],
            "{error}"
        );
        assert!(error.contains(sentence) && error.contains("\nhint: "), "{arguments:?}: {error}");
    }
}

/// What the API would tell of the sample: the same organization again, without the reads of its collector.
fn same_simulator() -> Simulator {
    Simulator::start(&["--activities", "3000", "--history", "3d", "--requests-per-minute", "6000"])
}

/// A whole ledger, by somebody who can write one: the rows of `entries` under the scope and over the interval given.
fn written(place: &Place, scope: &str, interval: Interval, entries: &[ledger::Entry]) {
    std::fs::create_dir(place.data_dir()).expect("it is there");
    let mut ledger = Ledger::open(&ledger_of(place), Options::default()).expect("it is there");
    let feed = ledger.register_feed("acme", scope, interval.gte).expect("it is there");
    let activities: Vec<NewActivity<'_>> = entries
        .iter()
        .map(|entry| NewActivity { id: &entry.id, created_at: entry.created_at, raw: &entry.raw })
        .collect();
    let provenance = Provenance {
        url: "http://127.0.0.1:9/v1/compliance/activities",
        parameters: "{}",
        request_id: Some("req_of_a_forger"),
        requested_at: interval.lt,
        responded_at: interval.lt,
        status: 200,
        body_sha256: [7; 32],
        body_bytes: 1,
        attempts: 1,
    };
    let page = PageCommit {
        feed,
        drain: None,
        drain_started: true,
        activities: &activities,
        own_reads: &[],
        provenance,
        drained: Some(interval),
        lag: LagPolicy::Skip,
    };
    ledger.append(&page).expect("it is there");
}

#[test]
fn a_recount_finds_what_a_flawless_forgery_leaves_out() {
    let simulator = same_simulator();
    let place =
        Place::new(&simulator.base_url, "initial_lookback = \"3d\"\npage_size = 500\nbudget_share = 1.0");
    place.succeed(&["run", "--once"]);
    let reader = Reader::open(&ledger_of(&place)).expect("it is there");
    let feed = reader.feeds().expect("it is there").remove(0);
    let mut entries = reader.entries(0, usize::MAX, &EntryFilter::default()).expect("it is there");
    let (code, report, error) = verify(&place, &["--recount=all"]);
    assert_eq!(code, 0, "{error}");
    let recount = &report["recount"][0];
    assert_eq!((&recount["missing_in_ledger"]["count"], &recount["interrupted"]), (&0.into(), &false.into()));
    assert_eq!(recount["seconds_asked_for"], recount["seconds_covered"], "{recount:#}");
    assert_eq!(recount["api_activities"], recount["ledger_activities"], "{recount:#}");
    assert!(
        recount["requests"].as_u64().expect("it is there") as usize >= entries.len() / 500,
        "{recount:#}"
    );

    // One row left out, one made up: the chain and the coverage of the forgery hold.
    let victim = entries.remove(entries.len() / 2);
    let mut invented = entries[10].clone();
    invented.id = "activity_never_happened".to_owned();
    entries.push(invented);
    let forged = Place::new(&simulator.base_url, "budget_share = 1.0");
    written(&forged, &feed.scope, feed.coverage[0], &entries);
    assert_eq!(verify(&forged, &[]).0, 0);
    let (code, report, error) = verify(&forged, &["--recount=all"]);
    assert_eq!(code, 6, "{error}");
    assert!(error.contains(&victim.id) && error.contains("\nhint: "), "{error}");
    let recount = &report["recount"][0];
    assert_eq!(recount["missing_in_ledger"]["first"][0]["id"], victim.id, "{recount:#}");
    assert_eq!(recount["missing_in_ledger"]["count"], 1, "{recount:#}");
    assert_eq!(recount["kept_beyond_api"]["first"][0], "activity_never_happened", "{recount:#}");

    // Samples follow their seed, and their number: so many hours hold everything there is.
    let sampled = |arguments: &[&str]| verify(&forged, &[&["--recount"], arguments].concat());
    let (code, report, _) = sampled(&["--samples", "100"]);
    assert_eq!((code, &report["recount"][0]["missing_in_ledger"]["count"]), (6, &1.into()));
    let (left, right) =
        (sampled(&["--seed", "5", "--samples", "4"]).1, sampled(&["--seed", "5", "--samples", "4"]).1);
    assert_eq!(left["recount"][0]["api_activities"], right["recount"][0]["api_activities"]);
    assert_eq!((&left["recount"][0]["seed"], &left["recount"][0]["windows"]), (&"5".into(), &4.into()));
}

#[test]
fn a_recount_leaves_others_their_part_of_the_budget() {
    // Each of the two programs may ask ten times at once, and the second must see from the answers' headers what the first has left.
    let simulator =
        Simulator::start(&["--activities", "3000", "--history", "3d", "--requests-per-minute", "18"]);
    let place = Place::new(&simulator.base_url, "initial_lookback = \"3d\"\nbudget_share = 1.0");
    place.succeed(&["run", "--once"]);
    let output = place.output(&["verify", "--json", "--recount=sampled", "--samples", "14", "--seed", "5"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), error.as_str()), (Some(0), ""));
    let statistics: Value = serde_json::from_slice(&simulator.get("/simulator/statistics")).expect("JSON");
    let requests = &statistics["requests"];
    assert!(report["recount"][0]["requests"].as_u64() > Some(10), "{report:#}");
    assert!(requests["total"].as_u64() > Some(18), "more than a minute allows: {requests}");
    assert_eq!(requests["by_status"]["429"], Value::Null, "{requests}");
}

#[test]
fn a_recount_needs_the_feed_as_it_was() {
    let simulator = same_simulator();
    let other = edited(|_| ());
    other.configure("[[feed]]\nname = \"other\"\n");
    let (code, _, error) = verify(&other, &["--recount"]);
    assert_eq!((code, error.contains("is not in the configuration")), (2, true), "{error}");
    other.configure(&format!("[[feed]]\nname = \"acme\"\nbase_url = \"{}\"\n", simulator.base_url));
    let (code, _, error) = verify(&other, &["--recount"]);
    assert_eq!((code, error.contains("another address or other filters")), (2, true), "{error}");
}

#[test]
fn what_a_recount_misses_is_fetched_by_the_command_of_its_hint() {
    let simulator = same_simulator();
    let whole = Place::new(&simulator.base_url, "initial_lookback = \"3d\"\nbudget_share = 1.0");
    whole.succeed(&["run", "--once"]);
    let reader = Reader::open(&ledger_of(&whole)).expect("it is there");
    let feed = reader.feeds().expect("it is there").remove(0);
    let mut entries = reader.entries(0, usize::MAX, &EntryFilter::default()).expect("it is there");
    let victim = entries.remove(entries.len() / 2);
    let place = Place::new(&simulator.base_url, "budget_share = 1.0");
    written(&place, &feed.scope, feed.coverage[0], &entries);
    {
        // Nothing is due any more, so nobody would look by himself.
        let mut ledger = Ledger::open(&ledger_of(&place), Options::default()).expect("it is there");
        let last = std::time::Duration::from_hours(72);
        ledger.note_reconciled(feed.id, &[(last, feed.coverage[0])]).expect("it is there");
    }
    let (code, _, error) = verify(&place, &["--recount=all"]);
    assert_eq!((code, error.contains(&victim.id)), (6, true), "{error}");
    let command = error.split('`').nth(1).expect("a command in the hint").to_owned();
    let mut words = command.split_whitespace();
    assert_eq!((words.next(), words.clone().last()), (Some("claudetrail"), Some("--again")), "{command}");
    let printed = place.succeed(&words.collect::<Vec<_>>());
    assert!(printed.starts_with(b"complete "), "{}", String::from_utf8_lossy(&printed));
    let (code, report, error) = verify(&place, &["--recount=all"]);
    assert_eq!((code, error.as_str()), (0, ""), "{report:#}");
    assert!(place.status()["feeds"][0]["late_arrivals"].as_u64() > Some(0));
}

/// The fingerprint that `keygen` printed.
fn keygen(place: &Place) -> String {
    let printed = String::from_utf8(place.succeed(&["verify", "keygen"])).expect("text");
    printed.split_whitespace().find(|word| word.starts_with("SHA256:")).expect("a fingerprint").to_owned()
}

#[test]
fn an_attestation_is_checked_without_the_secret_and_against_the_ledger() {
    let place = edited(|_| ());
    let fingerprint = keygen(&place);
    let file = crate::support::text(&place.path("trail.json"));
    place.succeed(&["verify", "--attest", &file]);
    let bytes = std::fs::read(&file).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    let feed = &document["feeds"][0];
    let (from, to) = (feed["from"].as_str().unwrap(), feed["to"].as_str().unwrap());
    assert_eq!(
        (&document["complete"], &document["signature"]["fingerprint"]),
        (&true.into(), &fingerprint.clone().into())
    );
    // The export of the range is what was digested, and its ends are the cursors.
    let export = place.succeed(&["export", "--feed", "acme", "--from", from, "--to", to]);
    let lines: Vec<Value> =
        export.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(feed["activities"]["count"], lines.len());
    let mut ends: Vec<(&str, &str)> =
        lines.iter().map(|row| (row["created_at"].as_str().unwrap(), row["id"].as_str().unwrap())).collect();
    ends.sort_unstable();
    assert_eq!(feed["activities"]["start"]["id"], ends[0].1);
    assert_eq!(feed["activities"]["end"]["id"], ends[ends.len() - 1].1);
    let ids = feed["evidence"]["request_ids"].as_array().unwrap();
    assert!(!ids.is_empty() && ids.iter().all(|id| id.as_str().unwrap().starts_with("req_")), "{ids:?}");
    assert_eq!(feed["evidence"]["requests"], ids.len());

    // The page for people says the same.
    let page = std::fs::read_to_string(place.path("trail.md")).unwrap();
    for said in
        ["**Complete.**", fingerprint.as_str(), document["ledger"]["chain_head"].as_str().unwrap(), from, to]
    {
        assert!(page.contains(said), "{said} is not in {page}");
    }

    // Elsewhere, with nothing but the file and the fingerprint.
    let elsewhere = Place::new("http://127.0.0.1:9", "");
    let told = elsewhere.succeed(&["verify", "attestation", &file, "--public-key", &fingerprint]);
    assert!(String::from_utf8_lossy(&told).contains("only the file was checked"));
    let public = crate::support::text(&place.data_dir().join("attestation-key.pub.pem"));
    let told = place.succeed(&["verify", "attestation", &file, "--public-key", &public, "--json"]);
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!((&told["pinned"], &told["ledger"]["links_since"]), (&true.into(), &0.into()), "{told:#}");
    openssl_agrees(&place, &document, &public);

    // Nothing is overwritten, neither the key nor the attestation.
    for arguments in [&["verify", "keygen"][..], &["verify", "--attest", &file]] {
        let output = place.output(arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is overwritten"));
    }
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

/// Where `openssl` is installed, it accepts the signature over the canonical form, and no other.
fn openssl_agrees(place: &Place, document: &Value, public_key: &str) {
    let mut unsigned = document.clone();
    let signature =
        unsigned.as_object_mut().and_then(|members| members.remove("signature")).expect("a signature");
    let version = String::from_utf8(
        std::process::Command::new("openssl")
            .arg("version")
            .output()
            .map(|output| output.stdout)
            .unwrap_or_default(),
    );
    if !version.is_ok_and(|version| version.starts_with("OpenSSL 3")) {
        return;
    }
    std::fs::write(place.path("signature.txt"), signature["value"].as_str().expect("text").to_owned() + "\n")
        .expect("written");
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new("openssl");
        command.current_dir(place.path(".")).args(arguments).output().expect("openssl runs").status.success()
    };
    assert!(run(&["base64", "-d", "-A", "-in", "signature.txt", "-out", "signature.bin"]));
    for (text, holds) in [(unsigned.to_string(), true), (unsigned.to_string() + " ", false)] {
        std::fs::write(place.path("statement.json"), text).expect("written");
        let verify =
            ["pkeyutl", "-verify", "-pubin", "-inkey", public_key, "-rawin", "-in", "statement.json"];
        assert_eq!(run(&[&verify[..], &["-sigfile", "signature.bin"]].concat()), holds);
    }
}

#[test]
fn an_attestation_that_does_not_hold_is_refused() {
    let place = edited(|_| ());
    let fingerprint = keygen(&place);
    let file = place.path("trail.json");
    place.succeed(&["verify", "--attest", &crate::support::text(&file)]);
    let original = std::fs::read_to_string(&file).unwrap();
    let check = |place: &Place, arguments: &[&str]| {
        let file = crate::support::text(&file);
        let output = place.output(&[&["verify", "attestation", &file], arguments].concat());
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(check(&place, &["--public-key", &fingerprint]).0, 0);
    let stranger = edited(|_| ());
    let (code, error) = check(&place, &["--public-key", &keygen(&stranger)]);
    assert_eq!((code, error.contains("not by the key named")), (6, true), "{error}");

    // A ledger that was cut back, and one that is another.
    let older = Place::new("http://127.0.0.1:9", "");
    let reader = Reader::open(&ledger_of(&place)).unwrap();
    let feed = reader.feeds().unwrap().remove(0);
    let entries = reader.entries(0, 10, &EntryFilter::default()).unwrap();
    written(&older, &feed.scope, feed.coverage[0], &entries);
    let (code, error) = check(&older, &[]);
    assert_eq!((code, error.contains("is another one than was attested")), (6, true), "{error}");
    assert_eq!(check(&older, &["--no-ledger"]).0, 0);
    let cut = edited(|path| {
        let identity: Vec<u8> = Connection::open(path)
            .unwrap()
            .query_row("SELECT identity FROM head", [], |row| row.get(0))
            .unwrap();
        std::fs::copy(ledger_of(&older), path).unwrap();
        std::fs::remove_file(path.with_extension("sqlite.head")).unwrap();
        rewritten_as(path, &identity);
    });
    let (code, error) = check(&cut, &[]);
    assert_eq!((code, error.contains("it was rewritten or cut since")), (6, true), "{error}");

    std::fs::write(&file, original.replace("\"gaps\": []", "\"gaps\": [ ]")).unwrap();
    assert_eq!(check(&place, &[]).0, 0, "white space is no change");
    for (from, to) in
        [("\"complete\": true", "\"complete\": null"), ("acme", "acne"), ("\"type\"", "\"type \"")]
    {
        std::fs::write(&file, original.replacen(from, to, 1)).unwrap();
        let (code, error) = check(&place, &[]);
        assert_eq!(code, 6, "{error}");
        assert!(error.contains("does not hold: ") && error.contains("\nhint: "), "{error}");
    }
}

/// Makes another ledger pass as the one of this identity: the chain is computed anew, as somebody would who knows how.
fn rewritten_as(path: &Path, identity: &[u8]) {
    use sha2::{Digest as _, Sha256};
    let database = Connection::open(path).expect("opens");
    let mut record = vec![1];
    record.extend_from_slice(identity);
    database.execute("UPDATE link SET form = 0, record = ?1 WHERE link = 1", [&record]).expect("updates");
    let links: Vec<(u64, u64, i64, Vec<u8>)> = database
        .prepare("SELECT link, epoch, form, record FROM link ORDER BY link")
        .and_then(|mut statement| {
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            rows.collect()
        })
        .expect("links");
    let dictionary = include_bytes!("../../../ledger/src/record/dictionary-1.bin");
    let mut hash = vec![0; 32];
    for (link, epoch, form, kept) in links {
        let plain = match form {
            0 => kept,
            _ => zstd::bulk::Decompressor::with_dictionary(dictionary)
                .and_then(|mut inner| inner.decompress(&kept, 1 << 20))
                .expect("a record"),
        };
        hash = Sha256::new()
            .chain_update("claudetrail ledger link\n")
            .chain_update(&hash)
            .chain_update(link.to_le_bytes())
            .chain_update(epoch.to_le_bytes())
            .chain_update((plain.len() as u64).to_le_bytes())
            .chain_update(&plain)
            .finalize()
            .to_vec();
        database
            .execute("UPDATE link SET hash = ?2 WHERE link = ?1", rusqlite::params![link, hash])
            .expect("updates");
    }
    database
        .execute("UPDATE head SET identity = ?1, hash = ?2", rusqlite::params![identity, hash])
        .expect("updates");
}

#[test]
fn what_does_not_hold_is_not_attested_and_what_is_incomplete_says_so() {
    let broken = edited(execute("DELETE FROM page WHERE page = 2"));
    keygen(&broken);
    let file = crate::support::text(&broken.path("trail.json"));
    assert_eq!(broken.output(&["verify", "--attest", &file]).status.code(), Some(6));
    assert!(!Path::new(&file).exists(), "a broken chain is not attested");

    let place = edited(|_| ());
    let file = crate::support::text(&place.path("trail.json"));
    let output = place.output(&["verify", "--attest", &file]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && error.contains("claudetrail verify keygen"), "{error}");
    keygen(&place);
    assert_eq!(place.output(&["verify", "--to", "now+1h", "--attest", &file]).status.code(), Some(6));
    let document: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(document["complete"], false);
    assert_eq!(document["feeds"][0]["gaps"].as_array().unwrap().len(), 1);
    assert!(std::fs::read_to_string(place.path("trail.md")).unwrap().contains("**Not complete.**"));
}
