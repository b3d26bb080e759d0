//! The server of the web apps: our pages, each on a port of its own and all of them on the hub; the apps that people drop into a folder;
//! and `/config.js`, which tells all of them where everything is.
//!
//! ```text
//!  dashboard (hub) ─┐                         ┌─▶ pages   what the program brings along
//!  emulator ────────┼─▶ serve ─▶ http ────────┼─▶ config  where edge, CDN and the rest are
//!  …                ┘                         ├─▶ apps    a folder, read fresh         (hub only)
//!                                             └─▶ cdn     what existing apps ask us for, and the CDN has
//! ```
//!
//! A page can also live at the root of a port that another service serves: the simulator's and the monitor's do ([`Lodger`]).
//!
//! It knows no bus: pages talk to an edge and to the simulator themselves.

mod apps;
mod cdn;
mod config;
mod error;
mod http;
mod lodger;
mod metrics;
mod pages;
mod port;
mod settings;
mod state;
mod ui;

pub use config::Neighbours;
pub use lodger::Lodger;
pub use metrics::metrics_catalogue;
pub use pages::Pages;
pub use port::Port;
pub use settings::UiSettings;
pub use ui::{StartError, Ui, UiOptions};
