//! Serving HTTP to strangers: what every role with a port needs, whatever it serves.
//!
//! ```text
//!                    ┌──────────┐ one task for each      ┌───────────────────────────────────────────────┐
//!  bound listener ──▶│ accept   │ connection, at most    │ connection                                    │
//!                    │ one task │───────────────────────▶│  socket ⇄ guard ⇄ (TLS) ⇄ hyper ⇄ router      │
//!                    └──────────┘   max_connections      │           slow writes             slow bodies │
//!                         ▲                              └───────────────────────────────────────────────┘
//!                         │ closing: no new ones                           ▲ closing: finish the answer
//!                         └──────────── Server::drain, then drop ──────────┘ stop: cut
//! ```
//!
//! No client can hold more than a bounded piece of the process, and none for longer than it makes progress:
//!
//! | a client that | is ended by |
//! | --- | --- |
//! | sends its headers slowly, or none; is idle between two requests | the header timeout ([`http1`]) |
//! | does its TLS handshake slowly, or none | the same time once more, before that of the headers ([`Tls::accept`]) |
//! | sends headers without end | a buffer of 16 KiB |
//! | takes its answer, or sends its request's body, at less than 1 KiB/s on average | `slow_client`, at most two such windows |
//! | is gone without a word | the same, and the kernel's own timeout for what it still holds |
//! | is one too many | a close at once |
//!
//! There is no limit on the whole life of a connection: a device on a weak network may need minutes for an image. An answer is taken from
//! its handler only as fast as the client takes it, and the kernel holds 256 KiB of it that are not on their way yet.
//!
//! What a handler answers with is its own; [`content`] has what HTTP says about content whatever that is.
//!
//! A handler may upgrade its connection, as for a WebSocket. From then on it is the handler's: it counts as open no longer, and
//! [`Server::drain`] does not wait for it, but a peer that does not take what is written to it is ended all the same. That is for a few
//! WebSockets; the edge has workers of its own for its many, and uses only [`http1`] from here.

mod accept;
mod body;
mod client;
mod connection;
pub mod content;
mod counts;
mod guard;
mod kernel;
pub mod metrics;
mod origin;
mod own_page;
mod patience;
mod port;
mod sealed;
mod seldom;
mod server;
mod tls;

pub use connection::{Remote, http1};
pub use counts::{Counts, Refused};
pub use origin::{Asker, Cors, Origins};
pub use own_page::OwnPage;
pub use port::port_of;
pub use sealed::Sealed;
pub use seldom::Seldom;
pub use server::{ServeOptions, Server};
pub use tls::{Certificate, MaybeTls, Scheme, Tls, TlsFailure};
