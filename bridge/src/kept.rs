//! What the CDN says about what a space keeps (groups, scenes, rollouts), so that everybody who shows it looks again; and that all of it was
//! darkened.

use crate::name::NodeId;
use serde::{Deserialize, Serialize};

/// The kind of what is no document: somebody pressed the panic key. Who does not know it takes it for a document that is of no concern.
pub const PANIC: &str = "panic";

/// `gl.space.<space>.kept`: one document was written or removed. It says which one and not what is in it: who wants that asks a CDN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The CDN node that did it.
    pub node: NodeId,
    /// `groups`, `scenes`, `rollouts`, or [`PANIC`].
    pub kind: String,
    /// Which of them; of [`PANIC`] who pressed it, as they call themselves.
    pub id: String,
    /// The `ETag` of what is there now; none when nothing is any more.
    #[serde(default)]
    pub etag: Option<String>,
}
