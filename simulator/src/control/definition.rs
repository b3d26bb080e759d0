//! Definitions of swarms in JSON, for the reader of scenarios: as TOML, one line for each key, so that a mistake can be traced back.

use crate::scenario::{Given, Scenario, Swarm};
use serde_json::{Map, Value};

/// Tables and lists inside each other: `commands.which` is the deepest that means something.
const MAX_DEPTH: usize = 4;
/// Longest key that is told before a mistake; all that mean something are shorter.
const MAX_KEY_BYTES: usize = 20;
/// Lines before the first key.
const LINES_BEFORE: usize = 1;

/// Reads one definition. One that names no seed has that of its name.
///
/// # Errors
/// Every mistake, with the table that it is in.
pub(super) fn read(definition: &Value, given: &Given<'_>) -> Result<Swarm, Vec<String>> {
    let mut text = as_toml(definition).map_err(|mistake| vec![mistake])?;
    if definition.get("seed").is_none_or(Value::is_null) {
        let name = definition.get("name").and_then(Value::as_str).unwrap_or_default();
        // Behind all that was said, whose lines stay as they are.
        text.push_str(&format!("seed = {}\n", seed_of(name)));
    }
    let keys: Vec<&str> =
        entries(definition).map(|(key, value)| if value.is_object() { key.as_str() } else { "" }).collect();
    let scenario = Scenario::parse_given(&text, given).map_err(|mistakes| {
        let told = |line: usize, text: String| {
            let table =
                line.checked_sub(LINES_BEFORE + 1).and_then(|place| keys.get(place)).copied().unwrap_or_default();
            if table.is_empty() || table.len() > MAX_KEY_BYTES { text } else { format!("{table}: {text}") }
        };
        mistakes.into_iter().map(|mistake| told(mistake.line, mistake.text)).collect::<Vec<_>>()
    })?;
    scenario.swarms.into_iter().next().ok_or_else(|| vec!["there is no swarm".to_owned()])
}

/// Two swarms move differently, and each of them the same every time: FNV-1a, with 32 bits, because readers of JSON may keep 53.
fn seed_of(name: &str) -> u32 {
    const START: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    name.bytes().fold(START, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME))
}

/// What is said: null is what is left out.
fn entries(definition: &Value) -> impl Iterator<Item = (&String, &Value)> {
    definition.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null())
}

/// A scenario with one swarm.
///
/// # Errors
/// Why it cannot be one.
pub(crate) fn as_toml(definition: &Value) -> Result<String, String> {
    if !definition.is_object() {
        return Err("a definition is an object, such as {\"devices\": 20}".into());
    }
    let mut text = "[[swarm]]\n".to_owned();
    for (key, value) in entries(definition) {
        entry(key, value, 1, &mut text)?;
        text.push('\n');
    }
    Ok(text)
}

fn entry(key: &str, value: &Value, depth: usize, text: &mut String) -> Result<(), String> {
    quoted(key, text);
    text.push_str(" = ");
    write(value, depth, text)
}

fn write(value: &Value, depth: usize, text: &mut String) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("objects and lists are inside each other more than {MAX_DEPTH} deep"));
    }
    match value {
        Value::Null => return Err("there is a null in a list".into()),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(value) => quoted(value, text),
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, depth + 1, text)?;
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(table) => write_table(table, depth, text)?,
    }
    Ok(())
}

fn write_table(table: &Map<String, Value>, depth: usize, text: &mut String) -> Result<(), String> {
    text.push('{');
    for (place, (key, value)) in table.iter().filter(|(_, value)| !value.is_null()).enumerate() {
        if place > 0 {
            text.push_str(", ");
        }
        entry(key, value, depth + 1, text)?;
    }
    text.push('}');
    Ok(())
}

/// A string as JSON writes it is a basic string of TOML, but for one control character that JSON lets stand.
fn quoted(value: &str, text: &mut String) {
    text.push_str(&Value::from(value).to_string().replace('\u{7f}', "\\u007f"));
}

/// Lays a patch over a definition, as RFC 7396 says.
pub(super) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_bridge::Registry;
    use serde_json::json;

    fn mistakes(definition: &Value) -> Vec<String> {
        read(definition, &Given::alone(&Registry::built_in())).unwrap_err()
    }

    #[test]
    fn a_definition_is_a_table_of_a_scenario() {
        let definition = json!({
            "name": "crowd", "devices": 3, "rate_hz": 2.5, "duration": null, "motion": {"walk": 1, "rest": null},
            "commands": {"which": ["led:ff0000"]}, "faults": {"silent": "50%", "malformed": 1},
        });
        let swarm = read(&definition, &Given::alone(&Registry::built_in())).unwrap();
        assert_eq!((swarm.name.as_str(), swarm.ids.len(), swarm.rate_hz, swarm.duration), ("crowd", 3, 2.5, None));
        assert_eq!((swarm.faults.silent.of(10), swarm.faults.malformed.of(10)), (5, 1));
    }

    #[test]
    fn all_mistakes_are_told_with_their_table() {
        let found = mistakes(&json!({
            "devices": 0, "rate": 5, "floor": {"width_m": 0.5, "length_m": 3}, "seed": -1, "motion": "fly", "name": "A",
        }));
        for wrong in [
            "`devices` is 0, it must be",
            "swarm has no key \"rate\", did you mean `rate_hz`?",
            "floor: `width_m` is 0.5, it must be a number from 1 to 1000",
            "floor: swarm.floor has no key \"length_m\"",
            "`seed` is -1",
            "`motion` is \"fly\"",
            "`name` is \"A\"",
        ] {
            assert!(found.iter().any(|mistake| mistake.starts_with(wrong)), "{wrong} in {found:?}");
        }
        assert_eq!(found.len(), 7, "{found:?}");
        assert!(!found.iter().any(|mistake| mistake.contains("line")), "lines mean nothing here: {found:?}");
    }

    #[test]
    fn hostile_definitions_are_only_mistakes() {
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        for (definition, wrong) in [
            (json!({"ids": deep}), "more than 4 deep"),
            (json!({"ids": [null]}), "a null in a list"),
            (json!({"name": "a\"\n[[swarm]]\n\u{7f}\u{0}\\"}), "`name` is \"a\\\"\\n[[swarm]]"),
            (json!({"a\n\" = 1\n\u{7f}": 1}), "swarm has no key \"a\\n"),
            (json!({"x".repeat(5000): {"y": 1}}), "swarm has no key \"xxx"),
            (json!([]), "a definition is an object"),
            (json!({"rate_hz": 1e300}), "`rate_hz` is 1e+300"),
            (json!({"ids": ["1a2b", "1a2b"]}), "device 1a2b of space `main` is named twice; "),
        ] {
            let found = mistakes(&definition);
            assert!(found.len() == 1 && found[0].contains(wrong) && found[0].len() < 500, "{wrong} in {found:?}");
        }
    }

    #[test]
    fn a_patch_is_laid_over_as_the_rfc_says() {
        for (target, patch, merged) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": "c"}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
            (json!({"e": 1}), json!(null), json!(null)),
        ] {
            let mut target = target;
            merge(&mut target, patch);
            assert_eq!(target, merged);
        }
    }
}
