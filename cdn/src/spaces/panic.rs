//! `POST /api/spaces/<space>/panic`: who darkens a space has everybody else stop what they still send to it.

use super::request::space_of;
use crate::error::HttpError;
use crate::state::State;
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use std::sync::Arc;

/// Answers it. It is told, and nothing is kept.
pub(crate) async fn panic(
    FromState(state): FromState<Arc<State>>,
    Path(space): Path<String>,
) -> Result<StatusCode, HttpError> {
    state.news.panic(&state.bus, &state.node, &space_of(&space)?);
    Ok(StatusCode::NO_CONTENT)
}
