//! What is being played: begun, ended, and how far it is.

use super::{Deck, DeckError, MAX_OVER, TapeName};
use crate::recording::Skimmed;
use crate::swarms::Share;
use crate::tape::{Access, Played, Player, PlayerOptions, Speed, Tape, TapeError, TapePlace, frames_per_second};
use grouploop_bridge::Space;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// How a recording is to be played.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplayOptions {
    /// Into which space; the one that it is of when nobody says.
    pub(crate) space: Option<Space>,
    pub(crate) speed: Speed,
    pub(crate) repeat: bool,
}

/// A recording that is being played, or was.
#[derive(Debug)]
pub(crate) struct Replay {
    number: u64,
    name: TapeName,
    space: Space,
    speed: Speed,
    repeat: bool,
    skimmed: Skimmed,
    stop: CancellationToken,
    over: CancellationToken,
    progress: Progress,
    outcome: Mutex<Option<(Outcome, Played)>>,
}

/// How a replay ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Behind the last frame.
    Finished,
    /// It was told to.
    Stopped,
    /// The file could not be read on.
    Failed(String),
}

/// Asks a player that somebody else has.
struct Progress(Box<dyn Fn() -> Played + Send + Sync>);

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

impl Replay {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn name(&self) -> &TapeName {
        &self.name
    }

    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    pub(crate) fn speed(&self) -> Speed {
        self.speed
    }

    pub(crate) fn repeats(&self) -> bool {
        self.repeat
    }

    /// What is played.
    pub(crate) fn skimmed(&self) -> &Skimmed {
        &self.skimmed
    }

    pub(crate) fn is_playing(&self) -> bool {
        !self.over.is_cancelled()
    }

    /// How it goes, or went; the outcome once there is one.
    pub(crate) fn played(&self) -> (Option<Outcome>, Played) {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone();
        outcome.map_or_else(|| (None, (self.progress.0)()), |(outcome, played)| (Some(outcome), played))
    }
}

impl Deck {
    /// All replays, those that are over included.
    pub(crate) fn replays(&self) -> Vec<Arc<Replay>> {
        self.lock().replays.values().cloned().collect()
    }

    /// The replay of this number.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn replay(&self, number: u64) -> Result<Arc<Replay>, DeckError> {
        self.lock().replays.get(&number).cloned().ok_or(DeckError::NoReplay(number))
    }

    /// Begins to play a recording, when it has no more than `frames_left` a second. Only one is begun at a time: the caller sees to that.
    ///
    /// # Errors
    /// [`DeckError`]; nothing has begun then.
    pub(crate) async fn play(
        self: &Arc<Self>,
        name: TapeName,
        options: ReplayOptions,
        frames_left: f64,
    ) -> Result<Arc<Replay>, DeckError> {
        let path = name.path(&self.folder()?);
        if self.stop.is_cancelled() {
            return Err(DeckError::Stopping);
        }
        let (_, playing) = self.at_work();
        if playing >= self.limits.replays as u64 {
            return Err(DeckError::TooManyReplays(self.limits.replays));
        }
        if self.lock().recording.contains_key(&name) {
            return Err(DeckError::Recording(name));
        }
        let there = path.clone();
        let (exists, skimmed) = self.blocking(move || (there.exists(), super::list::skim(&there))).await?;
        if !exists {
            return Err(DeckError::Unknown(name));
        }
        let place = path.display().to_string();
        let skimmed = skimmed.map_err(|why| DeckError::tape(&name, TapeError::Recording { place, why }))?;
        let pace = frames_per_second(skimmed.span(), skimmed.frames, options.speed, options.repeat).ceil();
        if pace > frames_left {
            // The casts keep within their range; these are figures for people.
            return Err(DeckError::TooFast { asked: pace as u64, left: frames_left.max(0.0) as u64 });
        }
        // A file of this machine needs neither a copy nor a key.
        let tape = Tape::open(&TapePlace::File(path), Path::new(""), &Access::default()).await;
        let tape = tape.map_err(|why| DeckError::tape(&name, why))?;
        let space = options.space.unwrap_or_else(|| skimmed.header.space.clone());
        let player = Player::on_node(&self.node, &space).map_err(|why| DeckError::tape(&name, why))?;
        let mut inner = self.lock();
        inner.played += 1;
        let replay = Arc::new(Replay {
            number: inner.played,
            name: name.clone(),
            space,
            speed: options.speed,
            repeat: options.repeat,
            skimmed,
            stop: self.stop.child_token(),
            over: CancellationToken::new(),
            progress: Progress(Box::new(player.progress())),
            outcome: Mutex::default(),
        });
        inner.replays.insert(replay.number, replay.clone());
        let over: Vec<u64> = inner.replays.values().filter(|one| !one.is_playing()).map(|one| one.number).collect();
        for number in over.iter().take(over.len().saturating_sub(MAX_OVER)) {
            inner.replays.remove(number);
        }
        drop(inner);
        self.tasks.spawn(run(replay.clone(), player, tape, self.beside.share(pace as u64)));
        Ok(replay)
    }

    /// Ends a replay and forgets it; returns when its devices have left.
    ///
    /// # Errors
    /// There is none of this number.
    pub(crate) async fn stop_replay(&self, number: u64) -> Result<(), DeckError> {
        let replay = self.replay(number)?;
        replay.stop.cancel();
        replay.over.cancelled().await;
        self.lock().replays.remove(&number);
        Ok(())
    }
}

async fn run(replay: Arc<Replay>, player: Player, tape: Tape, share: Share) {
    let progress = player.progress();
    let options = PlayerOptions { speed: replay.speed, repeat: replay.repeat, devices: None };
    let played = player.play(&tape, options, replay.stop.cancelled()).await;
    let outcome = match played {
        Ok(played) if replay.stop.is_cancelled() => (Outcome::Stopped, played),
        Ok(played) => (Outcome::Finished, played),
        Err(error) => {
            tracing::warn!(recording.name = %replay.name, space.id = %replay.space, recording.error = %error, "a replay ended before its end");
            (Outcome::Failed(error.to_string()), progress())
        }
    };
    *replay.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    drop(share);
    replay.over.cancel();
}
