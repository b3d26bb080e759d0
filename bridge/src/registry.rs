//! The command registry: which commands exist, and how a command is checked before a device sees it.

use crate::answer::CommandError;
use crate::color::normalize_color;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Longest command that is sent to a device, `<command>:<parameters>`, in bytes; a URL fits, and a queue of them is bounded.
pub const MAX_COMMAND_BYTES: usize = 4096;

/// Commands that a registry can hold.
const MAX_COMMANDS: usize = 1024;

const BUILT_IN: &str = include_str!("commands.json");

/// The commands that exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    commands: BTreeMap<String, Command>,
}

/// One command of the registry; keys that this version does not know are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Command {
    #[serde(default)]
    parameters: Vec<String>,
}

/// Why a text is no registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It is not the JSON that it should be.
    #[error("commands.json: {0}")]
    Json(#[from] serde_json::Error),
    /// Names that could not be sent, all of them.
    #[error("commands.json: {}", .0.join("; "))]
    Rules(Vec<String>),
}

impl Registry {
    /// Reads `commands.json`.
    ///
    /// # Errors
    /// [`RegistryError::Json`] with line and column, or [`RegistryError::Rules`] with every broken rule.
    pub fn parse(json: &[u8]) -> Result<Self, RegistryError> {
        #[derive(Deserialize)]
        struct File {
            commands: BTreeMap<String, Command>,
        }
        let File { commands } = serde_json::from_slice(json)?;
        let mut broken = Vec::new();
        if commands.is_empty() {
            broken.push("`commands` is empty".to_owned());
        }
        if commands.len() > MAX_COMMANDS {
            broken.push(format!("{} commands, at most {MAX_COMMANDS} fit", commands.len()));
        }
        for name in commands.keys() {
            let sendable = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            if name.is_empty() || name.len() > 64 || !name.bytes().all(sendable) {
                let shown: String = name.chars().take(70).collect();
                broken.push(format!("the command name {shown:?} must be 1 to 64 letters, digits, `_`, `-` or `.`"));
            }
        }
        if broken.is_empty() { Ok(Self { commands }) } else { Err(RegistryError::Rules(broken)) }
    }

    /// The twelve commands of the stock firmware.
    #[must_use]
    pub fn built_in() -> Self {
        // The file is part of the binary and a test reads it, so an empty registry cannot be.
        Self::parse(BUILT_IN.as_bytes()).unwrap_or(Self { commands: BTreeMap::new() })
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

    /// Checks a command and writes it as the device receives it: `<command>:<parameters>`, colours as six hex digits.
    ///
    /// # Errors
    /// The [`CommandError`] that the sender hears.
    pub fn check(&self, name: &str, parameters: &str) -> Result<String, CommandError> {
        if name.len() + 1 + parameters.len() > MAX_COMMAND_BYTES {
            return Err(CommandError::TooLong);
        }
        let command = self.commands.get(name).ok_or(CommandError::UnknownCommand)?;
        let mut given = parameters.split(':');
        let mut text = String::with_capacity(name.len() + 1 + parameters.len() + 6);
        text.push_str(name);
        for parameter in &command.parameters {
            let value = given.next().filter(|value| !value.trim().is_empty()).ok_or(CommandError::MissingParameters)?;
            text.push(':');
            if parameter == "color" {
                text.push_str(&normalize_color(value).ok_or(CommandError::InvalidParameter)?);
            } else {
                text.push_str(value);
            }
        }
        // What is left belongs to the last parameter, such as the colons of a URL; a device expects one colon in any case.
        let mut rest = given.peekable();
        if command.parameters.is_empty() && rest.peek().is_none() {
            text.push(':');
        }
        for more in rest {
            text.push(':');
            text.push_str(more);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_registry_has_the_twelve_commands() {
        assert_eq!(Registry::parse(BUILT_IN.as_bytes()).unwrap().len(), 12);
    }

    #[test]
    fn a_device_gets_what_the_registry_promises() {
        let registry = Registry::built_in();
        let check = |name, parameters| registry.check(name, parameters);
        assert_eq!(check("status", "").unwrap(), "status:");
        assert_eq!(check("led", "#FF0000").unwrap(), "led:ff0000");
        assert_eq!(check("led", "red:extra").unwrap(), "led:ff0000:extra");
        assert_eq!(check("led_set", "0:Orange").unwrap(), "led_set:0:ff8000");
        assert_eq!(check("ota", "http://h:5008/firmware/x.bin").unwrap(), "ota:http://h:5008/firmware/x.bin");
        assert_eq!(check("reset", "now").unwrap(), "reset:now");
        assert_eq!(check("led", ""), Err(CommandError::MissingParameters));
        assert_eq!(check("led_set", "0"), Err(CommandError::MissingParameters));
        assert_eq!(check("led_set", ":ff0000"), Err(CommandError::MissingParameters));
        assert_eq!(check("LED", "red"), Err(CommandError::UnknownCommand));
        assert_eq!(check("led", "purple"), Err(CommandError::InvalidParameter));
        assert_eq!(check("ota", &"x".repeat(MAX_COMMAND_BYTES)), Err(CommandError::TooLong));
    }

    #[test]
    fn a_bad_registry_names_every_mistake() {
        let error =
            Registry::parse(br#"{"commands": {"a b": {}, "": {}, "ok": {"parameters": []}}}"#).unwrap_err().to_string();
        assert!(error.contains("\"a b\"") && error.contains("\"\""), "{error}");
        assert!(Registry::parse(b"{").is_err() && Registry::parse(b"{\"commands\": {}}").is_err());
    }

    #[test]
    fn unknown_keys_are_no_mistake() {
        let registry =
            Registry::parse(br#"{"version": 2, "commands": {"wink": {"handler": "w", "schema": [{}]}}}"#).unwrap();
        assert_eq!(registry.check("wink", "").unwrap(), "wink:");
    }
}
