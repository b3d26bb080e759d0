//! Which rollouts are under way: a small object in the store, so that nobody has to look through all spaces. It also decides between two who
//! make a rollout for the same device at the same time.

use crate::error::HttpError;
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
pub(super) async fn active(store: &Store) -> Result<Vec<Active>, StoreError> {
    Ok(read(store).await?.0.active)
}

async fn read(store: &Store) -> Result<(Note, Condition), StoreError> {
    match store.read_note(NOTE).await {
        Ok((bytes, version)) => Ok((serde_json::from_slice(&bytes).unwrap_or_default(), Condition::Is(version))),
        Err(StoreError::NotFound) => Ok((Note::default(), Condition::Absent)),
        Err(error) => Err(error),
    }
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
    pub(super) async fn now(store: &Store) -> Result<Self, StoreError> {
        let (note, condition) = read(store).await?;
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
pub(super) async fn remove(store: &Store, gone: &Active) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let (mut note, condition) = read(store).await?;
        let before = note.active.len();
        note.active.retain(|other| other != gone);
        if note.active.len() == before {
            return Ok(());
        }
        match write(store, &note, &condition).await {
            Err(StoreError::Conflict) => {}
            other => return other,
        }
    }
    Err(StoreError::Changed)
}
