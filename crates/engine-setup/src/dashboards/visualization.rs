//! A panel as a classic visualization: what is asked, in the products' own words, and how it is drawn.

use serde_json::{Value, json};

use super::{Column, Metric, Panel, SHARES, Shape};

/// The state of a visualization; `None` for documents, which are shown by a saved search.
pub(super) fn state(panel: &Panel) -> Option<Value> {
    let (kind, parameters, aggregations) = match panel.shape {
        Shape::Figure(metric) => ("metric", figure(), vec![number(metric, panel.title)]),
        Shape::OverTime(field) => {
            let time = json!({ "field": "@timestamp", "useNormalizedEsInterval": true, "interval": "auto",
                "drop_partials": false, "min_doc_count": 1, "extended_bounds": {} });
            let parts = vec![
                count(),
                part("2", "date_histogram", "segment", &time),
                part("3", "terms", "group", &terms(field, SHARES, "")),
            ];
            ("histogram", columns(), parts)
        }
        Shape::Share(field) => {
            ("pie", ring(), vec![count(), part("2", "terms", "segment", &terms(field, SHARES, ""))])
        }
        Shape::Top(fields) => ("table", table(), rows(fields)),
        Shape::Documents(_) => return None,
    };
    Some(json!({ "title": panel.title, "type": kind, "params": parameters, "aggs": aggregations }))
}

fn rows(fields: &[Column]) -> Vec<Value> {
    let row = |(index, column): (usize, &Column)| {
        let id = (index + 2).to_string();
        part(&id, "terms", "bucket", &terms(column.field, column.size, column.label))
    };
    std::iter::once(count()).chain(fields.iter().enumerate().map(row)).collect()
}

fn part(id: &str, kind: &str, schema: &str, parameters: &Value) -> Value {
    json!({ "id": id, "enabled": true, "type": kind, "schema": schema, "params": parameters })
}

fn count() -> Value {
    part("1", "count", "metric", &json!({ "customLabel": "Activities" }))
}

fn number(metric: Metric, label: &str) -> Value {
    match metric {
        Metric::Count => part("1", "count", "metric", &json!({ "customLabel": label })),
        Metric::Distinct(field) => {
            part("1", "cardinality", "metric", &json!({ "field": field, "customLabel": label }))
        }
        Metric::Latest(field) => part("1", "max", "metric", &json!({ "field": field, "customLabel": label })),
    }
}

fn terms(field: &str, size: u32, label: &str) -> Value {
    let mut parameters = json!({
        "field": field, "size": size, "orderBy": "1", "order": "desc",
        "otherBucket": false, "otherBucketLabel": "Other", "missingBucket": false, "missingBucketLabel": "Missing",
    });
    if !label.is_empty() {
        parameters["customLabel"] = json!(label);
    }
    parameters
}

fn figure() -> Value {
    json!({
        "type": "metric", "addTooltip": true, "addLegend": false,
        "metric": {
            "percentageMode": false, "useRanges": false, "colorSchema": "Green to Red", "metricColorMode": "None",
            "colorsRange": [{ "from": 0, "to": 10_000 }], "labels": { "show": true }, "invertColors": false,
            "style": { "bgFill": "#000", "bgColor": false, "labelColor": false, "subText": "", "fontSize": 36 },
        },
    })
}

fn columns() -> Value {
    json!({
        "type": "histogram", "addTooltip": true, "addLegend": true, "legendPosition": "right", "times": [],
        "addTimeMarker": false, "grid": { "categoryLines": false }, "labels": { "show": false },
        "thresholdLine": { "show": false, "value": 10, "width": 1, "style": "full", "color": "#E7664C" },
        "categoryAxes": [{
            "id": "CategoryAxis-1", "type": "category", "position": "bottom", "show": true, "style": {},
            "scale": { "type": "linear" }, "labels": { "show": true, "filter": true, "truncate": 100 }, "title": {},
        }],
        "valueAxes": [{
            "id": "ValueAxis-1", "name": "LeftAxis-1", "type": "value", "position": "left", "show": true, "style": {},
            "scale": { "type": "linear", "mode": "normal" },
            "labels": { "show": true, "rotate": 0, "filter": false, "truncate": 100 }, "title": { "text": "Activities" },
        }],
        "seriesParams": [{
            "show": true, "type": "histogram", "mode": "stacked", "data": { "label": "Activities", "id": "1" },
            "valueAxis": "ValueAxis-1", "drawLinesBetweenPoints": true, "lineWidth": 2, "showCircles": true,
        }],
    })
}

fn ring() -> Value {
    json!({
        "type": "pie", "addTooltip": true, "addLegend": true, "legendPosition": "right", "isDonut": true,
        "labels": { "show": false, "values": true, "last_level": true, "truncate": 100 },
    })
}

fn table() -> Value {
    json!({
        "perPage": 10, "showPartialRows": false, "showMetricsAtAllLevels": false, "showTotal": false,
        "totalFunc": "sum", "percentageCol": "",
    })
}
