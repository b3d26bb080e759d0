//! The keys that exist: read from `default.toml`, in its order, each with its default, which tells the type.

use super::DEFAULT_TOML;
use super::given::Raw;
use super::layer::flat_toml;
use serde_json::Value;

/// Keys that a complaint names as what may have been meant.
const MAX_HINTS: usize = 4;

/// A key that exists.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    /// Dotted, such as `edge.listen`.
    pub(crate) name: String,
    /// Its default.
    pub(crate) default: Value,
}

impl Key {
    /// The value that a layer gives, in the type of this key.
    ///
    /// # Errors
    /// What is wrong and what it must be, without the key's name.
    pub(crate) fn read(&self, raw: &Raw) -> Result<Value, String> {
        match (raw, &self.default) {
            (Raw::Typed(value), default) if kind(value) == kind(default) => Ok(value.clone()),
            (Raw::Text(text), Value::String(_)) => Ok(Value::String(text.clone())),
            (Raw::Text(text), Value::Number(_)) => match text.trim().parse::<i64>() {
                Ok(number) => Ok(number.into()),
                Err(_) => Err(self.expected(text)),
            },
            (Raw::Text(text), Value::Bool(_)) => match text.trim() {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err(self.expected(text)),
            },
            (Raw::Typed(value), _) => Err(self.expected(&value.to_string())),
            (Raw::Text(text), _) => Err(self.expected(text)),
        }
    }

    fn expected(&self, found: &str) -> String {
        let found =
            if found.trim().is_empty() { "it is empty".into() } else { format!("`{found}` is of the wrong type") };
        format!("{found}, it must be {} such as {}", kind(&self.default), self.default)
    }
}

/// The type of a value in the words of a complaint.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a text in quotes",
        Value::Array(_) => "a list",
        Value::Object(_) => "a section",
    }
}

/// All keys, in the order of `default.toml`.
///
/// # Errors
/// When `default.toml` is broken, which a test rules out.
pub(crate) fn all() -> Result<Vec<Key>, String> {
    let mut keys: Vec<Key> =
        flat_toml(DEFAULT_TOML)?.into_iter().map(|(name, default)| Key { name, default }).collect();
    let order = names_in_order(DEFAULT_TOML);
    keys.sort_by_key(|key| order.iter().position(|name| *name == key.name));
    Ok(keys)
}

/// Dotted names of the keys of a TOML text that uses plain `[section]` and `key = value` lines only, as `default.toml` does.
fn names_in_order(text: &str) -> Vec<String> {
    let mut section = "";
    let mut names = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = header;
        } else if let Some((key, _)) = line.split_once('=') {
            names.push(format!("{section}.{}", key.trim()));
        }
    }
    names
}

/// The keys that someone may have meant: the nearest one, or several that are equally near; none when nothing is.
pub(crate) fn nearest<'a>(keys: &'a [Key], wrong: &str) -> Vec<&'a str> {
    let wrong = wrong.to_ascii_lowercase();
    let tail = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let near = |a: &str, b: &str| {
        let distance = strsim::damerau_levenshtein(a, b);
        (distance <= (b.len() / 3).clamp(1, 4)).then_some(distance)
    };
    let found: Vec<(usize, &str)> = keys
        .iter()
        .filter_map(|key| {
            let whole = near(&wrong.replace('_', "."), &key.name.replace('_', ".")).map(|distance| distance * 2);
            // A key that is right but in the wrong section, or in none; a slip in the section is likelier.
            let last = near(&tail(&wrong), &tail(&key.name)).map(|distance| distance * 2 + 3);
            Some((whole.into_iter().chain(last).min()?, key.name.as_str()))
        })
        .collect();
    let best = found.iter().map(|(distance, _)| *distance).min();
    found.into_iter().filter(|(distance, _)| Some(*distance) == best).map(|(_, name)| name).take(MAX_HINTS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_key_of_the_default_file_is_found_in_its_order() {
        let names: Vec<String> = all().unwrap().into_iter().map(|key| key.name).collect();
        assert_eq!(names, names_in_order(DEFAULT_TOML));
        assert_eq!(names.first().unwrap(), "node.name");
        assert_eq!(names.last().unwrap(), "edge.registry_refresh_ms");
    }

    #[test]
    fn every_key_of_the_default_file_has_a_comment() {
        let mut before = "";
        for line in DEFAULT_TOML.lines() {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(before.starts_with("# "), "{line}");
            }
            before = line;
        }
    }

    #[test]
    fn values_are_read_in_the_type_of_the_default() {
        let text = Key { name: "a.b".into(), default: json!("x") };
        assert_eq!(text.read(&Raw::Text("12".into())), Ok(json!("12")));
        assert_eq!(text.read(&Raw::Text(String::new())), Ok(json!("")));
        assert_eq!(
            text.read(&Raw::Typed(json!(12))).unwrap_err(),
            "`12` is of the wrong type, it must be a text in quotes such as \"x\""
        );

        let whole = Key { name: "a.b".into(), default: json!(7) };
        assert_eq!(whole.read(&Raw::Text(" 12 ".into())), Ok(json!(12)));
        assert_eq!(whole.read(&Raw::Typed(json!(12))), Ok(json!(12)));
        for wrong in [Raw::Text("12a".into()), Raw::Typed(json!("12")), Raw::Typed(json!(1.5)), Raw::Typed(json!([1]))]
        {
            assert!(whole.read(&wrong).unwrap_err().ends_with("it must be a whole number such as 7"), "{wrong:?}");
        }
        assert_eq!(
            whole.read(&Raw::Text(String::new())).unwrap_err(),
            "it is empty, it must be a whole number such as 7"
        );

        let flag = Key { name: "a.b".into(), default: json!(true) };
        assert_eq!(flag.read(&Raw::Text("false".into())), Ok(json!(false)));
        assert!(flag.read(&Raw::Text("yes".into())).is_err());
    }

    #[test]
    fn a_slip_finds_the_key_that_was_meant() {
        let keys = all().unwrap();
        for (wrong, meant) in [
            ("edge.treads", "edge.threads"),
            ("egde.listen", "edge.listen"),
            ("bus.url", "bus.nats.url"),
            ("edge_listen", "edge.listen"),
            ("bus.nats_url", "bus.nats.url"),
            ("Log.Filter", "log.filter"),
            ("edge.ping_interval", "edge.ping_interval_ms"),
        ] {
            assert_eq!(nearest(&keys, wrong), [meant], "{wrong}");
        }
        assert_eq!(nearest(&keys, "listen"), ["cdn.listen", "simulator.listen", "monitor.listen", "ui.listen"]);
        assert_eq!(nearest(&keys, "quite.something_else"), [""; 0]);
    }
}
