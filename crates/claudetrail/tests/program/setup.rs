//! `setup elasticsearch`, with the real program: what it prints without an engine, and what it does to one.

use engines::{Engine, Options, Product};
use serde_json::{Value, json};

use crate::support::{Place, Simulator, search_engine::SearchEngine};

/// A port that nobody listens to.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

fn place(feed: &str, hosts: &str, sink_lines: &str) -> Place {
    let place = Place::new(feed, "");
    place.configure(&format!(
        "[index]\nenabled = false\n\
         [[feed]]\nname = \"acme\"\nbase_url = \"{feed}\"\ninitial_lookback = \"2d\"\nsettle = \"3s\"\n\
         [[sink]]\nname = \"siem\"\nhosts = [\"{hosts}\"]\nproxy = \"direct\"\n{sink_lines}\n"
    ));
    place
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// Calls as they are printed: the line with method and path, and the body.
fn calls(printed: &str) -> Vec<(String, Value)> {
    let call = |block: &str| {
        let (_, call) = block.split_once('\n')?;
        let (line, body) = call.split_once('\n')?;
        Some((line.to_owned(), serde_json::from_str(body).expect("JSON")))
    };
    printed.split("# ").filter_map(call).collect()
}

#[test]
fn without_an_engine_everything_can_be_seen() {
    let place = place(&nobody(), &nobody(), "retention = \"90d\"\nlogsdb = true");
    for (engine, policy, bag) in [
        ("elasticsearch", "PUT /_ilm/policy/claudetrail-logs-anthropic.audit", "flattened"),
        ("opensearch", "PUT /_plugins/_ism/policies/claudetrail-logs-anthropic.audit", "flat_object"),
    ] {
        let printed = text(&place.succeed(&["setup", "elasticsearch", "--dry-run", "--engine", engine]));
        let calls = calls(&printed);
        let lines: Vec<&str> = calls.iter().map(|(line, _)| line.as_str()).collect();
        let expected = [
            policy,
            "PUT /_component_template/claudetrail-ecs",
            "PUT /_component_template/claudetrail-anthropic",
            "PUT /_component_template/claudetrail-logs-anthropic.audit-settings",
            "PUT /_index_template/claudetrail-logs-anthropic.audit",
        ];
        assert_eq!(lines, expected);
        assert!(calls[0].1.to_string().contains("\"90d\""), "{}", calls[0].1);
        let audit = &calls[2].1["template"]["mappings"]["properties"]["anthropic"]["properties"]["audit"];
        assert_eq!(audit["properties"]["metadata"]["type"], bag);
        let settings = &calls[3].1["template"]["settings"];
        assert_eq!(settings["index.mode"] == "logsdb", engine == "elasticsearch", "{settings}");

        let role = text(&place.succeed(&["setup", "elasticsearch", "--print-role", "--engine", engine]));
        assert!(role.starts_with('P') && role.contains("logs-anthropic.audit-*"), "{role}");

        let objects =
            text(&place.succeed(&["setup", "elasticsearch", "--dashboards", "-", "--engine", engine]));
        let dashboards = objects
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .filter(|object| object["type"] == "dashboard");
        assert_eq!(dashboards.count(), 4);
    }
    let file = place.path("dashboards.ndjson");
    let path = file.to_str().expect("a path");
    place.succeed(&["setup", "elasticsearch", "--dashboards", path, "--engine", "opensearch"]);
    assert!(std::fs::read_to_string(file).expect("written").contains("\"migrationVersion\""));
}

#[test]
fn mistakes_are_pointed_at() {
    let configured = place(&nobody(), &nobody(), "");
    let bare = Place::new(&nobody(), "");
    for (place, arguments, exit, said) in [
        (&configured, &["setup", "elasticsearch"][..], 1, "check the address"),
        (
            &configured,
            &["setup", "elasticsearch", "--dry-run"],
            1,
            "--engine names the engine where none can be asked",
        ),
        (&configured, &["setup", "elasticsearch", "--sink", "other"], 2, "the sinks are siem"),
        (&configured, &["setup", "elasticsearch", "--engine", "opensearch"], 2, "leave it out"),
        (&bare, &["setup", "elasticsearch"], 2, "no [[sink]] of type elasticsearch is configured"),
    ] {
        let output = place.output(arguments);
        let text = text(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {text}");
        assert!(text.contains(said) && text.contains("hint:"), "{arguments:?}: {text}");
    }
}

#[test]
fn an_engine_is_set_up_and_takes_every_document() {
    let Some(engine) = Engine::start(Product::Elasticsearch, Options::default()) else { return };
    let simulator =
        Simulator::start(&["--activities", "3000", "--history", "2d", "--requests-per-minute", "6000"]);
    let place = place(&simulator.base_url, engine.url(), &format!("kibana = \"{}\"", nobody()));
    let before = place.output(&["check"]);
    let said = text(&before.stdout);
    assert!(said.contains("hint: run `claudetrail setup elasticsearch`"), "{said}");

    for _ in 0..2 {
        let steps = text(&place.succeed(&["setup", "elasticsearch"]));
        assert!(steps.contains("✓ the index template claudetrail-logs-anthropic.audit\n"), "{steps}");
        for left_out in ["– the lifecycle policy", "– the dashboards: left out, "] {
            assert!(steps.contains(left_out), "{steps}");
        }
        assert!(steps.contains("`--dashboards FILE` writes them"), "{steps}");
    }
    let said = text(&place.succeed(&["check"]));
    assert!(said.contains("logs-anthropic.audit-default will be made with the first document"), "{said}");

    place.succeed(&["run", "--once"]);
    let status = place.status();
    let sequence = status["ledger"]["sequence"].clone();
    assert_eq!(
        (&status["sinks"][0]["cursor"], &status["sinks"][0]["dead_letters"]),
        (&sequence, &json!(0)),
        "{status:#}"
    );
    let engine = SearchEngine::new(&engine);
    engine.ask("POST", "/logs-anthropic.audit-default/_refresh", &Value::Null);
    let count = engine.ask("GET", "/logs-anthropic.audit-default/_count", &Value::Null);
    assert_eq!(count["count"], sequence);
    let again = text(&place.succeed(&["setup", "elasticsearch"]));
    assert!(again.contains("✓ the mapping of the data stream logs-anthropic.audit-default\n"), "{again}");
}
