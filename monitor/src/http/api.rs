//! What is answered at once: the system, and the devices of a space.

use super::error::ApiError;
use crate::rosters;
use crate::state::State;
use axum::Json;
use axum::extract::{Path, State as FromState};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use grouploop_bridge::Space;
use std::sync::Arc;

/// `GET /api/system`
pub(super) async fn system(FromState(state): FromState<Arc<State>>) -> Result<Response, ApiError> {
    let picture = state.pictures.borrow().plain();
    if picture.is_empty() {
        return Err(ApiError::TooEarly);
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], picture).into_response())
}

/// `GET /api/spaces/{space}/devices`
pub(super) async fn devices(
    FromState(state): FromState<Arc<State>>,
    Path(space): Path<String>,
) -> Result<Response, ApiError> {
    let space: Space = space.parse()?;
    Ok(Json(&*rosters::devices(&state, &space).await?).into_response())
}
