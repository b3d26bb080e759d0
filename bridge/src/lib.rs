//! What edges and simulators share: the wire codec, subjects, the command registry, the bus with its two engines, and what makes a node an
//! owner of devices on it.
//!
//! ```text
//!  wire text ──▶ Message, Frame ──▶ Batcher ──▶ Bus (Subject) ──▶ embedded | NATS
//!  wire text ◀── CommandAnswer  ◀── Registry ◀─ Bus (Pattern)
//! ```
//!
//! It depends on neither axum nor a WebSocket crate: whoever ends connections brings its own.

mod answer;
mod batch;
mod bus;
mod color;
mod firmware;
mod frame;
mod kept;
mod message;
mod name;
mod node;
mod ownership;
mod registry;
mod report;
mod subject;
mod tapped;
mod trace;
mod version;

pub use answer::{
    CloseReason, CommandAnswer, CommandError, GREETING, ID_ERROR, ID_OK, PONG, STREAM_ERROR, STREAM_OFF, STREAM_ON,
};
pub use batch::{BATCH_FRAMES, Batcher};
pub use bus::{
    Answers, Bus, BusError, BusSettings, BusState, Delivery, EngineKind, Hub, NatsSettings, PublishError, RequestError,
    Subscription,
};
pub use color::normalize_color;
pub use firmware::{Download, FIRMWARE_REPORT_DOWNLOADS, FirmwareReport};
pub use frame::{DeviceId, DeviceIdError, FRAME_LEN, Frame, LINE_LEN};
pub use kept::{Kept, PANIC};
pub use message::{
    CommandLine, InvalidFormat, Line, Lines, MAX_RATE, MAX_SUBSCRIBED_DEVICES, Message, OptionsError, SubscribeOptions,
    Target,
};
pub use name::{MAX_NAME_LEN, NameError, NodeId, Space};
pub use node::{
    CommandReport, HEARTBEAT_INTERVAL, Heartbeat, NODE_TIMEOUT, OwnershipClock, Presence, ROSTER_PAGE, RosterEntry,
    RosterPage, SILENT_AFTER, json,
};
pub use ownership::{
    Member, NodeHost, Others, OwnQuestions, Owner, OwnerId, Owners, Slot, SpaceHost, run_heartbeat, run_space,
};
pub use registry::{MAX_COMMAND_BYTES, MAX_REGISTRY_BYTES, Registry, RegistryError};
pub use report::{
    Ledger, MAX_REPORT_BYTES, REPORT_INTERVAL, Report, ReportHost, Reporter, SpaceCounts, SpaceFigures, run_reports,
};
pub use subject::{Pattern, Subject};
pub use tapped::{Tapped, TappedError};
pub use trace::{EndedSpan, Side, Span, SpanSink, TRACE_HEADER, TraceContext, Tracer};
pub use version::Version;
