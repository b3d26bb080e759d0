//! A page of ours at the root of a port that another service serves: its files, `/config.js` and the icon, for that service to answer
//! browsers with.

use crate::config::Config;
use crate::error::HttpError;
use crate::{Neighbours, Pages, Port, UiSettings, http};
use axum::Router;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::get;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Pages at ports of other services: the simulator's, and the monitor's.
pub(crate) const SIMULATOR: &str = "simulator";
pub(crate) const MONITOR: &str = "monitor";

/// What a page needs that lives elsewhere.
#[derive(Debug)]
pub struct Lodger {
    /// The settings of our own server, which say where everything is.
    pub settings: UiSettings,
    /// The version to show.
    pub version: String,
    /// The pages that there are.
    pub pages: Pages,
    /// Where the services are.
    pub neighbours: Neighbours,
    /// Where each of our own ports is.
    pub ports: Vec<(Port, SocketAddr)>,
    /// The CDN as browsers reach it; empty to derive it from the address of the page.
    pub cdn_base_url: String,
    /// The addresses under which others in the same network reach this machine, as they are now.
    pub lan: fn() -> Vec<Ipv4Addr>,
    /// Whether the ports speak TLS too.
    pub tls: bool,
}

/// What its answers are made of.
#[derive(Debug)]
struct Home {
    page: &'static str,
    pages: Pages,
    config: Config,
}

impl Lodger {
    /// What answers for the simulator's page; what is not of the page is answered with 404.
    pub fn simulator(&self) -> Router {
        self.page(SIMULATOR)
    }

    /// The same for the monitor's.
    pub fn monitor(&self) -> Router {
        self.page(MONITOR)
    }

    fn page(&self, page: &'static str) -> Router {
        let Self { settings, version, pages, neighbours, ports, cdn_base_url, lan, tls } = self;
        let config = Config::new(settings, cdn_base_url, version.clone(), *neighbours, ports.clone(), *tls, *lan);
        let icon = get(async |FromState(home): FromState<Arc<Home>>, method: Method, headers: HeaderMap| {
            home.pages.icon(&method, &headers).await
        });
        Router::new()
            .route(
                "/config.js",
                get(async |FromState(home): FromState<Arc<Home>>| http::script(&home.config, home.page)),
            )
            .route("/favicon.ico", icon.clone())
            .route("/favicon.svg", icon)
            .fallback(content)
            .with_state(Arc::new(Home { page, pages: pages.clone(), config }))
    }
}

async fn content(
    FromState(home): FromState<Arc<Home>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let path = uri.path().strip_prefix('/').ok_or(HttpError::NotFound)?;
    // Without the page nothing of it is there, and who opens it hears why.
    if !home.pages.has(home.page) && !path.is_empty() {
        return Err(HttpError::NotFound);
    }
    home.pages.answer(home.page, path, &method, &headers).await
}
