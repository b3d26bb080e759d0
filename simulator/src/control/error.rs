//! What a request is answered with when it is not answered with what it asked for: one enum, and one shape,
//! `{"error": …, "mistakes": […]}`, where only a definition has mistakes.

use super::metrics::Refusal;
use crate::deck::DeckError;
use crate::swarms::SwarmError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("there is nothing here; see / for what this is, and /openapi.json for all there is")]
    NoRoute,
    #[error("not this method here; /openapi.json has those that are")]
    NoMethod,
    #[error("{0}")]
    BadRequest(String),
    #[error("the definition is wrong; each mistake is in `mistakes`")]
    Mistakes(Vec<String>),
    #[error("there is no scenario `{0}`; /api/scenarios has those that there are")]
    NoScenario(String),
    #[error("there is no device {id} in swarm `{swarm}`")]
    NoDevice { id: String, swarm: String },
    #[error("swarm `{0}` is over: start it again with POST /api/swarms")]
    Over(String),
    #[error("a body has at most {0} bytes")]
    TooLarge(usize),
    #[error("the body must be {0}; say so in Content-Type")]
    WrongType(&'static str),
    #[error(
        "this page is from another host, and may change nothing here; whoever runs the simulator can allow its origin with simulator.allow_origins"
    )]
    Stranger,
    #[error("{0} are watching already (simulator.max_streams); try again later")]
    TooManyStreams(u32),
    #[error(transparent)]
    Swarm(#[from] SwarmError),
    #[error(transparent)]
    Deck(#[from] DeckError),
}

impl ApiError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NoRoute | Self::NoScenario(_) | Self::NoDevice { .. } => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) | Self::Mistakes(_) => StatusCode::BAD_REQUEST,
            Self::Over(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::WrongType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Stranger => StatusCode::FORBIDDEN,
            Self::TooManyStreams(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Swarm(error) => match error {
                SwarmError::Unknown(_) => StatusCode::NOT_FOUND,
                SwarmError::NameTaken(_) | SwarmError::DeviceTaken { .. } => StatusCode::CONFLICT,
                SwarmError::OverLimit { .. } => StatusCode::UNPROCESSABLE_ENTITY,
                SwarmError::Edge(_) => StatusCode::BAD_REQUEST,
                SwarmError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::Deck(error) => match error {
                DeckError::Unknown(_) | DeckError::NoReplay(_) => StatusCode::NOT_FOUND,
                DeckError::Off
                | DeckError::Taken(_)
                | DeckError::SpaceTaken { .. }
                | DeckError::Recording(_)
                | DeckError::NotRecording(_)
                | DeckError::Playing(_)
                | DeckError::Tape { .. } => StatusCode::CONFLICT,
                DeckError::TooMany(_)
                | DeckError::TooManyReplays(_)
                | DeckError::OverLimit { .. }
                | DeckError::TooFast { .. } => StatusCode::UNPROCESSABLE_ENTITY,
                DeckError::Folder(_) | DeckError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            },
        }
    }

    /// What the metrics call it, when it is one that somebody should know of.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Mistakes(_) => Some(Refusal::Mistakes),
            Self::Stranger => Some(Refusal::Origin),
            Self::TooManyStreams(_) => Some(Refusal::TooManyStreams),
            Self::Swarm(SwarmError::NameTaken(_) | SwarmError::DeviceTaken { .. }) => Some(Refusal::Taken),
            Self::Swarm(SwarmError::OverLimit { .. }) => Some(Refusal::Limit),
            Self::Swarm(SwarmError::Stopping) | Self::Deck(DeckError::Stopping) => Some(Refusal::Stopping),
            Self::Deck(DeckError::Taken(_) | DeckError::SpaceTaken { .. }) => Some(Refusal::Taken),
            Self::Deck(
                DeckError::TooMany(_)
                | DeckError::TooManyReplays(_)
                | DeckError::OverLimit { .. }
                | DeckError::TooFast { .. },
            ) => Some(Refusal::Limit),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({"error": self.to_string()});
        let refusal = self.refusal();
        let status = self.status();
        if let (Self::Mistakes(mistakes), Some(object)) = (self, body.as_object_mut()) {
            object.insert("mistakes".into(), mistakes.into());
        }
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        // For the layer around all answers, which has the metrics.
        if let Some(refusal) = refusal {
            response.extensions_mut().insert(refusal);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::TapeError;
    use grouploop_testkit::docs;

    #[test]
    fn every_error_is_in_the_documentation() {
        let (crowd, night) = ("crowd".to_owned(), "night".parse::<crate::deck::TapeName>().unwrap());
        let (device, space) = ("1a2b".parse().unwrap(), "hall".parse::<grouploop_bridge::Space>().unwrap());
        let swarm = [
            SwarmError::Unknown(crowd.clone()),
            SwarmError::NameTaken(crowd.clone()),
            SwarmError::DeviceTaken { device, space: space.clone(), swarm: crowd.clone() },
            SwarmError::OverLimit { what: "devices", asked: 70_000, most: 65_536, setting: "simulator.max_devices" },
            SwarmError::Edge("the edge cannot be connected to: no address".into()),
            SwarmError::Stopping,
        ];
        let denied = || std::io::Error::other("permission denied");
        let (what, most) = ("a recording of 7200 s".into(), "3600".into());
        let deck = [
            DeckError::Off,
            DeckError::Unknown(night.clone()),
            DeckError::NoReplay(3),
            DeckError::Taken(night.clone()),
            DeckError::SpaceTaken { space, name: night.clone() },
            DeckError::Recording(night.clone()),
            DeckError::NotRecording(night.clone()),
            DeckError::Playing(night.clone()),
            DeckError::TooMany(64),
            DeckError::TooManyReplays(4),
            DeckError::TooFast { asked: 2_000, left: 500 },
            DeckError::OverLimit { what, key: "max_recording_seconds", most },
            DeckError::Folder(denied()),
            DeckError::Tape { name: night, why: TapeError::InUse("night.glrec".into()) },
            DeckError::Stopping,
        ];
        docs::every_variant(include_str!("../swarms/limits.rs"), "SwarmError", &swarm);
        docs::every_variant(include_str!("../deck/error.rs"), "DeckError", &deck);
        let mut all = vec![
            ApiError::NoRoute,
            ApiError::NoMethod,
            ApiError::BadRequest("the query has no key \"lmit\"".into()),
            ApiError::Mistakes(Vec::new()),
            ApiError::NoScenario("party".into()),
            ApiError::NoDevice { id: "1a2b".into(), swarm: crowd.clone() },
            ApiError::Over(crowd),
            ApiError::TooLarge(crate::control::api::MAX_BODY_BYTES),
            ApiError::WrongType("JSON"),
            ApiError::Stranger,
            ApiError::TooManyStreams(16),
        ];
        all.extend(swarm.map(ApiError::from));
        all.extend(deck.map(ApiError::from));
        docs::every_variant(include_str!("error.rs"), "ApiError", &all);
        let code = all.iter().map(|error| [error.status().as_u16().to_string(), error.to_string().replace('`', "")]);
        docs::same_rows("docs/reference/errors.md", "HTTP of the simulator", code);
    }
}
