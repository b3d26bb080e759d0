//! What every part of an edge shares. One for each [`Edge`](crate::Edge), so two of them live in one process without noticing.

use crate::node::Node;
use crate::space::Spaces;
use crate::worker::Worker;
use std::sync::Arc;

/// The node, and the spaces on it.
#[derive(Debug)]
pub(crate) struct EdgeState {
    pub(crate) node: Arc<Node>,
    pub(crate) spaces: Arc<Spaces>,
}

impl EdgeState {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node, spaces: Arc::default() }
    }
}

/// What a request handler knows: the edge, and the thread that it runs on.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) edge: Arc<EdgeState>,
    pub(crate) worker: Arc<Worker>,
}
