//! Recordings and replays over HTTP: listed, begun, ended, deleted.

use super::api::{Text, json, media_type, whole};
use super::error::ApiError;
use super::path::InPath;
use super::state::State;
use crate::deck::{DeckError, Ended, Listed, Outcome, Replay, ReplayOptions, TapeName, Wanted, What, unix_ms};
use crate::recording::{End, Skimmed};
use crate::scenario::parse_duration;
use crate::tape::Speed;
use axum::Json;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grouploop_bridge::Space;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

type Answer = Result<Response, ApiError>;
type TheState = FromState<Arc<State>>;

/// What is to be recorded.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    name: Option<String>,
    space: Option<String>,
    duration: Option<String>,
    max_bytes: Option<u64>,
}

/// What is to be played.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Play {
    recording: String,
    space: Option<String>,
    speed: Option<f64>,
    #[serde(rename = "loop", default)]
    repeat: bool,
}

/// `GET /api/recordings`
pub(super) async fn list(FromState(state): TheState) -> Answer {
    let listed = state.deck.list().await?;
    let settings = &state.settings;
    let body = json!({
        "recordings": listed.iter().map(shown).collect::<Vec<_>>(),
        "limits": {
            "recordings": if settings.recordings.is_empty() { 0 } else { settings.max_recordings },
            "bytes": settings.max_recording_bytes,
            "seconds": settings.max_recording_seconds,
            "replays": settings.max_replays,
        },
    });
    Ok(Json(body).into_response())
}

/// `POST /api/recordings`
pub(super) async fn record(FromState(state): TheState, headers: HeaderMap, body: Text) -> Answer {
    let Record { name, space, duration, max_bytes } = read(&headers, body)?;
    let duration = duration.map(|text| {
        let fits = |found: &Duration| !found.is_zero();
        let wrong = || wrong("duration", &text, "a time of more than nothing, such as \"10m\"");
        parse_duration(&text).ok().filter(fits).ok_or_else(wrong)
    });
    let wanted = Wanted {
        name: name.as_deref().map(to_name).transpose()?,
        space: space.as_deref().map(to_space).transpose()?.unwrap_or_else(Space::main),
        duration: duration.transpose()?,
        max_bytes,
    };
    // Whoever asked may be gone before the file is open; what has begun is not to be half begun.
    let working = state.clone();
    let work = state.tasks.spawn(async move {
        let _one = working.changing.lock().await;
        let name = working.deck.record(wanted).await?;
        Ok::<_, DeckError>((working.deck.find(&name).await?, name))
    });
    let (listed, name) = work.await.unwrap_or(Err(DeckError::Stopping))?;
    let location = format!("/api/recordings/{name}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown(&listed))).into_response())
}

/// `GET /api/recordings/{name}`
pub(super) async fn show(FromState(state): TheState, InPath(name): InPath<String>) -> Answer {
    Ok(Json(shown(&state.deck.find(&to_name(&name)?).await?)).into_response())
}

/// `POST /api/recordings/{name}/stop`
pub(super) async fn stop(FromState(state): TheState, InPath(name): InPath<String>) -> Answer {
    let name = to_name(&name)?;
    // A recording that is not there is not one that could be stopped.
    state.deck.find(&name).await?;
    state.deck.stop_recording(&name).await?;
    Ok(Json(shown(&state.deck.find(&name).await?)).into_response())
}

/// `DELETE /api/recordings/{name}`
pub(super) async fn delete(FromState(state): TheState, InPath(name): InPath<String>) -> Answer {
    let name = to_name(&name)?;
    let _one = state.changing.lock().await;
    state.deck.delete(&name).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /api/replays`
pub(super) async fn replays(FromState(state): TheState) -> Response {
    let replays: Vec<Value> = state.deck.replays().iter().map(|replay| played(replay)).collect();
    Json(json!({"replays": replays})).into_response()
}

/// `POST /api/replays`
pub(super) async fn play(FromState(state): TheState, headers: HeaderMap, body: Text) -> Answer {
    let Play { recording, space, speed, repeat } = read(&headers, body)?;
    let name = to_name(&recording)?;
    let to_speed = |speed: f64| {
        let text = speed.to_string();
        text.parse::<Speed>().map_err(|error| ApiError::BadRequest(format!("`speed` is {text}: {error}")))
    };
    let options = ReplayOptions {
        space: space.as_deref().map(to_space).transpose()?,
        speed: speed.map(to_speed).transpose()?.unwrap_or_default(),
        repeat,
    };
    let working = state.clone();
    let work = state.tasks.spawn(async move {
        let _one = working.changing.lock().await;
        working.deck.play(name, options, working.swarms.frames_left()).await
    });
    let replay = work.await.unwrap_or(Err(DeckError::Stopping))?;
    let location = format!("/api/replays/{}", replay.number());
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(played(&replay))).into_response())
}

/// `GET /api/replays/{number}`
pub(super) async fn replay(FromState(state): TheState, InPath(number): InPath<u64>) -> Answer {
    Ok(Json(played(&*state.deck.replay(number)?)).into_response())
}

/// `DELETE /api/replays/{number}`
pub(super) async fn stop_replay(FromState(state): TheState, InPath(number): InPath<u64>) -> Answer {
    state.deck.stop_replay(number).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn shown(Listed { name, what }: &Listed) -> Value {
    match what {
        What::Recording { space, started, since, tally } => json!({
            "name": name,
            "status": "recording",
            "space": space,
            "started_unix_ms": unix_ms(*started),
            "duration_ms": ms(*since),
            "bytes": tally.bytes,
            "frames": tally.frames,
            "devices": tally.devices,
            "dropped": tally.dropped,
        }),
        What::Kept { skimmed, ending } => {
            let Skimmed { header, bytes, frames, end, .. } = skimmed;
            let (ended_by, problem) = match ending.as_ref().and_then(|ending| ending.by.as_ref()) {
                Some(Ended::Duration) => (json!("duration"), None),
                Some(Ended::MaxBytes) => (json!("max_bytes"), None),
                Some(Ended::Failed(why)) => (json!("failure"), Some(why.clone())),
                None => (Value::Null, None),
            };
            let problem = problem.or_else(|| torn(*end).map(|torn| format!("it is {torn}, and played up to there")));
            json!({
                "name": name,
                "status": "kept",
                "space": header.space,
                "started_unix_ms": header.start_unix_us / 1_000,
                "duration_ms": ms(skimmed.span()),
                "bytes": bytes,
                "frames": frames,
                "dropped": ending.as_ref().map(|ending| ending.dropped),
                "ended_by": ended_by,
                "problem": problem,
            })
        }
        What::Unreadable(why) => json!({"name": name, "status": "unreadable", "problem": why}),
    }
}

fn played(replay: &Replay) -> Value {
    let (outcome, played) = replay.played();
    let (status, problem) = match outcome {
        None => ("playing", None),
        Some(Outcome::Finished) => ("finished", None),
        Some(Outcome::Stopped) => ("stopped", None),
        Some(Outcome::Failed(why)) => ("failed", Some(why)),
    };
    let problem =
        problem.or_else(|| Some(format!("the recording is {}, and was played up to there", torn(played.end?)?)));
    json!({
        "number": replay.number(),
        "recording": replay.name(),
        "space": replay.space(),
        "speed": replay.speed().times(),
        "loop": replay.repeats(),
        "status": status,
        "problem": problem,
        "played_ms": ms(played.played),
        "duration_ms": ms(replay.skimmed().span()),
        "rounds": played.rounds,
        "frames": played.frames,
        "late": played.late,
        "dropped": played.dropped,
        "devices": played.devices,
        "commands": played.commands,
    })
}

/// What a recording is that does not end behind a whole block.
fn torn(end: End) -> Option<String> {
    match end {
        End::Clean => None,
        End::Cut { at_byte } => Some(format!("cut short at byte {at_byte}")),
        End::Damaged { at_byte } => Some(format!("damaged at byte {at_byte}")),
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn to_name(text: &str) -> Result<TapeName, ApiError> {
    text.parse().map_err(|error| ApiError::BadRequest(format!("`name` is {text:?}: {error}")))
}

fn to_space(text: &str) -> Result<Space, ApiError> {
    text.parse().map_err(|_| wrong("space", text, "1 to 32 of a-z, 0-9 and -"))
}

fn wrong(key: &str, found: &str, must_be: &str) -> ApiError {
    ApiError::BadRequest(format!("`{key}` is {found:?}, it must be {must_be}"))
}

/// An object of JSON with these keys and no others.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Text) -> Result<T, ApiError> {
    if media_type(headers) != "application/json" {
        return Err(ApiError::WrongType("application/json"));
    }
    let value = json(&whole(body)?)?;
    serde_json::from_value(value).map_err(|error| ApiError::BadRequest(error.to_string()))
}
