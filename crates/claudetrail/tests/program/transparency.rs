//! The transparency log through the real program: proven, broken in every way that the simulator knows, told by `status`, `verify`
//! and the attestation.

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Place, Simulator};

/// A log that is checked again at every run.
fn feed_lines(lookback: &str) -> String {
    format!("initial_lookback = \"{lookback}\"\nbudget_share = 1.0\ntransparency_log.interval = \"1s\"")
}

/// An organization with an access and a preservation in each month.
fn simulator(history: &str) -> Simulator {
    Simulator::start(&["--activities", "3000", "--history", history, "--requests-per-minute", "0"])
}

/// The same configuration and ledger in a folder of its own.
fn copied(from: &Place, base_url: &str) -> Place {
    let place = Place::new(base_url, &feed_lines("90d"));
    std::fs::create_dir(place.data_dir()).expect("made");
    for name in ["ledger.sqlite", "ledger.sqlite.head"] {
        std::fs::copy(from.data_dir().join(name), place.data_dir().join(name)).expect("copied");
    }
    place
}

/// Exit code, `--json` and the error of `verify`.
fn verify(place: &Place) -> (i32, Value, String) {
    let json = place.output(&["verify", "--json"]);
    let text = place.output(&["verify"]);
    assert_eq!(json.status.code(), text.status.code(), "both forms say the same");
    let value = serde_json::from_slice(&json.stdout).unwrap_or_default();
    (text.status.code().expect("a code"), value, String::from_utf8_lossy(&text.stderr).into_owned())
}

fn logs(report: &Value) -> &[Value] {
    report["transparency"][0]["logs"].as_array().map_or(&[], Vec::as_slice)
}

fn kinds(report: &Value) -> Vec<String> {
    let breaks = logs(report).iter().flat_map(|log| log["breaks"].as_array().expect("a list"));
    breaks.map(|found| found["kind"].as_str().expect("text").to_owned()).collect()
}

fn sum(logs: &[Value], state: &str) -> u64 {
    logs.iter().map(|log| log["rows"][state].as_u64().expect("a count")).sum()
}

/// Collects once more, with everything it logs.
fn run_once(place: &Place) -> String {
    let output = place.output(&["run", "--once"]);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{log}");
    log
}

#[test]
fn a_sound_log_is_proven_verified_and_attested_and_every_break_is_named() {
    let simulator = simulator("90d");
    let place = Place::new(&simulator.base_url, &feed_lines("90d"));
    run_once(&place);
    sound(&place);
    unreachable(&simulator, &place);
    for (fault, kind) in [
        ("log_rewritten_leaf", "forked"),
        ("log_fork", "forked"),
        ("log_wrong_signature", "wrong_signature"),
        ("log_unknown_key", "unknown_key"),
        ("log_wrong_origin", "wrong_origin"),
        ("log_rollback", "rolled_back"),
    ] {
        simulator.fail(&format!("[[fault]]\nkind = \"{fault}\""));
        let place = copied(&place, &simulator.base_url);
        let log = run_once(&place);
        assert!(log.contains("the transparency log does not hold") && log.contains(kind), "{fault}: {log}");
        broken(&place, kind);
    }
    simulator.fail("[[fault]]\nkind = \"log_rewritten_leaf\"");
    let place = Place::new(&simulator.base_url, &feed_lines("90d"));
    run_once(&place);
    broken(&place, "leaf_mismatch");
    // What holds again is another log than the one that was vouched for meanwhile.
    simulator.fail("");
    run_once(&place);
    let (code, report, _) = verify(&place);
    let kinds = kinds(&report);
    assert!(
        code == 6 && ["leaf_mismatch", "forked"].iter().all(|kind| kinds.contains(&(*kind).to_owned())),
        "{kinds:?}"
    );
    acknowledged(&simulator, &place);
}

/// Each break is acknowledged, by this command or by whoever collects; then the log counts as one that holds, until the next break.
fn acknowledged(simulator: &Simulator, place: &Place) {
    let acknowledge = |number: &str| {
        place.output(&["acknowledge", number, "--reason", "the vendor's\nnew key", "--by", "ana"])
    };
    let refused = acknowledge("99");
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(
        error.contains("there is no break 99") && error.contains("hint: the ledger holds 1, 2"),
        "{error}"
    );
    let number = |found: &Value| found["number"].as_u64().expect("a number").to_string();
    let (_, report, _) = verify(place);
    let breaks: Vec<&Value> =
        logs(&report).iter().flat_map(|log| log["breaks"].as_array().expect("a list")).collect();
    let numbers: Vec<String> = breaks.into_iter().map(number).collect();
    let said = acknowledge(&numbers[0]);
    assert!(String::from_utf8_lossy(&said.stdout).ends_with("): acknowledged\n"), "{said:?}");
    assert_eq!(verify(place).0, 6, "another one is open");
    let collector = place.start(&["run"]);
    crate::support::wait_for("the collector", std::time::Duration::from_mins(2), || {
        place.log().contains("collector started").then_some(())
    });
    for number in &numbers[1..] {
        let said = acknowledge(number);
        assert!(String::from_utf8_lossy(&said.stdout).ends_with("): acknowledged\n"), "{said:?}");
    }
    assert!(collector.terminate().success(), "{}", place.log());
    let again = acknowledge(&numbers[0]);
    let error = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(2) && error.contains("was acknowledged by ana at "), "{error}");

    let (code, report, error) = verify(place);
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(report["ok"], true);
    for found in logs(&report).iter().flat_map(|log| log["breaks"].as_array().expect("a list")) {
        assert_eq!(found["acknowledged"]["reason"], "the vendor's\nnew key", "{found:#}");
        assert!(found["evidence"].is_string() && found["acknowledged"]["link"].is_u64(), "{found:#}");
    }
    let text = String::from_utf8(place.succeed(&["verify"])).expect("text");
    assert!(text.contains("\nacknowledged transparency log "), "{text}");
    let text = String::from_utf8(place.succeed(&["status"])).expect("text");
    assert!(
        text.contains("  acknowledged leaf_mismatch since ")
            && text.contains(" by ana: the vendor's new key\n"),
        "{text}"
    );
    assert!(!text.contains("representative at the vendor"), "nothing is left to be done: {text}");
    place.succeed(&["verify", "keygen"]);
    let file = crate::support::text(&place.path("trail.json"));
    place.succeed(&["verify", "--attest", &file]);
    let document: Value = serde_json::from_slice(&std::fs::read(&file).expect("written")).expect("JSON");
    assert_eq!(document["feeds"][0]["transparency"][0]["breaks"][0]["acknowledged"]["by"], "ana");
    let page = std::fs::read_to_string(place.path("trail.md")).expect("written");
    assert!(page.contains("- did not hold since ") && page.contains("; acknowledged by ana at "), "{page}");

    simulator.fail("[[fault]]\nkind = \"log_wrong_signature\"");
    run_once(place);
    let (code, report, error) = verify(place);
    assert!(code == 6 && error.contains("wrong_signature"), "{error}\n{report:#}");
}

/// What is told of a log that holds.
fn sound(place: &Place) {
    let status = place.status();
    let told = status["feeds"][0]["transparency"].as_array().expect("a list");
    let proven = sum(told, "proven");
    assert!(proven >= 4 && sum(told, "waiting") + sum(told, "broken") == 0, "{status:#}");
    for log in told {
        assert_eq!((&log["breaks"], &log["last_error"]), (&Value::Array(vec![]), &Value::Null), "{log:#}");
        assert_eq!(log["leaves_not_kept"], 0, "{log:#}");
        assert!(log["checked_at"].is_string() && log["checkpoint"]["note"].is_string(), "{log:#}");
    }
    let text = String::from_utf8(place.succeed(&["status"])).expect("text");
    assert!(
        text.contains("transparency log ") && text.contains(" rows proven, append-only since "),
        "{text}"
    );

    let (code, report, error) = verify(place);
    assert_eq!((code, error.as_str()), (0, ""));
    let judged = logs(&report);
    assert_eq!(sum(judged, "proven"), proven);
    for log in judged {
        assert_eq!(log["differences"], Value::Array(vec![]), "{log:#}");
        for row in log["listed_rows"].as_array().expect("a list") {
            assert!(
                row["state"] == "proven" && row["proven_at"].is_string() && row["tree_size"].is_u64(),
                "{row:#}"
            );
        }
    }

    place.succeed(&["verify", "keygen"]);
    let file = crate::support::text(&place.path("trail.json"));
    place.succeed(&["verify", "--attest", &file]);
    place.succeed(&["verify", "attestation", &file]);
    let document: Value = serde_json::from_slice(&std::fs::read(&file).expect("written")).expect("JSON");
    assert_eq!(sum(document["feeds"][0]["transparency"].as_array().expect("a list"), "proven"), proven);
    let page = std::fs::read_to_string(place.path("trail.md")).expect("written");
    assert!(
        page.contains("Transparency log `axt.anthropic.com/") && page.contains("It only grew from "),
        "{page}"
    );
}

/// A log that cannot be read is an error with a hint, and no finding.
fn unreachable(simulator: &Simulator, sample: &Place) {
    simulator.fail("[[fault]]\nkind = \"connection_reset\"\npath = \"transparency_log/\"");
    let place = copied(sample, &simulator.base_url);
    let log = run_once(&place);
    assert!(log.contains("the transparency log cannot be checked"), "{log}");
    let status = place.status();
    let error = &status["feeds"][0]["transparency"][0]["last_error"];
    assert_eq!(error["kind"], "connection", "{status:#}");
    assert!(error["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{error:#}");
    assert_eq!(verify(&place).0, 0);
    simulator.fail("");
    run_once(&place);
    assert_eq!(place.status()["feeds"][0]["transparency"][0]["last_error"], Value::Null);
}

/// The break is named by `verify`, which ends with 6, and by `status`.
fn broken(place: &Place, kind: &str) {
    let (code, report, error) = verify(place);
    assert_eq!(code, 6, "{kind}: {error}");
    assert!(
        error.starts_with("error: the transparency log axt.anthropic.com/") && error.contains("\nhint: "),
        "{error}"
    );
    assert!(error.contains(kind), "{error}");
    assert_eq!((&report["ok"], &report["chain"]["ok"]), (&false.into(), &true.into()), "{kind}");
    let breaks: Vec<&Value> =
        logs(&report).iter().flat_map(|log| log["breaks"].as_array().expect("a list")).collect();
    assert!(!breaks.is_empty() && breaks.iter().all(|found| found["kind"] == kind), "{kind}: {breaks:#?}");
    assert!(
        breaks.iter().all(|found| found["evidence"].as_str().is_some_and(|text| text.contains("\n\n— "))),
        "{kind}"
    );
    let text = String::from_utf8(place.succeed(&["status"])).expect("text");
    assert!(
        text.contains(&format!("transparency {kind} since ")) && text.contains("\n  hint: "),
        "{kind}: {text}"
    );
}

#[test]
fn rows_that_the_log_leaves_out_are_named() {
    let simulator = simulator("360d");
    let place = Place::new(&simulator.base_url, &feed_lines("1h"));
    run_once(&place);
    place.succeed(&["backfill", "--from", "359d", "--to", "180d"]);
    simulator.fail("[[fault]]\nkind = \"not_found\"\npath = \"transparency_log/inclusion\"");
    run_once(&place);
    let waiting = place.status();
    let told = waiting["feeds"][0]["transparency"].as_array().expect("a list");
    assert!(sum(told, "waiting") + sum(told, "proven") >= 2 && sum(told, "broken") == 0, "{waiting:#}");
    // The months in between are not fetched yet, which is a finding of its own.
    let (_, report, error) = verify(&place);
    assert!(kinds(&report).is_empty() && error.contains("the coverage has a gap"), "{error}");

    // A row that is shown without its place, after others that have one.
    simulator.fail("[[fault]]\nkind = \"row_without_leaf_index\"");
    place.succeed(&["backfill", "--from", "181d"]);
    run_once(&place);
    let (code, report, error) = verify(&place);
    assert_eq!(code, 6, "{error}\n{report:#}");
    assert!(error.contains("row_without_leaf of activity "), "{error}");
    assert!(kinds(&report).iter().all(|kind| kind == "row_without_leaf"), "{report:#}");

    // A day of waiting, told to the ledger where it keeps what is not evidence.
    let place = Place::new(&simulator.base_url, &feed_lines("90d"));
    simulator.fail("[[fault]]\nkind = \"not_found\"\npath = \"transparency_log/inclusion\"");
    run_once(&place);
    let changed = Connection::open(place.data_dir().join("ledger.sqlite"))
        .expect("opens")
        .execute("UPDATE logged_row SET waits_since = waits_since - 90000000000", [])
        .expect("updates");
    assert!(changed >= 4, "{changed} rows wait");
    run_once(&place);
    let (code, report, error) = verify(&place);
    assert_eq!((code, kinds(&report).len()), (6, changed), "{error}");
    assert!(error.contains("not_included of activity ") && error.contains("24 hours"), "{error}");
}

#[test]
fn what_is_kept_of_the_log_is_computed_again() {
    let simulator = simulator("90d");
    let place = Place::new(&simulator.base_url, &feed_lines("90d"));
    run_once(&place);
    assert_eq!(verify(&place).0, 0);
    // Somebody who is no longer trusted has signed.
    let elsewhere = "0".repeat(64);
    place.configure(&format!(
        "[[feed]]\nname = \"acme\"\nbase_url = \"{}\"\n[feed.transparency_log]\ntrusted_keys = [\"{elsewhere}\"]\n",
        simulator.base_url
    ));
    let (code, _, error) = verify(&place);
    assert!(code == 6 && error.contains("which is not trusted"), "{error}");
    for (sql, words) in [
        ("UPDATE proven_leaf SET path = zeroblob(length(path))", "the proof of link"),
        ("UPDATE checkpoint SET tree_size = tree_size + 1", "the checkpoint of link"),
    ] {
        let place = copied(&place, &simulator.base_url);
        let database = Connection::open(place.data_dir().join("ledger.sqlite")).expect("opens");
        assert!(database.execute(sql, []).expect("tampers") > 0, "{sql}");
        drop(database);
        let (code, report, error) = verify(&place);
        assert!(code == 6 && error.contains(words), "{sql}: {error}");
        assert_eq!(report["chain"]["difference_at"]["kind"], "transparency_changed", "{sql}");
    }
}
