//! Why a recording is not made, played or deleted, in words for people.

use super::TapeName;
use crate::tape::TapeError;
use grouploop_bridge::Space;
use std::io;

/// Why a recording is not made, played or deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeckError {
    #[error(
        "there are no recordings here: whoever runs the simulator can name a folder for them (simulator.recordings)"
    )]
    Off,
    #[error("there is no recording `{0}`; /api/recordings has those that there are")]
    Unknown(TapeName),
    #[error("there is no replay {0}; /api/replays has those that there are")]
    NoReplay(u64),
    #[error("there is a recording `{0}` already, and it is not overwritten: choose another name, or delete it")]
    Taken(TapeName),
    #[error("the space `{space}` is being recorded already, as `{name}`")]
    SpaceTaken { space: Space, name: TapeName },
    #[error("`{0}` is being recorded: stop that first")]
    Recording(TapeName),
    #[error("`{0}` is not being recorded")]
    NotRecording(TapeName),
    #[error("`{0}` is being played: stop that first")]
    Playing(TapeName),
    #[error("there are {0} recordings, and simulator.max_recordings allows no more: delete one")]
    TooMany(usize),
    #[error("{0} are being played, and simulator.max_replays allows no more: stop one")]
    TooManyReplays(usize),
    #[error("{what} is more than simulator.{key} allows, which is {most}")]
    OverLimit { what: String, key: &'static str, most: String },
    #[error(
        "played so it has about {asked} frames a second, and of those that simulator.max_frames_per_second allows {left} are left: play it slower, \
         stop swarms or replays, or raise the setting"
    )]
    TooFast { asked: u64, left: u64 },
    #[error("the folder of recordings (simulator.recordings) cannot be used: {0}")]
    Folder(io::Error),
    #[error("`{name}` cannot be used: {why}")]
    Tape { name: TapeName, why: TapeError },
    #[error("the simulator is stopping")]
    Stopping,
}

impl DeckError {
    /// Of a recording.
    pub(super) fn tape(name: &TapeName, why: TapeError) -> Self {
        Self::Tape { name: name.clone(), why }
    }
}
