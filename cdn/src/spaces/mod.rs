//! What spaces keep: named groups of devices and scenes, in the store, for the pages that control devices.
//!
//! ```text
//!  PUT, DELETE ─▶ api ─▶ check ─▶ documents ─▶ store: spaces/<space>/<kind>/<id>.json
//!                  └─────▶ news ─▶ gl.space.<space>.kept ─▶ news of every CDN ─▶ streams of events ─▶ pages
//! ```
//!
//! Nothing of it is in a page or in one CDN alone: whoever opens a page anywhere finds the same, and hears of changes.

mod api;
mod check;
mod documents;
mod events;
mod news;
mod panic;
mod request;

pub(crate) use api::{change, list, remove, show, tagged};
pub(crate) use documents::{DocumentId, Documents, Kind, Listed, tag_of};
pub(crate) use events::listen;
pub(crate) use news::News;
pub(crate) use panic::panic;
pub(crate) use request::{Held, around, body_of, condition, id_of, space_of};
