//! Content over HTTP: in which form a client takes it, whether it has it already, and which bytes it asks for. Where content comes from, and
//! who may have it, is the service's.
//!
//! ```text
//!  Accept-Encoding ─▶ Encoding ─▶ Forms ─▶ the bytes of that form, made smaller once
//!  If-…, Range ─▶ Delivery: 304, 412, 416, or these bytes of it        Tags: the ETag of each form
//!  .js ─▶ MediaType                                              IMMUTABLE, REVALIDATE, NO_STORE: how long it may be kept
//! ```

mod delivery;
mod encoding;
mod forms;
mod keeping;
mod media_type;
mod range;
mod tags;

pub use delivery::Delivery;
pub use encoding::Encoding;
pub use forms::Forms;
pub use keeping::{IMMUTABLE, NO_STORE, REVALIDATE};
pub use media_type::MediaType;
pub use tags::{Tags, hex};
