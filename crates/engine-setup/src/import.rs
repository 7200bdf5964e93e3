//! Hands the dashboards to Kibana or OpenSearch Dashboards, by the end that both have for saved objects.

use elasticsearch::{Client, Error, Request};
use serde_json::Value;

use crate::{
    dashboards::{self, Product},
    options::{Engine, Options},
    run::Step,
};

/// The end that takes saved objects; what is there under the same id is replaced.
pub const IMPORT_PATH: &str = "/api/saved_objects/_import?overwrite=true";

/// Parts the form. It stands in no saved object: they are JSON of our own.
const BOUNDARY: &str = "claudetrail-saved-objects";
const CONTENT_TYPE: &str = "multipart/form-data; boundary=claudetrail-saved-objects";

const WHAT: &str = "the dashboards";

/// The dashboards as lines of JSON, for the product that goes with the engine.
pub fn dashboards_of(engine: Engine, options: &Options) -> String {
    dashboards::saved_objects(product(engine), &options.pattern())
}

/// The header without which the product takes nothing: it shows that no browser was tricked into the request.
pub fn import_header(engine: Engine) -> &'static str {
    match product(engine) {
        Product::Kibana => "kbn-xsrf",
        Product::OpenSearchDashboards => "osd-xsrf",
    }
}

fn product(engine: Engine) -> Product {
    if engine.is_elasticsearch() { Product::Kibana } else { Product::OpenSearchDashboards }
}

/// Imports the dashboards. It is a step like any other: without them everything else still works, so a failure is told and no more.
pub async fn import_dashboards(kibana: &Client, engine: Engine, options: &Options) -> Step {
    let request = Request::post(IMPORT_PATH)
        .header(import_header(engine), "true")
        .body(CONTENT_TYPE, form(&dashboards_of(engine, options)))
        .repeatable();
    let answer = async || kibana.request(request).await?.success()?.json::<Value>();
    let left_out = |why: String| Step::LeftOut { what: WHAT.into(), why };
    match answer().await {
        Ok(answer) if answer["success"] == true => {
            Step::Stored(format!("{} saved objects of {WHAT}", answer["successCount"]))
        }
        Ok(answer) => left_out(format!("{} answers {}", kibana.addresses().join(", "), refusal(&answer))),
        Err(error) => left_out(reason(&error)),
    }
}

fn reason(error: &Error) -> String {
    format!("{error}; `--dashboards FILE` writes them for an import by hand")
}

/// What the product says of the first object that it did not take.
fn refusal(answer: &Value) -> String {
    let first = &answer["errors"][0];
    format!("that it did not take the {} {}: {}", first["type"], first["id"], first["error"])
}

/// A form with one file.
fn form(lines: &str) -> String {
    format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"claudetrail.ndjson\"\r\n\
         Content-Type: application/ndjson\r\n\r\n{lines}\r\n--{BOUNDARY}--\r\n"
    )
}

#[cfg(test)]
mod tests {
    use elasticsearch::{ClientOptions, Product as EngineProduct};

    use super::*;

    fn options() -> Options {
        Options { stream: "logs-anthropic.audit".into(), retention: None, logsdb: false }
    }

    #[test]
    fn the_form_holds_the_file_and_nothing_else() {
        for product in [EngineProduct::Elasticsearch, EngineProduct::OpenSearch] {
            let lines = dashboards_of(Engine::oldest(product), &options());
            assert!(!lines.contains(BOUNDARY) && CONTENT_TYPE.ends_with(BOUNDARY));
            let form = form(&lines);
            let (head, rest) = form.split_once("\r\n\r\n").expect("a head");
            assert!(
                head.starts_with(&format!("--{BOUNDARY}\r\n")) && head.contains("name=\"file\""),
                "{head}"
            );
            assert_eq!(rest, format!("{lines}\r\n--{BOUNDARY}--\r\n"));
        }
    }

    #[tokio::test]
    async fn where_nobody_answers_it_is_told_and_the_next_step_named() {
        let nobody =
            std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let client = ClientOptions {
            hosts: vec![format!("http://{nobody}/s/security")],
            proxy: Some("direct".into()),
            ..ClientOptions::default()
        };
        let kibana = Client::new(client).expect("usable options");
        let step = import_dashboards(&kibana, Engine::oldest(EngineProduct::Elasticsearch), &options()).await;
        let Step::LeftOut { what, why } = step else { panic!("{step:?}") };
        assert_eq!(what, WHAT);
        assert!(why.contains("/api/saved_objects/_import") && why.contains("--dashboards FILE"), "{why}");
    }
}
