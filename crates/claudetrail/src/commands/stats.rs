//! `stats`: what the trail is made of: who, what, from where, how it ended.

use std::fmt::Write as _;

use query::{Aggregation, Context};
use serde_json::{Map, Value as Json, json};

use crate::{asking, cli::Stats, config::Settings, display, error::Result, fields::fields, output};

/// The questions: a heading and the field whose commonest values answer it.
const QUESTIONS: [(&str, &str, &str); 8] = [
    ("actors", "who", "anthropic.audit.actor.name"),
    ("actions", "what", "event.action"),
    ("categories", "of what kind", "event.category"),
    ("outcomes", "how it ended", "event.outcome"),
    ("addresses", "from which address", "source.ip"),
    ("countries", "from which country", "source.geo.country_iso_code"),
    ("agents", "with what", "user_agent.name"),
    ("organizations", "where", "organization.name"),
];

pub(crate) fn run(settings: &Settings, arguments: &Stats) -> Result<()> {
    let mut request = asking::request(&arguments.question, &[], 0)?;
    let mut asked = Map::new();
    for (name, _, field) in QUESTIONS {
        asked.insert(name.into(), json!({"terms": {"field": field, "size": arguments.top}}));
    }
    asked.insert("people".into(), json!({"cardinality": {"field": "user.email"}}));
    asked.insert("times".into(), json!({"stats": {"field": query::TIMESTAMP}}));
    let fields = fields();
    request.aggregations =
        Aggregation::read_all(&asked.into(), &Context::new(&fields, jiff::Timestamp::now()))?;
    let answer = asking::open(settings)?.search(&request)?;
    if arguments.json {
        return output::print(&format!("{:#}\n", summary(answer.total, &answer.aggregations)));
    }
    output::page(&page(answer.total, &answer.aggregations))
}

/// `{"total","people","from","to","actors":[{"value","count"}],…}`.
fn summary(total: u64, answers: &Map<String, Json>) -> Json {
    let mut summary = json!({
        "total": total,
        "people": answers["people"]["value"],
        "from": answers["times"]["min_as_string"],
        "to": answers["times"]["max_as_string"],
    });
    for (name, _, _) in QUESTIONS {
        let list: Vec<Json> = values(&answers[name])
            .into_iter()
            .map(|(value, count)| json!({"value": value, "count": count}))
            .collect();
        summary[name] = list.into();
    }
    summary
}

fn values(answer: &Json) -> Vec<(String, u64)> {
    let bucket = |bucket: &Json| {
        let key = &bucket["key"];
        let text = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        (text, bucket["doc_count"].as_u64().unwrap_or_default())
    };
    answer["buckets"].as_array().into_iter().flatten().map(bucket).collect()
}

fn page(total: u64, answers: &Map<String, Json>) -> String {
    let palette = output::stdout_palette();
    let people = answers["people"]["value"].as_u64().unwrap_or_default();
    let time =
        |name: &str| answers["times"][name].as_str().and_then(|text| text.parse().ok()).map(display::time);
    let mut text = format!("{} activities, {} people", display::count(total), display::count(people));
    if let (Some(from), Some(to)) = (time("min_as_string"), time("max_as_string")) {
        let _ = write!(text, ", {from} to {to}");
    }
    text.push('\n');
    for (name, heading, _) in QUESTIONS {
        let values = values(&answers[name]);
        if values.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{}", palette.bold(heading));
        let others = answers[name]["sum_other_doc_count"].as_u64().unwrap_or_default();
        let most = values.first().map_or(1, |(_, count)| (*count).max(1));
        for (value, count) in &values {
            let bar = "█".repeat((count * 20).div_ceil(most) as usize);
            let value = display::one_line(value);
            let bar = palette.dim(&format!("{bar:<20}"));
            let _ = writeln!(text, "{:>12}  {bar}  {value}", display::count(*count));
        }
        if others > 0 {
            text += &palette.dim(&format!("{:>12}  others", display::count(others)));
            text.push('\n');
        }
    }
    text
}
