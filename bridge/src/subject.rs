//! Subjects: where a message goes, and the patterns that one subscribes to. Built by one type and parsed by its inverse.
//!
//! What belongs to a space starts with `gl.space.<space>.`, what belongs to the system does not, so no name of a space can
//! collide with anything.

use crate::frame::DeviceId;
use crate::name::{NodeId, Space};
use crate::tapped::Tapped;
use std::fmt;

/// A subject that nobody may ever subscribe to: a question there is answered by the server itself.
pub(crate) const NOWHERE: &str = "gl.nowhere";

/// A concrete subject, which one publishes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The frames that a node took in: wire lines, at most 64 KB.
    Telemetry {
        /// The space of the devices.
        space: Space,
        /// The node that took the frames in.
        node: NodeId,
    },
    /// A command to one device: `<command>:<parameters>`, answered `success` or `failed`.
    Command {
        /// The space of the device.
        space: Space,
        /// The device.
        device: DeviceId,
    },
    /// A command to all devices of a space; each node answers with a [`CommandReport`](crate::CommandReport).
    CommandAll {
        /// The space.
        space: Space,
    },
    /// A request for the devices of a space; each node answers with [`RosterPage`](crate::RosterPage)s.
    Roster {
        /// The space.
        space: Space,
    },
    /// Devices that joined and left: [`Presence`](crate::Presence).
    Presence {
        /// The space.
        space: Space,
    },
    /// What the space keeps changed: [`Kept`](crate::Kept).
    Kept {
        /// The space.
        space: Space,
    },
    /// The heartbeat of a node: [`Heartbeat`](crate::Heartbeat).
    Node {
        /// The node.
        node: NodeId,
    },
    /// The figures of a node: [`Report`](crate::Report).
    Report {
        /// The node.
        node: NodeId,
    },
    /// A node's message to itself: when it comes back, all that was delivered before it has been handled.
    Echo {
        /// The node.
        node: NodeId,
    },
    /// The command registry changed.
    Registry,
    /// Firmware that devices fetch from a CDN: [`FirmwareReport`](crate::FirmwareReport).
    Firmware,
}

impl Subject {
    /// The subject with this name, or `None` when it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "gl.registry" {
            return Some(Self::Registry);
        }
        if text == "gl.cdn.firmware" {
            return Some(Self::Firmware);
        }
        if let Some(node) = text.strip_prefix("gl.node.") {
            return match node.split_once('.') {
                Some((node, "echo")) => Some(Self::Echo { node: node.parse().ok()? }),
                Some((node, "report")) => Some(Self::Report { node: node.parse().ok()? }),
                Some(_) => None,
                None => Some(Self::Node { node: node.parse().ok()? }),
            };
        }
        let (space, rest) = text.strip_prefix("gl.space.")?.split_once('.')?;
        let space: Space = space.parse().ok()?;
        match rest.split_once('.') {
            None if rest == "command" => Some(Self::CommandAll { space }),
            None if rest == "roster" => Some(Self::Roster { space }),
            None if rest == "presence" => Some(Self::Presence { space }),
            None if rest == "kept" => Some(Self::Kept { space }),
            Some(("telemetry", node)) => Some(Self::Telemetry { space, node: node.parse().ok()? }),
            // Canonical spelling only: `1A2B` would be another subject to the server.
            Some(("command", id)) if !id.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Some(Self::Command { space, device: DeviceId::parse(id)? })
            }
            _ => None,
        }
    }

    /// Whether it carries telemetry, which has a connection of its own and is not echoed to its sender.
    #[must_use]
    pub fn is_telemetry(&self) -> bool {
        matches!(self, Self::Telemetry { .. })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Telemetry { space, node } => write!(f, "gl.space.{space}.telemetry.{node}"),
            Self::Command { space, device } => write!(f, "gl.space.{space}.command.{device}"),
            Self::CommandAll { space } => write!(f, "gl.space.{space}.command"),
            Self::Roster { space } => write!(f, "gl.space.{space}.roster"),
            Self::Presence { space } => write!(f, "gl.space.{space}.presence"),
            Self::Kept { space } => write!(f, "gl.space.{space}.kept"),
            Self::Node { node } => write!(f, "gl.node.{node}"),
            Self::Report { node } => write!(f, "gl.node.{node}.report"),
            Self::Echo { node } => write!(f, "gl.node.{node}.echo"),
            Self::Registry => f.write_str("gl.registry"),
            Self::Firmware => f.write_str("gl.cdn.firmware"),
        }
    }
}

/// What one subscribes to: a subject, or one of the few patterns with a wildcard that the system needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Exactly this subject.
    Exact(Subject),
    /// Telemetry of every node in a space.
    Telemetry {
        /// The space.
        space: Space,
    },
    /// Heartbeats of every node.
    Nodes,
    /// The figures of every node.
    Reports,
    /// What every node says to itself.
    Echoes,
    /// Devices that join and leave, in any space.
    AllPresence,
    /// What changes of what any space keeps.
    AllKept,
    /// Whatever somebody wants to look at.
    Tapped(Tapped),
}

impl Pattern {
    /// Whether a message on this subject is meant.
    #[must_use]
    pub fn matches(&self, subject: &Subject) -> bool {
        match self {
            Self::Exact(exact) => exact == subject,
            Self::Telemetry { space } => matches!(subject, Subject::Telemetry { space: other, .. } if other == space),
            Self::Nodes => matches!(subject, Subject::Node { .. }),
            Self::Reports => matches!(subject, Subject::Report { .. }),
            Self::Echoes => matches!(subject, Subject::Echo { .. }),
            Self::AllPresence => matches!(subject, Subject::Presence { .. }),
            Self::AllKept => matches!(subject, Subject::Kept { .. }),
            Self::Tapped(tapped) => tapped.matches(subject),
        }
    }

    /// Whether it is about telemetry; see [`Subject::is_telemetry`]. What is tapped may be, and comes the same way: a burst of it holds up
    /// nothing else.
    #[must_use]
    pub fn is_telemetry(&self) -> bool {
        match self {
            Self::Exact(subject) => subject.is_telemetry(),
            Self::Telemetry { .. } | Self::Tapped(_) => true,
            Self::Nodes | Self::Reports | Self::Echoes | Self::AllPresence | Self::AllKept => false,
        }
    }
}

impl From<Subject> for Pattern {
    fn from(subject: Subject) -> Self {
        Self::Exact(subject)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(subject) => subject.fmt(f),
            Self::Telemetry { space } => write!(f, "gl.space.{space}.telemetry.*"),
            Self::Nodes => f.write_str("gl.node.*"),
            Self::Reports => f.write_str("gl.node.*.report"),
            Self::Echoes => f.write_str("gl.node.*.echo"),
            Self::AllPresence => f.write_str("gl.space.*.presence"),
            Self::AllKept => f.write_str("gl.space.*.kept"),
            Self::Tapped(tapped) => f.write_str(tapped.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Subject> {
        let space: Space = "class-3b".parse().unwrap();
        let node: NodeId = "edge-1".parse().unwrap();
        vec![
            Subject::Telemetry { space: space.clone(), node: node.clone() },
            Subject::Command { space: space.clone(), device: DeviceId(0x0a2b) },
            Subject::CommandAll { space: space.clone() },
            Subject::Roster { space: space.clone() },
            Subject::Presence { space: space.clone() },
            Subject::Node { node: node.clone() },
            Subject::Registry,
            Subject::Echo { node },
            Subject::Firmware,
            Subject::Kept { space },
            Subject::Report { node: "edge-1".parse().unwrap() },
        ]
    }

    #[test]
    fn parse_is_the_inverse_of_display() {
        for subject in all() {
            assert_eq!(Subject::parse(&subject.to_string()), Some(subject));
        }
    }

    #[test]
    fn foreign_subjects_are_none_of_ours() {
        for text in [
            "",
            "gl",
            "gl.",
            "gl.space",
            "gl.space.",
            "gl.space.main",
            "gl.space.main.",
            "gl.space.Main.command",
            "gl.space.main.command.",
            "gl.space.main.command.1A2B",
            "gl.space.main.command.1a2",
            "gl.space.main.telemetry",
            "gl.space.main.telemetry.a.b",
            "gl.space.main.telemetry.*",
            "gl.space.*.command",
            "gl.space.main.kept.x",
            "gl.space.*.kept",
            "gl.node.",
            "gl.node.>",
            "gl.node.a.b",
            "gl.node.a.report.b",
            "gl.node.*.report",
            "gl.space.*.presence",
            "gl.registry.x",
            "gl.cdn",
            "gl.cdn.firmware.x",
            "xx.registry",
        ] {
            assert_eq!(Subject::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn patterns_match_what_their_names_say() {
        let space: Space = "class-3b".parse().unwrap();
        let telemetry = Pattern::Telemetry { space };
        let other = Subject::Telemetry { space: Space::main(), node: "edge-1".parse().unwrap() };
        assert!(telemetry.matches(&all()[0]) && !telemetry.matches(&other) && !telemetry.matches(&all()[1]));
        assert!(Pattern::Nodes.matches(&all()[5]) && !Pattern::Nodes.matches(&all()[6]));
        assert!(Pattern::from(all()[2].clone()).matches(&all()[2]));
        assert!(Pattern::AllKept.matches(&all()[9]) && !Pattern::AllKept.matches(&all()[4]));
        assert_eq!(Pattern::AllKept.to_string(), "gl.space.*.kept");
        assert!(
            Pattern::Reports.matches(&all()[10])
                && !Pattern::Reports.matches(&all()[5])
                && !Pattern::Nodes.matches(&all()[10])
        );
        assert!(Pattern::Echoes.matches(&all()[7]) && !Pattern::Echoes.matches(&all()[10]));
        assert!(Pattern::AllPresence.matches(&all()[4]) && !Pattern::AllPresence.matches(&all()[9]));
        let written = [Pattern::Reports, Pattern::Echoes, Pattern::AllPresence].map(|pattern| pattern.to_string());
        assert_eq!(written, ["gl.node.*.report", "gl.node.*.echo", "gl.space.*.presence"]);
        assert_eq!(telemetry.to_string(), "gl.space.class-3b.telemetry.*");
    }
}
