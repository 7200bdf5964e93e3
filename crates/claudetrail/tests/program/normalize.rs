//! `normalize`, end to end: whatever a line holds, a document comes out, says what was wrong, and the next line is none the worse.

use std::{
    fmt::Write as _,
    io::Write as _,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::support::program;

/// The filter, with this input, in an empty folder.
fn normalize(arguments: &[&str], input: Vec<u8>) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = program();
    command.current_dir(folder.path()).arg("normalize").args(arguments);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("everything was read");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// An activity with these members after the usual ones.
fn activity(members: &str) -> Vec<u8> {
    format!(
        r#"{{"id":"activity_1","created_at":"2026-11-23T08:14:05Z","type":"claude_file_viewed","actor":{{"type":"user_actor","user_id":"user_1","email_address":"ana@example.com","ip_address":"192.0.2.7"}}{members}}}"#
    )
    .into_bytes()
}

/// Lines and a word of what is said of each.
fn bad() -> Vec<(Vec<u8>, &'static str)> {
    let good = String::from_utf8(activity("")).expect("text");
    let with = |from: &str, to: &str| good.replace(from, to).into_bytes();
    let mut lines = vec![
        (b"".to_vec(), "empty"),
        (b"null".to_vec(), "object"),
        (b"[1,2]".to_vec(), "object"),
        (b"{\"id\":\"activity_1\",\"type\":".to_vec(), "JSON"),
        (b"\xff\xfe\x00{".to_vec(), "UTF-8"),
        (
            activity(",\"filename\":\"a\u{FFFD}b\"")
                .into_iter()
                .flat_map(|byte| if byte == 0xEF { vec![0xFF] } else { vec![byte] })
                .collect(),
            "UTF-8",
        ),
        (activity(r#","filename":"a\ud800b""#), "surrogate"),
        (activity(r#","filename":"a\uZZZZb""#), "escape"),
        (activity(&format!(r#","strange":"{}""#, "x".repeat(1 << 20))), "too long"),
        (activity(&format!(r#","deep":{}1{}"#, "[".repeat(200), "]".repeat(200))), "deep"),
        (activity(r#","filename":"a","filename":"b""#), "filename"),
        (with("2026-11-23T08:14:05Z", "2026-11-23T08:14:05"), "created_at"),
        (with("2026-11-23T08:14:05Z", "+010000-01-01T00:00:00Z"), "created_at"),
        (with("2026-11-23T08:14:05Z", "10000-01-01T00:00:00Z"), "created_at"),
        (with("2026-11-23T08:14:05Z", "yesterday"), "created_at"),
        (with("\"192.0.2.7\"", "\"192.0.2.700\""), "ip_address"),
    ];
    for wrong in ["7", "true", "[1]", "{\"a\":1}"] {
        for (member, right) in [
            ("id", "\"activity_1\""),
            ("created_at", "\"2026-11-23T08:14:05Z\""),
            ("type", "\"claude_file_viewed\""),
            ("user_id", "\"user_1\""),
            ("email_address", "\"ana@example.com\""),
            ("ip_address", "\"192.0.2.7\""),
        ] {
            // The first "type" is that of the activity.
            let text = good.replacen(&format!("\"{member}\":{right}"), &format!("\"{member}\":{wrong}"), 1);
            assert_ne!(text, good);
            lines.push((text.into_bytes(), member));
        }
        let actor = good.find("{\"type\":\"user_actor\"").expect("an actor");
        lines.push((format!("{}{wrong}}}", &good[..actor]).into_bytes(), "actor"));
    }
    lines
}

#[test]
fn a_bad_line_becomes_a_document_that_says_what_was_wrong() {
    let bad = bad();
    for (schema, id) in [("ecs", "event"), ("ocsf", "metadata")] {
        let mut input = Vec::new();
        for (line, _) in &bad {
            input.extend_from_slice(line);
            input.push(b'\n');
            input.extend_from_slice(&activity(""));
            input.push(b'\n');
        }
        let output = normalize(&["--schema", schema, "--stats"], input.clone());
        assert_eq!(normalize(&["--schema", schema], input).stdout, output.stdout, "the same again");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let documents: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
        assert_eq!(documents.len(), 2 * bad.len());
        for ((line, word), pair) in bad.iter().zip(documents.chunks(2)) {
            let shown = String::from_utf8_lossy(&line[..line.len().min(300)]).into_owned();
            let told = match schema {
                "ecs" => pair[0]["error"]["message"].clone(),
                _ => pair[0]["metadata"]["debug"].clone(),
            };
            assert!(told.to_string().contains(word), "{word:?} is not said of {shown}: {told}");
            assert!(pair[0].is_object());
            let clean = (&pair[1]["error"], &pair[1]["metadata"]["debug"]);
            assert_eq!(clean, (&Value::Null, &Value::Null), "after {shown}");
            assert!(pair[1][id].is_object() && pair[1].to_string().contains("activity_1"));
        }
        let stats = String::from_utf8(output.stderr).expect("text");
        assert!(stats.starts_with(&format!("{} activities", 2 * bad.len())), "{stats}");
    }
}

#[test]
fn what_is_only_large_comes_out_whole() {
    let many = (0..10_000).fold(String::new(), |mut text, number| {
        let _ = write!(text, ",\"unknown_{number}\":{number}");
        text
    });
    let long = "x".repeat(1 << 20);
    let input = [activity(&many), b"\n".to_vec(), activity(&format!(",\"filename\":\"{long}\""))].concat();
    let text = String::from_utf8(normalize(&[], input).stdout).expect("text");
    let documents: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let kept = documents[0]["anthropic"]["audit"]["metadata"].as_object().expect("an object");
    assert_eq!((kept.len(), &kept["unknown_9999"]), (10_000, &json!(9_999)));
    assert_eq!(documents[1]["file"]["name"], long.as_str());
}

#[test]
fn the_last_line_needs_no_line_break_and_windows_may_end_them_its_way() {
    let input = [activity(""), b"\r\n".to_vec(), activity("")].concat();
    let text = String::from_utf8(normalize(&[], input).stdout).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], lines[1]);
    let document: Value = serde_json::from_str(lines[0]).expect("a document");
    assert_eq!(document["user"]["email"], json!("ana@example.com"));
}
