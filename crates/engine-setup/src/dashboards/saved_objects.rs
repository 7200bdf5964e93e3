//! Saved objects, one a line, as Kibana and OpenSearch Dashboards import them.
//!
//! Ids are ours and the same every time, so that an import replaces what an earlier one made. What refers to another object does so by
//! a name in `references`, never by an id within its own text.

use serde_json::{Value, json};

use super::{COLUMNS, Dashboard, Panel, Shape, all, visualization};

/// Who imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Kibana 8.19 or later, 9.x included.
    Kibana,
    /// OpenSearch Dashboards 2.x or 3.x.
    OpenSearchDashboards,
}

/// The name by which a search or visualization refers to the data it is about.
const INDEX_REFERENCE: &str = "kibanaSavedObjectMeta.searchSourceJSON.index";

/// Every dashboard with all it needs, over the data streams of this pattern, as lines of JSON.
pub fn saved_objects(product: Product, pattern: &str) -> String {
    let mut objects = vec![index_pattern(product, pattern)];
    for dashboard in all() {
        for (index, panel) in dashboard.panels.iter().enumerate() {
            objects.push(panel_object(product, dashboard, index, panel, pattern));
        }
        objects.push(dashboard_object(product, dashboard));
    }
    objects.iter().fold(String::new(), |lines, object| lines + &object.to_string() + "\n")
}

fn index_pattern_id(pattern: &str) -> String {
    format!("claudetrail-{}", pattern.trim_end_matches('*').trim_end_matches('-'))
}

fn index_pattern(product: Product, pattern: &str) -> Value {
    let mut attributes = json!({ "title": pattern, "timeFieldName": "@timestamp" });
    if product == Product::Kibana {
        attributes["name"] = json!("ClaudeTrail");
    }
    object(product, "index-pattern", &index_pattern_id(pattern), &attributes, &json!([]))
}

/// The envelope, with the version of the form that each product is to bring up to date from.
fn object(product: Product, kind: &str, id: &str, attributes: &Value, references: &Value) -> Value {
    let mut object = json!({ "id": id, "type": kind, "attributes": attributes, "references": references });
    match product {
        Product::Kibana => {
            let version = match kind {
                "index-pattern" => "8.0.0",
                "visualization" => "8.5.0",
                "dashboard" => "8.9.0",
                _ => "7.9.3",
            };
            object["coreMigrationVersion"] = json!("8.8.0");
            object["typeMigrationVersion"] = json!(version);
        }
        Product::OpenSearchDashboards => {
            let version = match kind {
                "index-pattern" => "7.6.0",
                "visualization" => "7.10.0",
                _ => "7.9.3",
            };
            object["migrationVersion"] = json!({ kind: version });
        }
    }
    object
}

fn panel_id(dashboard: &Dashboard, index: usize) -> String {
    format!("claudetrail-{}-{}", dashboard.name, index + 1)
}

fn panel_object(
    product: Product,
    dashboard: &Dashboard,
    index: usize,
    panel: &Panel,
    pattern: &str,
) -> Value {
    let id = panel_id(dashboard, index);
    let references =
        json!([{ "id": index_pattern_id(pattern), "name": INDEX_REFERENCE, "type": "index-pattern" }]);
    let source = json!({
        "query": { "query": panel.query, "language": "kuery" },
        "filter": [],
        "indexRefName": INDEX_REFERENCE,
    });
    let mut attributes = json!({
        "title": format!("{}: {}", dashboard.title, panel.title),
        "description": "",
        "version": 1,
        "kibanaSavedObjectMeta": { "searchSourceJSON": source.to_string() },
    });
    if let Shape::Documents(fields) = panel.shape {
        attributes["columns"] = json!(fields);
        attributes["sort"] = json!([["@timestamp", "desc"]]);
        attributes["hits"] = json!(0);
        return object(product, "search", &id, &attributes, &references);
    }
    attributes["visState"] = json!(visualization::state(panel).unwrap_or_default().to_string());
    attributes["uiStateJSON"] = json!("{}");
    object(product, "visualization", &id, &attributes, &references)
}

fn dashboard_object(product: Product, dashboard: &Dashboard) -> Value {
    let (mut panels, mut references) = (Vec::new(), Vec::new());
    for (index, (panel, (x, y))) in dashboard.panels.iter().zip(places(dashboard)).enumerate() {
        let number = (index + 1).to_string();
        let kind = if matches!(panel.shape, Shape::Documents(_)) { "search" } else { "visualization" };
        panels.push(json!({
            "version": "7.10.0",
            "type": kind,
            "gridData": { "x": x, "y": y, "w": panel.width, "h": panel.height, "i": number },
            "panelIndex": number,
            "embeddableConfig": {},
            "title": panel.title,
            "panelRefName": format!("panel_{number}"),
        }));
        // Kibana puts the panel before the name, so that panels may refer to further objects of their own.
        let name = match product {
            Product::Kibana => format!("{number}:panel_{number}"),
            Product::OpenSearchDashboards => format!("panel_{number}"),
        };
        references.push(json!({ "id": panel_id(dashboard, index), "name": name, "type": kind }));
    }
    let source = json!({ "query": { "query": "", "language": "kuery" }, "filter": [] });
    let attributes = json!({
        "title": dashboard.title,
        "description": dashboard.description,
        "version": 1,
        "hits": 0,
        "timeRestore": true,
        "timeFrom": dashboard.from,
        "timeTo": "now",
        "panelsJSON": json!(panels).to_string(),
        "optionsJSON": json!({ "useMargins": true, "hidePanelTitles": false }).to_string(),
        "kibanaSavedObjectMeta": { "searchSourceJSON": source.to_string() },
    });
    object(product, "dashboard", &format!("claudetrail-{}", dashboard.name), &attributes, &json!(references))
}

/// Where each panel stands: in rows, from left to right, a row as high as its highest panel.
fn places(dashboard: &Dashboard) -> Vec<(u32, u32)> {
    let (mut x, mut y, mut row) = (0, 0, 0);
    let place = |panel: &Panel| {
        if x + panel.width > COLUMNS {
            (x, y, row) = (0, y + row, 0);
        }
        let place = (x, y);
        x += panel.width;
        row = row.max(panel.height);
        place
    };
    dashboard.panels.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn objects(product: Product) -> Vec<Value> {
        let lines = saved_objects(product, "logs-anthropic.audit-*");
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn inner(text: &Value) -> Value {
        serde_json::from_str(text.as_str().expect("JSON as text")).expect("JSON")
    }

    #[test]
    fn what_is_referred_to_is_there_and_stands_before() {
        for product in [Product::Kibana, Product::OpenSearchDashboards] {
            let mut known = BTreeSet::new();
            for object in objects(product) {
                let key = |object: &Value| (object["type"].to_string(), object["id"].to_string());
                for reference in object["references"].as_array().expect("a list") {
                    assert!(known.contains(&key(reference)), "{reference} of {}", object["id"]);
                }
                let versioned = match product {
                    Product::Kibana => object["typeMigrationVersion"].is_string(),
                    Product::OpenSearchDashboards => {
                        object["migrationVersion"][object["type"].as_str().expect("a type")].is_string()
                    }
                };
                assert!(versioned && known.insert(key(&object)), "{}", object["id"]);
            }
        }
    }

    #[test]
    fn every_panel_of_a_dashboard_is_found_and_none_covers_another() {
        for product in [Product::Kibana, Product::OpenSearchDashboards] {
            let all_objects = objects(product);
            let dashboards = all_objects.iter().filter(|object| object["type"] == "dashboard");
            assert_eq!(dashboards.clone().count(), 4);
            for dashboard in dashboards {
                let panels = inner(&dashboard["attributes"]["panelsJSON"]);
                let names: BTreeMap<&str, &Value> = dashboard["references"]
                    .as_array()
                    .expect("a list")
                    .iter()
                    .map(|reference| (reference["name"].as_str().expect("a name"), reference))
                    .collect();
                let mut taken = BTreeSet::new();
                for panel in panels.as_array().expect("a list") {
                    let name = panel["panelRefName"].as_str().expect("a name");
                    let full = format!("{}:{name}", panel["panelIndex"].as_str().expect("a number"));
                    let found = names.get(name).or_else(|| names.get(full.as_str())).expect("a reference");
                    assert_eq!(found["type"], panel["type"]);
                    let grid = |key: &str| panel["gridData"][key].as_u64().expect("a number");
                    assert!(grid("x") + grid("w") <= u64::from(COLUMNS), "{panel}");
                    for x in grid("x")..grid("x") + grid("w") {
                        for y in grid("y")..grid("y") + grid("h") {
                            assert!(taken.insert((x, y)), "{panel} covers another");
                        }
                    }
                }
            }
        }
    }

    /// The visualization asks for what [`Panel::aggregations`] asks for: the same fields, numbers, sizes, one within the other.
    #[test]
    fn a_visualization_asks_what_its_panel_says() {
        let panels = all().iter().flat_map(|dashboard| dashboard.panels);
        for panel in panels.filter(|panel| !matches!(panel.shape, Shape::Documents(_))) {
            let state = visualization::state(panel).expect("a state");
            let mut aggregations = panel.aggregations("1d");
            for part in state["aggs"].as_array().expect("a list") {
                let (id, kind) =
                    (part["id"].as_str().expect("an id"), part["type"].as_str().expect("a type"));
                if kind == "count" {
                    continue;
                }
                let asked = aggregations[id].clone();
                assert_eq!(asked[kind]["field"], part["params"]["field"], "{}", panel.title);
                assert_eq!(asked[kind]["size"], part["params"]["size"], "{}", panel.title);
                aggregations = asked["aggs"].clone();
            }
            assert!(aggregations.as_object().is_none_or(serde_json::Map::is_empty), "{}", panel.title);
        }
    }
}
