//! The CDN: libraries for browsers, firmware for devices and the command registry for edges, over HTTP, on object storage.

mod settings;
mod store;

pub use settings::CdnSettings;
