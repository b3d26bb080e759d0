//! The commands that are built in.

use super::{code, plain};
use grouploop_testkit::docs;
use serde_json::Value;
use std::fmt::Write as _;

const PAGE: &str = "docs/reference/registry.md";
const SOURCE: &str = "bridge/src/commands.json";

/// What fits a parameter, in words.
fn what_fits(entry: &Value) -> String {
    let range = || format!("{} to {}", entry["min"], entry["max"]);
    match entry["type"].as_str().unwrap() {
        "int" => format!("a whole number, {}", range()),
        "duration_ms" => format!("milliseconds, {}", range()),
        "color" => "a colour: six hex digits, `#rrggbb`, `#rgb` or a name".to_owned(),
        "hex" => format!("{} hex digits", entry["digits"]),
        "url" => "a URL, `http` or `https`".to_owned(),
        "enum" => {
            let values: Vec<String> =
                entry["values"].as_array().unwrap().iter().map(|one| code(one.as_str().unwrap())).collect();
            format!("one of {}", values.join(", "))
        }
        other => panic!("a type that no reader knows: {other}"),
    }
}

#[test]
fn every_command_is_told_with_what_fits() {
    let text = docs::read(SOURCE);
    let registry: Value = serde_json::from_str(&text).unwrap();
    let commands = registry["commands"].as_object().unwrap();
    // As they stand in the file: the most used first.
    let mut names: Vec<&String> = commands.keys().collect();
    names.sort_by_key(|name| text.find(&format!("\n    \"{name}\": ")).unwrap());
    let mut page = String::new();
    for name in names {
        let command = &commands[name];
        let _ = writeln!(page, "## `{name}`\n\n{}.\n", plain(command["description"].as_str().unwrap()));
        let schema = command["schema"].as_array().unwrap();
        if schema.is_empty() {
            let _ = writeln!(page, "It has no parameters.\n");
        } else {
            page.push_str("| parameter | what fits | forms begin with |\n| --- | --- | --- |\n");
            for entry in schema {
                let default = match &entry["default"] {
                    Value::Null => "nothing".to_owned(),
                    Value::String(text) => code(text),
                    other => code(&other.to_string()),
                };
                let _ =
                    writeln!(page, "| {} | {} | {default} |", code(entry["name"].as_str().unwrap()), what_fits(entry));
            }
            page.push('\n');
        }
        page.push_str("```text\n");
        for example in command["examples"].as_array().unwrap() {
            let _ = writeln!(page, "{}", example.as_str().unwrap());
        }
        page.push_str("```\n\n");
    }
    docs::made_of(PAGE, SOURCE, &page);
}
