//! The HTTP APIs, as each service describes its own.

use super::plain;
use grouploop_testkit::docs;
use serde_json::Value;
use std::fmt::Write as _;

const PAGE: &str = "docs/reference/http.md";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What a reference in the description leads to; what is none stays.
fn led<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(place) => {
            description.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("{place} leads nowhere"))
        }
        None => value,
    }
}

/// A type in a word or two.
fn kind(description: &Value, schema: &Value) -> String {
    let schema = led(description, schema);
    match (&schema["type"], &schema["enum"]) {
        (_, Value::Array(values)) => {
            values.iter().map(|value| format!("`{}`", value.as_str().unwrap())).collect::<Vec<_>>().join(", ")
        }
        (Value::String(one), _) => one.clone(),
        (Value::Array(several), _) => several.iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}

fn parameters(page: &mut String, description: &Value, lists: [&Value; 2]) {
    let all: Vec<&Value> =
        lists.into_iter().filter_map(Value::as_array).flatten().map(|one| led(description, one)).collect();
    if all.is_empty() {
        return;
    }
    page.push_str("| parameter | in | what |\n| --- | --- | --- |\n");
    for one in all {
        let what = one["description"].as_str().map_or_else(|| kind(description, &one["schema"]), plain);
        let _ = writeln!(page, "| `{}` | {} | {what} |", one["name"].as_str().unwrap(), one["in"].as_str().unwrap());
    }
    page.push('\n');
}

fn operation(page: &mut String, description: &Value, method: &str, path: &str, around: &Value) {
    let operation = &around[method];
    let method = method.to_uppercase();
    // The search leaves out words like GET, and a slash is no word.
    let first = if path == "/" { ", the first page" } else { "" };
    let _ = writeln!(
        page,
        "### {method} `{path}`{first}\n\n{}.\n",
        plain(operation["summary"].as_str().unwrap().trim_end_matches('.'))
    );
    if let Some(more) = operation["description"].as_str() {
        let _ = writeln!(page, "{}\n", plain(more));
    }
    parameters(page, description, [&around["parameters"], &operation["parameters"]]);
    let content = &led(description, &operation["requestBody"])["content"];
    for (kind, content) in content.as_object().into_iter().flatten() {
        for example in content["examples"].as_object().into_iter().flat_map(serde_json::Map::values) {
            let value = &led(description, example)["value"];
            let (language, text) = match value {
                Value::String(text) => ("toml", text.clone()),
                other => ("json", other.to_string()),
            };
            let _ = writeln!(page, "A body, `{kind}`:\n\n```{language}\n{}\n```\n", text.trim_end());
        }
    }
    page.push_str("| answer | |\n| --- | --- |\n");
    for (status, answer) in operation["responses"].as_object().unwrap() {
        let _ = writeln!(page, "| {status} | {} |", plain(led(description, answer)["description"].as_str().unwrap()));
    }
    page.push('\n');
}

#[test]
fn every_request_is_told() {
    for (service, source) in [
        ("An edge, port 5003", "edge/src/openapi.json"),
        ("The CDN, port 5008", "cdn/src/openapi.json"),
        ("The simulator, port 5005", "simulator/src/control/openapi.json"),
        ("The monitor, port 5010", "monitor/src/openapi.json"),
    ] {
        let description: Value = serde_json::from_str(&docs::read(source)).unwrap();
        let mut page = format!("## {service}\n\n{}\n\n", plain(description["info"]["description"].as_str().unwrap()));
        for (path, around) in description["paths"].as_object().unwrap() {
            for method in METHODS.into_iter().filter(|method| around[method].is_object()) {
                operation(&mut page, &description, method, path, around);
            }
        }
        docs::made_of(PAGE, source, &page);
    }
}
