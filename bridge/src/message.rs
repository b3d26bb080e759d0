//! What a peer says, read from one WebSocket text message. Pure: text in, values out, nothing allocated by the peer's sizes.
//!
//! `ping`, `id:`, `s`, `u` and `cmd:` are whole messages, case-sensitive, trimmed at their ends; everything else is lines, each
//! of which may be a frame.

use crate::frame::{DeviceId, Frame};

/// One message of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message<'a> {
    /// `ping`.
    Ping,
    /// `id:<label>` with a label that is not empty.
    Label {
        /// The label, trimmed.
        label: &'a str,
        /// The device that the label names, when it is four hex digits.
        device: Option<DeviceId>,
    },
    /// `id:` without a label.
    EmptyLabel,
    /// `s`, or `s:` with options.
    Subscribe(Result<SubscribeOptions, OptionsError>),
    /// `u`.
    Unsubscribe,
    /// `cmd:…`.
    Command(Result<CommandLine<'a>, InvalidFormat>),
    /// One frame and nothing else, as devices send it.
    Frame(Frame),
    /// Anything else: lines that may be frames.
    Lines(Lines<'a>),
}

impl<'a> Message<'a> {
    /// Reads a message. Every text is one: what is nothing else is lines.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        // By far the most frequent message, and no other message is 20 hex digits.
        if let Some(frame) = Frame::parse(text.strip_suffix('\n').unwrap_or(text).as_bytes()) {
            return Self::Frame(frame);
        }
        let whole = text.trim();
        match whole {
            "ping" => return Self::Ping,
            "s" => return Self::Subscribe(Ok(SubscribeOptions::default())),
            "u" => return Self::Unsubscribe,
            _ => {}
        }
        if let Some(label) = whole.strip_prefix("id:") {
            let label = label.trim();
            if label.is_empty() {
                return Self::EmptyLabel;
            }
            return Self::Label { label, device: DeviceId::parse(label) };
        }
        if whole.starts_with("cmd:") {
            return Self::Command(CommandLine::parse(whole));
        }
        if let Some(options) = whole.strip_prefix("s:").and_then(SubscribeOptions::parse) {
            return Self::Subscribe(options);
        }
        Self::Lines(Lines { rest: text })
    }
}

/// The lines of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines<'a> {
    rest: &'a str,
}

/// One line of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A sensor frame.
    Frame(Frame),
    /// Something else, to be ignored and counted.
    Other,
}

impl Iterator for Lines<'_> {
    type Item = Line;

    /// The next line that is not blank.
    #[inline]
    fn next(&mut self) -> Option<Line> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            self.rest = rest;
            if let Some(frame) = Frame::parse(line.as_bytes()) {
                return Some(Line::Frame(frame));
            }
            let trimmed = line.trim();
            if trimmed.is_empty() {
                continue;
            }
            return Some(Frame::parse(trimmed.as_bytes()).map_or(Line::Other, Line::Frame));
        }
    }
}

/// `cmd:<target>:<command>[:<parameters>]`, taken apart at its first three colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandLine<'a> {
    /// A device id, `all`, or something that no device has.
    pub target: &'a str,
    /// The name of the command, not looked up yet.
    pub command: &'a str,
    /// All parameters, colons included; empty when there are none.
    pub parameters: &'a str,
}

/// A command without target or name: `cmd:error:invalid_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a command needs a target and a name: cmd:<target>:<command>[:<parameters>]")]
pub struct InvalidFormat;

impl<'a> CommandLine<'a> {
    /// Reads a trimmed message that starts with `cmd:`.
    ///
    /// # Errors
    /// [`InvalidFormat`] when the target or the name is missing or empty.
    pub fn parse(text: &'a str) -> Result<Self, InvalidFormat> {
        let mut parts = text.splitn(4, ':').skip(1);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(target), Some(command), parameters) if !target.is_empty() && !command.is_empty() => {
                Ok(Self { target, command, parameters: parameters.unwrap_or_default() })
            }
            _ => Err(InvalidFormat),
        }
    }
}

/// Whom a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One device.
    Device(DeviceId),
    /// Every device of the space.
    All,
}

impl Target {
    /// A device id of either case, or `all`; `None` for what no device can be called.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "all" { Some(Self::All) } else { DeviceId::parse(text).map(Self::Device) }
    }
}

/// Highest rate that a subscription can ask for, in messages a second.
pub const MAX_RATE: u16 = 100;
/// Devices that one subscription can name.
pub const MAX_SUBSCRIBED_DEVICES: usize = 1024;

/// What a subscription asks for: `devices=1a2b,3c4d&rate=30`, after `s:` or in the URL's query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscribeOptions {
    /// Only these devices, sorted and without doubles; `None` for every device.
    pub devices: Option<Vec<DeviceId>>,
    /// At most this many messages a second, each with the latest frame of each device; `None` for every frame.
    pub rate: Option<u16>,
}

/// An option that is there but wrong: `stream:error:<reason>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// Something in `devices` is no device id, or there are too many or none.
    #[error("invalid_devices")]
    Devices,
    /// `rate` is no whole number of 1 to [`MAX_RATE`].
    #[error("invalid_rate")]
    Rate,
}

impl OptionsError {
    /// Every reason there is.
    pub const ALL: [Self; 2] = [Self::Devices, Self::Rate];
}

impl SubscribeOptions {
    /// Reads options. `None` when the text holds neither `devices=` nor `rate=`, so it is no request of ours; other keys beside them are
    /// ignored, as a URL's query may carry anything.
    #[must_use]
    pub fn parse(text: &str) -> Option<Result<Self, OptionsError>> {
        let mut options = Self::default();
        let mut asked = false;
        for (key, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "devices" => match parse_devices(value) {
                    Some(devices) => options.devices = Some(devices),
                    None => return Some(Err(OptionsError::Devices)),
                },
                "rate" => match value.parse() {
                    Ok(rate @ 1..=MAX_RATE) => options.rate = Some(rate),
                    _ => return Some(Err(OptionsError::Rate)),
                },
                _ => continue,
            }
            asked = true;
        }
        asked.then_some(Ok(options))
    }
}

fn parse_devices(list: &str) -> Option<Vec<DeviceId>> {
    let mut devices = Vec::new();
    // A query may write the comma as %2C: browsers' URLSearchParams does.
    for id in list.split(',').flat_map(|part| part.split("%2C")).flat_map(|part| part.split("%2c")) {
        if devices.len() == MAX_SUBSCRIBED_DEVICES {
            return None;
        }
        devices.push(DeviceId::parse(id.trim())?);
    }
    devices.sort_unstable();
    devices.dedup();
    Some(devices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_three_colons_split() {
        let Message::Command(Ok(line)) = Message::parse("cmd:1a2b:ota:http://host:5008/firmware/x.bin\n") else {
            panic!()
        };
        assert_eq!((line.target, line.command, line.parameters), ("1a2b", "ota", "http://host:5008/firmware/x.bin"));
    }

    #[test]
    fn messages_as_long_as_a_frame_keep_their_meaning() {
        assert!(matches!(Message::parse("cmd:1a2b:led:ff00000"), Message::Command(Ok(_))));
        assert!(matches!(Message::parse("id:abcdefghijklmnopqr"), Message::Label { .. }));
        assert!(matches!(Message::parse("s:devices=1a2b,3c4d\n"), Message::Subscribe(Ok(_))));
        assert_eq!(Message::parse("        ping        "), Message::Ping, "20 bytes");
    }

    #[test]
    fn options_are_read_or_refused() {
        let parse = SubscribeOptions::parse;
        let both = parse("devices=3C4D,1a2b,1a2b&rate=30").unwrap().unwrap();
        assert_eq!(both, SubscribeOptions { devices: Some(vec![DeviceId(0x1a2b), DeviceId(0x3c4d)]), rate: Some(30) });
        assert_eq!(parse("devices=1a2b%2C3c4d").unwrap().unwrap().devices.unwrap().len(), 2);
        assert_eq!(parse("rate=0"), Some(Err(OptionsError::Rate)));
        assert_eq!(parse("rate=101"), Some(Err(OptionsError::Rate)));
        assert_eq!(parse("devices="), Some(Err(OptionsError::Devices)));
        assert_eq!(parse("devices=1a2b,zz"), Some(Err(OptionsError::Devices)));
        assert_eq!(parse("token=x&rate=5").unwrap().unwrap().rate, Some(5));
        assert_eq!(parse("hello"), None);
        assert_eq!(parse(""), None);
        let many = vec!["1a2b"; MAX_SUBSCRIBED_DEVICES + 1].join(",");
        assert_eq!(parse(&format!("devices={many}")), Some(Err(OptionsError::Devices)));
    }

    #[test]
    fn random_text_never_panics() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand::rngs::StdRng::seed_from_u64(11);
        let pieces = [
            "cmd:",
            "id:",
            "s:",
            "s",
            "u",
            "ping",
            "\n",
            "\r",
            " ",
            ":",
            "all",
            "1a2b",
            "8080ff0011223300",
            "é",
            "\u{2028}",
            "\0",
        ];
        for _ in 0..20_000 {
            let text: String = (0..rng.random_range(0..8)).map(|_| pieces[rng.random_range(0..pieces.len())]).collect();
            if let Message::Lines(lines) = Message::parse(&text) {
                assert!(lines.count() <= text.len());
            }
        }
    }
}
