//! Reading a layer that is TOML, and the flags.

use super::given::{Flags, Given, Origin, Raw};
use config::{ConfigError, File, FileFormat, Source, ValueKind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The name of the settings file that is used when nobody names one.
const FILE_NAME: &str = "grouploop.toml";

/// The settings file to read: named by the flag, by `GROUPLOOP_CONFIG`, or lying in this folder.
pub(crate) fn chosen_file(
    flags: &Flags,
    environment: &BTreeMap<String, String>,
    folder: &Path,
) -> Option<(PathBuf, String)> {
    let variable = environment.get(super::environment::CONFIG_FILE).filter(|name| !name.is_empty());
    if let Some(path) = &flags.config {
        return Some((path.clone(), "--config".into()));
    }
    if let Some(path) = variable {
        return Some((path.into(), super::environment::CONFIG_FILE.into()));
    }
    folder.join(FILE_NAME).exists().then(|| (FILE_NAME.into(), "the current folder".into()))
}

/// The keys of a settings file.
///
/// # Errors
/// One line: the file cannot be read or is not TOML.
pub(crate) fn file(path: &Path, named_by: &str, folder: &Path) -> Result<Vec<Given>, String> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(folder.join(path)).map_err(|error| {
        format!("the settings file {shown} (from {named_by}) cannot be read: {error}; name one that exists, or none")
    })?;
    let keys = flat_toml(&text).map_err(|error| format!("the settings file {shown} is not TOML: {error}"))?;
    let origin = Origin::File(shown);
    Ok(keys.into_iter().map(|(key, value)| Given { key, raw: Raw::Typed(value), origin: origin.clone() }).collect())
}

/// The keys of the command line, and what is wrong with it.
pub(crate) fn flags(flags: &Flags) -> (Vec<Given>, Vec<String>) {
    let mut given = Vec::new();
    let mut wrong = Vec::new();
    let text = |key: &str, value: &str, flag: &str| Given {
        key: key.trim().into(),
        raw: Raw::Text(value.into()),
        origin: Origin::Flag(flag.into()),
    };
    for pair in &flags.set {
        match pair.split_once('=') {
            Some((key, value)) => given.push(text(key, value, "--set")),
            None => wrong.push(format!("--set {pair}: it must look like key=value, such as --set edge.threads=2")),
        }
    }
    given.extend(flags.named.iter().map(|(flag, key, value)| text(key, value, flag)));
    (given, wrong)
}

/// A TOML text as dotted keys and values, sorted by key. An empty section appears as a key with an empty object.
///
/// # Errors
/// One line with line, column and reason when the text is not TOML.
pub(crate) fn flat_toml(text: &str) -> Result<Vec<(String, Value)>, String> {
    let table = File::from_str(text, FileFormat::Toml).collect().map_err(|error| one_line(&error))?;
    let mut keys = Vec::new();
    for (key, value) in table {
        flatten(key, value.kind, &mut keys);
    }
    keys.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(keys)
}

fn flatten(key: String, kind: ValueKind, into: &mut Vec<(String, Value)>) {
    match kind {
        ValueKind::Table(table) if !table.is_empty() => {
            for (inner, value) in table {
                flatten(format!("{key}.{inner}"), value.kind, into);
            }
        }
        other => into.push((key, to_json(other))),
    }
}

fn to_json(kind: ValueKind) -> Value {
    match kind {
        ValueKind::Nil => Value::Null,
        ValueKind::Boolean(value) => value.into(),
        ValueKind::I64(value) => value.into(),
        ValueKind::U64(value) => value.into(),
        // TOML has no numbers this long, so a text that is refused for its type will do.
        ValueKind::I128(value) => value.to_string().into(),
        ValueKind::U128(value) => value.to_string().into(),
        ValueKind::Float(value) => value.into(),
        ValueKind::String(value) => value.into(),
        ValueKind::Array(values) => values.into_iter().map(|value| to_json(value.kind)).collect(),
        ValueKind::Table(table) => table.into_iter().map(|(key, value)| (key, to_json(value.kind))).collect(),
    }
}

/// The parser shows the place over several lines; a complaint is one.
fn one_line(error: &ConfigError) -> String {
    let text = match error {
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    };
    let picture = |line: &&str| {
        line.split_once('|').is_some_and(|(gutter, _)| gutter.trim().parse::<u64>().is_ok() || gutter.trim().is_empty())
    };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !picture(line)).collect();
    lines.join(": ").replace("TOML parse error at ", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_become_dotted_keys() {
        let keys =
            flat_toml("[bus]\nengine = \"nats\"\n[bus.nats]\nurl = \"x\"\n[edge]\nthreads = 2\n[cdn]\n").unwrap();
        let expected = [
            ("bus.engine", json!("nats")),
            ("bus.nats.url", json!("x")),
            ("cdn", json!({})),
            ("edge.threads", json!(2)),
        ];
        assert_eq!(keys, expected.map(|(key, value)| (key.to_owned(), value)));
    }

    #[test]
    fn a_broken_text_is_one_line_with_its_place() {
        let error = flat_toml("[edge]\nlisten = \n").unwrap_err();
        assert!(error.starts_with("line 2, column 10: "), "{error}");
        assert!(!error.contains('\n') && !error.contains('^'), "{error}");
    }

    #[test]
    fn a_doubled_key_is_refused() {
        let error = flat_toml("[edge]\nthreads = 1\nthreads = 2\n").unwrap_err();
        assert!(error.starts_with("line 3, column 1: duplicate key"), "{error}");
    }

    #[test]
    fn set_takes_everything_after_the_first_equals_sign() {
        let (given, wrong) = flags(&Flags {
            set: vec!["log.filter=info,a=debug".into(), "edge.threads".into()],
            named: vec![("--listen", "edge.listen", "[::]:1".into())],
            ..Flags::default()
        });
        let shown: Vec<_> = given.iter().map(|one| (one.key.as_str(), &one.raw, one.origin.to_string())).collect();
        assert_eq!(
            shown,
            [
                ("log.filter", &Raw::Text("info,a=debug".into()), "--set".to_owned()),
                ("edge.listen", &Raw::Text("[::]:1".into()), "--listen".to_owned()),
            ]
        );
        assert_eq!(wrong, ["--set edge.threads: it must look like key=value, such as --set edge.threads=2"]);
    }
}
