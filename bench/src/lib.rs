//! What the programs of the bench share: where figures were taken, what that cost, and how they are kept.

pub mod limits;
pub mod machine;
pub mod results;
pub mod table;
pub mod usage;
