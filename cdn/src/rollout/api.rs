//! Rollouts over HTTP: made, listed, looked at, paused, resumed, aborted, and tried again for those that failed.

use super::active::{Active, Seen, active};
use super::address::base_url;
use super::definition::Definition;
use super::record::{Record, State as RolloutState, Step, Wanted, wall_ms};
use crate::error::HttpError;
use crate::image::{Board, check_image};
use crate::path::AssetPath;
use crate::shelf::Freshness;
use crate::spaces::{DocumentId, Held, Kind, body_of, id_of, space_of, tag_of, tagged};
use crate::state::State;
use crate::store::{Condition, StoreError, Version};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State as FromState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use grouploop_bridge::{DeviceId, Space};
use rand::RngExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rollouts of a space that are remembered.
const MAX_REMEMBERED: usize = 50;
/// Bytes of all of them, as large as they may become: a little less than a list has.
const MAX_BYTES: usize = 4000 << 10;
/// Bytes of a definition.
const MAX_BODY_BYTES: usize = 256 << 10;
/// Largest image that is looked at: more than any of our boards has room for.
const MAX_IMAGE_BYTES: u64 = 16 << 20;
/// Tries to write when the runner writes too.
const TRIES: usize = 20;
/// Devices that are named in a refusal.
const NAMED: usize = 50;

type Answer = Result<Response, HttpError>;
type TheState = FromState<Arc<State>>;

/// `GET /api/spaces/{space}/rollouts`: the newest first, without their devices.
pub(crate) async fn list(FromState(state): TheState, Path(space): Path<String>) -> Answer {
    let space = space_of(&space)?;
    let place = Held::place(&state).await?;
    let mut rollouts: Vec<Value> =
        remembered(&state, &space).await?.into_iter().map(|(_, record, _)| without_devices(record)).collect();
    rollouts.reverse();
    let list = json!({"space": space, "rollouts": rollouts});
    Ok(Held(list.to_string().into(), place).into_response())
}

/// `GET /api/spaces/{space}/rollouts/{id}`
pub(crate) async fn show(
    FromState(state): TheState,
    Path((space, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let (space, id) = (space_of(&space)?, id_of(&id)?);
    let place = Held::place(&state).await?;
    let (bytes, _) = state.documents.read(&space, Kind::Rollouts, &id).await?;
    Ok(tagged(bytes, &headers, |bytes| Held(bytes, place).into_response()))
}

/// `POST /api/spaces/{space}/rollouts`
pub(crate) async fn create(
    FromState(state): TheState,
    Path(space): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let space = space_of(&space)?;
    let (body, _place) = body_of(&state, &headers, body, MAX_BODY_BYTES).await?;
    let manifest = state.shelf.lookup(&AssetPath::manifest(), Freshness::Now).await?;
    let manifest = manifest.manifest.clone().unwrap_or_default();
    let definition = Definition::parse(&body, &manifest).map_err(HttpError::Refused)?;
    begin(&state, space, &headers, definition, None).await
}

/// `POST /api/spaces/{space}/rollouts/{id}/{verb}`
pub(crate) async fn wish(
    FromState(state): TheState,
    Path((space, id, verb)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let (space, id) = (space_of(&space)?, id_of(&id)?);
    let wanted = match verb.as_str() {
        "pause" => Wanted::Pause,
        "resume" => Wanted::Run,
        "abort" => Wanted::Abort,
        "retry" => return retry(&state, space, &id, &headers).await,
        _ => return Err(HttpError::NotFound),
    };
    for _ in 0..TRIES {
        let (mut record, version) = read(&state, &space, &id).await?;
        let ends =
            matches!(record.state, RolloutState::Stopping | RolloutState::Aborting) || record.wanted == Wanted::Abort;
        if record.state.has_ended() || (ends && wanted != Wanted::Abort) {
            return Err(HttpError::Over(record.state.word()));
        }
        record.wanted = wanted;
        // Whoever made it may have gone before it was listed: then nobody runs it, and nobody ever would.
        let listed = active(&state.documents).await?;
        if wanted == Wanted::Abort && !listed.iter().any(|active| active.id == record.id && active.space == space) {
            record.abort_at_once();
        }
        let bytes = record.to_json();
        let etag = tag_of(&bytes);
        match state.documents.write_own(&space, Kind::Rollouts, &id, bytes, &Condition::Is(version)).await {
            Ok(()) => {
                tracing::info!(rollout.id = %id, space.id = %space, rollout.wanted = verb, "rollout: somebody wishes");
                state.news.announce(&state.bus, &state.node, &space, Kind::Rollouts, &id, Some(etag));
                return Ok(Json(without_devices(record)).into_response());
            }
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(HttpError::Busy)
}

/// A new rollout of the same image, for those that failed or had no turn.
async fn retry(state: &Arc<State>, space: Space, id: &DocumentId, headers: &HeaderMap) -> Answer {
    let (record, _) = read(state, &space, id).await?;
    if !record.state.has_ended() {
        return Err(HttpError::NotOver);
    }
    let again = |step: Step| matches!(step, Step::Failed | Step::Skipped);
    let devices: Vec<DeviceId> =
        record.devices.iter().filter(|device| again(device.state)).map(|device| device.id).collect();
    if devices.is_empty() {
        return Err(HttpError::BadRequest("none of its devices failed or was skipped: there is nothing to try again"));
    }
    let Record { id, firmware, rules, any_board, .. } = record;
    let definition = Definition { firmware, devices, rules, any_board };
    begin(state, space, headers, definition, Some(id)).await
}

async fn begin(
    state: &Arc<State>,
    space: Space,
    headers: &HeaderMap,
    definition: Definition,
    retry_of: Option<String>,
) -> Answer {
    let url = format!("{}/{}", base_url(state, headers)?, definition.firmware.path);
    check_firmware(state, &definition).await?;
    let others = remembered(state, &space).await?;
    if !definition.any_board {
        check_boards(&definition, &others)?;
    }
    if others.is_empty() {
        state.documents.check_space(&space).await?;
    }
    let devices: BTreeSet<DeviceId> = definition.devices.iter().copied().collect();
    let id = new_id();
    let document: DocumentId = id.parse()?;
    let record = definition.record(id.clone(), space.clone(), url, retry_of);
    let bytes = record.to_json();
    // Who is refused forgets nothing.
    let forgotten = to_forget(others, record.most_bytes())?;
    for other in active(&state.documents).await?.iter().filter(|other| other.space == space) {
        check_free(state, other, &devices).await?;
    }
    for id in forgotten {
        state.documents.delete(&space, Kind::Rollouts, &id, &Condition::Any).await?;
        state.news.announce(&state.bus, &state.node, &space, Kind::Rollouts, &id, None);
    }
    let etag = tag_of(&bytes);
    let documents = &state.documents;
    documents.write_own(&space, Kind::Rollouts, &document, bytes, &Condition::Absent).await?;
    let new = Active { space: space.clone(), id: id.clone() };
    if let Err(error) = enlist(state, new, &devices).await {
        // One that stays because the store is away just then is never run, and can be aborted.
        let _ = documents.delete(&space, Kind::Rollouts, &document, &Condition::Any).await;
        return Err(error);
    }
    tracing::info!(
        rollout.id = id,
        space.id = %space,
        rollout.devices = record.devices.len(),
        firmware.path = record.firmware.path,
        "rollout made"
    );
    state.news.announce(&state.bus, &state.node, &space, Kind::Rollouts, &document, Some(etag.clone()));
    let location = format!("/api/spaces/{space}/rollouts/{id}");
    let headers = [(header::LOCATION, location), (header::ETAG, etag)];
    Ok((StatusCode::CREATED, headers, Json(without_devices(record))).into_response())
}

/// Time first, so that names are in the order of their making.
fn new_id() -> String {
    let mut rng = rand::rng();
    let tail: String = (0..6).map(|_| char::from_digit(rng.random_range(0..36), 36).unwrap_or('0')).collect();
    format!("{:013}-{tail}", wall_ms())
}

/// The image must be whole and for the chip of its board, where the board's name tells which one that is.
async fn check_firmware(state: &State, definition: &Definition) -> Result<(), HttpError> {
    let refused = |why: String| Err(HttpError::Refused(vec![format!("firmware: {}: {why}", definition.firmware.path)]));
    let Some(path) = AssetPath::parse(&definition.firmware.path) else { return refused("it is no file here".into()) };
    let asset = match state.shelf.lookup(&path, Freshness::Now).await {
        Err(StoreError::NotFound) => return refused("it is no file here any more".into()),
        asset => asset?,
    };
    // When others are tried again, it is the image that the first ones got.
    if !asset.hashes.md5.eq_ignore_ascii_case(&definition.firmware.md5) {
        return refused("it is another image by now; make a new rollout of that".into());
    }
    let Ok(board) = definition.firmware.board.parse::<Board>() else { return Ok(()) };
    let bytes: Bytes = match &asset.forms {
        Some(forms) => forms.body().clone(),
        None if asset.size > MAX_IMAGE_BYTES => {
            return refused(format!("it has {} bytes, and no board of ours has room for it", asset.size));
        }
        None => {
            let _place = state.uploads.acquire().await.map_err(|_| HttpError::Busy)?;
            let mut reading = state.shelf.store.read(&path, None, asset.version.as_ref()).await?;
            let mut bytes = Vec::new();
            while let Some(piece) = reading.bytes.next().await {
                bytes.extend_from_slice(&piece?);
            }
            bytes.into()
        }
    };
    match check_image(&bytes, &board) {
        Ok(_) => Ok(()),
        Err(error) => refused(error.to_string()),
    }
}

/// Devices do not say which board they are. But one that came back with the image of another board is one.
fn check_boards(definition: &Definition, others: &[(DocumentId, Record, usize)]) -> Result<(), HttpError> {
    let board = &definition.firmware.board;
    let mut known = std::collections::BTreeMap::new();
    for (_, record, _) in others {
        for device in record.devices.iter().filter(|device| device.state == Step::Done) {
            known.insert(device.id, (&record.firmware.board, &record.id));
        }
    }
    let wrong: Vec<String> = definition
        .devices
        .iter()
        .filter_map(|id| known.get(id).map(|known| (id, known)))
        .filter(|(_, (other, _))| *other != board)
        .take(NAMED)
        .map(|(id, (other, rollout))| {
            format!("devices: {id} runs the image of {other} since rollout {rollout}; `any_board` lets it have that of {board}")
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(HttpError::Refused(wrong)) }
}

/// Lists it among those under way, when none of those has one of its devices. They are looked at anew whenever one was added meanwhile.
async fn enlist(state: &State, new: Active, devices: &BTreeSet<DeviceId>) -> Result<(), HttpError> {
    for _ in 0..TRIES {
        let seen = Seen::now(&state.documents).await?;
        for other in seen.active.iter().filter(|other| other.space == new.space) {
            check_free(state, other, devices).await?;
        }
        if seen.add(state.documents.store(), new.clone()).await? {
            return Ok(());
        }
    }
    Err(HttpError::Busy)
}

/// None of the devices may be in another rollout that is under way.
async fn check_free(state: &State, other: &Active, devices: &BTreeSet<DeviceId>) -> Result<(), HttpError> {
    let record = match read(state, &other.space, &other.id.parse()?).await {
        Ok((record, _)) => record,
        Err(HttpError::NotFound) => return Ok(()),
        Err(error) => return Err(error),
    };
    if record.state.has_ended() {
        return Ok(());
    }
    let taken: Vec<String> = record
        .devices
        .iter()
        .map(|device| device.id)
        .filter(|id| devices.contains(id))
        .map(|id| id.to_string())
        .collect();
    if taken.is_empty() { Ok(()) } else { Err(HttpError::DevicesTaken { rollout: record.id, devices: taken }) }
}

async fn read(state: &State, space: &Space, id: &DocumentId) -> Result<(Record, Version), HttpError> {
    let (bytes, version) = state.documents.read(space, Kind::Rollouts, id).await?;
    let record = serde_json::from_slice(&bytes).map_err(|error| {
        tracing::warn!(rollout.id = %id, %error, "the record of a rollout cannot be read");
        HttpError::NotFound
    })?;
    Ok((record, version))
}

/// The rollouts of a space, the oldest first, with the bytes of each.
async fn remembered(state: &State, space: &Space) -> Result<Vec<(DocumentId, Record, usize)>, HttpError> {
    let (listed, _) = state.documents.list(space, Kind::Rollouts).await?;
    let read = |bytes: &Bytes| serde_json::from_slice::<Record>(bytes).ok();
    Ok(listed.into_iter().filter_map(|listed| Some((listed.id, read(&listed.bytes)?, listed.bytes.len()))).collect())
}

/// The oldest that have ended, as many as must go for there to be room for one more of this size.
fn to_forget(others: Vec<(DocumentId, Record, usize)>, size: usize) -> Result<Vec<DocumentId>, HttpError> {
    let (mut count, mut bytes) = (others.len() + 1, size);
    // Those under way grow.
    let room_of = |record: &Record, size: usize| if record.state.has_ended() { size } else { record.most_bytes() };
    bytes += others.iter().map(|(_, record, size)| room_of(record, *size)).sum::<usize>();
    let mut forgotten = Vec::new();
    for (id, record, size) in others {
        if count <= MAX_REMEMBERED && bytes <= MAX_BYTES {
            break;
        }
        if record.state.has_ended() {
            forgotten.push(id);
            count -= 1;
            bytes -= size;
        }
    }
    if count <= MAX_REMEMBERED && bytes <= MAX_BYTES {
        return Ok(forgotten);
    }
    Err(HttpError::Full(
        "the rollouts under way in this space are as many, or as large, as can be; wait for one to end".into(),
    ))
}

fn without_devices(mut record: Record) -> Value {
    record.devices.clear();
    let mut value = serde_json::to_value(record).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.remove("devices");
    }
    value
}
