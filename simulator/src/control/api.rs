//! Swarms and scenarios over HTTP: listed, started, changed, stopped, and their devices looked at.

use super::definition::{merge, read};
use super::error::ApiError;
use super::path::InPath;
use super::state::State;
use crate::scenario::{EXAMPLES, Given, MAX_SWARMS, Scenario, Swarm, Transport, describe, summary};
use crate::swarm::SwarmHandle;
use crate::swarms::{ConnectionFigures, SwarmError};
use axum::Json;
use axum::extract::rejection::{QueryRejection, StringRejection};
use axum::extract::{Query, State as FromState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grouploop_bridge::{DeviceId, Space};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Bytes of a body.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;
/// Devices that are told at a time.
pub(super) const MAX_LIMIT: u32 = 2_000;
/// Devices that are told when nobody says how many.
const LIMIT: u32 = 100;

type Answer = Result<Response, ApiError>;
type TheState = FromState<Arc<State>>;
pub(super) type Text = Result<String, StringRejection>;

/// `GET /api/swarms`
pub(super) async fn list(FromState(state): TheState) -> Response {
    Json(json!({"swarms": state.swarms.all().iter().map(shown).collect::<Vec<_>>()})).into_response()
}

/// `POST /api/swarms`
pub(super) async fn start(FromState(state): TheState, headers: HeaderMap, body: Text) -> Answer {
    let is_toml = match media_type(&headers).as_str() {
        "application/json" => false,
        "application/toml" => true,
        _ => return Err(ApiError::WrongType("application/json, or application/toml for a scenario")),
    };
    let body = whole(body)?;
    let _one = state.changing.lock().await;
    if is_toml {
        return start_text(&state, &body);
    }
    let mut definition = json(&body)?;
    if let Some(table) = definition.as_object_mut() {
        table.retain(|_, value| !value.is_null());
        if !table.contains_key("name") {
            table.insert("name".into(), free_name(&state).into());
        }
    }
    let plan = read(&definition, &given(&state, &|space| state.swarms.taken(space), &[]));
    let swarm = state.swarms.start(plan.map_err(ApiError::Mistakes)?)?;
    let location = format!("/api/swarms/{}", swarm.plan().name);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown(&swarm))).into_response())
}

/// `GET /api/swarms/{name}`
pub(super) async fn show(FromState(state): TheState, InPath(name): InPath<String>) -> Answer {
    Ok(Json(shown(&find(&state, &name)?)).into_response())
}

/// `PATCH /api/swarms/{name}`
pub(super) async fn change(
    FromState(state): TheState,
    InPath(name): InPath<String>,
    headers: HeaderMap,
    body: Text,
) -> Answer {
    if !["application/json", "application/merge-patch+json"].contains(&media_type(&headers).as_str()) {
        return Err(ApiError::WrongType("application/merge-patch+json, or application/json"));
    }
    let Value::Object(patch) = json(&whole(body)?)? else {
        return Err(ApiError::BadRequest("a patch is an object with the keys that change".into()));
    };
    if patch.get("name").is_some_and(|given| given.as_str() != Some(&name)) {
        return Err(ApiError::BadRequest(
            "`name` cannot change: stop this swarm and start another, or leave it out".into(),
        ));
    }
    // It may have to end and begin anew, and is not to be lost between the two when whoever asked has gone.
    let working = state.clone();
    let work = state.tasks.spawn(async move {
        let _one = working.changing.lock().await;
        let plan = patched(&working, &find_live(&working, &name)?.plan(), patch)?;
        Ok(Json(shown(&working.swarms.change(plan).await?)).into_response())
    });
    work.await.unwrap_or(Err(ApiError::Swarm(SwarmError::Stopping)))
}

/// `DELETE /api/swarms/{name}`
pub(super) async fn stop(FromState(state): TheState, InPath(name): InPath<String>) -> Answer {
    // Whoever is about to begin anew has begun, and its place stays free until all its devices have left, whether or not who asked waits.
    let working = state.clone();
    let work = state.tasks.spawn(async move {
        let _one = working.changing.lock().await;
        working.swarms.stop(&name).await
    });
    work.await.unwrap_or(Err(SwarmError::Stopping))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The part of a swarm that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default)]
    from: u32,
    limit: Option<u32>,
}

/// `GET /api/swarms/{name}/devices`
pub(super) async fn devices(
    FromState(state): TheState,
    InPath(name): InPath<String>,
    page: Result<Query<Page>, QueryRejection>,
) -> Answer {
    let Query(Page { from, limit }) = page.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let limit = in_range("limit", limit.unwrap_or(LIMIT), MAX_LIMIT)?;
    let view = find_live(&state, &name)?.view(from, limit).await.ok_or(ApiError::Over(name))?;
    let at_ms = u64::try_from(view.at.as_millis()).unwrap_or(u64::MAX);
    let body = json!({"at_ms": at_ms, "floor": view.floor, "devices": view.devices, "from": from, "seen": view.seen});
    Ok(Json(body).into_response())
}

/// `GET /api/swarms/{name}/devices/{id}`
pub(super) async fn device(FromState(state): TheState, InPath((name, id)): InPath<(String, String)>) -> Answer {
    let swarm = find_live(&state, &name)?;
    let Some(device) = DeviceId::parse(&id) else {
        return Err(ApiError::BadRequest("a device is 4 hex digits, such as 1a2b".into()));
    };
    match swarm.device(device).await {
        Some(seen) => Ok(Json(seen).into_response()),
        None => Err(ApiError::NoDevice { id: device.to_string(), swarm: name }),
    }
}

/// `GET /api/scenarios`
pub(super) async fn scenarios(FromState(state): TheState) -> Response {
    let told = |(name, text): &(&str, &str)| {
        // As they would be alone: they are all right, a test says so.
        let swarms = Scenario::parse_with(text, &state.registry).map(|scenario| scenario.swarms).unwrap_or_default();
        let swarms =
            swarms.iter().map(|swarm| json!({"name": swarm.name, "space": swarm.space, "devices": swarm.ids.len()}));
        json!({"name": name, "description": summary(text), "text": text, "swarms": swarms.collect::<Vec<_>>()})
    };
    Json(json!({"scenarios": EXAMPLES.iter().map(told).collect::<Vec<_>>()})).into_response()
}

/// `POST /api/scenarios/{name}`
pub(super) async fn start_scenario(FromState(state): TheState, InPath(name): InPath<String>) -> Answer {
    let Some((_, text)) = EXAMPLES.iter().find(|(known, _)| *known == name) else {
        return Err(ApiError::NoScenario(name));
    };
    let _one = state.changing.lock().await;
    start_text(&state, text)
}

/// Starts all swarms of a scenario, or none.
fn start_text(state: &State, text: &str) -> Answer {
    let scenario = Scenario::parse_given(text, &given(state, &|space| state.swarms.taken(space), &[]));
    let told = |mistakes: Vec<_>| ApiError::Mistakes(mistakes.iter().map(ToString::to_string).collect());
    let swarms = state.swarms.start_all(scenario.map_err(told)?.swarms)?;
    let body = json!({"swarms": swarms.iter().map(shown).collect::<Vec<_>>()});
    Ok((StatusCode::CREATED, [(header::LOCATION, "/api/swarms")], Json(body)).into_response())
}

/// What a swarm becomes by a patch. Who its devices are stays as far as it can, unless the patch says who they are.
fn patched(state: &State, plan: &Swarm, patch: Map<String, Value>) -> Result<Swarm, ApiError> {
    let mut definition = describe(plan);
    if let Some(table) = definition.as_object_mut() {
        table.remove("ids");
        table.remove("first_id");
        // Null takes the list away, not the devices.
        if patch.get("ids").is_some_and(|ids| !ids.is_null()) {
            table.remove("devices");
        } else {
            table.insert("devices".into(), plan.ids.len().into());
        }
    }
    merge(&mut definition, Value::Object(patch));
    let taken = |space: &Space| {
        let mut taken = state.swarms.taken(space);
        if *space == plan.space {
            plan.ids.iter().for_each(|id| {
                taken.remove(id);
            });
        }
        taken
    };
    read(&definition, &given(state, &taken, &plan.ids)).map_err(ApiError::Mistakes)
}

fn given<'a>(state: &'a State, taken: &'a dyn Fn(&Space) -> BTreeSet<DeviceId>, first: &'a [DeviceId]) -> Given<'a> {
    Given { registry: &state.registry, transport: Transport::Bus, edge: &state.edge, taken, first }
}

/// A name for a swarm that has none.
fn free_name(state: &State) -> String {
    let is_free = |name: &String| state.swarms.get(name).is_none_or(|swarm| swarm.status().is_over());
    // There are never so many that none of these is free.
    let names = (1..=MAX_SWARMS + state.settings.max_swarms as usize).map(|number| format!("swarm-{number}"));
    names.into_iter().find(is_free).unwrap_or_default()
}

fn shown(swarm: &SwarmHandle) -> Value {
    let plan = swarm.plan();
    let mut shown = json!({
        "name": plan.name,
        "status": swarm.status(),
        "devices": plan.ids.len(),
        "definition": describe(&plan),
        "figures": swarm.figures(),
    });
    let over_ws = matches!(plan.transport, Transport::Ws { .. });
    let connections = over_ws.then(|| json!(ConnectionFigures::of(swarm.connections())));
    let command_load = swarm.command_figures().map(|load| json!(load));
    if let Some(object) = shown.as_object_mut() {
        let some = [("connections", connections), ("command_load", command_load)];
        object.extend(some.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    shown
}

pub(super) fn find(state: &State, name: &str) -> Result<SwarmHandle, ApiError> {
    Ok(state.swarms.get(name).ok_or_else(|| SwarmError::Unknown(name.to_owned()))?)
}

/// One that has devices.
pub(super) fn find_live(state: &State, name: &str) -> Result<SwarmHandle, ApiError> {
    let swarm = find(state, name)?;
    if swarm.status().is_over() { Err(ApiError::Over(name.to_owned())) } else { Ok(swarm) }
}

pub(super) fn in_range(key: &str, value: u32, most: u32) -> Result<u32, ApiError> {
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    Err(ApiError::BadRequest(format!("`{key}` is {value}, it must be 1 to {most}")))
}

/// What the body is said to be, without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(super) fn whole(body: Text) -> Result<String, ApiError> {
    body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge(MAX_BODY_BYTES),
        _ => ApiError::BadRequest(error.body_text()),
    })
}

pub(super) fn json(text: &str) -> Result<Value, ApiError> {
    serde_json::from_str(text).map_err(|error| ApiError::BadRequest(format!("the body is no JSON: {error}")))
}
