//! `POST /api/spaces/<space>/panic?by=<id>`: who darkens a space has everybody else stop what they still send to it.

use super::request::{id_of, space_of};
use crate::error::HttpError;
use crate::state::State;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as FromState};
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;

/// Who it is, so that they know their own word when they hear it.
#[derive(Debug, Deserialize)]
pub(crate) struct Asker {
    #[serde(default)]
    by: String,
}

/// Answers it. It is told, and nothing is kept.
pub(crate) async fn panic(
    FromState(state): FromState<Arc<State>>,
    Path(space): Path<String>,
    asker: Result<Query<Asker>, QueryRejection>,
) -> Result<StatusCode, HttpError> {
    let space = space_of(&space)?;
    let Query(Asker { by }) = asker.map_err(|_| HttpError::BadId)?;
    if !by.is_empty() {
        id_of(&by)?;
    }
    state.news.panic(&state.bus, &state.node, &space, by);
    Ok(StatusCode::NO_CONTENT)
}
