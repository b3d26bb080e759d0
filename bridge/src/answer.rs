//! What the server says: every fixed text of the protocol, and the answers to commands. Version 1 is frozen, byte for byte.

use std::fmt;

/// The first message on every connection.
pub const GREETING: &str = "Connected to GroupLoop WebSocket server";
/// The answer to `ping`.
pub const PONG: &str = "pong";
/// The answer to `id:<label>`.
pub const ID_OK: &str = "id:ok";
/// The answer to `id:` without a label.
pub const ID_ERROR: &str = "id:error";
/// The answer to `s`.
pub const STREAM_ON: &str = "stream:on";
/// The answer to `u`.
pub const STREAM_OFF: &str = "stream:off";
/// What stands before the reason when a subscription's options are wrong.
pub const STREAM_ERROR: &str = "stream:error:";

/// The answer to one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandAnswer {
    /// Written to the device's connection.
    Success,
    /// No connection owns the device, or the write failed.
    Failed,
    /// Target `all`: written to so many devices, over all edges.
    SentTo(usize),
    /// Not run.
    Error(CommandError),
}

/// Why a command is not run: `cmd:error:<reason>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Fewer than target and command.
    #[error("invalid_format")]
    InvalidFormat,
    /// Not in the registry.
    #[error("unknown_command")]
    UnknownCommand,
    /// Fewer parameters than the registry asks for.
    #[error("missing_parameters")]
    MissingParameters,
    /// A parameter that the device would misread, such as a colour that is none.
    #[error("invalid_parameter")]
    InvalidParameter,
    /// Longer than [`MAX_COMMAND_BYTES`](crate::MAX_COMMAND_BYTES).
    #[error("too_long")]
    TooLong,
}

impl CommandError {
    /// Every reason there is.
    pub const ALL: [Self; 5] =
        [Self::InvalidFormat, Self::UnknownCommand, Self::MissingParameters, Self::InvalidParameter, Self::TooLong];
}

impl fmt::Display for CommandAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("cmd:result:success"),
            Self::Failed => f.write_str("cmd:result:failed"),
            Self::SentTo(count) => write!(f, "cmd:result:sent_to_{count}_devices"),
            Self::Error(error) => write!(f, "cmd:error:{error}"),
        }
    }
}

/// Why the server closes a connection: the one table of close codes that edge, pages, metrics and documentation share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The peer said goodbye; its own code is answered with 1000.
    Normal,
    /// The peer broke the WebSocket protocol.
    Protocol,
    /// A text message that is not UTF-8.
    InvalidText,
    /// A message over the limit.
    TooBig,
    /// No answer to a ping.
    PingTimeout,
    /// The peer takes nothing that is written to it.
    WriteTimeout,
    /// The edge ends or restarts; come back in a moment, another may answer.
    Restart,
}

impl CloseReason {
    /// Every reason there is.
    pub const ALL: [Self; 7] = [
        Self::Normal,
        Self::Protocol,
        Self::InvalidText,
        Self::TooBig,
        Self::PingTimeout,
        Self::WriteTimeout,
        Self::Restart,
    ];

    /// The WebSocket close code.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Protocol => 1002,
            Self::InvalidText => 1007,
            Self::TooBig => 1009,
            Self::PingTimeout | Self::WriteTimeout => 1011,
            Self::Restart => 1012,
        }
    }

    /// The short text in the close frame, which is the label in metrics too.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Normal => "goodbye",
            Self::Protocol => "protocol_error",
            Self::InvalidText => "invalid_text",
            Self::TooBig => "message_too_big",
            Self::PingTimeout => "ping_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::Restart => "restart",
        }
    }

    /// Whether a peer should connect again without a change on its side.
    #[must_use]
    pub fn come_back(self) -> bool {
        !matches!(self, Self::Normal | Self::Protocol | Self::InvalidText | Self::TooBig)
    }
}
