//! `grouploop config`: the settings in effect, as a settings file or as JSON, with where each value came from.

use super::mask::mask;
use super::resolve::Entry;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// How they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A settings file; a comment at the end of each line says where the value came from.
    Toml,
    /// One object: section, key, and `{"value": …, "from": …}`.
    Json,
}

/// All settings in effect, secrets masked.
pub(crate) fn print(entries: &[Entry], format: Format) -> String {
    match format {
        Format::Toml => toml(entries),
        Format::Json => format!("{:#}\n", json(entries)),
    }
}

fn toml(entries: &[Entry]) -> String {
    let lines: Vec<(&str, String, String)> = entries
        .iter()
        .map(|entry| {
            let (section, key) = entry.key.rsplit_once('.').unwrap_or(("", &entry.key));
            (section, format!("{key} = {}", toml_value(&shown(entry))), entry.origin.to_string())
        })
        .collect();
    // A long value must not push all comments away.
    let width = lines.iter().map(|(_, line, _)| line.chars().count()).filter(|width| *width <= 60).max().unwrap_or(0);
    let mut text = String::new();
    let mut open = "";
    for (section, line, origin) in lines {
        if section != open {
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{section}]");
            open = section;
        }
        let _ = writeln!(text, "{line:width$}  # {}", one_line(&origin));
    }
    text
}

/// TOML takes what JSON writes for texts, numbers and truth values, except for one control character.
fn toml_value(value: &Value) -> String {
    value.to_string().replace('\u{7f}', "\\u007f")
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn json(entries: &[Entry]) -> Value {
    let mut root = Map::new();
    for entry in entries {
        let mut table = &mut root;
        let mut parts = entry.key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                table.insert(part.into(), json!({"value": shown(entry), "from": entry.origin.to_string()}));
                break;
            }
            let Value::Object(inner) = table.entry(part).or_insert_with(|| json!({})) else { break };
            table = inner;
        }
    }
    Value::Object(root)
}

fn shown(entry: &Entry) -> Value {
    match &entry.value {
        Value::String(text) => mask(&entry.key, text).into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::layer::flat_toml;
    use super::super::{Effective, Flags, load};
    use super::*;
    use std::path::Path;

    fn effective() -> Effective {
        let flags = Flags {
            set: vec!["bus.nats.url=nats://me:secret@a:1,nats://b:2".into(), "log.filter=a\"\\\t\u{7f}b=debug".into()],
            ..Flags::default()
        };
        let variables = [("WS_PORT".to_owned(), "6000".to_owned())].into();
        load(&flags, &variables, Path::new("/nonexistent")).unwrap()
    }

    #[test]
    fn what_is_printed_is_a_settings_file_again() {
        let effective = effective();
        let text = print(&effective.entries, Format::Toml);
        let read: std::collections::BTreeMap<_, _> = flat_toml(&text).unwrap().into_iter().collect();
        assert_eq!(read.len(), effective.entries.len());
        for entry in effective.entries.iter().filter(|entry| entry.key != "bus.nats.url") {
            assert_eq!(read.get(&entry.key), Some(&entry.value), "{}", entry.key);
        }
    }

    #[test]
    fn each_line_says_where_it_came_from_and_hides_secrets() {
        let text = print(&effective().entries, Format::Toml);
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
        assert!(line("listen = \"0.0.0.0:6000\" ").ends_with("  # WS_PORT"), "{text}");
        assert!(line("threads = 0 ").ends_with("  # default"), "{text}");
        assert_eq!(
            line("url = ").split_whitespace().collect::<Vec<_>>(),
            ["url", "=", "\"nats://****@a:1,nats://b:2\"", "#", "--set"]
        );
        assert!(!text.contains("secret"));
    }

    #[test]
    fn json_has_value_and_origin() {
        let value: Value = serde_json::from_str(&print(&effective().entries, Format::Json)).unwrap();
        assert_eq!(value["edge"]["listen"], json!({"value": "0.0.0.0:6000", "from": "WS_PORT"}));
        assert_eq!(value["bus"]["nats"]["url"]["value"], "nats://****@a:1,nats://b:2");
        assert_eq!(value["edge"]["threads"], json!({"value": 0, "from": "default"}));
    }
}
