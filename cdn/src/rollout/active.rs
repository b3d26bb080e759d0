//! Which rollouts are under way: a small object in the store, so that nobody has to look through all spaces. It also decides between two who
//! make a rollout for the same device at the same time. Broken or removed by hand, it is made anew from the records.

use super::record::Record;
use crate::error::HttpError;
use crate::spaces::{Documents, Kind};
use crate::store::{Condition, Store, StoreError};
use grouploop_bridge::Space;
use serde::{Deserialize, Serialize};

/// The object.
const NOTE: &str = ".grouploop/rollouts.json";
/// Rollouts under way in all spaces.
const MAX_ACTIVE: usize = 64;
/// How often a change is begun again because another one was faster.
const TRIES: usize = 20;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Active {
    pub(super) space: Space,
    pub(super) id: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Note {
    active: Vec<Active>,
}

/// All of them.
pub(super) async fn active(documents: &Documents) -> Result<Vec<Active>, StoreError> {
    Ok(read(documents).await?.0.active)
}

/// The object as it is, and what it must be to be written.
enum Found {
    Whole(Note, Condition),
    Broken(Condition),
    Absent,
}

async fn find(store: &Store) -> Result<Found, StoreError> {
    match store.read_note(NOTE).await {
        Ok((bytes, version)) => Ok(match serde_json::from_slice(&bytes) {
            Ok(note) => Found::Whole(note, Condition::Is(version)),
            Err(_) => Found::Broken(Condition::Is(version)),
        }),
        Err(StoreError::NotFound) => Ok(Found::Absent),
        Err(error) => Err(error),
    }
}

async fn read(documents: &Documents) -> Result<(Note, Condition), StoreError> {
    let condition = match find(documents.store()).await? {
        Found::Whole(note, condition) => return Ok((note, condition)),
        Found::Broken(condition) => condition,
        Found::Absent => Condition::Absent,
    };
    Ok((from_records(documents).await?, condition))
}

/// For whoever looks all the time, and keeps the list in order. Where there is none, which is so until somebody makes the first rollout,
/// the records are looked through once, and `has_sought` says so.
pub(super) async fn in_order(documents: &Documents, has_sought: &mut bool) -> Result<Vec<Active>, StoreError> {
    let condition = match find(documents.store()).await? {
        Found::Whole(note, _) => {
            *has_sought = false;
            return Ok(note.active);
        }
        Found::Absent if *has_sought => return Ok(Vec::new()),
        Found::Absent => Condition::Absent,
        Found::Broken(condition) => condition,
    };
    let note = from_records(documents).await?;
    *has_sought = true;
    if !note.active.is_empty() || condition != Condition::Absent {
        tracing::warn!(rollouts = note.active.len(), "the list of rollouts under way was broken: made anew");
        match write(documents.store(), &note, &condition).await {
            // Somebody else was faster.
            Err(StoreError::Conflict) | Ok(()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(note.active)
}

/// Those that somebody has run and that have not ended. One that nobody had taken up may be one that was never listed, for a device that
/// another one has: it waits, and can be aborted.
async fn from_records(documents: &Documents) -> Result<Note, StoreError> {
    let mut active = Vec::new();
    for space in documents.spaces().await? {
        for listed in documents.list(&space, Kind::Rollouts).await?.0 {
            let record = serde_json::from_slice::<Record>(&listed.bytes).ok();
            if record.is_some_and(|record| record.runner.is_some() && !record.state.has_ended()) {
                active.push(Active { space: space.clone(), id: listed.id.to_string() });
            }
        }
    }
    active.truncate(MAX_ACTIVE);
    Ok(Note { active })
}

async fn write(store: &Store, note: &Note, condition: &Condition) -> Result<(), StoreError> {
    store.write_note(NOTE, serde_json::to_vec(note).unwrap_or_default().into(), condition).await
}

/// What is under way, as it was when somebody looked.
pub(super) struct Seen {
    pub(super) active: Vec<Active>,
    condition: Condition,
}

impl Seen {
    /// Looks.
    pub(super) async fn now(documents: &Documents) -> Result<Self, StoreError> {
        let (note, condition) = read(documents).await?;
        Ok(Self { active: note.active, condition })
    }

    /// Adds one when nothing has changed since; `false` when something has.
    pub(super) async fn add(mut self, store: &Store, new: Active) -> Result<bool, HttpError> {
        if self.active.len() >= MAX_ACTIVE {
            return Err(HttpError::Full(format!("{MAX_ACTIVE} rollouts are under way already; wait for one to end")));
        }
        self.active.push(new);
        match write(store, &Note { active: self.active }, &self.condition).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Takes one out.
pub(super) async fn remove(documents: &Documents, gone: &Active) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let (mut note, condition) = read(documents).await?;
        let before = note.active.len();
        note.active.retain(|other| other != gone);
        if note.active.len() == before {
            return Ok(());
        }
        match write(documents.store(), &note, &condition).await {
            Err(StoreError::Conflict) => {}
            other => return other,
        }
    }
    Err(StoreError::Changed)
}
