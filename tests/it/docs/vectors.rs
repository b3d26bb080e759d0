//! The vectors of the wire protocol as examples for readers.

use super::{code, plain};
use grouploop_bridge::CommandAnswer;
use grouploop_testkit::docs;
use serde_json::Value;
use std::fmt::Write as _;

const PAGE: &str = "docs/reference/vectors.md";
const SOURCE: &str = "bridge/vectors.json";

/// A text as it would stand in JSON, so that its ends and its signs are seen.
fn input(vector: &Value) -> String {
    let text = vector["input"].as_str().unwrap();
    code(&serde_json::to_string(text).unwrap())
}

fn text(vector: &Value, key: &str) -> Option<String> {
    vector[key].as_str().map(code)
}

/// What a message is taken for.
fn meaning(vector: &Value) -> String {
    let list = |key: &str| -> Vec<String> {
        vector[key].as_array().into_iter().flatten().map(|one| code(one.as_str().unwrap())).collect()
    };
    let frames = list("frames").join(", ");
    match vector["kind"].as_str().unwrap() {
        "ping" => "`ping`".to_owned(),
        "subscribe" => {
            let devices = list("devices").join(", ");
            let which = if devices.is_empty() { "every device".to_owned() } else { devices };
            match vector["rate"].as_u64() {
                Some(rate) => format!("subscribes to {which}, at most {rate} messages a second"),
                None => format!("subscribes to {which}"),
            }
        }
        "subscribe_error" => format!("is answered with {}", text(vector, "answer").unwrap()),
        "unsubscribe" => "no more frames".to_owned(),
        "label" => {
            let label = text(vector, "label").unwrap();
            match text(vector, "device") {
                Some(device) => format!("the label {label}, and the device {device}"),
                None => format!("the label {label}"),
            }
        }
        "empty_label" => "a label that is missing".to_owned(),
        "frame" => format!("one frame: {frames}"),
        "lines" => match (frames.is_empty(), vector["others"].as_u64().unwrap()) {
            (true, 0) => "nothing".to_owned(),
            (true, others) => format!("lines that mean nothing: {others}"),
            (false, 0) => format!("lines with frames: {frames}"),
            (false, others) => format!("lines with frames: {frames}; and lines that mean nothing: {others}"),
        },
        other => panic!("a kind of message that no reader knows: {other}"),
    }
}

#[test]
fn every_vector_is_an_example() {
    let vectors: Value = serde_json::from_str(&docs::read(SOURCE)).unwrap();
    let all = |key: &str| vectors[key].as_array().unwrap().clone();
    let mut page = String::from("## Frames\n\n| what | on the way in | on the way out |\n| --- | --- | --- |\n");
    for vector in all("frames") {
        let out = text(&vector, "line").unwrap_or_else(|| "no frame".to_owned());
        let _ = writeln!(page, "| {} | {} | {out} |", plain(vector["name"].as_str().unwrap()), input(&vector));
    }
    page.push_str("\n## Messages\n\n| message | what it means |\n| --- | --- |\n");
    for vector in all("messages") {
        let _ = writeln!(page, "| {} | {} |", input(&vector), meaning(&vector));
    }
    page.push_str("\n## Commands\n\n| message | target | what the device gets, or the answer |\n| --- | --- | --- |\n");
    for vector in all("commands") {
        let (target, said) = match (text(&vector, "target"), text(&vector, "device"), text(&vector, "error")) {
            (Some(target), Some(device), None) => (target, device),
            // Whoever that may be has no device.
            (None, Some(_), None) => ("nobody".to_owned(), code(&CommandAnswer::Failed.to_string())),
            (None, None, Some(error)) => ("none".to_owned(), error),
            other => panic!("a command that no reader understands: {other:?}"),
        };
        let _ = writeln!(page, "| {} | {target} | {said} |", input(&vector));
    }
    page.push_str("\n## Colours\n\n| colour | what the device gets |\n| --- | --- |\n");
    for vector in all("colors") {
        let digits = text(&vector, "digits").unwrap_or_else(|| "no colour".to_owned());
        let _ = writeln!(page, "| {} | {digits} |", input(&vector));
    }
    docs::made_of(PAGE, SOURCE, &page);
}
