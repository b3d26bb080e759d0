//! What one layer gives for one key, and where it came from.

use serde_json::Value;
use std::fmt;
use std::path::PathBuf;

/// What every environment variable of ours starts with.
pub(super) const PREFIX: &str = "GROUPLOOP_";

/// The environment variable that sets a key.
pub(crate) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The built-in `default.toml`.
    Default,
    /// A settings file, as it was named.
    File(String),
    /// An environment variable, or several that make one value together.
    Environment(String),
    /// A flag, such as `--listen`.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name) | Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

impl Origin {
    /// For the end of a complaint: `from the file grouploop.toml`.
    pub(crate) fn phrase(&self) -> String {
        match self {
            Self::Default => "a default".into(),
            Self::File(name) => format!("from the file {name}"),
            Self::Environment(name) => format!("from the environment: {name}"),
            Self::Flag(name) => format!("from the flag {name}"),
        }
    }

    /// How someone who writes in this layer names a key.
    pub(crate) fn spelling(&self, key: &str) -> String {
        match self {
            Self::Environment(_) => variable(key),
            _ => key.to_owned(),
        }
    }
}

/// A value as a layer holds it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Raw {
    /// With the type that the file gave it.
    Typed(Value),
    /// Text from the environment or a flag, to be read as the key's type.
    Text(String),
}

/// One key in one layer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given {
    /// Dotted, such as `edge.listen`.
    pub(crate) key: String,
    /// Its value.
    pub(crate) raw: Raw,
    /// Where it came from.
    pub(crate) origin: Origin,
}

impl Given {
    /// A text from the environment.
    pub(crate) fn variable(key: &str, value: &str, name: &str) -> Self {
        Self { key: key.into(), raw: Raw::Text(value.into()), origin: Origin::Environment(name.into()) }
    }
}

/// What the command line says about settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
    /// `--set key=value`, in the order given.
    pub(crate) set: Vec<String>,
    /// Flags of their own: name of the flag, key, value. They win over `--set`.
    pub(crate) named: Vec<(&'static str, &'static str, String)>,
}
