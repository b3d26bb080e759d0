//! The log on stderr: text for people or JSON for machines.

use serde::Deserialize;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogSettings {
    /// What is logged, in the words of `tracing_subscriber::EnvFilter`.
    pub(crate) filter: String,
    /// How a line looks.
    pub(crate) format: LogFormat,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object for each line.
    Json,
}

/// Libraries that say at each try what we say once in our own words: whoever names one in the filter hears it.
const QUIET: [&str; 2] = ["async_nats", "object_store"];

fn parts(filter: &str) -> impl Iterator<Item = &str> {
    filter.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// What is wrong with `log.filter`: its parts are levels, or targets with theirs.
pub(crate) fn complaint(filter: &str) -> Option<String> {
    let wrong = |part: &&str| !part.contains(['=', '[', ']', '}']) && part.parse::<LevelFilter>().is_err();
    if let Some(part) = parts(filter).find(wrong) {
        // Such a word would be the name of a target, of which everything is logged, and nothing else.
        return Some(format!("`{part}` is no level: there are error, warn, info, debug, trace and off"));
    }
    parse_filter(filter).err().map(|error| error.to_string())
}

/// Reads `log.filter`.
///
/// # Errors
/// When a part of it is wrong.
pub(crate) fn parse_filter(filter: &str) -> Result<EnvFilter, ParseError> {
    let quiet = QUIET.iter().filter(|library| !filter.contains(*library)).map(|library| format!("{library}=off"));
    EnvFilter::builder().parse(parts(filter).map(str::to_owned).chain(quiet).collect::<Vec<_>>().join(","))
}

/// Installs the log for the whole process.
///
/// # Errors
/// When the filter is wrong (settings that were validated have none) or a log is installed already.
pub(crate) fn install(settings: &LogSettings) -> anyhow::Result<()> {
    let builder =
        tracing_subscriber::fmt().with_env_filter(parse_filter(&settings.filter)?).with_writer(std::io::stderr);
    let installed = match settings.format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    installed.map_err(anyhow::Error::from_boxed)
}

#[cfg(test)]
mod tests {
    use super::{complaint, parse_filter};

    #[test]
    fn libraries_that_repeat_themselves_are_heard_when_they_are_named() {
        assert_eq!(parse_filter("info").unwrap().to_string(), "object_store=off,async_nats=off,info");
        assert_eq!(parse_filter("info,async_nats=warn").unwrap().to_string(), "object_store=off,async_nats=warn,info");
    }

    #[test]
    fn filters_are_levels_and_parts() {
        for good in [
            "info",
            "off",
            "",
            "INFO,",
            "info, grouploop_edge=debug",
            "warn,async_nats=error",
            "off,grouploop_edge[{device}]",
        ] {
            assert_eq!(complaint(good), None, "{good}");
        }
        for bad in ["a=b=c", "info,grouploop=loud", "loud", "info, warning"] {
            assert!(complaint(bad).is_some(), "{bad}");
        }
        assert!(complaint("info, warning").unwrap().starts_with("`warning` is no level: "));
    }
}
