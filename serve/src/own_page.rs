//! The page of a role that has one beside its API, on the same port.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use tower::ServiceExt;

/// The files of a page, or none.
#[derive(Debug, Clone, Default)]
pub struct OwnPage(Option<Router>);

impl From<Option<Router>> for OwnPage {
    fn from(files: Option<Router>) -> Self {
        Self(files)
    }
}

impl OwnPage {
    /// The page, for a person who opens the port in a browser; for everybody else what this is.
    pub async fn welcome(&self, request: Request, this: impl FnOnce() -> Response) -> Response {
        let files = self.0.clone().filter(|_| wants_page(request.headers()));
        let mut response = match files {
            Some(files) => answered(files, request).await,
            None => this(),
        };
        response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept"));
        response
    }

    /// What is at a path that is no route: a file of the page, or nothing.
    pub async fn file(&self, request: Request) -> Option<Response> {
        let looks = [Method::GET, Method::HEAD].contains(request.method());
        let files = self.0.clone().filter(|_| looks)?;
        Some(answered(files, request).await).filter(|answer| answer.status() != StatusCode::NOT_FOUND)
    }
}

async fn answered(files: Router, request: Request) -> Response {
    let Ok(answer) = files.oneshot(request).await;
    answer
}

/// Whether a browser asks, for something to show.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.into_iter().any(|accepted| accepted.contains("text/html"))
}
