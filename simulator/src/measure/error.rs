//! Why nobody can watch.

use grouploop_bridge::{BusError, Space};

/// Viewers of one run: each costs memory for every device.
pub const MAX_VIEWERS: usize = 64;

/// Why nobody can watch.
#[derive(Debug, thiserror::Error)]
pub enum ViewersError {
    /// Nowhere to look.
    #[error("there is nothing to measure with: name the bus or at least one edge")]
    Nowhere,
    /// More than [`MAX_VIEWERS`].
    #[error("measuring {spaces} spaces at {places} places needs {} viewers, at most {MAX_VIEWERS} are possible: name fewer edges, or measure fewer spaces at a time", spaces * places)]
    TooMany {
        /// Spaces of the run.
        spaces: usize,
        /// Places where to look.
        places: usize,
    },
    /// The bus does not carry messages.
    #[error("cannot watch the space `{space}` through the bus: {why}; see that it runs, or measure through an edge")]
    Bus {
        /// The space.
        space: Space,
        /// What is wrong.
        why: String,
    },
    /// An edge does not let itself be watched.
    #[error("cannot watch through {url}: {why}")]
    Edge {
        /// The edge, as it was named, or with the path of the space.
        url: String,
        /// What is wrong, and what to do.
        why: String,
    },
}

impl From<(Space, BusError)> for ViewersError {
    fn from((space, error): (Space, BusError)) -> Self {
        Self::Bus { space, why: error.to_string() }
    }
}
