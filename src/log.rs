//! The log on stderr: text for people or JSON for machines.

use serde::Deserialize;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

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

/// Reads `log.filter`.
///
/// # Errors
/// When a part of it is wrong.
pub(crate) fn parse_filter(filter: &str) -> Result<EnvFilter, ParseError> {
    let quiet = QUIET.iter().filter(|library| !filter.contains(*library));
    EnvFilter::builder().parse(quiet.fold(filter.to_owned(), |filter, library| format!("{filter},{library}=off")))
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
    use super::parse_filter;

    #[test]
    fn libraries_that_repeat_themselves_are_heard_when_they_are_named() {
        assert_eq!(parse_filter("info").unwrap().to_string(), "object_store=off,async_nats=off,info");
        assert_eq!(parse_filter("info,async_nats=warn").unwrap().to_string(), "object_store=off,async_nats=warn,info");
    }

    #[test]
    fn filters_are_levels_and_parts() {
        for good in ["info", "off", "info,grouploop_edge=debug", "warn,async_nats=error"] {
            assert!(parse_filter(good).is_ok(), "{good}");
        }
        for bad in ["a=b=c", "info,grouploop=loud"] {
            assert!(parse_filter(bad).is_err(), "{bad}");
        }
    }
}
