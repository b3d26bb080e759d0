//! What a request is answered with when it is not answered with what it asked for: `{"error": …}`, a sentence.

use crate::metrics::Refusal;
use crate::rosters::RosterError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use grouploop_bridge::{NameError, TappedError};
use serde_json::json;

#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("there is nothing here; see / for what this is, and /openapi.json for all there is")]
    NoRoute,
    #[error("there is nothing to change here: GET alone")]
    NoMethod,
    #[error("the space in the path: {0}")]
    Space(#[from] NameError),
    #[error("subject: {0}")]
    Subject(#[from] TappedError),
    #[error("device: `{0}` is no device id, it must be 4 hex digits such as 1a2b")]
    Device(String),
    #[error("{0}")]
    Query(String),
    #[error(
        "this page is from another host, and may not look here; whoever runs the monitor can allow its origin with monitor.allow_origins"
    )]
    Stranger,
    #[error("{0} are looking already (monitor.max_streams); try again later")]
    TooManyStreams(u32),
    #[error("{0} taps are open already (monitor.max_taps); close one of them, or try again later")]
    TooManyTaps(u32),
    #[error("the first picture is not there yet; try again in a second")]
    TooEarly,
    #[error("the bus is closed")]
    Closed,
    #[error(transparent)]
    Roster(#[from] RosterError),
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Space(_) | Self::Subject(_) | Self::Device(_) | Self::Query(_) => StatusCode::BAD_REQUEST,
            Self::Stranger => StatusCode::FORBIDDEN,
            Self::TooManyStreams(_) | Self::TooManyTaps(_) | Self::TooEarly | Self::Closed | Self::Roster(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Stranger => Some(Refusal::Origin),
            Self::TooManyStreams(_) => Some(Refusal::TooManyStreams),
            Self::TooManyTaps(_) => Some(Refusal::TooManyTaps),
            Self::Roster(RosterError::TooMany) => Some(Refusal::TooManySpaces),
            Self::Roster(RosterError::Away) => Some(Refusal::BusAway),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(json!({"error": self.to_string()}))).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        // For the layer around all answers, which has the metrics.
        if let Some(refusal) = self.refusal() {
            response.extensions_mut().insert(refusal);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_bridge::{Space, Tapped};
    use grouploop_testkit::docs;

    #[test]
    fn every_error_is_in_the_documentation() {
        let all = [
            ApiError::NoRoute,
            ApiError::NoMethod,
            ApiError::Space("A".parse::<Space>().unwrap_err()),
            ApiError::Subject("space".parse::<Tapped>().unwrap_err()),
            ApiError::Device("12".into()),
            ApiError::Query("Failed to deserialize query string: missing field `subject`".into()),
            ApiError::Stranger,
            ApiError::TooManyStreams(32),
            ApiError::TooManyTaps(8),
            ApiError::TooEarly,
            ApiError::Closed,
            ApiError::Roster(RosterError::Away),
            ApiError::Roster(RosterError::TooMany),
        ];
        docs::every_variant(include_str!("error.rs"), "ApiError", &all);
        docs::every_variant(include_str!("../rosters.rs"), "RosterError", &[RosterError::Away, RosterError::TooMany]);
        let code = all.iter().map(|error| [error.status().as_u16().to_string(), error.to_string().replace('`', "")]);
        docs::same_rows("docs/reference/errors.md", "HTTP of the monitor", code);
    }
}
