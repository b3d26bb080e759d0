//! Reads `commands.json`. It goes through the file as plain JSON values, so that the first wrong type does not hide the other mistakes.
//! Keys that it does not know are no mistake, and `null` is the same as nothing there.

use super::kind::Kind;
use super::mistakes::{Mistakes, Place, Quoted, QuotedText, RegistryError};
use super::schema::{self, given, text};
use super::{Command, MAX_COMMANDS, MAX_REGISTRY_BYTES};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Longest name of a command, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// Reads the commands of the file.
///
/// # Errors
/// [`RegistryError`] with every mistake.
pub(super) fn read(json: &[u8]) -> Result<BTreeMap<String, Command>, RegistryError> {
    let mut mistakes = Mistakes::default();
    let mut found = BTreeMap::new();
    if json.len() > MAX_REGISTRY_BYTES {
        mistakes.note(Place::File, format_args!("it has {} bytes, at most {MAX_REGISTRY_BYTES} fit", json.len()));
        return mistakes.or(found);
    }
    match serde_json::from_slice(json) {
        Ok(Value::Object(mut file)) => match file.remove("commands") {
            Some(commands) => found = read_commands(commands, &mut mistakes),
            None => mistakes.note(COMMANDS, "it is missing, it must be an object with the commands by their names"),
        },
        Ok(other) => mistakes.wrong(Place::File, &other, "an object with `commands`"),
        Err(error) => mistakes.note(Place::File, format_args!("it is not JSON: {error}")),
    }
    mistakes.or(found)
}

const COMMANDS: Place<'static> = Place::Key(&Place::File, "commands");

fn read_commands(commands: Value, mistakes: &mut Mistakes) -> BTreeMap<String, Command> {
    let Value::Object(commands) = commands else {
        mistakes.wrong(COMMANDS, &commands, "an object with the commands by their names");
        return BTreeMap::new();
    };
    if commands.is_empty() {
        mistakes.note(COMMANDS, "it is empty, it must have at least one command");
    }
    if commands.len() > MAX_COMMANDS {
        mistakes.note(COMMANDS, format_args!("it has {} commands, at most {MAX_COMMANDS} fit", commands.len()));
    }
    let read = |(name, command): (String, Value)| {
        let sendable = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(sendable) {
            mistakes.note(
                COMMANDS,
                format_args!(
                    "the command name {} must be 1 to {MAX_NAME_BYTES} letters, digits, `_`, `-` or `.`",
                    QuotedText(&name)
                ),
            );
        }
        let place = COMMANDS.key(&name);
        let command = match &command {
            Value::Object(command) => read_command(command, place, mistakes),
            other => {
                mistakes.wrong(place, other, "an object");
                Command::default()
            }
        };
        (name, command)
    };
    commands.into_iter().map(read).collect()
}

fn read_command(command: &Map<String, Value>, place: Place<'_>, mistakes: &mut Mistakes) -> Command {
    text(command, "handler", place, mistakes);
    text(command, "description", place, mistakes);
    if let Some(examples) = given(command, "examples") {
        read_texts(examples, place.key("examples"), mistakes);
    }
    let names = match command.get("parameters") {
        Some(parameters) => read_texts(parameters, place.key("parameters"), mistakes),
        None => Some(Vec::new()),
    };
    match given(command, "schema") {
        Some(entries) => read_schema(entries, names.as_deref(), place.key("schema"), mistakes),
        None => Command {
            parameters: names.iter().flatten().flatten().map(|name| Kind::of_name(name)).collect(),
            typed: false,
        },
    }
}

/// The texts of a list; what is none is noted.
fn read_texts<'a>(value: &'a Value, place: Place<'_>, mistakes: &mut Mistakes) -> Option<Vec<Option<&'a str>>> {
    let Some(list) = value.as_array() else {
        mistakes.wrong(place, value, "a list of texts");
        return None;
    };
    let mut texts = Vec::with_capacity(list.len());
    for (index, item) in list.iter().enumerate() {
        if !item.is_string() {
            mistakes.wrong(place.item(index), item, "a text");
        }
        texts.push(item.as_str());
    }
    Some(texts)
}

/// Reads the types of the parameters; `names` are those of `parameters`, when that is a list.
fn read_schema(value: &Value, names: Option<&[Option<&str>]>, place: Place<'_>, mistakes: &mut Mistakes) -> Command {
    let Some(entries) = value.as_array() else {
        mistakes.wrong(place, value, "a list with one object for each parameter");
        return Command::default();
    };
    if let Some(names) = names
        && names.len() != entries.len()
    {
        mistakes.note(
            place,
            format_args!("its length is {}, it must be that of `parameters`, {}", entries.len(), names.len()),
        );
    }
    let mut command = Command::default();
    for (index, entry) in entries.iter().enumerate() {
        let place = place.item(index);
        let Some(entry) = entry.as_object() else {
            mistakes.wrong(place, entry, "an object such as {\"name\": \"level\", \"type\": \"int\"}");
            continue;
        };
        let name = names.and_then(|names| names.get(index)).copied().flatten();
        if let (Some(name), Some(found)) = (name, given(entry, "name"))
            && found != name
        {
            mistakes.note(
                place.key("name"),
                format_args!("it is {}, it must be {} as in `parameters`", Quoted(found), QuotedText(name)),
            );
        } else {
            text(entry, "name", place, mistakes);
        }
        let kind = schema::read(entry, index + 1 == entries.len(), place, mistakes);
        command.typed |= kind.is_some();
        command.parameters.push(kind.unwrap_or_else(|| Kind::of_name(name.unwrap_or_default())));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    fn mistakes(file: &str) -> Vec<String> {
        Registry::parse(file.as_bytes()).map_or_else(|error| error.mistakes(), |_| Vec::new())
    }

    #[test]
    fn each_mistake_in_a_command_says_what_and_where() {
        for (command, mistake) in [
            ("5", ": it is 5, it must be an object"),
            (r#"{"handler": 1}"#, ".handler: it is 1, it must be a text"),
            (r#"{"description": []}"#, ".description: it is a list, it must be a text"),
            (r#"{"examples": "cmd"}"#, r#".examples: it is "cmd", it must be a list of texts"#),
            (r#"{"examples": ["cmd", 1]}"#, ".examples[1]: it is 1, it must be a text"),
            (r#"{"parameters": null}"#, ".parameters: it is null, it must be a list of texts"),
            (r#"{"parameters": ["a", {}]}"#, ".parameters[1]: it is an object, it must be a text"),
            (r#"{"schema": true}"#, ".schema: it is true, it must be a list with one object for each parameter"),
            (r#"{"schema": [{}]}"#, ".schema: its length is 1, it must be that of `parameters`, 0"),
            (r#"{"parameters": ["a"], "schema": []}"#, ".schema: its length is 0, it must be that of `parameters`, 1"),
            (
                r#"{"parameters": ["a", "b"], "schema": [{"type": "url"}, {}]}"#,
                r#".schema[0].type: it is "url", which takes all that follows, so it must be the last parameter"#,
            ),
        ] {
            assert_eq!(
                mistakes(&format!(r#"{{"commands": {{"x": {command}}}}}"#)),
                [format!("commands.x{mistake}")],
                "{command}"
            );
        }
    }

    #[test]
    fn each_mistake_in_a_file_says_what_and_where() {
        for (file, mistake) in [
            ("", "the file: it is not JSON: EOF while parsing a value at line 1 column 0"),
            ("{\n  \"commands\": {,", "the file: it is not JSON: key must be a string at line 2 column 16"),
            ("[]", "the file: it is a list, it must be an object with `commands`"),
            ("{}", "commands: it is missing, it must be an object with the commands by their names"),
            (r#"{"commands": []}"#, "commands: it is a list, it must be an object with the commands by their names"),
            (r#"{"commands": {}}"#, "commands: it is empty, it must have at least one command"),
            (
                r#"{"commands": {"a b": {}}}"#,
                "commands: the command name \"a b\" must be 1 to 64 letters, digits, `_`, `-` or `.`",
            ),
            (
                r#"{"commands": {"": {}}}"#,
                "commands: the command name \"\" must be 1 to 64 letters, digits, `_`, `-` or `.`",
            ),
        ] {
            assert_eq!(mistakes(file), [mistake], "{file}");
        }
        let many = |count| {
            let commands: Vec<String> = (0..count).map(|n| format!(r#""c{n}": {{}}"#)).collect();
            read(format!(r#"{{"commands": {{{}}}}}"#, commands.join(",")).as_bytes())
        };
        assert_eq!(many(MAX_COMMANDS).unwrap().len(), MAX_COMMANDS);
        assert_eq!(
            many(MAX_COMMANDS + 1).unwrap_err().mistakes(),
            ["commands: it has 1025 commands, at most 1024 fit"]
        );
        let file = r#"{"commands": {"x": {}}}"#;
        let padded = |length: usize| read((file.to_owned() + &" ".repeat(length - file.len())).as_bytes());
        assert_eq!(padded(MAX_REGISTRY_BYTES).unwrap().len(), 1);
        assert_eq!(
            padded(MAX_REGISTRY_BYTES + 1).unwrap_err().mistakes(),
            ["the file: it has 1048577 bytes, at most 1048576 fit"]
        );
    }

    #[test]
    fn one_mistake_does_not_hide_another() {
        let mistakes = mistakes(
            r#"{"commands": {
                "a b": {"handler": 1},
                "led": {"parameters": ["color", 5], "schema": [{"name": "colour", "type": "color"},
                    {"name": "?", "type": "int", "min": "a", "max": []}]},
                "off": 5
            }}"#,
        );
        let places: Vec<&str> = mistakes.iter().map(|mistake| mistake.split(": ").next().unwrap()).collect();
        assert_eq!(
            places,
            [
                "commands",
                r#"commands["a b"].handler"#,
                "commands.led.parameters[1]",
                "commands.led.schema[0].name",
                "commands.led.schema[1].min",
                "commands.led.schema[1].max",
                "commands.off",
            ],
            "{mistakes:#?}"
        );
    }
}
