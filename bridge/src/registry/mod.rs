//! The command registry: which commands exist, and how a command is checked before a device sees it.
//!
//! ```text
//!  commands.json ──▶ file ──▶ schema ──▶ Kind for each parameter ──▶ Registry ──▶ check("led", "red") = "led:ff0000"
//!                       └────────┴──▶ mistakes ──▶ RegistryError
//! ```
//!
//! Version 2 of the file is version 1 with a `schema` beside the `parameters` of a command. A command without one is checked as ever: each
//! parameter is there, and one called `color` is a colour.

mod file;
mod kind;
mod mistakes;
mod schema;

pub use mistakes::RegistryError;

use crate::answer::CommandError;
use kind::Kind;
use std::collections::BTreeMap;

/// Longest command that is sent to a device, `<command>:<parameters>`, in bytes; a URL fits, and a queue of them is bounded.
pub const MAX_COMMAND_BYTES: usize = 4096;
/// Longest registry file, in bytes.
pub const MAX_REGISTRY_BYTES: usize = 1 << 20;

/// Commands that a registry can hold.
const MAX_COMMANDS: usize = 1024;

const BUILT_IN: &str = include_str!("../commands.json");

/// The commands that exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    commands: BTreeMap<String, Command>,
}

/// One command of the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Command {
    parameters: Vec<Kind>,
    /// Whether the schema gives a type to any of them.
    typed: bool,
}

impl Registry {
    /// Reads `commands.json`.
    ///
    /// # Errors
    /// [`RegistryError`] with every mistake and its place.
    pub fn parse(json: &[u8]) -> Result<Self, RegistryError> {
        file::read(json).map(|commands| Self { commands })
    }

    /// The twelve commands of the stock firmware.
    #[must_use]
    pub fn built_in() -> Self {
        // The file is part of the binary and a test reads it, so an empty registry cannot be.
        Self::parse(Self::built_in_json()).unwrap_or(Self { commands: BTreeMap::new() })
    }

    /// The same as a file.
    #[must_use]
    pub fn built_in_json() -> &'static [u8] {
        BUILT_IN.as_bytes()
    }

    /// How many commands there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// How many commands have parameters with a type.
    #[must_use]
    pub fn typed_len(&self) -> usize {
        self.commands.values().filter(|command| command.typed).count()
    }

    /// Checks a command and writes it as the device receives it: `<command>:<parameters>`, each parameter in the form of its type.
    ///
    /// # Errors
    /// The [`CommandError`] that the sender hears.
    pub fn check(&self, name: &str, parameters: &str) -> Result<String, CommandError> {
        if name.len() + 1 + parameters.len() > MAX_COMMAND_BYTES {
            return Err(CommandError::TooLong);
        }
        let command = self.commands.get(name).ok_or(CommandError::UnknownCommand)?;
        let mut given = parameters.split(':');
        if command.parameters.iter().any(|_| given.next().is_none_or(|value| value.trim().is_empty())) {
            return Err(CommandError::MissingParameters);
        }
        let mut text = String::with_capacity(name.len() + 1 + parameters.len() + 6);
        text.push_str(name);
        let mut rest = Some(parameters);
        for kind in &command.parameters {
            let given = rest.unwrap_or_default();
            let (value, after) = match given.split_once(':') {
                Some((value, after)) if *kind != Kind::Url => (value, Some(after)),
                _ => (given, None),
            };
            rest = after;
            text.push(':');
            kind.write(value, &mut text).ok_or(CommandError::InvalidParameter)?;
        }
        // What is left belongs to the last parameter, as far as the registry knows; a device expects one colon in any case.
        if let Some(rest) = rest {
            text.push(':');
            text.push_str(rest);
        }
        // A name such as `red` is shorter than its six digits.
        if text.len() > MAX_COMMAND_BYTES { Err(CommandError::TooLong) } else { Ok(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn parse(json: &str) -> Result<Registry, RegistryError> {
        Registry::parse(json.as_bytes())
    }

    #[test]
    fn the_built_in_registry_has_the_twelve_commands_and_its_examples_work() {
        let registry = Registry::parse(Registry::built_in_json()).unwrap();
        assert_eq!((registry.len(), registry.typed_len()), (12, 8));
        let file: Value = serde_json::from_slice(Registry::built_in_json()).unwrap();
        for (name, command) in file["commands"].as_object().unwrap() {
            assert!(!command["description"].as_str().unwrap().is_empty(), "{name}");
            let examples = command["examples"].as_array().unwrap();
            assert!(!examples.is_empty(), "{name}");
            for example in examples {
                let mut parts = example.as_str().unwrap().splitn(4, ':').skip(2);
                assert_eq!(parts.next(), Some(name.as_str()));
                registry.check(name, parts.next().unwrap_or_default()).unwrap();
            }
            // What a form starts with can be sent as it is.
            let defaults: Option<Vec<String>> = command["schema"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| match entry.get("default")? {
                    Value::String(text) => Some(text.clone()),
                    number => Some(number.to_string()),
                })
                .collect();
            if let Some(defaults) = defaults {
                let parameters = defaults.join(":");
                assert_eq!(registry.check(name, &parameters), Ok(format!("{name}:{parameters}")));
            }
        }
    }

    #[test]
    fn a_device_gets_what_the_registry_promises() {
        let registry = Registry::built_in();
        for (name, parameters, device) in [
            ("status", "", "status:"),
            ("reset", "now", "reset:now"),
            ("led", "#FF0000", "led:ff0000"),
            ("led", "red:extra", "led:ff0000:extra"),
            ("led", "red:", "led:ff0000:"),
            ("led_set", "0:Orange", "led_set:0:ff8000"),
            ("led_set", " 5 : red :1", "led_set:5:ff0000:1"),
            ("pattern", "Breathing", "pattern:breathing"),
            ("brightness", "127.48", "brightness:127"),
            ("brightness", "255:x", "brightness:255:x"),
            ("spring_param", "64140A", "spring_param:64140a"),
            ("vibrate", "2147483647", "vibrate:2147483647"),
            ("ota", "http://h:5008/firmware/x.bin", "ota:http://h:5008/firmware/x.bin"),
            ("ota", "HTTP://h/x?t=1:2", "ota:http://h/x?t=1:2"),
        ] {
            assert_eq!(registry.check(name, parameters).as_deref(), Ok(device), "{name}:{parameters}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_in_this_order() {
        let registry = Registry::built_in();
        let long = "x".repeat(MAX_COMMAND_BYTES);
        let nearly = format!("red:{}", "x".repeat(MAX_COMMAND_BYTES - 8));
        for (name, parameters, error) in [
            ("explode", long.as_str(), CommandError::TooLong),
            ("led", &nearly, CommandError::TooLong),
            ("LED", "red", CommandError::UnknownCommand),
            ("led", "", CommandError::MissingParameters),
            ("led", " ", CommandError::MissingParameters),
            ("led_set", "0", CommandError::MissingParameters),
            ("led_set", "6", CommandError::MissingParameters),
            ("led_set", ":ff0000", CommandError::MissingParameters),
            ("ota", "", CommandError::MissingParameters),
            ("led", "purple", CommandError::InvalidParameter),
            ("led_set", "6:red", CommandError::InvalidParameter),
            ("led_set", "-1:red", CommandError::InvalidParameter),
            ("led_set", "0:mauve", CommandError::InvalidParameter),
            ("led_off", "six", CommandError::InvalidParameter),
            ("brightness", "256", CommandError::InvalidParameter),
            ("brightness", "-1", CommandError::InvalidParameter),
            ("vibrate", "0", CommandError::InvalidParameter),
            ("vibrate", "2147483648", CommandError::InvalidParameter),
            ("pattern", "disco", CommandError::InvalidParameter),
            ("spring_param", "64140", CommandError::InvalidParameter),
            ("ota", "firmware.bin", CommandError::InvalidParameter),
        ] {
            assert_eq!(registry.check(name, parameters), Err(error), "{name}:{parameters:.20}");
        }
    }

    #[test]
    fn a_sparse_file_of_version_1_is_checked_as_ever() {
        let registry = parse(
            r#"{"version": 1, "commands": {
                "wink": {}, "led": {"parameters": ["color"]}, "say": {"handler": null, "parameters": ["color", "words"], "more": {}}
            }}"#,
        )
        .unwrap();
        assert_eq!(registry.check("wink", ""), Ok("wink:".into()));
        assert_eq!(registry.check("led", "#0f0"), Ok("led:00ff00".into()));
        assert_eq!(registry.check("say", "red: Hello :you"), Ok("say:ff0000: Hello :you".into()));
        assert_eq!(registry.check("say", "mauve:x"), Err(CommandError::InvalidParameter));
        assert_eq!(registry.check("say", "red"), Err(CommandError::MissingParameters));
        assert_eq!(registry.typed_len(), 0);
    }

    #[test]
    fn some_parameters_of_a_command_may_be_without_type() {
        let registry = parse(
            r#"{"commands": {"say": {"parameters": ["words", "times", "color"], "schema": [{}, {"type": "int", "max": 3}, {"name": "color"}]}}}"#,
        )
        .unwrap();
        assert_eq!(registry.check("say", " Hi :2.9:Red"), Ok("say: Hi :2:ff0000".into()));
        assert_eq!(registry.check("say", "Hi:4:red"), Err(CommandError::InvalidParameter));
        assert_eq!(registry.typed_len(), 1);
    }
}
