//! The HTTP API of a space: its devices, and commands to them.

use crate::dispatch;
use crate::outcomes::{self, Form, Outcomes};
use crate::state::{AppState, EdgeState};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use grouploop_bridge::{
    CommandAnswer, CommandError, DeviceId, NameError, NodeId, Side, Space, Span, TRACE_HEADER, Target, TraceContext,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Devices that one request may name.
const MAX_TARGETS: usize = 65_536;
/// Commands of one request that are on their way at a time.
const IN_FLIGHT: usize = 256;

/// Time for a whole body to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// What can be wrong with a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the space in the path: {0}")]
    Space(#[from] NameError),
    #[error("{0}")]
    Body(#[from] JsonRejection),
    #[error("the body did not arrive within {} s", BODY_PATIENCE.as_secs())]
    TooSlow,
    #[error("`target` {0:?} is neither \"all\" nor a device id of 4 hex digits")]
    Target(String),
    #[error("`target` names {0} devices, at most {MAX_TARGETS} are possible")]
    TooMany(usize),
    #[error("the command is not run: {0}")]
    Command(CommandError),
}

impl ApiError {
    /// The status, and the word for programs.
    fn code(&self) -> (StatusCode, String) {
        match self {
            Self::Space(_) => (StatusCode::NOT_FOUND, "invalid_space".to_owned()),
            Self::Body(rejection) => (rejection.status(), "invalid_body".to_owned()),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too_slow".to_owned()),
            Self::Target(_) | Self::TooMany(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_target".to_owned()),
            Self::Command(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.code();
        (status, Json(json!({"error": code, "message": self.to_string()}))).into_response()
    }
}

#[derive(Debug, Serialize)]
struct Device {
    id: DeviceId,
    node: NodeId,
    frames_per_second: f32,
    last_seen_ms: Option<u64>,
}

/// `GET /api/spaces/<space>/devices`: the roster over all edges.
pub(crate) async fn devices(State(state): State<AppState>, Path(space): Path<String>) -> Result<Response, ApiError> {
    let space: Space = space.parse()?;
    let (roster, complete) = dispatch::roster(&state.edge, &space).await;
    let devices: Vec<Device> = roster
        .into_iter()
        .map(|(node, entry)| Device {
            id: entry.id,
            node,
            frames_per_second: entry.frames_per_second,
            last_seen_ms: entry.last_seen_ms,
        })
        .collect();
    // Without the bus, or with a node that does not answer, some devices are missing, and that must show.
    Ok(Json(json!({"space": space, "complete": complete, "devices": devices})).into_response())
}

/// The body of a command request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandRequest {
    target: Targets,
    command: String,
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Targets {
    One(String),
    Many(Vec<String>),
}

/// A parameter as text; numbers are taken as they are written.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Parameter {
    Text(String),
    Number(serde_json::Number),
}

/// `POST /api/spaces/<space>/commands`: runs a command and answers the result for each device.
pub(crate) async fn commands(
    State(state): State<AppState>,
    Path(space): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let space: Space = space.parse()?;
    let form = Form::asked_for(request.headers());
    let caller = request.headers().get(TRACE_HEADER).and_then(|header| header.to_str().ok());
    let caller = caller.and_then(TraceContext::parse);
    let body = tokio::time::timeout(BODY_PATIENCE, Json::<CommandRequest>::from_request(request, &()));
    let Json(request) = body.await.map_err(|_| ApiError::TooSlow)??;
    let parameters: Vec<String> = request
        .parameters
        .into_iter()
        .map(|parameter| match parameter {
            Parameter::Text(text) => text,
            Parameter::Number(number) => number.to_string(),
        })
        .collect();
    let text = state.edge.node.registry().check(&request.command, &parameters.join(":")).map_err(ApiError::Command)?;
    let span = state.edge.node.tracer.begin("command", Side::Server, caller);
    let span = span.map(|span| span.about("space.id", &space).about("command", &request.command));
    let outcomes = match request.target {
        Targets::One(target) => match parse_target(&target)? {
            Target::All => to_all(&state.edge, &space, &text, span),
            Target::Device(device) => to_many(&state.edge, &space, vec![device], text, span),
        },
        Targets::Many(targets) => {
            if targets.len() > MAX_TARGETS {
                return Err(ApiError::TooMany(targets.len()));
            }
            let devices: Result<BTreeSet<DeviceId>, ApiError> =
                targets.iter().map(|id| DeviceId::parse(id).ok_or_else(|| unknown_target(id))).collect();
            // Named twice is meant once.
            to_many(&state.edge, &space, devices?.into_iter().collect(), text, span)
        }
    };
    Ok(outcomes::answer(&state.edge.node, &space, outcomes, form).await)
}

fn parse_target(target: &str) -> Result<Target, ApiError> {
    Target::parse(target).ok_or_else(|| unknown_target(target))
}

fn unknown_target(target: &str) -> ApiError {
    ApiError::Target(target.chars().take(40).collect())
}

fn to_all(edge: &Arc<EdgeState>, space: &Space, text: &str, span: Option<Span>) -> Outcomes {
    let reports = dispatch::send_to_all(edge, space, text, span.as_ref().and_then(Span::context));
    let (node, since) = (edge.node.clone(), Instant::now());
    let outcomes = async move {
        let mut results = BTreeMap::new();
        for report in reports.await {
            for device in report.failed {
                results.entry(device).or_insert(false);
            }
            // A device that moves between two nodes may be named by both: written is written.
            results.extend(report.sent.into_iter().map(|device| (device, true)));
        }
        node.metrics.answered_within(CommandAnswer::SentTo(results.len()), since.elapsed());
        drop(span);
        futures_util::stream::iter(results)
    };
    futures_util::stream::once(outcomes).flatten().boxed()
}

fn to_many(edge: &EdgeState, space: &Space, devices: Vec<DeviceId>, text: String, span: Option<Span>) -> Outcomes {
    let (node, here, space) = (edge.node.clone(), edge.spaces.get(space), space.clone());
    let patience = node.settings.command_timeout() + 2 * dispatch::ANSWER_MARGIN;
    futures_util::stream::iter(devices)
        .map(move |device| {
            // Kept until the last device has its outcome.
            let trace = span.as_ref().and_then(Span::context);
            let answer = dispatch::send_to_one(&node, here.as_ref(), &space, device, &text, trace);
            let (node, since) = (node.clone(), Instant::now());
            async move {
                let is_sent = matches!(tokio::time::timeout(patience, answer).await, Ok(Ok(true)));
                node.metrics.answered_within(outcomes::answered(is_sent), since.elapsed());
                (device, is_sent)
            }
        })
        .buffer_unordered(IN_FLIGHT)
        .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use grouploop_testkit::docs;

    /// What a body of this type is refused with.
    async fn rejection(content_type: &str, body: impl Into<Body>) -> ApiError {
        let request = Request::post("/").header("content-type", content_type).body(body.into()).unwrap();
        Json::<CommandRequest>::from_request(request, &()).await.unwrap_err().into()
    }

    #[tokio::test]
    async fn every_error_is_in_the_documentation() {
        let mut all = vec![
            ApiError::Space("A".parse::<Space>().unwrap_err()),
            rejection("text/plain", "{}").await,
            rejection("application/json", "{").await,
            rejection("application/json", "{}").await,
            rejection("application/json", vec![b' '; 4 << 20]).await,
            ApiError::TooSlow,
            ApiError::Target("x".into()),
            ApiError::TooMany(65_537),
        ];
        all.extend(CommandError::ALL.map(ApiError::Command));
        docs::every_variant(include_str!("api.rs"), "ApiError", &all);
        let code = all.iter().map(ApiError::code).map(|(status, word)| [word, status.as_u16().to_string()]);
        docs::same_rows("docs/reference/errors.md", "HTTP of an edge", code);
    }
}
